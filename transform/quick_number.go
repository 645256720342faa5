package transform

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// usualDigits is how many digits a number has that surely fits an int64.
const usualDigits = 18

// powers of ten that fit an int64.
var powers = [usualDigits + 1]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// cutNumber reads a number of few digits, or a string that holds one: its
// digits, without the point, how many of them stand behind it, and its end; none
// if it is another. An exponent moves the point.
func cutNumber(text []byte, pos int) (digits int64, fraction, end int) {
	quoted := at(text, pos) == '"'
	if quoted {
		pos++
	}
	negative := at(text, pos) == '-'
	if negative {
		pos++
	}
	digits, end = cutDigits(text, pos)
	count := end - pos
	if at(text, end) == '.' {
		behind, last := cutDigits(text, end+1)
		if fraction = last - end - 1; fraction == 0 {
			return 0, 0, none
		}
		if end = last; count+fraction <= usualDigits {
			digits = digits*powers[fraction] + behind
		}
	}
	if count == 0 || count+fraction > usualDigits || count > 1 && text[pos] == '0' {
		return 0, 0, none
	}
	if negative {
		digits = -digits
	}
	if at(text, end)|0x20 == 'e' {
		exponent, last := cutExponent(text, end+1)
		fraction, end = fraction-exponent, last
	}
	if quoted {
		end = closed(text, end)
	}
	return digits, fraction, end
}

// cutExponent reads an exponent of few digits.
func cutExponent(text []byte, pos int) (exponent, end int) {
	sign := at(text, pos)
	if sign == '-' || sign == '+' {
		pos++
	}
	v, n := fewDigits(text, pos)
	if n == 0 || n == 8 {
		return 0, none
	}
	if exponent = int(v); sign == '-' {
		exponent = -exponent
	}
	return exponent, pos + n
}

// shift moves the point of a number to the right, if what comes out is a whole
// number of at most the usual digits. Of no digits that is 0.
func shift(digits int64, places int) (int64, bool) {
	switch {
	case digits == 0:
		return 0, true
	case places > usualDigits || places < -usualDigits:
		return 0, false
	case places >= 0:
		limit := powers[usualDigits] / powers[places]
		return digits * powers[places], -limit < digits && digits < limit
	}
	power := powers[-places]
	return digits / power, digits%power == 0
}

// cutDigits reads digits. The value of more than the usual is none of theirs.
func cutDigits(text []byte, pos int) (v int64, end int) {
	v, n := fewDigits(text, pos)
	for pos += n; n == 8; pos += n {
		var more int64
		more, n = fewDigits(text, pos)
		v = v*powers[n] + more
	}
	return v, pos
}

// fewDigits reads at most eight digits, all at once: the number of digits in a
// text is hard to guess, so nothing here depends on it.
func fewDigits(text []byte, pos int) (v int64, n int) {
	if pos < 0 || pos > len(text)-8 {
		return lastDigits(text, pos)
	}
	x := eightDigits(text[pos : pos+8])
	others := noDigits(x)
	if others == 0 {
		return together(x, 8), 8
	}
	if n = bits.TrailingZeros64(others) / 8; n == 0 {
		return 0, 0
	}
	return together(x, n), n
}

// lastDigits reads digits near the end of the text.
func lastDigits(text []byte, pos int) (v int64, n int) {
	for ; n < 8 && isDigit(at(text, pos+n)); n++ {
		v = v*10 + int64(text[pos+n]-'0')
	}
	return v, n
}

// eightDigits returns eight bytes of text, in which digits are 0 to 9.
func eightDigits(text []byte) uint64 {
	return binary.LittleEndian.Uint64(text) ^ '0'*0x0101010101010101
}

// noDigits marks the first byte that is no digit, and perhaps some behind it.
func noDigits(x uint64) uint64 { return (x + 0x7676767676767676 | x) & highs }

// highs are the highest bits of eight bytes.
const highs = 0x8080808080808080

// together returns the value of the first n of eight digits, of at least one.
func together(x uint64, n int) int64 {
	x <<= uint(-8*n) & 63 // zeros before the first digit
	x = x * (1 + 10<<8) >> 8 & 0x00ff00ff00ff00ff
	x = x * (1 + 100<<16) >> 16 & 0x0000ffff0000ffff
	return int64(x * (1 + 10000<<32) >> 32)
}

// misplaced is not 0 if no digit comes first, or a 0 before another digit. others
// are those that are no digits. What a number begins with is hard to guess too.
func misplaced(x, others uint64) uint64 {
	return others&highestBit | (x&0xff+others>>8&highestBit-1)>>63
}

// fewWhole reads a whole number of at most seven digits, whatever stands behind
// it; none if it is another.
func fewWhole(text []byte, pos int) (v int64, end int) {
	if pos < 0 || pos > len(text)-8 {
		return 0, none
	}
	x := eightDigits(text[pos : pos+8])
	others := noDigits(x)
	if others == 0 || misplaced(x, others) != 0 {
		return 0, none
	}
	n := bits.TrailingZeros64(others) / 8
	return together(x, n), pos + n
}

