package transform

import (
	"errors"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// A coded buffer holds codes of an enum, and tells them as labels name them.
type coded interface {
	buffer
	code(i int) string
}

// An enum buffer holds codes, and for each code the place of its label in the
// dictionary.
type enum struct {
	*scope
	codes  coded
	labels map[string]int32 // code → place in texts
	texts  arrow.ArrayData
	valid  bitmap
	places []int32
}

func (f *enum) add(n *node) error {
	if err := f.codes.add(n); err != nil {
		return err
	}
	place, labelled := f.labels[f.codes.code(f.codes.len()-1)]
	if !labelled {
		f.counts.Unlabelled++
	}
	f.valid.add(labelled)
	f.places = append(f.places, place)
	return nil
}

func (f *enum) null() {
	f.codes.null()
	f.valid.add(false)
	f.places = append(f.places, 0)
}

func (f *enum) len() int { return len(f.places) }

func (f *enum) truncate(n int) {
	f.codes.truncate(n)
	f.valid.truncate(n)
	f.places = f.places[:n]
}

func (f *enum) take(out []arrow.ArrayData) []arrow.ArrayData {
	out = f.codes.take(out)
	valid, nulls := f.valid.validity()
	places := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(f.places))
	data := array.NewDataWithDictionary(labelType, len(f.places), []*memory.Buffer{valid, places}, nulls, 0, f.texts.(*array.Data))
	f.valid, f.places = bitmap{}, nil
	return append(out, data)
}

func (f *enum) key(b *schemas.KeyBuilder, i int) { f.codes.key(b, i) }

// A list buffer holds where each list ends in the buffer of its elements.
type list struct {
	*scope
	dtype    arrow.DataType
	nulls    bool // elements may be null
	elements buffer
	valid    bitmap
	ends     []int32
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
	f.valid.add(true)
	f.ends = append(f.ends, int32(f.elements.len()))
	return nil
}

func (f *list) null() {
	f.valid.add(false)
	f.ends = append(f.ends, int32(f.elements.len()))
}

func (f *list) len() int { return len(f.ends) }

func (f *list) truncate(n int) {
	f.valid.truncate(n)
	f.ends = f.ends[:n]
	end := 0
	if n > 0 {
		end = int(f.ends[n-1])
	}
	f.elements.truncate(end)
}

func (f *list) take(out []arrow.ArrayData) []arrow.ArrayData {
	valid, nulls := f.valid.validity()
	data := array.NewData(f.dtype, len(f.ends), []*memory.Buffer{valid, offsets(f.ends)}, f.elements.take(nil), nulls, 0)
	f.valid, f.ends = bitmap{}, nil
	return append(out, data)
}

func (f *list) key(*schemas.KeyBuilder, int) {}

// A structure buffer holds the fields of structs. The record itself is one.
type structure struct {
	*scope
	dtype  arrow.DataType
	loose  bool // an empty list is an object without members, as PHP writes it
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

func (f *structure) take(out []arrow.ArrayData) []arrow.ArrayData {
	valid, nulls := f.valid.validity()
	data := array.NewData(f.dtype, f.valid.n, []*memory.Buffer{valid}, f.children(), nulls, 0)
	f.valid = bitmap{}
	return append(out, data)
}

// children takes the arrays of the fields.
func (f *structure) children() []arrow.ArrayData {
	var out []arrow.ArrayData
	for _, field := range f.fields {
		out = field.take(out)
	}
	return out
}

func (f *structure) key(*schemas.KeyBuilder, int) {}

// A dropped buffer holds nothing: the value is personal and goes nowhere.
type dropped struct{ n int }

func (f *dropped) add(*node) error                              { f.n++; return nil }
func (f *dropped) null()                                        { f.n++ }
func (f *dropped) len() int                                     { return f.n }
func (f *dropped) truncate(n int)                               { f.n = n }
func (f *dropped) take(out []arrow.ArrayData) []arrow.ArrayData { f.n = 0; return out }
func (f *dropped) key(*schemas.KeyBuilder, int)                 {}

// enum makes the buffer of an enum, with all its labels in the order of the
// schema; equal texts share a place.
func (b *builder) enum(c schemas.Column) (buffer, error) {
	codes := c
	codes.Type = schemas.Type{Kind: c.Type.Code}
	inner, err := b.buffer(codes, "")
	if err != nil {
		return nil, err
	}
	f := &enum{scope: b.scope, codes: inner.(coded), labels: map[string]int32{}}
	var texts text
	places := map[string]int32{}
	for _, l := range c.Type.Labels {
		place, known := places[l.Text]
		if !known {
			place = int32(texts.len())
			places[l.Text] = place
			if err := texts.append([]byte(l.Text)); err != nil {
				return nil, err
			}
		}
		f.labels[l.Code] = place
	}
	f.texts = texts.take(nil)[0]
	return f, nil
}
