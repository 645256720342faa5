package transform

import (
	"errors"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
)

// A list buffer holds where each list ends in the buffer of its elements.
type list struct {
	*scope
	dtype    arrow.DataType
	nulls    bool // elements may be null
	elements buffer
	valid    bitmap
	ends     ends
}

var (
	errNotList     = errors.New("not a list")
	errNullElement = errors.New("null in a list")
)

func (f *list) add(n *node) error {
	if n.kind != jsonspan.Array {
		return errNotList
	}
	if err := f.open(n); err != nil {
		return err
	}
	for _, e := range n.elements {
		e.whole = e.kind == jsonspan.Null
		switch {
		case e.kind != jsonspan.Null:
			if err := f.elements.add(e); err != nil {
				return refuse(e, err)
			}
		case f.nulls:
			f.elements.null()
		default:
			return refuse(e, errNullElement)
		}
	}
	f.end()
	return nil
}

// end ends a list whose elements were added.
func (f *list) end() {
	f.valid.add(true)
	f.ends.add(f.elements.len())
}

func (f *list) null() {
	f.valid.add(false)
	f.ends.add(f.elements.len())
}

func (f *list) len() int { return f.ends.len() }

func (f *list) truncate(n int) {
	f.valid.truncate(n)
	f.ends.truncate(n)
	f.elements.truncate(f.ends.last())
}

func (f *list) arrays(w *wrapper, out []arrow.ArrayData) []arrow.ArrayData {
	return append(out, w.wrap(f.dtype, &f.valid, f.elements.arrays(w, nil), f.ends.bytes()))
}

func (f *list) key(*schemas.KeyBuilder, int) {}

// A structure buffer holds the fields of structs. The record itself is one.
type structure struct {
	*scope
	dtype  arrow.DataType
	loose  bool // an empty list is an object without members, as PHP writes it
	place  int  // of its objects; those of the fields follow
	fields []*field
	valid  bitmap
}

var errNotObject = errors.New("not an object")

func (f *structure) add(n *node) error {
	if f.loose && n.kind == jsonspan.Array {
		n = emptyObject(f.scope, n)
	}
	if n.kind != jsonspan.Object {
		return errNotObject
	}
	if err := f.open(n); err != nil {
		return err
	}
	for _, field := range f.fields {
		if err := field.add(n); err != nil {
			return err
		}
	}
	f.valid.add(true)
	return nil
}

// emptyObject returns an object without members for an empty list, any other
// list as it is.
func emptyObject(s *scope, n *node) *node {
	if err := s.open(n); err != nil || len(n.elements) > 0 {
		return n
	}
	empty := *n
	empty.kind = jsonspan.Object
	return &empty
}

func (f *structure) null() {
	for _, field := range f.fields {
		field.null()
	}
	f.valid.add(false)
}

func (f *structure) len() int { return f.valid.n }

func (f *structure) truncate(n int) {
	for _, field := range f.fields {
		field.truncate(n)
	}
	f.valid.truncate(n)
}

func (f *structure) arrays(w *wrapper, out []arrow.ArrayData) []arrow.ArrayData {
	return append(out, w.wrap(f.dtype, &f.valid, f.children(w)))
}

// children returns the arrays of the fields.
func (f *structure) children(w *wrapper) []arrow.ArrayData {
	var out []arrow.ArrayData
	for _, field := range f.fields {
		out = field.arrays(w, out)
	}
	return out
}

func (f *structure) key(*schemas.KeyBuilder, int) {}

// A dropped buffer holds nothing: the value is personal and goes nowhere.
type dropped struct{ n int }

func (f *dropped) add(*node) error                                            { f.n++; return nil }
func (f *dropped) null()                                                      { f.n++ }
func (f *dropped) len() int                                                   { return f.n }
func (f *dropped) truncate(n int)                                             { f.n = n }
func (f *dropped) key(*schemas.KeyBuilder, int)                               {}
func (f *dropped) scan(text []byte, pos int) int                              { f.n++; return jsonspan.Skip(text, pos) }
func (f *dropped) arrays(_ *wrapper, out []arrow.ArrayData) []arrow.ArrayData { return out }
