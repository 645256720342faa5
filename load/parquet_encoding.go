package load

import (
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// maxDictionary is the size in bytes from which on a dictionary costs more
// than it saves. A column that outgrows it goes on without.
const maxDictionary = 64 << 10

// encodings chooses how each leaf of a file is written, from the first rows of
// the file: a dictionary where at most half of the values are distinct, else
// differences for integers (sorted ids, times) and lengths apart from the
// bytes for texts.
func (b *block) encodings(l *layout) []encoding.Encoding {
	chosen := make([]encoding.Encoding, len(l.leaves))
	for i, leaf := range l.leaves {
		v := &b.vectors[i]
		switch {
		case leaf.bounds && leaf.kind != parquet.Boolean && v.repeats(leaf):
			chosen[i] = &parquet.RLEDictionary
		case leaf.kind == parquet.Int32, leaf.kind == parquet.Int64:
			chosen[i] = &parquet.DeltaBinaryPacked
		case leaf.kind == parquet.ByteArray:
			chosen[i] = &parquet.DeltaLengthByteArray
		default:
			chosen[i] = &parquet.Plain
		}
	}
	return chosen
}

// repeats tells whether at most half of the values are distinct, and those
// small enough for a dictionary.
func (v *vector) repeats(l *leaf) bool {
	n := v.values(l)
	if !l.text {
		values := slices.Clone(v.ints)
		slices.Sort(values)
		return 2*len(slices.Compact(values)) <= n
	}
	distinct, size := map[string]struct{}{}, 0
	for i := range n {
		b := v.bytes(i)
		if _, known := distinct[string(b)]; !known {
			distinct[string(b)] = struct{}{}
			size += len(b) + 4 // a length stands before each
		}
		if 2*len(distinct) > n || size > maxDictionary {
			return false
		}
	}
	return true
}
