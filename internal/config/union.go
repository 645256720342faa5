package config

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// This file reads the values of the language that can be written in more than
// one way.

// read reads "none" or a map.
func (p *pagingKeys) read(d *decoder, n *node) {
	p.at = n
	if n.form == mapForm {
		d.keys(n, reflect.ValueOf(&p.pagingMap).Elem())
		return
	}
	p.Kind.read(d, n)
	if p.Kind.known() && p.Kind.s != PagingNone {
		p.Kind.wrong(d, "{ kind: "+p.Kind.s+" }", "none or a map")
	}
}

// pagingKeys are the map of paging, or the word none.
type pagingKeys struct {
	place
	pagingMap
}

// totalKeys are the map of read.total, or its path alone.
type totalKeys struct {
	place
	totalMap
}

func (t *totalKeys) read(d *decoder, n *node) {
	t.at = n
	if n.form == mapForm {
		d.keys(n, reflect.ValueOf(&t.totalMap).Elem())
		return
	}
	t.At.read(d, n)
}

// recordsKeys are the map of records, or its paths alone.
type recordsKeys struct {
	place
	recordsMap
}

func (r *recordsKeys) read(d *decoder, n *node) {
	r.at = n
	if n.form == mapForm {
		d.keys(n, reflect.ValueOf(&r.recordsMap).Elem())
		return
	}
	r.At.read(d, n)
}

// forEachKeys are one map of for_each, or a list of them.
type forEachKeys struct {
	place
	oneOrMany[forEachOne]
}

func (f *forEachKeys) read(d *decoder, n *node) {
	f.at = n
	f.oneOrMany.read(d, n)
}

func (l *named[T]) read(d *decoder, n *node) {
	if n.form != mapForm {
		d.at(n, "", "a map of names is expected, not %s", n.form)
		return
	}
	for _, e := range n.entries {
		if !ownName.MatchString(e.key) {
			d.at(e.at, "small letters, digits and _, a letter first, at most 100", "the name cannot be used")
		}
		one := namedOne[T]{name: e.key, at: e.at, account: e.account}
		one.path = join(n.path, fullName(e.key, e.account))
		unset := d.within(one.path, e.account, func() { d.into(e.value, reflect.ValueOf(&one.one).Elem()) })
		one.unset = distinct(e.unset, unset)
		*l = append(*l, one)
	}
}

// ownName matches the names that users give. They become names of folders and
// of views.
var ownName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

// partitionBy is what a level of partition goes by: bucket(16).
type partitionBy struct {
	place
	by string
	n  int
}

var (
	partitionWords = []string{"year", "month", "day", "hour", "value", "bucket(16)"}
	bucketText     = regexp.MustCompile(`^bucket\(([0-9]{1,4})\)$`)
)

func (p *partitionBy) read(d *decoder, n *node) {
	s, ok := p.scalar(d, n)
	if !ok {
		return
	}
	if m := bucketText.FindStringSubmatch(s); m != nil {
		p.by = "bucket"
		p.n, _ = strconv.Atoi(m[1])
		if p.n < 1 {
			p.wrong(d, "", "at least one bucket")
		}
		return
	}
	if p.by = s; !anyOf(s, partitionWords[:5]...) {
		d.at(n, near(s, partitionWords), "unknown partition %s", shown(n, s))
		p.open = true
	}
}

// conditions are the map of when and unless: http, page, mnemonic and
// body.<path>.
type conditions struct {
	place
	Conditions
}

