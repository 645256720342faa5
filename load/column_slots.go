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
	at   []int32 // index in the array; -1: null or empty further out
	reps []uint8 // nil: all 0, none is negative in at, and defs is nil too
	defs []uint8
}

func (s *slots) reset() { s.at, s.reps, s.defs = s.at[:0], s.reps[:0], s.defs[:0] }

func (s *slots) append(at int32, rep, def uint8) {
	s.at, s.reps, s.defs = append(s.at, at), append(s.reps, rep), append(s.defs, def)
}

// slot returns the place and the levels of a slot.
func (s *slots) slot(i int) (at int32, rep, def uint8) {
	if s.reps == nil {
		return s.at[i], 0, 0
	}
	return s.at[i], s.reps[i], s.defs[i]
}

// encode appends to the vectors of a block what the slots name of an array.
func (c *column) encode(b *block, a arrow.Array, s slots) error {
	switch {
	case c.leaf != nil:
		v := &b.vectors[c.leaf.index]
		if s.reps == nil {
			v.rows += len(s.at)
		}
		for _, rep := range s.reps {
			if rep == 0 {
				v.rows++
			}
		}
		return c.fill(v, a, s)
	case c.list:
		return c.encodeList(b, a, s)
	default:
		return c.encodeStruct(b, a, s)
	}
}

// descend reports the level of a slot with the value itself counted in, and
// whether there is one. A null where none may be is nobody's data.
func (c *column) descend(valid *validity, at int32, def uint8) (uint8, bool, error) {
	if at < 0 {
		return def, false, nil
	}
	if valid.null(at) {
		if !c.optional {
			return def, false, fault.New(fault.Bug, "encoding column %s: a null in a required column", c.name)
		}
		return def, false, nil
	}
	if c.optional {
		def++
	}
	return def, true, nil
}

func (c *column) encodeStruct(b *block, a arrow.Array, s slots) error {
	st, ok := a.(*array.Struct)
	if !ok || st.NumField() != len(c.children) {
		return fault.New(fault.Bug, "encoding column %s: not the struct of the schema", c.name)
	}
	c.inner.reset()
	valid := validityOf(a)
	for i := range s.at {
		at, rep, def := s.slot(i)
		def, present, err := c.descend(&valid, at, def)
		if err != nil {
			return err
		}
		if !present {
			at = -1
		}
		c.inner.append(at, rep, def)
	}
	for i, child := range c.children {
		if err := child.encode(b, st.Field(i), c.inner); err != nil {
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
	depth := c.depth()
	c.inner.reset()
	valid := validityOf(a)
	for i := range s.at {
		at, rep, def := s.slot(i)
		def, present, err := c.descend(&valid, at, def)
		if err != nil {
			return err
		}
		if !present {
			c.inner.append(-1, rep, def)
			continue
		}
		start, end := list.ValueOffsets(int(at))
		if start == end {
			c.inner.append(-1, rep, def)
		}
		for j := start; j < end; j++ {
			c.inner.append(int32(j), rep, def+1)
			rep = depth
		}
	}
	return c.children[0].encode(b, list.ListValues(), c.inner)
}

// depth is the repetition level of a list's elements.
func (c *column) depth() uint8 { return c.rep + 1 }

// levels appends the levels of the slots to a leaf's vector and returns the
// places of the values that are there.
func (c *column) levels(v *vector, a arrow.Array, s slots) ([]int32, error) {
	if c.leaf.maxRep > 0 {
		v.reps = append(v.reps, s.reps...)
	}
	if s.reps == nil && a.NullN() == 0 {
		if c.optional {
			v.defs = appendOnes(v.defs, len(s.at))
		}
		return s.at, nil
	}
	if s.reps == nil && c.optional { // a column of the row itself: most are
		return c.rowLevels(v, a, s.at), nil
	}
	c.found = c.found[:0]
	valid := validityOf(a)
	for i := range s.at {
		at, _, def := s.slot(i)
		def, present, err := c.descend(&valid, at, def)
		if err != nil {
			return nil, err
		}
		if c.leaf.maxDef > 0 {
			v.defs = append(v.defs, def)
		}
		if present {
			c.found = append(c.found, at)
		}
	}
	return c.found, nil
}

// rowLevels does so for a column of the row itself that has nulls.
func (c *column) rowLevels(v *vector, a arrow.Array, at []int32) []int32 {
	valid := validityOf(a)
	n := len(v.defs)
	v.defs = slices.Grow(v.defs, len(at))[:n+len(at)]
	defs := v.defs[n:]
	c.found = slices.Grow(c.found[:0], len(at)+1)[:len(at)+1]
	found := 0
	for i, place := range at { // without a branch: where nulls are cannot be foreseen
		n := uint(valid.offset) + uint(place)
		there := valid.bits[n/8] >> (n % 8) & 1
		defs[i], c.found[found] = there, place
		found += int(there)
	}
	return c.found[:found]
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

func validityOf(a arrow.Array) validity {
	if a.NullN() == 0 {
		return validity{}
	}
	return validity{a.NullBitmapBytes(), a.Data().Offset()}
}

func (v *validity) null(i int32) bool {
	if v.bits == nil {
		return false
	}
	n := uint(v.offset) + uint(i)
	return v.bits[n/8]>>(n%8)&1 == 0
}
