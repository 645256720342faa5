package transform

import (
	"slices"

	"etl/internal/jsonspan"
	"etl/schemas"
)

// A Place is where records can hold values for a schema: a column, or the
// objects that hold columns.
type Place struct {
	Column string // "services.price"; of the records themselves empty
	Type   string // of the column, in short: "int64", "struct"; of objects empty
	Object int    // the place of the objects that hold the column; of objects their own
	Loose  bool   // the column takes numbers, texts and bools for each other
}

// Kinds is a set of kinds of JSON values.
type Kinds uint8

// kindsOf is the set of one kind.
func kindsOf(k jsonspan.Kind) Kinds { return 1 << k }

// Has tells whether a kind is in the set.
func (k Kinds) Has(kind jsonspan.Kind) bool { return k&kindsOf(kind) != 0 }

// With returns the set with kinds of some names, as Names has them.
func (k Kinds) With(names []string) Kinds {
	for kind := jsonspan.Null; kind <= jsonspan.Object; kind++ {
		if slices.Contains(names, kind.String()) {
			k |= kindsOf(kind)
		}
	}
	return k
}

// Names lists the kinds that are values: null, bool, number, string, list,
// object; null only if there is no other.
func (k Kinds) Names() []string {
	names := []string{}
	for kind := jsonspan.Bool; kind <= jsonspan.Object; kind++ {
		if k.Has(kind) {
			names = append(names, kind.String())
		}
	}
	if len(names) == 0 && k != 0 {
		names = append(names, jsonspan.Null.String())
	}
	return names
}

// A Sight is what was met at a place: how often, and which kinds of values.
// What the schema declares to mean NULL is of the kind null, and an empty list
// that is taken for an object is an object.
type Sight uint32

const onceSeen Sight = 1 << 8

// Times returns how often a value was met, null or not.
func (s Sight) Times() int64 { return int64(s >> 8) }

// Kinds returns the kinds of the values.
func (s Sight) Kinds() Kinds { return Kinds(s) }

// and returns the sight after one more value.
func (s Sight) and(k Kinds) Sight { return s | Sight(k) + onceSeen }

// Places returns the places that the sights of a batch are of.
func (d *Decoder) Places() []Place { return d.places }

// addPlaces adds the place of the objects at a path, and those of the columns
// that they hold.
func (b *builder) addPlaces(columns []schemas.Column, path string) {
	object := len(b.places)
	b.places = append(b.places, Place{Column: path, Object: object})
	for _, c := range columns {
		b.places = append(b.places, Place{Column: joinPath(path, c.Name), Type: shortType(c.Type), Object: object, Loose: c.Loose})
	}
}

func shortType(t schemas.Type) string {
	switch t.Kind {
	case schemas.List, schemas.Struct:
		return t.Kind.String()
	}
	return t.String()
}

// byFirstByte is the kind of a value by its first byte, where an empty list is a
// list, and where it is an object.
var byFirstByte, byFirstByteLoose = firstBytes(false), firstBytes(true)

func firstBytes(loose bool) *[256]Kinds {
	var all [256]Kinds
	for c := range all {
		text := []byte{byte(c)}
		all[c] = kindsOf(jsonspan.KindOf(text, jsonspan.Span{End: 1}))
	}
	if loose {
		all['['] = kindsOf(jsonspan.Object) // any other list is not read here
	}
	return &all
}

// kindsIn returns the kinds of values that a buffer is filled with.
func kindsIn(b buffer) *[256]Kinds {
	if s, ok := b.(*structure); ok && s.loose {
		return byFirstByteLoose
	}
	return byFirstByte
}

// saw notes the kind of a value of a field.
func (o *object) saw(field int, k Kinds) { o.seen[field+1] = o.seen[field+1].and(k) }

// look notes what a record holds, whether it was accepted or not.
func (h *sheet) look(record *node) {
	counts := h.scope.counts
	h.row.look(record)
	h.scope.counts = counts
}

// look notes what an object holds for the fields.
func (f *structure) look(n *node) {
	if f.loose && n.kind == jsonspan.Array {
		n = emptyObject(f.scope, n)
	}
	if n.kind != jsonspan.Object || f.open(n) != nil {
		return
	}
	at := f.seen[f.place:]
	at[0] = at[0].and(kindsOf(jsonspan.Object))
	for i, field := range f.fields {
		at[i+1] = field.look(n, at[i+1])
	}
}

// look adds to a sight what an object holds for the field.
func (f *field) look(object *node, s Sight) Sight {
	inside := false
	for _, path := range f.column.From {
		v := f.reach(object, path)
		if v == nil {
			continue
		}
		if f.isNull(v) {
			s = s.and(kindsOf(jsonspan.Null))
			continue
		}
		kind := v.kind
		if b, ok := f.buffer.(*structure); ok && b.loose && kind == jsonspan.Array {
			kind = emptyObject(f.scope, v).kind
		}
		s = s.and(kindsOf(kind))
		if !inside {
			inside = true
			lookInside(f.buffer, v)
		}
	}
	return s
}

func lookInside(b buffer, v *node) {
	switch b := b.(type) {
	case *structure:
		b.look(v)
	case *list:
		if v.kind != jsonspan.Array || b.open(v) != nil {
			return
		}
		for _, e := range v.elements {
			lookInside(b.elements, e)
		}
	}
}

// reach returns the value at the end of a path, or the null on the way there;
// nil if there is none.
func (f *field) reach(object *node, path schemas.Path) *node {
	if ofParent(path) {
		return nil
	}
	v := object
	for _, name := range path {
		if f.column.Loose && v.kind == jsonspan.Array {
			v = emptyObject(f.scope, v)
		}
		if v.kind == jsonspan.Null {
			return v
		}
		if v.kind != jsonspan.Object || f.open(v) != nil {
			return nil
		}
		if v = v.member(name); v == nil {
			return nil
		}
	}
	return v
}

// takeSeen returns the sights of a page, and begins anew.
func (h *sheet) takeSeen() []Sight {
	seen := slices.Clone(h.seen)
	clear(h.seen)
	return seen
}
