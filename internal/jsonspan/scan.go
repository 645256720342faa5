package jsonspan

// A scanner passes over JSON text and checks its syntax.
type scanner struct {
	text    []byte
	pos     int
	outline *Outline // nil: none is made
}

func (s *scanner) fail(reason string) error {
	return &SyntaxError{Offset: s.pos, Reason: reason}
}

// peek returns the byte at the position, or 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.text) && s.text[s.pos] <= ' ' {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// skip passes over a value that was checked before and returns its span.
func (s *scanner) skip() Span {
	start := s.pos
	if err := s.value(0, false); err != nil {
		s.pos = len(s.text) // cannot happen in checked text; ends every loop
	}
	return Span{start, s.pos}
}

// value passes over a value. What outer ones hold goes into the outline.
func (s *scanner) value(depth int, outer bool) error {
	if depth > MaxDepth {
		return s.fail("nested too deep")
	}
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth, outer)
	case c == '[':
		return s.list(depth, outer)
	case c == '"':
		return s.string()
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	if s.pos >= len(s.text) {
		return s.fail("the text ends where a value should stand")
	}
	return s.fail("no value starts with this byte")
}

func (s *scanner) object(depth int, outer bool) error {
	m := member{object: s.pos}
	s.pos++
	s.space()
	if s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		if s.peek() != '"' {
			return s.fail("expected a member name")
		}
		m.name.Start = s.pos
		if err := s.string(); err != nil {
			return err
		}
		m.name.End = s.pos
		s.space()
		if s.peek() != ':' {
			return s.fail("expected a colon")
		}
		s.pos++
		s.space()
		m.value.Start = s.pos
		if outer {
			s.outline.names[depth] = m.name
		}
		if err := s.value(depth+1, outer && depth < outerDepth); err != nil {
			return err
		}
		if m.value.End = s.pos; outer {
			s.outline.members = append(s.outline.members, m)
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			s.space()
		case '}':
			s.pos++
			return nil
		default:
			return s.fail("expected a comma or the end of the object")
		}
	}
}

func (s *scanner) list(depth int, outer bool) error {
	var of *[]Span
	aside := false
	if outer {
		o := s.outline
		o.lists = append(o.lists, elements{list: s.pos})
		of = &o.lists[len(o.lists)-1].spans
		if aside = o.takes(o.names[:depth]); aside {
			o.read = s.pos
		}
	}
	s.pos++
	s.space()
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		start := s.pos
		if aside = aside && s.element(depth+1); !aside {
			if err := s.value(depth+1, false); err != nil {
				return err
			}
		}
		if of != nil {
			*of = append(*of, Span{start, s.pos})
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
			s.space()
		case ']':
			s.pos++
			return nil
		default:
			return s.fail("expected a comma or the end of the list")
		}
	}
}

// element has an element read aside; false: that was not possible, and the
// position is as it was.
func (s *scanner) element(depth int) bool {
	end := s.outline.aside.Element(s.text, s.pos, depth)
	if end < 0 {
		s.outline.aside, s.outline.read = nil, -1
		return false
	}
	s.pos = end
	return true
}

// string passes over a string: no control characters, only the escapes of
// RFC 8259. Whether the text is valid UTF-8 is told by Unquote.
func (s *scanner) string() error {
	if end, _ := StringEnd(s.text, s.pos); end >= 0 {
		s.pos = end
		return nil
	}
	return s.wrongString()
}

// wrongString says where a string stops being one.
func (s *scanner) wrongString() error {
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c < 0x20:
			return s.fail("control character in a string")
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		}
	}
	return s.fail("the text ends inside a string")
}

// escape passes over an escape and leaves the position on its last byte.
func (s *scanner) escape() error {
	s.pos++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		for range 4 {
			s.pos++
			if hexDigit(s.peek()) < 0 {
				return s.fail("expected four hex digits")
			}
		}
		return nil
	}
	return s.fail("unknown escape in a string")
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	switch c := s.peek(); {
	case c == '0':
		s.pos++
	case '1' <= c && c <= '9':
		s.digits()
	default:
		return s.fail("expected a digit")
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return s.fail("expected a digit")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return s.fail("expected a digit")
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	end := s.pos
	for end < len(s.text) && s.text[end]-'0' <= 9 {
		end++
	}
	some := end > s.pos
	s.pos = end
	return some
}

func (s *scanner) literal(word string) error {
	if end := s.pos + len(word); end <= len(s.text) && string(s.text[s.pos:end]) == word {
		s.pos = end
		return nil
	}
	for i := 0; s.peek() == word[i]; i++ {
		s.pos++
	}
	return s.fail("no value starts with this byte")
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
