package load

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A hybrid encodes small numbers as they come: as runs of one number, and as
// packed groups of eight (the RLE/bit-packing hybrid of the format).
type hybrid struct {
	out    []byte
	width  uint // bits of a number, at most 16
	value  uint64
	run    int // how often value has come and is not in out yet
	groups int // packed groups under the last header; 0: it is one of a run
	header int // where it is
}

// mostGroups is how many groups a header of one byte can tell.
const mostGroups = 63

func (h *hybrid) reset(width uint) { *h = hybrid{out: h.out[:0], width: width} }

// repeat adds a number n times.
func (h *hybrid) repeat(value uint64, n int) {
	if h.run > 0 && h.value != value {
		h.endRun()
	}
	h.value, h.run = value, h.run+n
}

// group adds eight numbers that are packed already, in 16 bytes.
func (h *hybrid) group(low, high uint64) {
	if h.run > 0 {
		h.endRun()
	}
	h.pack(low, high)
}

func (h *hybrid) pack(low, high uint64) {
	if h.groups == 0 || h.groups == mostGroups {
		h.header, h.groups = len(h.out), 0
		h.out = append(h.out, 1)
	}
	h.groups++
	h.out[h.header] += 2
	n := len(h.out) + int(h.width)
	h.out = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(h.out, low), high)[:n]
}

// endRun writes the run. A short one between packed groups takes least among
// them.
func (h *hybrid) endRun() {
	n := h.run
	h.run = 0
	if h.groups > 0 && n <= 16 && n%8 == 0 {
		v := uint16(h.value)
		low, high := pack8(&[8]uint16{v, v, v, v, v, v, v, v}, h.width)
		for ; n > 0; n -= 8 {
			h.pack(low, high)
		}
		return
	}
	h.groups = 0
	h.out = binary.AppendUvarint(h.out, uint64(n)<<1)
	if h.width > 0 {
		h.out = append(h.out, byte(h.value))
	}
	if h.width > 8 {
		h.out = append(h.out, byte(h.value>>8))
	}
}

// end returns all that was added. Nothing can be added any more.
func (h *hybrid) end() []byte {
	if h.run > 0 {
		h.endRun()
	}
	return h.out
}

// pack8 packs eight numbers of some bits, the first lowest.
func pack8(v *[8]uint16, width uint) (low, high uint64) {
	a := uint64(v[0]) | uint64(v[1])<<width | uint64(v[2])<<(2*width) | uint64(v[3])<<(3*width)
	b := uint64(v[4]) | uint64(v[5])<<width | uint64(v[6])<<(2*width) | uint64(v[7])<<(3*width)
	return a | b<<(4*width), b >> (64 - 4*width)
}

// appendIndexes encodes places in a dictionary of some values, their width
// before them.
func appendIndexes(out []byte, indexes []uint16, values int) []byte {
	h := hybrid{width: uint(bits.Len(uint(max(values, 1) - 1)))}
	h.out = append(out, byte(h.width))
	for ; len(indexes) >= 8; indexes = indexes[8:] {
		g := (*[8]uint16)(indexes)
		if x := g[0]; x == g[1] && x == g[2] && x == g[3] && x == g[4] && x == g[5] && x == g[6] && x == g[7] {
			h.repeat(uint64(x), 8)
			continue
		}
		h.group(pack8(g, h.width))
	}
	h.tail(indexes)
	return h.end()
}

// tail adds the last numbers, less than eight.
func (h *hybrid) tail(rest []uint16) {
	same := true
	for _, x := range rest {
		same = same && x == rest[0]
	}
	if len(rest) == 0 {
		return
	}
	if same {
		h.repeat(uint64(rest[0]), len(rest))
		return
	}
	var g [8]uint16
	copy(g[:], rest)
	h.group(pack8(&g, h.width))
}

// Levels are the definition or repetition levels of a page, encoded as they
// come.
type levels struct {
	hybrid
	rest   []uint8 // the last ones, less than eight
	counts []int64 // by level
}

func (l *levels) reset(most uint8) {
	l.hybrid.reset(uint(bits.Len8(most)))
	l.rest = l.rest[:0]
	l.counts = append(l.counts[:0], make([]int64, int(most)+1)...)
}

// repeat adds a level n times.
func (l *levels) repeat(level uint8, n int) {
	l.counts[level] += int64(n)
	for ; len(l.rest) > 0 && n > 0; n-- {
		l.next(level)
	}
	if n > 0 {
		l.hybrid.repeat(uint64(level), n)
	}
}

// add adds levels.
func (l *levels) add(src []uint8) {
	l.count(src)
	for ; len(l.rest) > 0 && len(src) > 0; src = src[1:] {
		l.next(src[0])
	}
	for ; len(src) >= 8; src = src[8:] {
		l.eight(binary.LittleEndian.Uint64(src))
	}
	l.rest = append(l.rest, src...)
}

func (l *levels) count(src []uint8) {
	for level := range l.counts {
		l.counts[level] += int64(bytes.Count(src, []byte{byte(level)}))
	}
}

// next adds one level to those that wait until they are eight.
func (l *levels) next(level uint8) {
	if l.rest = append(l.rest, level); len(l.rest) == 8 {
		l.eight(binary.LittleEndian.Uint64(l.rest))
		l.rest = l.rest[:0]
	}
}

// eight adds eight levels, one in each byte.
func (l *levels) eight(x uint64) {
	const each = 0x0101010101010101
	switch first := x & 0xff; {
	case x == first*each:
		l.hybrid.repeat(first, 8)
	case l.width == 1: // every byte's bit meets its own place in the highest byte
		l.group(x*0x0102040810204080>>56, 0)
	default:
		w := l.width // two, four and then all of them move together
		x = (x | x>>(8-w)) & ((1<<(2*w) - 1) * 0x0001000100010001)
		x = (x | x>>(16-2*w)) & ((1<<(4*w) - 1) * 0x0000000100000001)
		l.group((x|x>>(32-4*w))&(1<<(8*w)-1), 0)
	}
}

// end returns all levels. Nothing can be added any more.
func (l *levels) end() []byte {
	var rest [8]uint16
	for i, level := range l.rest {
		rest[i] = uint16(level)
	}
	l.tail(rest[:len(l.rest)])
	return l.hybrid.end()
}