func (c *conditions) read(d *decoder, n *node) {
	c.at = n
	if n.form != mapForm {
		d.at(n, "{ http: 404 } or { body.status: 403 }", "a map of conditions is expected, not %s", n.form)
		return
	}
	for _, e := range n.entries {
		texts, ok := d.scalars(e.value)
		if !ok {
			continue
		}
		path, body := strings.CutPrefix(e.key, "body.")
		switch {
		case body:
			c.body(d, e, path, texts)
		case e.key == "http":
			for _, t := range texts {
				if r, ok := d.statuses(t); ok {
					c.HTTP = append(c.HTTP, r)
				}
			}
		case e.key == "mnemonic":
			for _, t := range texts {
				c.Mnemonic = append(c.Mnemonic, t.scalar)
			}
		case e.key == "page":
			c.page(d, e, texts)
		default:
			d.at(e.at, near(e.key, []string{"http", "page", "mnemonic", "body.…"}), "unknown condition %q", e.key)
		}
	}
}

// scalars returns a scalar or the scalars of a list, with variables filled in.
func (d *decoder) scalars(n *node) (all []*node, ok bool) {
	items := []*node{n}
	if n.form == listForm {
		items = n.items
	}
	for _, item := range items {
		if item.form == mapForm || item.form == listForm {
			d.at(item, "", "a single value is expected, not %s", item.form)
			return nil, false
		}
		s, _, open, ok := d.plain(item)
		if !ok || open {
			return nil, false
		}
		one := *item
		one.scalar = s
		all = append(all, &one)
	}
	return all, true
}

func (c *conditions) body(d *decoder, e entry, path string, texts []*node) {
	p, hint := parsePath(path)
	if hint != "" {
		d.at(e.at, hint, "%q is no path", path)
		return
	}
	condition := BodyCondition{Path: p}
	for _, t := range texts {
		value := t.scalar
		switch t.form {
		case textForm:
			quoted, _ := json.Marshal(value) // no text is refused
			value = string(quoted)
		case nullForm:
			value = "null"
		case boolForm:
			value = strings.ToLower(value)
		case numberForm:
			if !jsonNumber.MatchString(value) {
				d.at(t, "put it in quotes if it is a text", "%s is not how JSON writes a number", value)
			}
		}
		condition.Values = append(condition.Values, value)
	}
	c.Body = append(c.Body, condition)
}

func (c *conditions) page(d *decoder, e entry, texts []*node) {
	if len(texts) == 1 {
		if r, ok := parseRange(texts[0].scalar, 1, maxPage); ok {
			c.Page = &r
			return
		}
	}
	d.at(e.value, `such as 1, ">1" or "2-5"`, "a number of a page, or a range, is expected")
}

const (
	maxPage   = 1<<31 - 1
	minStatus = 100
	maxStatus = 599
)

// statuses reads a status code or a range of them.
func (d *decoder) statuses(n *node) (Range, bool) {
	if m := statusClass.FindStringSubmatch(n.scalar); m != nil {
		class, _ := strconv.Atoi(m[1])
		return Range{class * 100, class*100 + 99}, true
	}
	r, ok := parseRange(n.scalar, minStatus, maxStatus)
	if !ok {
		d.at(n, `such as 404, 5xx, ">=500" or "500-599"`, "a status code of HTTP is expected")
	}
	return r, ok
}

var (
	statusClass = regexp.MustCompile(`^([1-5])xx$`)
	rangeText   = regexp.MustCompile(`^(>=|<=|>|<)?\s*([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?$`)
)

// parseRange reads 5, "5-7", ">5", ">=5", "<5" and "<=5" between bounds.
func parseRange(s string, least, most int) (Range, bool) {
	m := rangeText.FindStringSubmatch(s)
	if m == nil || m[1] != "" && m[3] != "" {
		return Range{}, false
	}
	n, _ := strconv.Atoi(m[2])
	r := Range{n, n}
	switch m[1] {
	case ">":
		r = Range{n + 1, most}
	case ">=":
		r = Range{n, most}
	case "<":
		r = Range{least, n - 1}
	case "<=":
		r = Range{least, n}
	}
	if m[3] != "" {
		r.Max, _ = strconv.Atoi(m[3])
	}
	return r, r.Min >= least && r.Max <= most && r.Min <= r.Max
}