// endsNumber tells whether a byte ends a number: one in quotes, or one with a point or
// an exponent, goes on.
func endsNumber(c byte) bool { return c == ',' || c == '}' || c == ']' }

// An int64Plan reads integers.
type int64Plan struct {
	*scanner
	buffer *fixed[int64]
}

func (p *int64Plan) scan(text []byte, pos int) int {
	v, end := fewWhole(text, pos)
	if !endsNumber(at(text, end)) {
		if v, end = whole(text, pos); end < 0 {
			return p.node(p.buffer, text, pos)
		}
	}
	if p.buffer.within != nil && p.buffer.within(v) != nil {
		return p.node(p.buffer, text, pos)
	}
	p.buffer.append(v)
	return end
}

// whole reads a whole number of any usual spelling.
func whole(text []byte, pos int) (int64, int) {
	digits, fraction, end := cutNumber(text, pos)
	v, ok := shift(digits, -fraction)
	if end < 0 || !ok {
		return 0, none
	}
	return v, end
}

// An int32Plan reads integers.
type int32Plan struct {
	*scanner
	buffer *fixed[int32]
}

func (p *int32Plan) scan(text []byte, pos int) int {
	v, end := fewWhole(text, pos)
	if !endsNumber(at(text, end)) {
		if v, end = whole(text, pos); end < 0 || int64(int32(v)) != v {
			return p.node(p.buffer, text, pos)
		}
	}
	if p.buffer.within != nil && p.buffer.within(int32(v)) != nil {
		return p.node(p.buffer, text, pos)
	}
	p.buffer.append(int32(v))
	return end
}

// A decimalPlan reads decimals.
type decimalPlan struct {
	*scanner
	buffer *fixed[decimal128.Num]
	scale  int
	limit  int64 // what no digits reach
	behind       // the point, if there is an own way for the scale
}

// A behind is how a decimal in quotes ends that has as many digits as the scale.
type behind struct {
	zeros uint64 // a point, digits of 0, and a quote
	room  uint64 // added to digits and no other differences from zeros, it makes no highest bit
	highs uint64 // highest bits of all its bytes
	unit  int64  // ten to the power of the scale
}

func newBehind(scale int) (b behind) {
	b.unit = powers[scale]
	for i, c := range []byte("." + strings.Repeat("0", scale) + `"`) {
		room := uint64(highestBit - 1)
		if c == '0' {
			room = highestBit - 10
		}
		b.zeros |= uint64(c) << (8 * i)
		b.room |= room << (8 * i)
		b.highs |= highestBit << (8 * i)
	}
	return b
}

const highestBit = 0x80

func newDecimalPlan(s *scanner, t schemas.Type, b *fixed[decimal128.Num]) *decimalPlan {
	p := &decimalPlan{scanner: s, buffer: b, scale: t.Scale, limit: powers[min(t.Precision, usualDigits)]}
	if 0 < t.Scale && t.Scale <= 6 {
		p.behind = newBehind(t.Scale)
	}
	return p
}

func (p *decimalPlan) scan(text []byte, pos int) int {
	v, end := int64(0), none
	if pos >= 0 && pos <= len(text)-17 && text[pos] == '"' && p.unit != 0 {
		// At most seven digits, a point, and as many digits as the scale has.
		x := eightDigits(text[pos+1 : pos+9])
		if others := noDigits(x); others != 0 {
			n := bits.TrailingZeros64(others) / 8
			point := pos + 1 + n
			y := binary.LittleEndian.Uint64(text[point:point+8]) ^ p.zeros
			switch {
			case (y+p.room|y)&p.highs|misplaced(x, others) != 0:
			case p.scale == 2: // as money has
				v, end = together(x, n)*100+int64(y*10>>8&0xff+y>>16&0xff), point+4
			default:
				v, end = together(x, n)*p.unit+together(y>>8, p.scale), point+p.scale+2
			}
		}
	}
	if end < 0 {
		if v, end = p.other(text, pos); end < 0 {
			return p.node(p.buffer, text, pos)
		}
	}
	n := decimal128.New(v>>63, uint64(v))
	if -p.limit >= v || v >= p.limit || p.buffer.within != nil && p.buffer.within(n) != nil {
		return p.node(p.buffer, text, pos)
	}
	p.buffer.append(n)
	return end
}

// other reads any usual spelling.
func (p *decimalPlan) other(text []byte, pos int) (int64, int) {
	digits, fraction, end := cutNumber(text, pos)
	v, ok := shift(digits, p.scale-fraction)
	if end < 0 || !ok {
		return 0, none
	}
	return v, end
}

// maxSeconds is surely in range in microseconds.
const maxSeconds = 1_000_000_000_000

func quickSeconds(text []byte, pos int) (int64, int) {
	digits, fraction, end := cutNumber(text, pos)
	if end < 0 || fraction < 0 || fraction > 6 || digits > maxSeconds || digits < -maxSeconds {
		return 0, none
	}
	return digits * powers[6-fraction], end
}
