package transform

import (
	"encoding/binary"
	"math/bits"

	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// usualDigits is how many digits a number has that surely fits an int64.
const usualDigits = 18

// powers of ten that fit an int64.
var powers = [usualDigits + 1]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// cutNumber reads a number without exponent and of few digits, or a string that
// holds one: its digits, without the point, how many of them stand behind it,
// and its end; none if it is another.
func cutNumber(text []byte, pos int) (digits int64, fraction, end int) {
	c := at(text, pos)
	quoted := c == '"'
	if quoted {
		pos++
		c = at(text, pos)
	}
	negative := c == '-'
	if negative {
		pos++
	}
	digits, count, fraction := shortNumber(text, pos)
	if count == 0 {
		digits, count, fraction = longNumber(text, pos)
	}
	if count == 0 || count+fraction > usualDigits || count > 1 && text[pos] == '0' {
		return 0, 0, none
	}
	if pos += count; fraction > 0 {
		pos += 1 + fraction
	}
	if negative {
		digits = -digits
	}
	c = at(text, pos)
	if quoted {
		pos++
	}
	if c|0x20 == 'e' || quoted != (c == '"') {
		return 0, 0, none
	}
	return digits, fraction, pos
}

// shortNumber reads a number that ends within eight bytes: its digits, how many
// of them stand before the point, and how many behind it; none if it is longer,
// or no number.
func shortNumber(text []byte, pos int) (digits int64, count, fraction int) {
	if len(text)-pos < 8 {
		return 0, 0, 0
	}
	x := eightDigits(text, pos)
	switch count = leading(x); {
	case count == 8:
		return 0, 0, 0
	case byte(x>>(8*count)) != '.'^'0':
		return together(x, count), count, 0
	}
	before := uint64(1)<<(8*count) - 1
	x = x&before | x>>8&^before | 0xff<<56 // without the point
	n := leading(x)
	if n == count || n == 7 {
		return 0, 0, 0
	}
	return together(x, n), count, n - count
}

// longNumber is shortNumber for numbers of any length. Of more than the usual
// digits it returns how many there are, but not their value.
func longNumber(text []byte, pos int) (digits int64, count, fraction int) {
	digits, end := cutDigits(text, pos)
	count = end - pos
	if at(text, end) != '.' {
		return digits, count, 0
	}
	behind, last := cutDigits(text, end+1)
	if fraction = last - end - 1; fraction == 0 {
		return 0, 0, 0
	}
	if count+fraction <= usualDigits {
		digits = digits*powers[fraction] + behind
	}
	return digits, count, fraction
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
	if len(text)-pos < 8 {
		return lastDigits(text, pos)
	}
	x := eightDigits(text, pos)
	n = leading(x)
	return together(x, n), n
}

// eightDigits returns eight bytes of text, in which digits are 0 to 9.
func eightDigits(text []byte, pos int) uint64 {
	return binary.LittleEndian.Uint64(text[pos:]) ^ '0'*0x0101010101010101
}

// leading counts the bytes before the first that is no digit.
func leading(x uint64) int {
	others := (x + 0x7676767676767676 | x) & 0x8080808080808080 // right up to the first
	return bits.TrailingZeros64(others) / 8
}

// together returns the value of the first n of eight digits.
func together(x uint64, n int) int64 {
	x <<= 8 * (8 - n) // zeros before the first digit
	x = x * (1 + 10<<8) >> 8 & 0x00ff00ff00ff00ff
	x = x * (1 + 100<<16) >> 16 & 0x0000ffff0000ffff
	return int64(x * (1 + 10000<<32) >> 32)
}

// lastDigits reads digits near the end of the text.
func lastDigits(text []byte, pos int) (v int64, n int) {
	for ; n < 8 && pos+n < len(text) && isDigit(text[pos+n]); n++ {
		v = v*10 + int64(text[pos+n]-'0')
	}
	return v, n
}

// An int64Plan reads integers.
type int64Plan struct {
	*scanner
	buffer *fixed[int64]
}

func (p *int64Plan) scan(text []byte, pos int) int {
	v, fraction, end := cutNumber(text, pos)
	if end < 0 || fraction > 0 || p.buffer.within != nil && p.buffer.within(v) != nil {
		return p.node(p.buffer, text, pos)
	}
	p.buffer.append(v)
	return end
}

// An int32Plan reads integers.
type int32Plan struct {
	*scanner
	buffer *fixed[int32]
}

func (p *int32Plan) scan(text []byte, pos int) int {
	v, fraction, end := cutNumber(text, pos)
	if end < 0 || fraction > 0 || int64(int32(v)) != v || p.buffer.within != nil && p.buffer.within(int32(v)) != nil {
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
	limits [usualDigits + 1]int64 // what no digits reach, by how many zeros come behind them
}

func newDecimalPlan(s *scanner, t schemas.Type, b *fixed[decimal128.Num]) *decimalPlan {
	p := &decimalPlan{scanner: s, buffer: b, scale: t.Scale}
	for zeros, power := range powers {
		p.limits[zeros] = powers[min(t.Precision, usualDigits)] / power // here, as dividing takes as long as reading
	}
	return p
}

func (p *decimalPlan) scan(text []byte, pos int) int {
	digits, fraction, end := cutNumber(text, pos)
	v, ok := p.scaled(digits, p.scale-fraction)
	if end < 0 || !ok {
		return p.node(p.buffer, text, pos)
	}
	n := decimal128.FromI64(v)
	if p.buffer.within != nil && p.buffer.within(n) != nil {
		return p.node(p.buffer, text, pos)
	}
	p.buffer.append(n)
	return end
}

// scaled puts zeros behind digits, if the result is below the limit.
func (p *decimalPlan) scaled(digits int64, zeros int) (int64, bool) {
	if zeros < 0 || zeros > usualDigits {
		return 0, false
	}
	limit := p.limits[zeros]
	return digits * powers[zeros], -limit < digits && digits < limit
}

// maxSeconds is surely in range in microseconds.
const maxSeconds = 1_000_000_000_000

func quickSeconds(text []byte, pos int) (int64, int) {
	digits, fraction, end := cutNumber(text, pos)
	if end < 0 || fraction > 6 || digits > maxSeconds || digits < -maxSeconds {
		return 0, none
	}
	return digits * powers[6-fraction], end
}
