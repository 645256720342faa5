package load

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
)

// FuzzLevels encodes levels that come in pieces, and reads them with the
// library. A byte is a level in its low bits, and how often it comes above.
func FuzzLevels(f *testing.F) {
	f.Add([]byte{}, uint8(1))
	f.Add([]byte{1, 0, 1, 0xff, 0xff, 0xff, 0, 1, 1, 1, 0xf0, 0xf1}, uint8(1))
	f.Add([]byte{3, 2, 1, 0, 0xf3, 0xf2, 3, 2, 1, 0xff, 3}, uint8(3))
	f.Add([]byte{5, 4, 3, 2, 1, 0, 0xf5}, uint8(5))
	f.Fuzz(func(t *testing.T, data []byte, most uint8) {
		most = most%7 + 1
		var l levels
		l.reset(most)
		var want []uint8
		for i, x := range data {
			level := x & 7 % (most + 1)
			piece := slices.Repeat([]uint8{level}, 1+int(x>>3)*int(x>>3))
			want = append(want, piece...)
			if i%3 == 0 {
				l.repeat(level, len(piece))
			} else {
				l.add(piece)
			}
		}
		counts := make([]int64, most+1)
		for _, level := range want {
			counts[level]++
		}
		if !slices.Equal(counts, l.counts) {
			t.Errorf("counts %v, want %v", l.counts, counts)
		}
		got, err := (&rle.Encoding{BitWidth: bits.Len8(most)}).DecodeLevels(nil, l.end())
		if err != nil {
			t.Fatal(err)
		}
		if len(got) < len(want) || !slices.Equal(want, got[:len(want)]) { // the last group may be longer than what is left
			t.Errorf("read %v, want %v", got, want)
		}
	})
}

// FuzzIndexes encodes places in a dictionary.
func FuzzIndexes(f *testing.F) {
	f.Add([]byte{}, uint16(0))
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabcdefghijklmn"), uint16(300))
	f.Add([]byte("0123456789012345678901234567890123456789"), uint16(32767))
	f.Fuzz(func(t *testing.T, data []byte, values uint16) {
		n := int(values)%32768 + 1
		var indexes []uint16
		var want []int32
		for i := range data {
			x := int(data[i]) * int(data[i/2]) % n
			indexes, want = append(indexes, uint16(x)), append(want, int32(x))
		}
		got, err := (&rle.DictionaryEncoding{}).DecodeInt32(nil, appendIndexes(nil, indexes, n))
		if err != nil {
			t.Fatal(err)
		}
		if n > 1 && (len(got) < len(want) || !slices.Equal(want, got[:len(want)])) {
			t.Errorf("of %d values: read %v, want %v", n, got, want)
		}
	})
}

// FuzzDeltas encodes integers of both widths that come in pieces.
func FuzzDeltas(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add(slices.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 0xff}, 300), uint8(7))
	f.Add(slices.Repeat([]byte{0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, 70), uint8(64))
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		var wide []int64
		var narrow []int32
		for ; len(data) >= 8; data = data[8:] {
			x := binary.LittleEndian.Uint64(data)
			wide, narrow = append(wide, int64(x>>(x%64))), append(narrow, int32(uint32(x)>>(x%32)))
		}
		var d, e deltas
		d.reset(false)
		e.reset(true)
		for part := range slices.Chunk(wide, int(piece)+1) {
			d.add(part)
		}
		for _, x := range narrow {
			e.add([]int64{int64(x)})
		}
		gotWide, err := (&delta.BinaryPackedEncoding{}).DecodeInt64(nil, d.end(nil))
		if err != nil || !slices.Equal(gotWide, wide) {
			t.Errorf("read %v, want %v: %v", gotWide, wide, err)
		}
		gotNarrow, err := (&delta.BinaryPackedEncoding{}).DecodeInt32(nil, e.end(nil))
		if err != nil || !slices.Equal(gotNarrow, narrow) {
			t.Errorf("read %v, want %v: %v", gotNarrow, narrow, err)
		}
	})
}
