package config

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// place is where a value stands; the zero place is that of one not given.
type place struct {
	at   *node
	open bool // given, but wrong or not known: nothing more is said about it
}

func (p place) given() bool { return p.at != nil }

func (p *place) put(n *node) { p.at = n }

// known tells that a value is given and right.
func (p place) known() bool { return p.at != nil && !p.open }

// scalar reads the text of a scalar into its place; false if there is none.
func (p *place) scalar(d *decoder, n *node) (string, bool) {
	if n.form == listForm || n.form == mapForm {
		d.at(n, "", "a single value is expected, not %s", n.form)
		*p = place{n, true}
		return "", false
	}
	s, given, open, ok := d.plain(n)
	if !given {
		return "", false
	}
	*p = place{n, open || !ok}
	return s, !p.open
}

// wrong reports a value that is not what is expected.
func (p *place) wrong(d *decoder, hint, expected string) {
	found := p.at.form.String()
	switch p.at.form {
	case textForm:
		found = shown(p.at, p.at.scalar)
	case numberForm:
		found = p.at.scalar
	}
	d.at(p.at, hint, "%s is expected, not %s", expected, found)
	p.open = true
}

// shown quotes a text of the file; what a variable holds is not shown.
func shown(n *node, s string) string {
	if n.filled() {
		return "the value of the variable"
	}
	return strconv.Quote(s)
}

// textLeaf is any text.
type textLeaf struct {
	place
	s string
}

func (t *textLeaf) read(d *decoder, n *node) {
	s, ok := t.scalar(d, n)
	if ok && n.form != textForm && n.form != numberForm {
		t.wrong(d, "put it in quotes", "a text")
		return
	}
	t.s = s
}

func (t textLeaf) shown() string { return shown(t.at, t.s) }

// word is a text of a fixed set, which the tag enum names.
type word struct{ textLeaf }

// numberLeaf is an integer that is not below zero.
type numberLeaf struct {
	place
	n int64
}

func (l *numberLeaf) read(d *decoder, n *node) {
	s, ok := l.scalar(d, n)
	if !ok {
		return
	}
	if n.form != numberForm && !n.filled() {
		l.wrong(d, "", "a number")
		return
	}
	value, err := strconv.ParseInt(s, 10, 64)
	if err != nil || value < 0 {
		l.wrong(d, "", "a whole number, 0 or above,")
		return
	}
	l.n = value
}

// flagLeaf is true or false.
type flagLeaf struct {
	place
	b bool
}

func (f *flagLeaf) read(d *decoder, n *node) {
	s, ok := f.scalar(d, n)
	if !ok {
		return
	}
	if s = strings.ToLower(s); !anyOf(s, "true", "false") || n.form != boolForm && !n.filled() {
		f.wrong(d, "write true or false", "true or false")
		return
	}
	f.b = s == "true"
}

// span is a length of time: 90s, 1m, 6h, 7d.
type span struct {
	place
	d time.Duration
}

// or returns the length of time, or another one if none is given.
func (l span) or(standard time.Duration) time.Duration {
	if l.known() {
		return l.d
	}
	return standard
}

var daySpan = regexp.MustCompile(`^([0-9]{1,5})d$`)

func (l *span) read(d *decoder, n *node) {
	s, ok := l.scalar(d, n)
	if !ok {
		return
	}
	value, err := time.ParseDuration(s)
	if m := daySpan.FindStringSubmatch(s); m != nil {
		days, _ := strconv.Atoi(m[1])
		value, err = time.Duration(days)*24*time.Hour, nil
	}
	if err != nil || value < 0 {
		l.wrong(d, "such as 30s, 1m, 6h or 7d", "a length of time")
		return
	}
	l.d = value
}

// share is a part of a whole: 80% or 0.8.
type share struct {
	place
	f float64
}

func (l *share) read(d *decoder, n *node) {
	s, ok := l.scalar(d, n)
	if !ok {
		return
	}
	value, ok := parseShare(s)
	if !ok {
		l.wrong(d, "such as 80% or 0.8", "a share of at most 100%")
		return
	}
	l.f = value
}

func parseShare(s string) (float64, bool) {
	digits, percent := strings.CutSuffix(s, "%")
	value, err := strconv.ParseFloat(digits, 64)
	if percent {
		value /= 100
	}
	return value, err == nil && value >= 0 && value <= 1
}

// rejects is a count of records, or a share of them.
type rejects struct {
	place
	max MaxRejects
}

func (l *rejects) read(d *decoder, n *node) {
	s, ok := l.scalar(d, n)
	if !ok {
		return
	}
	count, err := strconv.ParseInt(s, 10, 64)
	if err == nil && count >= 0 {
		l.max.Count = count
		return
	}
	if l.max.Share, ok = parseShare(s); !ok || !strings.HasSuffix(s, "%") {
		l.wrong(d, "such as 10 or 0.5%", "a count or a share of the records")
	}
}

// jsonPath leads to a value in a reply.
type jsonPath struct {
	place
	path Path
}

func (l *jsonPath) read(d *decoder, n *node) {
	s, ok := l.scalar(d, n)
	if !ok {
		return
	}
	path, hint := parsePath(s)
	if hint != "" {
		l.wrong(d, hint, "a path")
		return
	}
	l.path = path
}

// parsePath reads a dotted path; $ alone is the whole body. A backslash takes a
// dot into a name. The hint is not empty if the text is no path.
func parsePath(s string) (path Path, hint string) {
	if s == "$" {
		return Path{}, ""
	}
	if strings.HasPrefix(s, "$.") {
		return nil, "paths start at the body already: write it without $."
	}
	name := ""
	for i := 0; i <= len(s); i++ {
		switch {
		case i == len(s) || s[i] == '.':
			if name == "" {
				return nil, "names with dots between them, such as result.data; $ is the whole body"
			}
			path, name = append(path, name), ""
		case s[i] == '\\' && i+1 < len(s):
			i++
			name += s[i : i+1]
		case s[i] == '[' || s[i] == '$':
			return nil, "names with dots between them; [] stands at the end, and only under records"
		default:
			name += s[i : i+1]
		}
	}
	return path, ""
}

// recordPath is a place of records: a path, with [] at its end if only a list
// counts.
type recordPath struct {
	place
	path RecordPath
}

func (l *recordPath) read(d *decoder, n *node) {
	s, ok := l.scalar(d, n)
	if !ok {
		return
	}
	bare, list := strings.CutSuffix(s, "[]")
	path, hint := parsePath(bare)
	if hint != "" {
		l.wrong(d, hint, "a path")
		return
	}
	l.path = RecordPath{Path: path, List: list}
}

// opaque is anything; it is read later, with what is known then.
type opaque struct{ place }

func (l *opaque) read(_ *decoder, n *node) { l.at = n }

// accountsLeaf is a map of accounts, or the file that holds it. It was read
// before everything else.
type accountsLeaf struct{ opaque }

// members is a map of parameters, read later.
type members struct{ opaque }

// template is a text with placeholders, read later.
type template struct{ opaque }

// oneOrMany is a value or a list of them.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) read(d *decoder, n *node) {
	items := []*node{n}
	if n.form == listForm {
		items = n.items
	}
	for _, item := range items {
		var one T
		d.into(item, reflect.ValueOf(&one).Elem())
		*l = append(*l, one)
	}
}

// named is a map whose keys the user chooses, in the order of the file.
type named[T any] []namedOne[T]

type namedOne[T any] struct {
	name    string // as the user wrote it
	path    string // with the account
	account *account
	at      *node
	one     T
	// unset are the variables that are not set, where they need not be.
	unset []string
}
