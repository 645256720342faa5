package load

import (
	"bytes"

	"etl/internal/fault"
)

// A vector holds the values of one leaf for some whole rows, the way Parquet
// stores them: levels for every slot, values only where there are any.
type vector struct {
	rows int
	defs []uint8 // per slot; none if the leaf's highest level is 0
	reps []uint8
	ints []int64 // values that are no bytes: bool as 0 and 1, float64 as its bits
	data []byte  // values that are bytes, one after the other
	ends []int   // where each of them ends in data
}

// A block is some rows of all leaves of a file.
type block struct {
	rows    int
	vectors []vector
}

func newBlock(leaves int) block { return block{vectors: make([]vector, leaves)} }

// reset forgets the rows and keeps the memory.
func (b *block) reset() {
	b.rows = 0
	for i := range b.vectors {
		b.vectors[i].reset()
	}
}

// size is what the rows take in memory, in bytes.
func (b *block) size() (n int64) {
	for i := range b.vectors {
		n += b.vectors[i].size()
	}
	return n
}

// check makes sure that all leaves hold the same rows, and levels and values
// that belong together: the writer of the file would not notice.
func (b *block) check(l *layout) error {
	for i := range b.vectors {
		if what := b.vectors[i].fault(l.leaves[i], b.rows); what != "" {
			return fault.New(fault.Bug, "encoding rows: column %s has not the %s of %d rows", l.leaves[i].path, what, b.rows)
		}
	}
	return nil
}

// fault tells what is wrong with the vector of some rows; empty: nothing.
func (v *vector) fault(l *leaf, rows int) string {
	present, starts := v.slots(l), v.slots(l)
	if l.maxDef > 0 {
		present = bytes.Count(v.defs, []byte{l.maxDef})
	}
	if l.maxRep > 0 {
		starts = bytes.Count(v.reps, []byte{0})
	}
	switch {
	case v.rows != rows:
		return "number"
	case !noneAbove(v.defs, l.maxDef), !noneAbove(v.reps, l.maxRep), l.maxRep > 0 && len(v.reps) != len(v.defs), starts != rows:
		return "levels"
	case present != v.values(l):
		return "values"
	}
	return ""
}

// noneAbove tells whether no level is higher than a highest.
func noneAbove(levels []uint8, highest uint8) bool {
	known := 0
	for level := range highest + 1 {
		known += bytes.Count(levels, []byte{level})
	}
	return highest == 0 || known == len(levels)
}

func (v *vector) reset() {
	v.rows = 0
	v.defs, v.reps, v.ints, v.data, v.ends = v.defs[:0], v.reps[:0], v.ints[:0], v.data[:0], v.ends[:0]
}

func (v *vector) size() int64 {
	return int64(len(v.defs) + len(v.reps) + 8*len(v.ints) + len(v.data) + 8*len(v.ends))
}

// values counts what is not null.
func (v *vector) values(l *leaf) int {
	if l.text {
		return len(v.ends)
	}
	return len(v.ints)
}

// slots counts values and nulls.
func (v *vector) slots(l *leaf) int {
	if l.maxDef > 0 {
		return len(v.defs)
	}
	return v.values(l)
}

// bytes returns a value that is bytes.
func (v *vector) bytes(i int) []byte {
	if i == 0 {
		return v.data[:v.ends[0]]
	}
	return v.data[v.ends[i-1]:v.ends[i]]
}

func (v *vector) appendBytes(b []byte) {
	v.data = append(v.data, b...)
	v.ends = append(v.ends, len(v.data))
}

// A cursor is a place between two rows of a vector.
type cursor struct{ slot, value int }

// take appends to dst the next len(keep) rows from a place on that keep marks,
// and moves the place behind them.
func (v *vector) take(dst *vector, l *leaf, at *cursor, keep []bool) {
	for len(keep) > 0 {
		n := 1
		for n < len(keep) && keep[n] == keep[0] {
			n++
		}
		from := *at
		v.skip(l, at, n)
		if keep[0] {
			v.copy(dst, l, from, *at)
			dst.rows += n
		}
		keep = keep[n:]
	}
}

// skip moves a place behind so many rows.
func (v *vector) skip(l *leaf, at *cursor, rows int) {
	start := at.slot
	if l.maxRep == 0 {
		at.slot += rows
	} else {
		for ; at.slot < len(v.reps); at.slot++ {
			if v.reps[at.slot] > 0 {
				continue
			}
			if rows == 0 {
				break
			}
			rows--
		}
	}
	if l.maxDef == 0 {
		at.value += at.slot - start
	} else {
		at.value += bytes.Count(v.defs[start:at.slot], []byte{l.maxDef})
	}
}

// copy appends to dst what lies between two places.
func (v *vector) copy(dst *vector, l *leaf, from, to cursor) {
	if l.maxDef > 0 {
		dst.defs = append(dst.defs, v.defs[from.slot:to.slot]...)
	}
	if l.maxRep > 0 {
		dst.reps = append(dst.reps, v.reps[from.slot:to.slot]...)
	}
	if !l.text {
		dst.ints = append(dst.ints, v.ints[from.value:to.value]...)
		return
	}
	ends := v.ends[from.value:to.value]
	if len(ends) == 0 {
		return
	}
	start := 0
	if from.value > 0 {
		start = v.ends[from.value-1]
	}
	moved := len(dst.data) - start
	dst.data = append(dst.data, v.data[start:ends[len(ends)-1]]...)
	for _, end := range ends {
		dst.ends = append(dst.ends, end+moved)
	}
}
