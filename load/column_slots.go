package load

import (
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"etl/internal/fault"
)

// slots are the places of a column in some rows: which value of its array, and
// the levels so far. One skeleton serves all children of a struct or a list.
type slots struct {
	rows  int
	at    []int32 // index in the array; -1: null or empty further out
	there []int32 // those of them that are not negative; they ascend
	reps  []uint8 // nil: all 0
	defs  []uint8 // nil: all 0, and none is negative in at
	full  []uint8 // the levels if no value is null where one may be; nil: all 1
}

// rowSlots returns the slots of a column of the rows themselves.
func rowSlots(rows []int32) slots { return slots{rows: len(rows), at: rows, there: rows} }

// sized returns a slice of n elements, of any values, in the memory of the old one.
func sized[T any](memory []T, n int) []T { return slices.Grow(memory[:0], n)[:n] }

// encode appends to the vectors of a block what the slots name of an array.
func (c *column) encode(b *block, a arrow.Array, s slots) error {
	switch {
	case c.leaf != nil:
		v := &b.vectors[c.leaf.index]
		v.rows += s.rows
		return c.fill(v, a, s)
	case c.list:
		return c.encodeList(b, a, s)
	default:
		return c.encodeStruct(b, a, s)
	}
}

func (c *column) encodeStruct(b *block, a arrow.Array, s slots) error {
	st, ok := a.(*array.Struct)
	if !ok || st.NumField() != len(c.children) {
		return fault.New(fault.Bug, "encoding column %s: not the struct of the schema", c.name)
	}
	s, err := c.descend(a, s)
	if err != nil {
		return err
	}
	if c.optional {
		s.full = raised(&c.own, s)
	}
	for i, child := range c.children {
		if err := child.encode(b, st.Field(i), s); err != nil {
			return err
		}
	}
	return nil
}

func (c *column) encodeList(b *block, a arrow.Array, s slots) error {
	list, ok := a.(*array.List)
	if !ok {
		return fault.New(fault.Bug, "encoding column %s: not a list", c.name)
	}
	s, err := c.descend(a, s)
	if err != nil {
		return err
	}
	inner := c.elements(list.Offsets()[list.Offset():], s)
	inner.full = raised(&c.inner, inner)
	return c.children[0].encode(b, list.ListValues(), inner)
}

// elements returns the slots of the elements of lists that lie between some
// offsets. An empty list has one, as a null has.
func (c *column) elements(offsets []int32, s slots) slots {
	n := len(s.at) - len(s.there)
	for _, at := range s.there {
		n += int(max(offsets[at+1]-offsets[at], 1))
	}
	in := &c.inner
	in.at, in.there, in.reps, in.defs = sized(in.at, n), sized(in.there, n), sized(in.reps, n), sized(in.defs, n)
	depth, slot, found := c.rep+1, 0, 0
	for i, at := range s.at {
		var rep, def uint8
		if s.reps != nil {
			rep = s.reps[i]
		}
		if s.defs != nil {
			def = s.defs[i]
		}
		in.at[slot], in.reps[slot], in.defs[slot] = -1, rep, def
		if at < 0 || offsets[at] == offsets[at+1] {
			slot++
			continue
		}
		first := slot
		for j := offsets[at]; j < offsets[at+1]; j++ {
			in.at[slot], in.reps[slot], in.defs[slot], in.there[found] = j, depth, def+1, j
			slot, found = slot+1, found+1
		}
		in.reps[first] = rep
	}
	return slots{rows: s.rows, at: in.at, there: in.there[:found], reps: in.reps, defs: in.defs}
}

// descend counts the values themselves in: what is null is not there any more.
func (c *column) descend(a arrow.Array, s slots) (slots, error) {
	valid, err := c.validity(a, s)
	own := &c.own
	switch {
	case err != nil || !c.optional:
		return s, err
	case valid.bits != nil:
		own.at, own.there, own.defs = sized(own.at, len(s.at)), sized(own.there, len(s.at)+1), sized(own.defs, len(s.at))
		found := valid.levels(own.defs, own.there, s)
		for i, at := range s.at {
			own.at[i] = at | (int32(own.defs[i]-s.def(i)) - 1) // -1 if it was not counted
		}
		s.at, s.there, s.defs = own.at, own.there[:found], own.defs
	case s.full == nil:
		own.defs = appendOnes(own.defs[:0], len(s.at))
		s.defs = own.defs
	default:
		s.defs = s.full
	}
	return s, nil
}

// def is the definition level of a slot so far.
func (s *slots) def(i int) uint8 {
	if s.defs == nil {
		return 0
	}
	return s.defs[i]
}

// raised returns the levels of slots whose values are all there but for what is
// not there further out.
func raised(memory *slots, s slots) []uint8 {
	memory.full = sized(memory.full, len(s.at))
	for i, at := range s.at {
		memory.full[i] = s.defs[i] + uint8(uint32(^at)>>31)
	}
	return memory.full
}

// levels appends the levels of the slots to a leaf's vector and returns the
// places of the values that are there.
func (c *column) levels(v *vector, a arrow.Array, s slots) ([]int32, error) {
	if c.leaf.maxRep > 0 {
		v.reps = append(v.reps, s.reps...)
	}
	valid, err := c.validity(a, s)
	switch {
	case err != nil:
		return nil, err
	case valid.bits != nil:
		n := len(v.defs)
		v.defs = slices.Grow(v.defs, len(s.at))[:n+len(s.at)]
		c.own.there = sized(c.own.there, len(s.at)+1)
		return c.own.there[:valid.levels(v.defs[n:], c.own.there, s)], nil
	case c.leaf.maxDef == 0:
	case !c.optional:
		v.defs = append(v.defs, s.defs...)
	case s.full == nil:
		v.defs = appendOnes(v.defs, len(s.at))
	default:
		v.defs = append(v.defs, s.full...)
	}
	return s.there, nil
}

// ones are levels of columns that are there.
const ones = "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"

// appendOnes appends the level 1 n times.
func appendOnes(levels []uint8, n int) []uint8 {
	for ; n > len(ones); n -= len(ones) {
		levels = append(levels, ones...)
	}
	return append(levels, ones[:n]...)
}

// A validity tells which values of an array are null.
type validity struct {
	bits   []byte // nil: none is
	offset int
}

// validity tells which values of an optional column are null. A null where none
// may be is nobody's data.
func (c *column) validity(a arrow.Array, s slots) (validity, error) {
	if a.NullN() == 0 {
		return validity{}, nil
	}
	v := validity{a.NullBitmapBytes(), a.Data().Offset()}
	if c.optional {
		return v, nil
	}
	for _, at := range s.there {
		if v.there(at) == 0 {
			return v, fault.New(fault.Bug, "encoding column %s: a null in a required column", c.name)
		}
	}
	return validity{}, nil
}

// there is 1 if a value is not null, 0 if it is or its place is negative.
func (v *validity) there(at int32) uint8 {
	absent := at >> 31
	n := uint(v.offset) + uint(at&^absent)
	return v.bits[n/8] >> (n % 8) & uint8(absent+1)
}

// levels sets the levels of slots and the places of the values that are there,
// and returns how many these are. There is room for one place more than slots.
func (v *validity) levels(defs []uint8, places []int32, s slots) (found int) {
	if s.defs == nil {
		clear(defs)
	} else {
		copy(defs, s.defs)
	}
	for i, at := range s.at { // without a branch: where nulls are cannot be foreseen
		there := v.there(at)
		defs[i] += there
		places[found] = at
		found += int(there)
	}
	return found
}
