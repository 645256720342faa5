package transform

import (
	"encoding/binary"
	"math/bits"

	"etl/internal/jsonspan"
)

// A spelling is a way to write a name and the colon behind it, and what was read
// behind the value last time.
type spelling struct {
	next   *spelling
	member *member
	size   int
	words  [4]uint64 // of the first bytes
	masks  [4]uint64 // of those of words that are part of it
	rest   string    // what comes behind words
}

// window is how many bytes of a text are held against a spelling at once.
const window = 32

func newSpelling(text []byte, m *member) *spelling {
	s := &spelling{member: m, size: len(text), rest: string(text[min(window, len(text)):])}
	for i := range min(window, len(text)) {
		s.words[i/8] |= uint64(text[i]) << (i % 8 * 8)
		s.masks[i/8] |= 0xff << (i % 8 * 8)
	}
	return s
}

// differs is 0 if a window of text begins with the spelling, as far as it goes.
func (s *spelling) differs(t []byte) uint64 { return s.pair(t, 0) | s.pair(t[16:], 2) }

func (s *spelling) pair(t []byte, i int) uint64 {
	return (binary.LittleEndian.Uint64(t)^s.words[i])&s.masks[i] | (binary.LittleEndian.Uint64(t[8:])^s.words[i+1])&s.masks[i+1]
}

// ends tells whether text[pos:] begins with the rest.
func (s *spelling) ends(text []byte, pos int) bool {
	return len(text)-pos >= len(s.rest) && string(text[pos:pos+len(s.rest)]) == s.rest
}

// next returns the spelling that stands behind white space, and where, and
// remembers that it came behind another; nil if none does.
func (o *object) next(last *spelling, text []byte, pos int) (*spelling, int) {
	pos = space(text, pos)
	name := last.next
	if name == nil || pos > len(text)-window || name.differs(text[pos:pos+window]) != 0 || name.rest != "" && !name.ends(text, pos+window) {
		name = o.find(text, pos)
		last.next = name
	}
	return name, pos
}

// find returns the spelling that begins at text[pos], learning it if need be; nil
// if none does, or if the name is no text.
func (o *object) find(text []byte, pos int) *spelling {
	if pos <= len(text)-window {
		if s := o.short.find(text[pos : pos+window]); s != nil {
			return s
		}
	}
	end, _ := jsonspan.StringEnd(text, pos)
	if end < 0 {
		return nil
	}
	quoted := text[pos:end]
	if end = space(text, end); at(text, end) != ':' {
		return nil
	}
	spelled := text[pos : end+1]
	if s := o.names[string(spelled)]; s != nil {
		return s
	}
	name, err := jsonspan.Unquote(quoted)
	if err != nil || len(o.names) >= mostNames || len(spelled) > longestName {
		return nil
	}
	s := newSpelling(spelled, o.member(string(name)))
	o.names[string(spelled)] = s
	if s.size <= window {
		o.short.put(s)
	}
	return s
}

// A shelf finds spellings that go into a window without asking how long a name
// is, which is hard to guess where members come in any order.
type shelf struct {
	slots []*spelling // by hash, then by going on; a power of two, three in four of them free
	count int
}

func (h *shelf) find(t []byte) *spelling {
	if h.count == 0 {
		return nil
	}
	for i := hashName(t); ; i++ {
		s := h.slots[i&uint64(len(h.slots)-1)]
		if s == nil || s.differs(t) == 0 {
			return s
		}
	}
}

func (h *shelf) put(s *spelling) {
	old := h.slots
	if 4*(h.count+1) > len(old) {
		*h = shelf{slots: make([]*spelling, max(16, 2*len(old)))}
		for _, s := range old {
			if s != nil {
				h.put(s)
			}
		}
	}
	var t [window]byte
	for i, word := range s.words {
		binary.LittleEndian.PutUint64(t[8*i:], word)
	}
	i := hashName(t[:])
	for h.slots[i&uint64(len(h.slots)-1)] != nil {
		i++
	}
	h.slots[i&uint64(len(h.slots)-1)] = s
	h.count++
}

// hashName is a hash of the first and the last bytes of the name that a window
// begins with, up to its second quote.
func hashName(t []byte) uint64 {
	quotes := quotesIn(t) | quotesIn(t[8:])<<8 | quotesIn(t[16:])<<16 | quotesIn(t[24:])<<24
	end := bits.TrailingZeros64(quotes&^1 | 1<<(window-1))
	last := max(end-7, 0)
	others := 8 * max(7-end, 0) & 63 // bits behind a name that is shorter
	head, tail := binary.LittleEndian.Uint64(t)<<others, binary.LittleEndian.Uint64(t[last:last+8])<<others
	const odd = 0x9e3779b97f4a7c15 // spreads what differs over the highest bits
	return (bits.RotateLeft64(head, 29) ^ tail + uint64(end)) * odd >> 40
}

// quotesIn has a bit for each of eight bytes that is a quote, and perhaps for
// some behind the first of them.
func quotesIn(t []byte) uint64 {
	x := binary.LittleEndian.Uint64(t) ^ '"'*eachByte
	return (x - eachByte) &^ x & highs >> 7 * 0x0102040810204080 >> 56
}
