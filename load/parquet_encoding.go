package load

import (
	"math/bits"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// usualBlocks is how many blocks a file is expected to have whose first is full.
const usualBlocks = 16

// choose decides how a leaf is written, from its values in the first block of a
// file: with a dictionary or without, whichever will take less, and without one
// differences for integers (sorted ids, times) and lengths apart from the bytes
// for texts. Newer encodings of booleans and doubles would take less, but not all
// readers know them. The numbers of the values in the dictionary are kept.
func (s *chunkSet) choose(c *columnChunk, l *leaf, v *vector, blocks int) {
	if l.kind != parquet.Boolean && s.repeats(v, l, blocks) {
		c.reset(l, format.RLEDictionary)
		c.dict.copy(&s.trial)
		c.page.indexes = append(c.page.indexes, s.numbers...)
		c.numbered = true
		return
	}
	switch l.kind {
	case parquet.Int32, parquet.Int64:
		c.reset(l, format.DeltaBinaryPacked)
	case parquet.ByteArray:
		c.reset(l, format.DeltaLengthByteArray)
	default:
		c.reset(l, format.Plain)
	}
}

// repeats tells whether so many vectors as this one are better off with a
// dictionary: if values come twice on average, and else if it will take less. A
// value of the dictionary takes as many bits as one that stands for itself, and
// each place as many as tell the values apart. It leaves the dictionary of this
// vector and the numbers in it.
func (s *chunkSet) repeats(v *vector, l *leaf, blocks int) bool {
	var ok bool
	s.trial.reset(l)
	if s.numbers, ok = s.trial.index(s.numbers[:0], v); !ok {
		return false
	}
	n, seen := v.values(l), s.trial.len()
	if 2*seen <= n {
		return true
	}
	all, rows, width := seen, n*blocks, v.width(l)
	if blocks > 1 {
		all += s.hidden()
	}
	return all*s.trial.size()/seen <= maxDictionary && all*width+rows*bits.Len(uint(all)) <= rows*width
}

// hidden is how many more values than those of the trial will come: Chao's
// estimate from those that came once and twice, and half as many again, for it is
// the least there can be.
func (s *chunkSet) hidden() int {
	s.times = append(s.times[:0], make([]int32, s.trial.len())...)
	for _, n := range s.numbers {
		s.times[n]++
	}
	once, twice := 0, 0
	for _, times := range s.times {
		switch times {
		case 1:
			once++
		case 2:
			twice++
		}
	}
	return 3 * once * (once - 1) / (4 * (twice + 1))
}

// width is how many bits a value takes without a dictionary: packed texts about
// half their length.
func (v *vector) width(l *leaf) int {
	n := v.values(l)
	switch l.kind {
	case parquet.Int32, parquet.Int64:
		var d deltas
		d.add(v.ints)
		return 8 * len(d.end(nil)) / n
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return 4 * (len(v.data) + 4*n) / n
	}
	return 64
}
