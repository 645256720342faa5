package transform

import (
	"encoding/binary"

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
	return s
}
