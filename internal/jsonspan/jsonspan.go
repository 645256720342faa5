// Package jsonspan finds values in JSON text by their byte ranges.
//
// It is the one reader of JSON syntax that extract (where are the records, what
// does the envelope say) and transform (what is in a record) share. It holds to
// the letter of RFC 8259, also inside values that are skipped, and it converts
// nothing: a number stays its text. It does not judge what is inside a record:
// duplicate keys and invalid UTF-8 are told by transform.
package jsonspan

import (
	"bytes"
	"fmt"
	"iter"
)

// MaxDepth is how deep values may be nested.
const MaxDepth = 256

// A Kind is the kind of a JSON value.
type Kind byte

// The kinds of values.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"invalid", "null", "bool", "number", "string", "list", "object"}

func (k Kind) String() string { return kindNames[k] }

// A Span is the byte range of a value in its text, without white space around it.
type Span struct{ Start, End int }

// Of returns the bytes of the span.
func (s Span) Of(text []byte) []byte { return text[s.Start:s.End] }

// A SyntaxError says where a text stops being JSON.
type SyntaxError struct {
	Offset int    // in bytes from the start of the text
	Reason string // what is wrong, without any of the text
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason)
}

// Whole checks that text is one JSON value, with white space around it and
// nothing else, and returns its span. A byte order mark in front is passed over.
func Whole(text []byte) (Span, error) { return whole(text, nil) }

// whole checks a text, and outlines it unless o is nil.
func whole(text []byte, o *Outline) (Span, error) {
	s := scanner{text: text, outline: o}
	if bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		s.pos = 3
	}
	s.space()
	start := s.pos
	if err := s.value(0, o != nil); err != nil {
		return Span{}, err
	}
	end := s.pos
	s.space()
	if s.pos < len(text) {
		return Span{}, s.fail("text after the value")
	}
	return Span{start, end}, nil
}

// KindOf returns the kind of the value that starts at the span's start.
func KindOf(text []byte, at Span) Kind {
	if at.Start >= at.End {
		return Invalid
	}
	switch c := text[at.Start]; {
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '"':
		return String
	case c == 't' || c == 'f':
		return Bool
	case c == 'n':
		return Null
	case c == '-' || '0' <= c && c <= '9':
		return Number
	}
	return Invalid
}

// Members yields the members of the object at a span that was checked before:
// the span of the name with its quotes, and that of the value.
func Members(text []byte, object Span) iter.Seq2[Span, Span] {
	return func(yield func(name, value Span) bool) {
		s := scanner{text: text[:object.End], pos: object.Start + 1}
		for s.space(); s.peek() == '"'; s.space() {
			name := s.skip()
			s.space()
			s.pos++ // colon
			s.space()
			if !yield(name, s.skip()) {
				return
			}
			s.space()
			if s.peek() != ',' {
				return
			}
			s.pos++
		}
	}
}

// Elements yields the spans of the elements of the list at a span that was
// checked before.
func Elements(text []byte, list Span) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		s := scanner{text: text[:list.End], pos: list.Start + 1}
		for s.space(); s.peek() != ']' && s.peek() != 0; s.space() {
			if !yield(s.skip()) {
				return
			}
			s.space()
			if s.peek() != ',' {
				return
			}
			s.pos++
		}
	}
}

// Find follows a path of member names from the value at a span that was
// checked before. Of equal names the first counts.
func Find(text []byte, from Span, path []string) (Span, bool) {
	for _, step := range path {
		if KindOf(text, from) != Object {
			return Span{}, false
		}
		found := false
		for name, value := range Members(text, from) {
			if equalName(name.Of(text), step) {
				from, found = value, true
				break
			}
		}
		if !found {
			return Span{}, false
		}
	}
	return from, true
}

// equalName tells whether a quoted name in the text means name.
func equalName(quoted []byte, name string) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1:len(quoted)-1]) == name
	}
	got, err := Unquote(quoted)
	return err == nil && string(got) == name
}
