package config

import (
	"reflect"
	"slices"
	"strings"
)

// A decoder reads the tree of a file into the structs of the language. It
// reports what is wrong and goes on.
type decoder struct {
	*report
	lookup func(string) (string, bool)
	folder string                 // of the file
	needed func(path string) bool // tells for a source or pipeline whether the command uses it
	used   bool                   // what is read now is used: its variables must be set
	unset  []string               // those that were not, where they need not be

	account *account // of the source or pipeline that is read; nil: it has none
}

// A leaf is a value of the language that reads itself. A null is never read: a
// key with null is as good as not there.
type leaf interface{ read(*decoder, *node) }

// into reads a node into the value that v is.
//
// A struct is a map whose keys are the json tags of its fields; a key marked
// need must be there, and a text marked enum is one of those words.
func (d *decoder) into(n *node, v reflect.Value) {
	if l, ok := v.Addr().Interface().(leaf); ok {
		l.read(d, n)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.into(n, v.Elem())
	case reflect.Slice:
		d.list(n, v)
	case reflect.Struct:
		d.keys(n, v)
	default:
		panic("config: no way to read " + v.Type().String())
	}
}

func (d *decoder) list(n *node, v reflect.Value) {
	if n.form != listForm {
		d.at(n, "", "a list is expected, not %s", n.form)
		return
	}
	for _, item := range n.items {
		element := reflect.New(v.Type().Elem()).Elem()
		d.into(item, element)
		v.Set(reflect.Append(v, element))
	}
}

func (d *decoder) keys(n *node, v reflect.Value) {
	if p, ok := v.Addr().Interface().(interface{ put(*node) }); ok {
		p.put(n)
	}
	if n.form != mapForm {
		d.at(n, "", "a map is expected, not %s", n.form)
		return
	}
	names := make([]string, 0, v.NumField())
	fields := reflect.VisibleFields(v.Type())
	fields = slices.DeleteFunc(fields, func(f reflect.StructField) bool {
		return f.Tag.Get("json") == "" || f.Anonymous
	})
	for _, f := range fields {
		names = append(names, f.Tag.Get("json"))
	}
	for _, e := range n.entries {
		i := slices.Index(names, e.key)
		switch {
		case i < 0:
			d.at(e.at, near(e.key, names), "unknown key %q", e.key)
		case e.value.form != nullForm:
			field := v.FieldByIndex(fields[i].Index)
			d.into(e.value, field)
			d.word(field, fields[i])
		}
	}
	for i, key := range names {
		if fields[i].Tag.Get("need") != "" && !n.has(key) {
			d.at(n, "", "the key %q is missing", key)
		}
	}
}

// word checks a text that must be one of a few words.
func (d *decoder) word(v reflect.Value, f reflect.StructField) {
	words := f.Tag.Get("enum")
	if words == "" {
		return
	}
	t := v.Addr().Interface().(*word)
	all := strings.Split(words, ",")
	if !t.given() || t.open || anyOf(t.s, all...) {
		return
	}
	d.at(t.at, near(t.s, all), "unknown %s %s", f.Tag.Get("json"), t.shown())
	t.open = true
}

// within reads what belongs to a source or a pipeline, which perhaps is that of
// an account, and returns its variables that are not set and need not be.
func (d *decoder) within(path string, a *account, read func()) (unset []string) {
	used, before := d.used, d.unset
	d.used, d.unset, d.account = d.needed(path), nil, a
	read()
	unset = d.unset
	d.used, d.unset, d.account = used, before, nil
	return unset
}
