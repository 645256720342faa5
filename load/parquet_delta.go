package load

import (
	"encoding/binary"
	"math/bits"
)

// Sizes of the format's DELTA_BINARY_PACKED: a block of differences has one
// minimum, and each of its parts a width of its own.
const (
	deltaBlock = 128
	deltaParts = 4
	deltaPart  = deltaBlock / deltaParts
)

// Deltas encode integers as the differences between them, as they come.
type deltas struct {
	narrow  bool // integers of 32 bits, whose differences wrap around there
	count   int
	first   int64
	last    int64
	waiting int // differences that wait until they fill a block
	block   [deltaBlock]int64
	out     []byte // blocks
}

func (d *deltas) reset(narrow bool) { d.narrow, d.count, d.waiting, d.out = narrow, 0, 0, d.out[:0] }

// add adds integers.
func (d *deltas) add(values []int64) {
	if d.count == 0 && len(values) > 0 {
		d.first, d.last, d.count = values[0], values[0], 1
		values = values[1:]
	}
	d.count += len(values)
	for len(values) > 0 {
		into := d.block[d.waiting:]
		n := min(len(into), len(values))
		last := d.last
		for i, x := range values[:n] {
			into[i] = x - last
			last = x
		}
		d.last = last
		values = values[n:]
		if d.waiting += n; d.waiting == deltaBlock {
			d.endBlock()
		}
	}
}

// endBlock encodes the differences that wait.
func (d *deltas) endBlock() {
	block := d.block[:d.waiting]
	d.waiting = 0
	if d.narrow {
		for i, x := range block {
			block[i] = int64(int32(x))
		}
	}
	least := block[0]
	for _, x := range block {
		least = min(least, x)
	}
	d.out = binary.AppendVarint(d.out, least)
	widths := len(d.out)
	d.out = append(d.out, 0, 0, 0, 0)
	for i := 0; len(block) > 0; i++ {
		var part [deltaPart]uint64
		n := min(len(block), deltaPart)
		var all uint64
		for j, x := range block[:n] {
			part[j] = uint64(x - least)
			all |= part[j]
		}
		block = block[n:]
		width := bits.Len64(all)
		d.out[widths+i] = byte(width)
		d.out = appendPacked(d.out, &part, uint(width))
	}
}

// appendPacked packs numbers of some bits, the first lowest.
func appendPacked(out []byte, part *[deltaPart]uint64, width uint) []byte {
	var word uint64
	var filled uint
	for _, x := range part {
		word |= x << filled
		if filled += width; filled >= 64 {
			out = binary.LittleEndian.AppendUint64(out, word)
			filled -= 64
			word = x >> (width - filled)
		}
	}
	if filled > 0 {
		out = binary.LittleEndian.AppendUint32(out, uint32(word)) // 32 numbers are whole words, and half a one at most
	}
	return out
}

// size is about how many bytes there are.
func (d *deltas) size() int { return len(d.out) + d.waiting*4 }

// end appends all that was added. Nothing can be added any more.
func (d *deltas) end(out []byte) []byte {
	if d.waiting > 0 {
		d.endBlock()
	}
	first := d.first
	if d.count == 0 {
		first = 0
	}
	out = binary.AppendUvarint(out, deltaBlock)
	out = binary.AppendUvarint(out, deltaParts)
	out = binary.AppendUvarint(out, uint64(d.count))
	return append(binary.AppendVarint(out, first), d.out...)
}
