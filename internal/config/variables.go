package config

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"etl/schemas"
)

// A piece is a part of a scalar: literal text, a variable ${…} or a
// placeholder {…}, the latter two without their signs.
type piece struct {
	kind pieceKind
	text string
}

type pieceKind int

const (
	literalPiece pieceKind = iota
	variablePiece
	placeholderPiece
)

// split cuts the text of a scalar into pieces. Only templates have placeholders,
// but for {account.x}; in them {{ and }} stand for braces. $$ stands for a
// dollar sign.
func split(s string, template bool) (all []piece, err error) {
	literal := func(text string) {
		if last := len(all) - 1; last >= 0 && all[last].kind == literalPiece {
			all[last].text += text
			return
		}
		all = append(all, piece{literalPiece, text})
	}
	for s != "" {
		switch {
		case strings.HasPrefix(s, "$$"):
			literal("$")
			s = s[2:]
		case strings.HasPrefix(s, "${"):
			end := closing(s[1:])
			if end < 0 {
				return nil, errors.New("${ without }")
			}
			all = append(all, piece{variablePiece, s[2 : 1+end]})
			s = s[2+end:]
		case bareVariable.MatchString(s):
			return nil, errors.New("a variable needs braces")
		case template && (strings.HasPrefix(s, "{{") || strings.HasPrefix(s, "}}")):
			if jinja.MatchString(s) {
				return nil, errors.New("expressions in {{ }} are not read")
			}
			literal(s[:1])
			s = s[2:]
		case template && s[0] == '{', strings.HasPrefix(s, "{account."):
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return nil, errors.New("{ without }")
			}
			all = append(all, piece{placeholderPiece, s[1:end]})
			s = s[end+1:]
		default:
			end := strings.IndexAny(s[1:], "${}") + 1
			if end == 0 {
				end = len(s)
			}
			literal(s[:end])
			s = s[end:]
		}
	}
	return all, nil
}

var (
	bareVariable = regexp.MustCompile(`^\$[A-Za-z_]`)
	jinja        = regexp.MustCompile(`^\{\{\s*(env|var)`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	filterWord   = regexp.MustCompile(`\|\s*([A-Za-z_]*)\s*$`)
)

// closing returns the index of the brace that closes the one s begins with.
func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// A variable is what stands in ${…}.
type variable struct {
	name     string // of the environment; or of a file, if file is set
	file     bool
	operator string // ":-", ":?" or none
	argument string // what follows the operator
	filter   string // int, bool, json or none
	secret   bool
}

// parseVariable reads what stands between the braces. The hint goes with the
// error.
func parseVariable(s string) (v variable, hint string, err error) {
	for m := filterWord.FindStringSubmatchIndex(s); m != nil; m = filterWord.FindStringSubmatchIndex(s) {
		word := s[m[2]:m[3]]
		switch word {
		case "secret":
			v.secret = true
		case "int", "bool", "json":
			if v.filter != "" {
				return v, "", errors.New("a variable has one type")
			}
			v.filter = word
		default:
			return v, near(word, []string{"int", "bool", "json", "secret"}), errors.New("unknown type " + strconv.Quote(word) + " of a variable")
		}
		s = s[:m[0]]
	}
	if name, ok := strings.CutPrefix(s, "file:"); ok {
		v.name, v.file, v.secret = name, true, true
		if name == "" {
			return v, "${file:/run/secrets/name}", errors.New("the name of the file is missing")
		}
		return v, "", nil
	}
	v.name = s
	if i := strings.IndexByte(s, ':'); i >= 0 {
		v.name, v.operator, v.argument = s[:i], s[i:min(i+2, len(s))], s[min(i+2, len(s)):]
	}
	switch {
	case v.operator != "" && v.operator != ":-" && v.operator != ":?":
		return v, "${NAME:-default} or ${NAME:?message}", errors.New("unknown operator in a variable")
	case !variableName.MatchString(v.name):
		return v, "letters, digits and _, no digit first", errors.New("a variable needs a name")
	case strings.Contains(v.argument, "${"):
		return v, "", errors.New("a default holds no other variable")
	}
	return v, "", nil
}

// A filling is what a variable stands for.
type filling struct {
	text   string
	filter string
	secret bool
	absent bool // an optional variable that is not set
	open   bool // not set, and not needed: nothing can be said about it
}

// fill looks a variable up. An empty variable counts as one that is not set. It
// reports what is wrong and then returns false.
func (d *decoder) fill(n *node, inside string) (filling, bool) {
	v, hint, err := parseVariable(inside)
	if err != nil {
		d.at(n, hint, "%v", err)
		return filling{}, false
	}
	f := filling{filter: v.filter, secret: v.secret}
	switch {
	case v.file:
		f.text, f.open = d.file(n, v.name)
		if f.open {
			return f, !d.used
		}
	default:
		f.text, _ = d.lookup(v.name)
		if f.text != "" {
			break
		}
		if v.operator != ":-" {
			return d.missing(n, v, f)
		}
		f.text, f.absent = v.argument, v.argument == ""
	}
	if f.absent {
		return f, true
	}
	return f, d.checkFilter(n, v, f.text)
}

// missing tells about a variable that is not set; where nothing is used it is
// only remembered.
func (d *decoder) missing(n *node, v variable, f filling) (filling, bool) {
	if !d.used {
		d.unset = append(d.unset, v.name)
		f.open = true
		return f, true
	}
	if v.operator == ":?" && v.argument != "" {
		d.at(n, v.argument, "the variable %s is not set", v.name)
	} else {
		d.at(n, "set "+v.name+", or give a default: ${"+v.name+":-…}", "the variable %s is not set", v.name)
	}
	return f, false
}

// file reads the text of a file, less its last line end; relative names start
// at the folder of the configuration.
func (d *decoder) file(n *node, name string) (content string, open bool) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.folder, path)
	}
	text, err := schemas.ReadFile(path)
	switch {
	case err == nil:
		return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), false
	case d.used:
		d.at(n, "", "reading the file %s: %v", name, errors.Unwrap(err))
	default:
		d.unset = append(d.unset, "file:"+name)
	}
	return "", true
}

