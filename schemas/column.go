package schemas

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/token"
)

// from reads where a column is found: its name, a path, or several.
func (r *reader) from(e entry, name string, top bool) []Path {
	if !e.given() {
		return []Path{{name}}
	}
	var paths []Path
	for _, s := range r.texts(e) {
		paths = append(paths, r.path(e, s, top))
	}
	if len(paths) == 0 {
		r.add(e.position(), e.path, "", "an empty list of paths")
	}
	return paths
}

func (r *reader) path(e entry, s string, top bool) Path {
	if strings.HasPrefix(s, "@") {
		if !top {
			r.add(e.position(), e.path, "make it a column of its own", "a field of a struct takes no value of the parent")
		}
		if field, ok := strings.CutPrefix(s, "@parent."); !ok || field == "" {
			r.add(e.position(), e.path, "write @parent.<field>", "unknown place %q", s)
		}
		return Path{s}
	}
	p := Path(strings.Split(s, "."))
	if slices.Contains(p, "") {
		r.add(e.position(), e.path, "write names with single dots between them", "empty name in path %q", s)
	}
	return p
}

// typeOf reads the type of a column.
func (r *reader) typeOf(e entry, path string, at *token.Position) Type {
	if !e.given() {
		r.add(at, path, "add type:", "a column needs a type")
		return Type{}
	}
	text, ok := scalar(e.value)
	if !ok {
		r.add(e.position(), e.path, "", "expected the name of a type, found %s", kindOf(e.value))
		return Type{}
	}
	t, err := parseType(text)
	if err != nil {
		r.add(e.position(), e.path, typeHint(text), "%v", err)
		return Type{}
	}
	r.checkLists(t, e)
	return t
}

// checkLists refuses lists that have no place for labels, and those that a
// BigQuery table cannot hold.
func (r *reader) checkLists(t Type, e entry) {
	if t.Kind == List && t.leaf().Kind == Enum {
		r.add(e.position(), e.path, "list the codes, or structs with an enum inside", "elements of a list have no labels")
		return
	}
	for ; r.bigquery && t.Kind == List; t = t.Element.Type {
		if t.Element.Type.Kind == List {
			r.add(e.position(), e.path, "add bigquery: no to the schema", "BigQuery takes no list inside a list")
			return
		}
		if !t.Element.Required {
			r.add(e.position(), e.path, "add bigquery: no to the schema", "BigQuery takes no nulls in a list")
			return
		}
	}
}

// details reads the keys that only some types take. Those of a list are for its
// elements.
func (r *reader) details(c *Column, m []entry) {
	leaf := c
	for leaf.Type.Kind == List {
		leaf = leaf.Type.Element
		leaf.Loose = c.Loose
	}
	t := &leaf.Type
	if t.Kind == 0 { // a mistake that was told already
		return
	}
	r.only(t.Kind, pick(m, "fields"), Struct)
	r.only(t.Kind, pick(m, "labels"), Enum)
	r.only(t.Kind, pick(m, "layouts"), Timestamp)
	r.only(t.Kind, pick(m, "round"), Decimal)
	switch t.Kind {
	case Struct:
		r.fields(t, m)
	case Enum:
		t.Labels = r.labels(pick(m, "labels"), t.Code)
	case Timestamp:
		t.Layouts = r.layouts(pick(m, "layouts"))
	case Decimal:
		leaf.Round = pick(m, "round").given() && r.choice(pick(m, "round"), "half_even") != ""
	}
	r.bounds(leaf, pick(m, "min"), pick(m, "max"))
}

func (r *reader) only(kind Kind, e entry, want Kind) {
	if e.given() && kind != want {
		r.add(e.at, e.path, "", "goes with %s only, the type is %s", kindNames[want], kindNames[kind])
	}
}

func (r *reader) fields(t *Type, m []entry) {
	e := pick(m, "fields")
	if !e.given() {
		r.add(pick(m, "type").position(), pick(m, "type").path, "add fields:", "a struct needs fields")
		return
	}
	t.Fields = r.columns(e, nil, false)
}

// labels reads the texts of an enum's codes.
func (r *reader) labels(e entry, code Kind) []Label {
	if !e.given() {
		return nil
	}
	var all []Label
	for _, l := range r.entries(e.value, e.path, nil) {
		if bits := intBits(code); bits > 0 && !isInt(l.key, bits) {
			r.add(l.at, e.path, "", "code %q is no %s", l.key, kindNames[code])
			continue
		}
		all = append(all, Label{l.key, r.text(l)})
	}
	return all
}

// intBits returns the size of an integer type; 0 if it is none.
func intBits(kind Kind) int {
	switch kind {
	case Int32:
		return 32
	case Int64:
		return 64
	}
	return 0
}

// isInt tells whether s is an integer in its one plain spelling.
func isInt(s string, bits int) bool {
	v, err := strconv.ParseInt(s, 10, bits)
	return err == nil && strconv.FormatInt(v, 10) == s
}

// Layouts of timestamps that have a name of their own, in the language of Go's
// time package.
var layoutNames = map[string]string{"datetime": time.DateTime, "date": time.DateOnly}

// layoutOf returns the layout that a name stands for, or the layout itself.
func layoutOf(s string) string {
	if layout, named := layoutNames[s]; named {
		return layout
	}
	return s
}

// layouts reads the layouts of a timestamp: names of common ones, or layouts of
// Go's time package, which write out the second of January 2006, 15:04:05.
func (r *reader) layouts(e entry) []string {
	all := r.texts(e)
	for i, l := range all {
		if all[i] = layoutOf(l); !strings.Contains(all[i], "06") {
			r.add(e.position(), e.path, `write datetime, date, or a layout of Go such as "02.01.2006 15:04"`, "layout %q has no year", l)
		}
		if strings.Contains(l, "MST") {
			r.add(e.position(), e.path, "write -0700 for the offset, or leave the zone to the source", "names of zones such as MST stand for several offsets")
		}
	}
	return all
}

func typeHint(s string) string {
	if strings.Count(s, "(") > strings.Count(s, ")") {
		return `inside { } a type with a comma needs quotes: type: "decimal(16,2)"`
	}
	return fmt.Sprintf("types are %s", strings.Join(typeWords(), ", "))
}
