package propose

import (
	"slices"
	"strconv"
	"strings"

	"etl/internal/jsonspan"
)

// A shape is what was seen of the values at one place of the records.
type shape struct {
	seen     int // nulls too
	kinds    [jsonspan.Object + 1]int
	empty    int               // lists without elements
	names    []string          // of members, in the order in which they came
	members  map[string]*shape // of objects
	elements *shape            // of lists
	forms    [formCount]int    // texts of each form
	blanks   map[string]int    // texts that stand for no value
	numbers  numbers           // JSON's own
	quoted   numbers           // of texts that are numbers
	values   map[string]int    // how often each scalar was seen; nil: too many for an enum
	example  string            // masked
	odd      map[form]string   // for each form a text that is not of it, masked
	keys     map[string]bool   // of different scalars, at the top only
}

// maxValues is more different values than an enum has.
const maxValues = 40

func newShape() *shape {
	return &shape{members: map[string]*shape{}, blanks: map[string]int{}, values: map[string]int{}, odd: map[form]string{}}
}

// numbers are the digits and bounds of numbers.
type numbers struct {
	count       int
	whole       int // most digits before the point
	low, high   int // fewest and most digits after it
	floats      int // with an exponent
	tooLarge    int // whole, but no int64
	least, most int64
}

// add takes a number as JSON writes it.
func (n *numbers) add(text string) {
	mantissa, _, exponent := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	if n.count == 0 {
		n.low = len(fraction)
	}
	n.low, n.high = min(n.low, len(fraction)), max(n.high, len(fraction))
	n.whole = max(n.whole, len(whole))
	if exponent {
		n.floats++
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		n.least, n.most = min(n.least, v), max(n.most, v)
	} else if fraction == "" && !exponent {
		n.tooLarge++
	}
	n.count++
}

// add takes a value. Keys are kept at the top only, where they say whether a
// column is unique.
func (s *shape) add(text []byte, at jsonspan.Span, depth int) {
	kind := jsonspan.KindOf(text, at)
	s.seen++
	s.kinds[kind]++
	raw := at.Of(text)
	switch kind {
	case jsonspan.Object:
		s.addObject(text, at, depth)
	case jsonspan.Array:
		s.addList(text, at, depth)
	case jsonspan.Number:
		s.numbers.add(string(raw))
		s.addScalar(string(raw), depth)
	case jsonspan.String:
		s.addText(raw, depth)
	}
}

func (s *shape) addObject(text []byte, at jsonspan.Span, depth int) {
	for name, value := range jsonspan.Members(text, at) {
		key, err := jsonspan.Unquote(name.Of(text))
		if err != nil {
			continue
		}
		member := s.members[string(key)]
		if member == nil {
			member = newShape()
			if depth == 0 {
				member.keys = map[string]bool{}
			}
			s.members[string(key)], s.names = member, append(s.names, string(key))
		}
		member.add(text, value, depth+1)
	}
}

func (s *shape) addList(text []byte, at jsonspan.Span, depth int) {
	if s.elements == nil {
		s.elements = newShape()
	}
	before := s.elements.seen
	for e := range jsonspan.Elements(text, at) {
		s.elements.add(text, e, depth+1)
	}
	if s.elements.seen == before {
		s.empty++
	}
}

func (s *shape) addText(raw []byte, depth int) {
	unquoted, err := jsonspan.Unquote(raw)
	if err != nil {
		return // told when the records are read
	}
	text := string(unquoted)
	if slices.Contains(blankTexts, text) {
		s.blanks[text]++
		return
	}
	for f, pattern := range formTexts {
		if pattern.MatchString(text) {
			s.forms[f]++
		} else if s.odd[form(f)] == "" {
			s.odd[form(f)] = masked(text)
		}
	}
	if formTexts[decimalForm].MatchString(text) || formTexts[wholeForm].MatchString(text) {
		s.quoted.add(text)
	}
	s.addScalar(text, depth)
}

func (s *shape) addScalar(text string, depth int) {
	if s.example == "" {
		s.example = masked(text)
	}
	if s.keys != nil {
		s.keys[text] = true
	}
	if s.values != nil {
		if s.values[text]++; len(s.values) > maxValues {
			s.values = nil
		}
	}
}

// texts is how many texts there were that say something.
func (s *shape) texts() int {
	n := s.kinds[jsonspan.String]
	for _, blank := range s.blanks {
		n -= blank
	}
	return n
}

// given is how many values there were that are not null and not blank.
func (s *shape) given() int {
	n := s.seen - s.kinds[jsonspan.Null]
	for _, blank := range s.blanks {
		n -= blank
	}
	return n
}

// only tells whether all values that are given are of these kinds.
func (s *shape) only(kinds ...jsonspan.Kind) bool {
	n := 0
	for _, k := range kinds {
		n += s.kinds[k]
	}
	if slices.Contains(kinds, jsonspan.String) {
		n -= s.kinds[jsonspan.String] - s.texts()
	}
	return n > 0 && n == s.given()
}
