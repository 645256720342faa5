package load

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// usualBlocks is how many blocks a file is expected to have whose first is full.
const usualBlocks = 16

// encodings chooses how each leaf of a file is written, from the first block of
// the file: with a dictionary or without, whichever will take less, and without
// one differences for integers (sorted ids, times) and lengths apart from the
// bytes for texts. Newer encodings of booleans and doubles would take less, but
// not all readers know them.
func (s *chunkSet) encodings(l *layout, b *block) []format.Encoding {
	chosen := make([]format.Encoding, len(l.leaves))
	blocks := 1 // a block that is not full is the last one
	if b.rows == blockRows {
		blocks = usualBlocks
	}
	for i, leaf := range l.leaves {
		switch {
		case leaf.kind != parquet.Boolean && s.repeats(&b.vectors[i], leaf, blocks):
			chosen[i] = format.RLEDictionary
		case leaf.kind == parquet.Int32, leaf.kind == parquet.Int64:
			chosen[i] = format.DeltaBinaryPacked
		case leaf.kind == parquet.ByteArray:
			chosen[i] = format.DeltaLengthByteArray
		default:
			chosen[i] = format.Plain
		}
	}
	return chosen
}

// repeats tells whether so many vectors as this one are better off with a
// dictionary: if values come twice on average, and else if it will take less. A
// value of the dictionary takes as many bits as one that stands for itself, and
// each place as many as tell the values apart.
func (s *chunkSet) repeats(v *vector, l *leaf, blocks int) bool {
	n := v.values(l)
	if n == 0 {
		return true
	}
	seen := s.distinct(v, l)
	if seen.size > maxDictionary {
		return false
	}
	if 2*seen.values <= n {
		return true
	}
	all, rows, width := seen.values, n*blocks, v.width(l)
	if blocks > 1 {
		all += seen.hidden()
	}
	return all*seen.size/seen.values <= maxDictionary && all*width+rows*bits.Len(uint(all)) <= rows*width
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

// A tally is how many different values there are, the bytes they take in a
// dictionary, and how many of them come once and twice.
type tally struct{ values, size, once, twice int }

// hidden is how many more values will come: Chao's estimate from those that are
// rare, and half as many again, for it is the least there can be.
func (t tally) hidden() int { return 3 * t.once * (t.once - 1) / (4 * (t.twice + 1)) }

// A firstPlace is where a value came first, and how often it came.
type firstPlace struct{ value, times int32 }

// distinct counts the different values, no further than maxDictionary.
func (s *chunkSet) distinct(v *vector, l *leaf) (t tally) {
	n, seed := v.values(l), maphash.MakeSeed()
	size := 1 << bits.Len(uint(2*n)) // at most half of them are used
	s.places = slices.Grow(s.places[:0], size)[:size]
	places := s.places
	clear(places)
	for i := 0; i < n && t.size <= maxDictionary; i++ {
		at := v.hash(seed, l, i)
		place := &places[at&uint64(len(places)-1)]
		for place.times > 0 && !v.equal(l, i, int(place.value)) {
			at++
			place = &places[at&uint64(len(places)-1)]
		}
		switch place.times++; place.times {
		case 1:
			place.value = int32(i)
			t.values, t.size, t.once = t.values+1, t.size+v.bytesOf(l, i), t.once+1
		case 2:
			t.once, t.twice = t.once-1, t.twice+1
		case 3:
			t.twice--
		}
	}
	return t
}

func (v *vector) hash(seed maphash.Seed, l *leaf, i int) uint64 {
	if l.text {
		return maphash.Bytes(seed, v.bytes(i))
	}
	return uint64(v.ints[i]) * 0x9e3779b97f4a7c15 >> 32
}

func (v *vector) equal(l *leaf, i, j int) bool {
	if l.text {
		return bytes.Equal(v.bytes(i), v.bytes(j))
	}
	return v.ints[i] == v.ints[j]
}

// bytesOf is what a value takes in a dictionary: texts have a length before them.
func (v *vector) bytesOf(l *leaf, i int) int {
	switch {
	case l.text:
		return len(v.bytes(i)) + 4
	case l.kind == parquet.Int32:
		return 4
	}
	return 8
}
