package transform

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// What stands here and in quick_*.go reads the usual spellings of values
// straight from the text of a record, where text[pos] is the first byte of a
// value that is not null. Any other spelling is read as a node: so nothing here
// decides what does not fit, and whatever is read here is read as nodes are.

// plan returns the plan by which the buffer of a column is filled with the
// values of a place.
func (s *scanner) plan(c *schemas.Column, b buffer, at *place) plan {
	switch b := b.(type) {
	case *structure:
		return s.object(b, at)
	case *list:
		element := &place{up: at, element: true}
		return &sequence{list: b, place: element, elements: s.plan(c.Type.Element, b.elements, element)}
	case *enum:
		return &enumPlan{b, s.plan(&schemas.Column{Type: schemas.Type{Kind: c.Type.Code}}, b.codes, at)}
	case *dropped:
		return b
	case *boolean:
		return &boolPlan{s, b}
	case *text:
		return s.textPlan(c.Type.Kind, b)
	case *fixed[int32]:
		if c.Type.Kind == schemas.Date {
			return &fixedPlan[int32]{s, b, quickDate}
		}
		return &int32Plan{s, b}
	case *fixed[int64]:
		return s.int64Plan(c.Type, b)
	case *fixed[float64]:
		return &fixedPlan[float64]{s, b, quickFloat64}
	case *fixed[decimal128.Num]:
		return newDecimalPlan(s, c.Type, b)
	}
	return &nodePlan{s, b}
}

func (s *scanner) int64Plan(t schemas.Type, b *fixed[int64]) plan {
	switch t.Kind {
	case schemas.Time:
		return &fixedPlan[int64]{s, b, quickTime}
	case schemas.Timestamp:
		return &timestampPlan{s, b, newZoned(t.Layouts, s.zone)}
	case schemas.Duration:
		return newDurationPlan(s, b, t.Forms)
	}
	return &int64Plan{s, b}
}

func (s *scanner) textPlan(kind schemas.Kind, b *text) plan {
	switch kind {
	case schemas.JSON:
		return &jsonPlan{s, b}
	case schemas.UUID:
		return &uuidPlan{s, b}
	}
	return &stringPlan{s, b}
}

// A nodePlan knows no usual spelling.
type nodePlan struct {
	*scanner
	buffer buffer
}

func (p *nodePlan) scan(text []byte, pos int) int { return p.node(p.buffer, text, pos) }

// A fixedPlan reads the usual spellings by a function, which returns the end of
// the value or none.
type fixedPlan[T int32 | int64 | float64] struct {
	*scanner
	buffer *fixed[T]
	quick  func(text []byte, pos int) (T, int)
}

func (p *fixedPlan[T]) scan(text []byte, pos int) int {
	v, end := p.quick(text, pos)
	if end < 0 || p.buffer.within != nil && p.buffer.within(v) != nil {
		return p.node(p.buffer, text, pos)
	}
	p.buffer.append(v)
	return end
}

// A boolPlan reads true and false.
type boolPlan struct {
	*scanner
	buffer *boolean
}

func (p *boolPlan) scan(text []byte, pos int) int {
	const t, f = 0x65757274, 0x65736c6166 // true, false
	if pos < 0 || pos > len(text)-8 {
		return p.node(p.buffer, text, pos)
	}
	x := binary.LittleEndian.Uint64(text[pos : pos+8])
	is := x >> 1 & 1 // f: the bit in which it differs from t, as nobody could guess which it is
	if x&(0xffffffff|is*0xff00000000) != t^is*(t^f) {
		return p.node(p.buffer, text, pos)
	}
	p.buffer.valid.n++
	p.buffer.values.push(byte(is))
	return pos + 4 + int(is)
}

// An enumPlan reads codes, and labels them.
type enumPlan struct {
	*enum
	codes plan
}

func (p *enumPlan) scan(text []byte, pos int) int {
	end := p.codes.scan(text, pos)
	if end > 0 {
		p.label()
	}
	return end
}

// A stringPlan reads strings.
type stringPlan struct {
	*scanner
	buffer *text
}

func (p *stringPlan) scan(text []byte, pos int) int {
	end, holds := jsonspan.StringEnd(text, pos)
	b := p.buffer
	if end < 0 || end-pos > math.MaxInt32-len(b.data) {
		return p.node(b, text, pos)
	}
	inside := text[pos+1 : end-1]
	switch {
	case holds == 0 || holds == jsonspan.Wide && utf8.Valid(inside):
		b.data = append(b.data, inside...)
	case holds == jsonspan.Wide:
		return p.node(b, text, pos)
	default:
		data, err := jsonspan.AppendText(b.data, text[pos:end])
		if err != nil {
			return p.node(b, text, pos)
		}
		b.data = data
	}
	b.end()
	return end
}

// A jsonPlan takes the text of any value.
type jsonPlan struct {
	*scanner
	buffer *text
}

func (p *jsonPlan) scan(text []byte, pos int) int {
	end, b := jsonspan.Skip(text, pos), p.buffer
	if end < 0 || end-pos > math.MaxInt32-len(b.data) || !utf8.Valid(text[pos:end]) {
		return p.node(b, text, pos)
	}
	b.data = append(b.data, text[pos:end]...)
	b.end()
	return end
}

// A uuidPlan reads UUIDs, and makes them lower case.
type uuidPlan struct {
	*scanner
	buffer *text
}

func (p *uuidPlan) scan(text []byte, pos int) int {
	const size = len(`"3c90c3cc-0d44-4b50-8888-8dd25736052a"`)
	b := p.buffer
	if len(text)-pos < size || text[pos] != '"' || text[pos+size-1] != '"' || size > math.MaxInt32-len(b.data) {
		return p.node(b, text, pos)
	}
	start := len(b.data)
	b.data = append(b.data, text[pos+1:pos+size-1]...)
	if !lowerUUID(b.data[start:]) {
		b.data = b.data[:start]
		return p.node(b, text, pos)
	}
	b.end()
	return pos + size
}

func quickFloat64(text []byte, pos int) (float64, int) {
	if c := text[pos]; c != '-' && !isDigit(c) {
		return 0, none
	}
	end := jsonspan.Skip(text, pos)
	if end < 0 {
		return 0, none
	}
	v, err := strconv.ParseFloat(string(text[pos:end]), 64)
	if err != nil {
		return 0, none
	}
	return v, end
}