// checkFilter tells whether the text has the type that the variable asks for.
// The text itself is never shown.
func (d *decoder) checkFilter(n *node, v variable, text string) bool {
	ok, what := true, ""
	switch v.filter {
	case "int":
		ok, what = jsonInteger.MatchString(text), "an integer"
	case "bool":
		ok, what = text == "true" || text == "false", "true or false"
	case "json":
		ok, what = json.Valid([]byte(text)), "JSON"
	}
	if !ok {
		d.at(n, "", "the value of %s is not %s", v.name, what)
	}
	return ok
}

var jsonInteger = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// plain fills the variables of a scalar that is no template. Given is false for
// an unset optional variable, ok is false after a mistake; open tells that the
// text cannot be known.
func (d *decoder) plain(n *node) (s string, given, open, ok bool) {
	if n.form != textForm {
		return n.scalar, true, false, true
	}
	all, err := split(n.scalar, false)
	if err != nil {
		d.at(n, "$$ stands for a dollar sign", "%v", err)
		return "", true, false, false
	}
	var b strings.Builder
	for _, t := range all {
		if t.kind == literalPiece {
			b.WriteString(t.text)
			continue
		}
		f, ok := d.fillPlain(n, t)
		switch {
		case !ok:
			return "", true, false, false
		case f.secret:
			d.at(n, "", "a secret stands only in headers and parameters, and under auth")
			return "", true, false, false
		case f.open:
			open = true
		case f.absent && len(all) == 1:
			return "", false, false, true
		}
		b.WriteString(f.text)
	}
	return b.String(), true, open, true
}

// fillPlain looks up a variable, or a value of the account.
func (d *decoder) fillPlain(n *node, t piece) (filling, bool) {
	if t.kind == variablePiece {
		return d.fill(n, t.text)
	}
	v, ok := d.accountValue(n, strings.TrimPrefix(t.text, "account."), scope{})
	absent := v.Kind == Absent || v.Kind == Null
	return filling{text: v.plainText(), secret: v.Secret, absent: absent, open: absent && !d.used}, ok
}

// filled tells whether a scalar has a variable or a value of an account, so
// that its text is not shown.
func (n *node) filled() bool {
	return n.form == textForm && (strings.Contains(n.scalar, "${") || strings.Contains(n.scalar, "{account."))
}
