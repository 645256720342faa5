package transform

import (
	"bytes"
	"strconv"

	"etl/internal/jsonspan"
)

// A scanner is what the plans of a sheet share.
type scanner struct {
	*scope
	extra   *extra
	epoch   uint64
	mute    int       // above 0: nothing is unknown
	unknown []*member // of the record
	told    []*member // of the page: unknown, each once
	path    []byte
	value   node
}

// node gives a value to a buffer as a node: the way of values that are not
// spelled as usual.
func (s *scanner) node(b buffer, text []byte, pos int) int {
	end := jsonspan.Skip(text, pos)
	if end < 0 {
		return none
	}
	s.value = node{raw: text[pos:end], kind: jsonspan.KindOf(text, jsonspan.Span{Start: pos, End: end})}
	if b.add(&s.value) != nil {
		return none
	}
	return end
}

// beginnings returns what texts that mean NULL begin with when they are spelled
// in JSON, behind the quote: their first byte, a quote if they are empty, or the
// backslash of an escape.
func beginnings(texts []string) []byte {
	if len(texts) == 0 {
		return nil
	}
	all := []byte{'\\'}
	for _, t := range texts {
		all = append(all, (t + `"`)[0])
	}
	return all
}

// mayMeanNull tells whether a value begins like one that means NULL.
func (u *use) mayMeanNull(text []byte, pos int) bool {
	if at(text, pos) == '"' {
		pos++
	}
	return bytes.IndexByte(u.nulls, at(text, pos)) >= 0
}

// meansNull tells whether a value is one that means NULL, and where it ends.
// An object or a list is none, and has no end here but its start.
func (s *scanner) meansNull(f *field, text []byte, pos int) (bool, int) {
	switch at(text, pos) {
	case '{', '[':
		return false, pos
	case '"':
		end, holds := jsonspan.StringEnd(text, pos)
		switch {
		case end < 0:
			return false, none
		case holds&jsonspan.Escapes != 0:
			return f.isNull(newNode(text[pos:end])), end
		}
		return contains(f.column.NullIf, text[pos+1:end-1]), end
	}
	end := jsonspan.Skip(text, pos)
	if end < 0 {
		return false, none
	}
	return contains(f.column.NullIf, text[pos:end]), end
}

func contains(texts []string, text []byte) bool {
	for _, t := range texts {
		if len(t) == len(text) && t == string(text) {
			return true
		}
	}
	return false
}

// A sequence reads the elements of a list.
type sequence struct {
	*list
	place    *place // of the elements
	elements plan
}

func (q *sequence) scan(text []byte, pos int) int {
	if at(text, pos) != '[' {
		return none
	}
	pos = space(text, pos+1)
	if at(text, pos) == ']' {
		q.end()
		return pos + 1
	}
	for q.place.index = 0; ; q.place.index++ {
		if pos = q.element(text, pos); pos < 0 {
			return none
		}
		pos = space(text, pos)
		switch at(text, pos) {
		case ',':
			pos = space(text, pos+1)
		case ']':
			q.end()
			return pos + 1
		default:
			return none
		}
	}
}

func (q *sequence) element(text []byte, pos int) int {
	switch c := at(text, pos); {
	case c == 'n' && q.nulls:
		q.list.elements.null()
		return word(text, pos, "null")
	case c == 'n' || c == 0:
		return none
	}
	return q.elements.scan(text, pos)
}

// A place is where values stand in a record: the record itself, a member of a
// place, or the elements of one.
type place struct {
	up      *place // nil: the record
	name    string
	element bool
	index   int // of the element that is being read
}

// appendPath appends the path that leads to p: "services[0].price".
func (p *place) appendPath(b []byte) []byte { return p.append(b, true) }

// pattern is the path without the places in lists: "services[].price".
func (p *place) pattern() string { return string(p.append(nil, false)) }

func (p *place) append(b []byte, indexed bool) []byte {
	if p.up == nil {
		return b
	}
	start := len(b)
	b = p.up.append(b, indexed)
	if !p.element {
		if len(b) > start {
			b = append(b, '.')
		}
		return append(b, p.name...)
	}
	b = append(b, '[')
	if indexed {
		b = strconv.AppendInt(b, int64(p.index), 10)
	}
	return append(b, ']')
}

// at returns the byte at a position, 0 behind the end.
func at(text []byte, pos int) byte {
	if uint(pos) < uint(len(text)) {
		return text[pos]
	}
	return 0
}

// space returns the position of the next byte that is no white space.
func space(text []byte, pos int) int {
	for uint(pos) < uint(len(text)) && text[pos] <= ' ' {
		switch text[pos] {
		case ' ', '\t', '\n', '\r':
			pos++
		default:
			return pos
		}
	}
	return pos
}

// word returns the end of a word that begins at text[pos], none if it does not.
func word(text []byte, pos int, word string) int {
	if end := pos + len(word); end <= len(text) && string(text[pos:end]) == word {
		return end
	}
	return none
}
