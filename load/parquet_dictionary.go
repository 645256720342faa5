package load

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// maxDictionary is the size in bytes from which on a dictionary costs more
// than it saves. A column that outgrows it goes on without.
const maxDictionary = 128 << 10

// leastTable is how many places the table of a dictionary begins with. At most
// half of them are used.
const leastTable = 64

// An intDictionary gives each different integer a number, in the order in which
// they come first. There are less than 1<<16: each takes four bytes.
type intDictionary struct {
	values []int64
	table  []uint16 // number + 1; 0: free
	shift  int      // of a hash, for a place in the table
}

// resized returns a table of n free places, in the memory of the old one.
func resized[T uint16 | uint32](table []T, n int) []T {
	if cap(table) < n {
		return make([]T, n)
	}
	clear(table[:n])
	return table[:n]
}

func (d *intDictionary) reset() { d.values = d.values[:0]; d.resize(leastTable) }

func (d *intDictionary) resize(n int) {
	d.table, d.shift = resized(d.table, n), 64-bits.Len(uint(n-1))
	for i, x := range d.values {
		at := d.place(x)
		for d.table[at] != 0 {
			at = (at + 1) & uint64(n-1)
		}
		d.table[at] = uint16(i + 1)
	}
}

func (d *intDictionary) place(x int64) uint64 { return uint64(x) * 0x9e3779b97f4a7c15 >> d.shift }

// index appends the numbers of integers, and tells whether the dictionary could
// take them all: it holds at most so many.
func (d *intDictionary) index(out []uint16, ints []int64, most int) ([]uint16, bool) {
	table, values, shift := d.table, d.values, d.shift
	first := len(out)
	out = slices.Grow(out, len(ints))[:first+len(ints)]
	numbers := out[first:]
	for i, x := range ints {
		at := uint64(x) * 0x9e3779b97f4a7c15 >> shift
		for {
			n := table[at&uint64(len(table)-1)]
			if n == 0 {
				if len(values) == most {
					return out[:first], false
				}
				values = append(values, x)
				n = uint16(len(values))
				table[at&uint64(len(table)-1)] = n
				d.values = values
				if 2*len(values) > len(table) {
					d.resize(2 * len(table))
					table, shift = d.table, d.shift
				}
			}
			if values[n-1] == x {
				numbers[i] = n - 1
				break
			}
			at++
		}
	}
	return out, true
}

// appendPlainInts appends integers in the form PLAIN.
func appendPlainInts(out []byte, ints []int64, kind parquet.Kind) []byte {
	for _, x := range ints {
		if kind == parquet.Int32 {
			out = binary.LittleEndian.AppendUint32(out, uint32(x))
		} else {
			out = binary.LittleEndian.AppendUint64(out, uint64(x))
		}
	}
	return out
}

// A textDictionary gives each different text a number, in the order in which
// they come first.
type textDictionary struct {
	data  []byte
	ends  []int
	table []uint32 // number + 1, and the high bits of the hash above it; 0: free
	seed  maphash.Seed
	salt  uint64
}

func (d *textDictionary) reset() {
	if d.table == nil {
		d.seed = maphash.MakeSeed() // where texts stand in the table does not show in their numbers
		d.salt = maphash.Bytes(d.seed, nil)
	}
	d.data, d.ends, d.table = d.data[:0], d.ends[:0], resized(d.table, leastTable)
}

// text returns a text by its number.
func (d *textDictionary) text(n int) []byte { return textNumber(d.data, d.ends, n) }

// textNumber returns one of the texts that end at some places.
func textNumber(data []byte, ends []int, n int) []byte {
	if n == 0 {
		return data[:ends[0]]
	}
	return data[ends[n-1]:ends[n]]
}

// size is how many bytes the dictionary takes in a file: before each text stands
// its length.
func (d *textDictionary) size() int { return len(d.data) + 4*len(d.ends) }

// cut takes out the texts from a number on. Nothing can be looked up any more.
func (d *textDictionary) cut(n int) {
	d.ends = d.ends[:n]
	d.data = d.data[:0:cap(d.data)]
	if n > 0 {
		d.data = d.data[:d.ends[n-1]]
	}
}

// index appends the numbers of texts, and tells whether the dictionary could
// take them all.
func (d *textDictionary) index(out []uint16, data []byte, ends []int) ([]uint16, bool) {
	start := 0
	for _, end := range ends {
		n, ok := d.number(data[start:end])
		if !ok {
			return out, false
		}
		out = append(out, n)
		start = end
	}
	return out, true
}

// hash tells texts apart. Most are short: their bytes are two numbers, which are
// multiplied.
func (d *textDictionary) hash(text []byte) uint64 {
	var first, last uint64
	switch n := len(text); {
	case n > 16:
		return maphash.Bytes(d.seed, text)
	case n >= 8:
		first, last = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
	case n >= 4:
		first, last = uint64(binary.LittleEndian.Uint32(text)), uint64(binary.LittleEndian.Uint32(text[n-4:]))
	case n > 0:
		first, last = uint64(text[0])<<8|uint64(text[n/2]), uint64(text[n-1])
	}
	high, low := bits.Mul64(first^d.salt, last^uint64(len(text))<<56^0x9e3779b97f4a7c15)
	return high ^ low
}

func (d *textDictionary) number(text []byte) (uint16, bool) {
	hash := d.hash(text)
	tag, mask := uint32(hash>>32)&^0xffff, uint64(len(d.table)-1)
	for at := hash & mask; ; at = (at + 1) & mask {
		entry := d.table[at]
		if entry == 0 {
			return d.append(text, at, tag)
		}
		if n := int(entry&0xffff) - 1; entry&^0xffff == tag && bytes.Equal(d.text(n), text) {
			return uint16(n), true
		}
	}
}

// append adds a text whose place in the table is known.
func (d *textDictionary) append(text []byte, at uint64, tag uint32) (uint16, bool) {
	if d.size()+len(text)+4 > maxDictionary {
		return 0, false
	}
	d.data = append(d.data, text...)
	d.ends = append(d.ends, len(d.data))
	d.table[at] = tag | uint32(len(d.ends))
	if 2*len(d.ends) > len(d.table) {
		d.grow()
	}
	return uint16(len(d.ends) - 1), true
}

// grow doubles the table.
func (d *textDictionary) grow() {
	d.table = resized(d.table, 2*len(d.table))
	mask := uint64(len(d.table) - 1)
	for n := range d.ends {
		hash := d.hash(d.text(n))
		at := hash & mask
		for d.table[at] != 0 {
			at = (at + 1) & mask
		}
		d.table[at] = uint32(hash>>32)&^0xffff | uint32(n+1)
	}
}

// appendPlainTexts appends texts in the form PLAIN.
func appendPlainTexts(out, data []byte, ends []int, kind parquet.Kind) []byte {
	if kind == parquet.FixedLenByteArray {
		return append(out, data...)
	}
	start := 0
	for _, end := range ends {
		out = binary.LittleEndian.AppendUint32(out, uint32(end-start))
		out = append(out, data[start:end]...)
		start = end
	}
	return out
}
