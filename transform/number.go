package transform

import (
	"errors"
	"math"
	"math/bits"

	"etl/internal/jsonspan"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// A number is the exact value of a JSON number: digits × 10^exponent.
type number struct {
	negative bool
	digits   []byte // '0' to '9', without zeros at either end; none for zero
	exponent int
}

var (
	errNotNumber   = errors.New("not a number")
	errLeadingZero = errors.New("a quoted number with leading zeros")
	errNotWhole    = errors.New("not a whole number")
	errIntRange    = errors.New("out of the range of the integer type")
	errTooExact    = errors.New("more digits after the point than the scale")
	errTooLarge    = errors.New("more digits than the precision")
)

// numberOf reads a number, or a text that is one. A text may begin with a plus.
func (s *scope) numberOf(n *node) (number, error) {
	text := n.raw
	if n.kind == jsonspan.String {
		var err error
		if text, err = s.text(n.raw); err != nil {
			return number{}, err
		}
		if len(text) > 1 && text[0] == '+' && text[1] != '-' {
			text = text[1:]
		}
		if leadingZero(text) {
			return number{}, errLeadingZero
		}
	}
	if !isNumber(text) {
		return number{}, errNotNumber
	}
	return parseNumber(text), nil
}

// leadingZero tells whether text is a number but for zeros in front of it.
func leadingZero(text []byte) bool {
	if len(text) > 0 && text[0] == '-' {
		text = text[1:]
	}
	if len(text) < 2 || text[0] != '0' || !isDigit(text[1]) {
		return false
	}
	for len(text) > 1 && text[0] == '0' && isDigit(text[1]) {
		text = text[1:]
	}
	return isNumber(text)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isNumber tells whether text is a number as JSON writes it.
func isNumber(text []byte) bool {
	span, err := jsonspan.Whole(text)
	return err == nil && span == jsonspan.Span{End: len(text)} && jsonspan.KindOf(text, span) == jsonspan.Number
}

// parseNumber reads a number as JSON writes it.
func parseNumber(text []byte) number {
	var v number
	if text[0] == '-' {
		v.negative, text = true, text[1:]
	}
	point := false
	for i, c := range text {
		switch {
		case c == '.':
			point = true
			continue
		case c == 'e' || c == 'E':
			v.exponent += parseExponent(text[i+1:])
			return v.trim()
		case len(v.digits) > 0 || c != '0':
			v.digits = append(v.digits, c)
		}
		if point {
			v.exponent--
		}
	}
	return v.trim()
}

// maxExponent bounds exponents; no text is long enough to make up for it.
const maxExponent = 1 << 40

func parseExponent(text []byte) int {
	e, sign := 0, 1
	for _, c := range text {
		switch {
		case c == '-':
			sign = -1
		case c != '+' && e < maxExponent:
			e = e*10 + int(c-'0')
		}
	}
	return sign * e
}

func (v number) trim() number {
	for len(v.digits) > 0 && v.digits[len(v.digits)-1] == '0' {
		v.digits = v.digits[:len(v.digits)-1]
		v.exponent++
	}
	if len(v.digits) == 0 {
		v.exponent = 0
	}
	return v
}

// int64 returns the value of a whole number.
func (v number) int64() (int64, error) {
	if v.exponent < 0 {
		return 0, errNotWhole
	}
	if len(v.digits)+v.exponent > 19 {
		return 0, errIntRange
	}
	var u uint64
	for i := range len(v.digits) + v.exponent {
		u *= 10
		if i < len(v.digits) {
			u += uint64(v.digits[i] - '0')
		}
	}
	switch {
	case v.negative && u <= 1<<63:
		return -int64(u), nil
	case !v.negative && u <= math.MaxInt64:
		return int64(u), nil
	}
	return 0, errIntRange
}

// int32 returns the value of a whole number.
func (v number) int32() (int32, error) {
	i, err := v.int64()
	if err == nil && (i < math.MinInt32 || i > math.MaxInt32) {
		err = errIntRange
	}
	return int32(i), err
}

// scaled returns the value as a whole number of 10^-scale, of at most precision
// digits. With round, digits after the scale are rounded half to even, and
// rounded tells so; else they are an error.
func (v number) scaled(precision, scale int, round bool) (n decimal128.Num, rounded bool, err error) {
	shift := v.exponent + scale
	if shift < 0 {
		if !round {
			return n, false, errTooExact
		}
		v, rounded, shift = v.round(-shift), true, 0
	}
	if len(v.digits)+shift > precision && len(v.digits) > 0 {
		return n, false, errTooLarge
	}
	var high, low uint64
	for i := range len(v.digits) + shift {
		digit := uint64(0)
		if i < len(v.digits) {
			digit = uint64(v.digits[i] - '0')
		} else if len(v.digits) == 0 {
			break
		}
		high, low = timesTenPlus(high, low, digit)
	}
	n = decimal128.New(int64(high), low)
	if v.negative {
		n = n.Negate()
	}
	return n, rounded, nil
}

func timesTenPlus(high, low, digit uint64) (uint64, uint64) {
	carry, low := bits.Mul64(low, 10)
	low, more := bits.Add64(low, digit, 0)
	return high*10 + carry + more, low
}

// round takes the last n of the digits away, half to even. The result may end
// with zeros, and its exponent is of no use.
func (v number) round(n int) number {
	keep := max(len(v.digits)-n, 0)
	rest := v.digits[keep:]
	up := false
	if len(v.digits) >= n && len(rest) > 0 { // else the value is below a tenth
		odd := keep > 0 && (v.digits[keep-1]-'0')%2 == 1
		up = rest[0] > '5' || rest[0] == '5' && (len(rest) > 1 || odd)
	}
	v.digits = append([]byte(nil), v.digits[:keep]...)
	for i := keep - 1; up && i >= 0; i-- {
		if up = v.digits[i] == '9'; up {
			v.digits[i] = '0'
		} else {
			v.digits[i]++
		}
	}
	if up {
		v.digits = append([]byte{'1'}, v.digits...)
	}
	return v
}
