package transform

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"etl/internal/jsonspan"
	"etl/schemas"
)

// A field is a column of a record or of a struct: it finds its value in an
// object and adds it to its buffer.
type field struct {
	buffer
	*scope
	column   schemas.Column
	path     string // of the column: "services.price"
	parental bool   // it may be a value of the parent
}

// add appends the value that the field finds in an opened object.
func (f *field) add(object *node) error {
	v, err := f.find(object)
	if err != nil {
		return f.misfits(v, err)
	}
	if v == nil || f.isNull(v) {
		return f.addNull(object, v)
	}
	v.whole = !f.opens(v)
	n, counts, breaches := f.len(), f.counts, len(f.breaches)
	if err := f.buffer.add(v); err != nil {
		f.truncate(n)
		f.counts, f.breaches = counts, f.breaches[:breaches]
		return f.misfits(v, err)
	}
	return nil
}

// opens tells whether the members inside v have columns of their own.
func (f *field) opens(v *node) bool {
	t := f.column.Type
	for t.Kind == schemas.List {
		t = t.Element.Type
	}
	return f.column.PII != schemas.PIIDrop && t.Kind == schemas.Struct && (v.kind == jsonspan.Object || v.kind == jsonspan.Array)
}

func (f *field) addNull(object, v *node) error {
	if v != nil {
		v.whole = true
	}
	if !f.column.Required {
		f.null()
		return nil
	}
	if v != nil {
		return f.refuse(v, errNull)
	}
	path := joinPath(object.path(), strings.Join(f.column.From[0], "."))
	return &refusal{path: path, column: f.path, reason: errMissing.Error(), check: errMissing.check}
}

// misfits decides about a value that does not fit: NULL and the text in _extra,
// or an end to the whole record. A value of the parent has no text here.
func (f *field) misfits(v *node, err error) error {
	if f.column.Misfit != schemas.ExtraMisfit || v.parent == nil {
		return f.refuse(v, err)
	}
	v.misfit = true
	f.breach(f.refuse(v, err))
	f.counts.Misfit++
	f.null()
	return nil
}

func (f *field) refuse(v *node, err error) *refusal {
	r := refuse(v, err)
	if r.column == "" {
		r.column = f.path
	}
	return r
}

// find returns the value at the first path that leads to one that is not null,
// else one that is null, else nil. Beside that value, equal and null ones at
// the other paths are taken too: only what differs is left to _extra, and of
// personal data nothing.
// With an error it returns the value that stands in the way.
func (f *field) find(object *node) (*node, error) {
	var found *node
	for _, path := range f.column.From {
		v, err := f.follow(object, path)
		if err != nil {
			return v, err
		}
		switch {
		case v == nil:
		case found == nil || found.kind == jsonspan.Null:
			found = v
		case string(v.raw) == string(found.raw) || f.column.PII != "":
			v.whole = true
		}
		if v != nil && v.kind == jsonspan.Null {
			v.whole = true
		}
	}
	return found, nil
}

var errNoWay = errors.New("not an object, and the column is inside")

func (f *field) follow(object *node, path schemas.Path) (*node, error) {
	if name, ok := strings.CutPrefix(path[0], parentPrefix); ok {
		return f.ofParent(name)
	}
	v := object
	for _, name := range path {
		if f.column.Loose && v.kind == jsonspan.Array {
			v = emptyObject(f.scope, v)
		}
		switch v.kind {
		case jsonspan.Null:
			v.whole = true
			return nil, nil
		case jsonspan.Object:
		default:
			return v, errNoWay
		}
		if err := f.open(v); err != nil {
			return v, err
		}
		if v = v.member(name); v == nil {
			return nil, nil
		}
	}
	return v, nil
}

// ofParent tells whether a path leads to a value of the parent.
func ofParent(path schemas.Path) bool { return strings.HasPrefix(path[0], parentPrefix) }

const parentPrefix = "@parent."

// ofParent makes a value of the parent look as if it stood in the record.
func (f *field) ofParent(name string) (*node, error) {
	value, ok := f.parent[name]
	if !ok {
		return nil, nil
	}
	raw, err := parentJSON(value)
	n := newNode(raw)
	n.name = parentPrefix + name
	return n, err
}

func parentJSON(value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return []byte("null"), nil
	case string:
		return appendQuoted(nil, v), nil
	case int64:
		return strconv.AppendInt(nil, v, 10), nil
	case bool:
		return strconv.AppendBool(nil, v), nil
	case json.Number:
		if span, err := jsonspan.Whole([]byte(v)); err == nil && jsonspan.KindOf([]byte(v), span) == jsonspan.Number {
			return []byte(v), nil
		}
	}
	return nil, fmt.Errorf("a value of the parent is no scalar: %T", value)
}

// isNull tells whether a value means NULL.
func (f *field) isNull(v *node) bool {
	switch v.kind {
	case jsonspan.Null:
		return true
	case jsonspan.Number, jsonspan.Bool:
		return slices.Contains(f.column.NullIf, string(v.raw))
	case jsonspan.String:
		text, err := jsonspan.Unquote(v.raw)
		return err == nil && slices.Contains(f.column.NullIf, string(text))
	}
	return false
}
