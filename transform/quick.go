package transform

import (
	"strconv"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// What stands here reads the usual spellings of values straight from the text of
// a record: text[pos] is the first byte of a value. Each returns the end of the
// value, or none, after which the value is read as a node: so nothing here
// decides what does not fit, and whatever is read here is read as nodes are.

// usualDigits is how many digits a number has that surely fits an int64.
const usualDigits = 18

// powers of ten that fit an int64.
var powers = func() (p [usualDigits + 1]int64) {
	p[0] = 1
	for i := range usualDigits {
		p[i+1] = p[i] * 10
	}
	return p
}()

// A plainNumber is a number without exponent, of few digits.
type plainNumber struct {
	digits   int64 // with its sign, the point left out
	fraction int   // how many of them stand behind the point
	end      int
}

// cutNumber reads a number, or a string that holds one.
func cutNumber(text []byte, pos int) (plainNumber, bool) {
	quoted := at(text, pos) == '"'
	if quoted {
		pos++
	}
	negative := at(text, pos) == '-'
	if negative {
		pos++
	}
	start := pos
	v, pos := cutDigits(text, pos, 0)
	if pos == start || pos > start+1 && text[start] == '0' {
		return plainNumber{}, false
	}
	count := pos - start
	n := plainNumber{}
	if at(text, pos) == '.' {
		point := pos
		v, pos = cutDigits(text, pos+1, v)
		n.fraction = pos - point - 1
		if n.fraction == 0 {
			return n, false
		}
		count += n.fraction
	}
	c := at(text, pos)
	if count > usualDigits || c == 'e' || c == 'E' || quoted != (c == '"') {
		return n, false
	}
	if quoted {
		pos++
	}
	n.digits, n.end = v, pos
	if negative {
		n.digits = -v
	}
	return n, true
}

// cutDigits reads digits behind those of v; too many of them overflow.
func cutDigits(text []byte, pos int, v int64) (int64, int) {
	for uint(pos) < uint(len(text)) {
		d := text[pos] - '0'
		if d > 9 {
			break
		}
		v = v*10 + int64(d)
		pos++
	}
	return v, pos
}

func quickInt64(text []byte, pos int) (int64, int) {
	n, ok := cutNumber(text, pos)
	if !ok || n.fraction > 0 {
		return 0, none
	}
	return n.digits, n.end
}

func quickInt32(text []byte, pos int) (int32, int) {
	n, ok := cutNumber(text, pos)
	if !ok || n.fraction > 0 || int64(int32(n.digits)) != n.digits {
		return 0, none
	}
	return int32(n.digits), n.end
}

func quickFloat64(text []byte, pos int) (float64, int) {
	if c := at(text, pos); c != '-' && !isDigit(c) {
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

// quickDecimal reads decimals of a precision and scale.
func quickDecimal(precision, scale int) func([]byte, int) (decimal128.Num, int) {
	limit := int64(0) // 0: no value of the usual digits reaches it
	if precision <= usualDigits {
		limit = powers[precision]
	}
	return func(text []byte, pos int) (decimal128.Num, int) {
		n, ok := cutNumber(text, pos)
		if !ok || n.fraction > scale {
			return decimal128.Num{}, none
		}
		shift := scale - n.fraction
		if shift > usualDigits || n.digits >= powers[usualDigits-shift] || n.digits <= -powers[usualDigits-shift] {
			return decimal128.Num{}, none
		}
		v := n.digits * powers[shift]
		if limit > 0 && (v >= limit || v <= -limit) {
			return decimal128.Num{}, none
		}
		return decimal128.FromI64(v), n.end
	}
}

// quickText makes a quick reading of a reading of the text of a string.
func quickText[T any](read func([]byte) (T, error)) func([]byte, int) (T, int) {
	return func(text []byte, pos int) (T, int) {
		end, holds := jsonspan.StringEnd(text, pos)
		if end > 0 && holds == 0 {
			if v, err := read(text[pos+1 : end-1]); err == nil {
				return v, end
			}
		}
		var zero T
		return zero, none
	}
}

// quickDuration reads durations in the usual spelling of the first form, and
// whole seconds.
func quickDuration(forms []schemas.DurationForm) func([]byte, int) (int64, int) {
	seconds := false
	for _, form := range forms {
		seconds = seconds || form == schemas.SecondsDuration
	}
	first := forms[0]
	return func(text []byte, pos int) (int64, int) {
		if at(text, pos) == '"' {
			return quickClock(first, text, pos)
		}
		n, ok := cutNumber(text, pos)
		if !seconds || !ok || n.fraction > 6 || n.digits > maxSeconds || n.digits < -maxSeconds {
			return 0, none
		}
		return n.digits * powers[6-n.fraction], n.end
	}
}

// maxSeconds and maxDays bound what is surely in range in microseconds.
const (
	maxSeconds = 1_000_000_000_000
	maxDays    = 10_000_000
)

// quickClock reads "[-][D ]HH:MM:SS[.f]": days with a sign of their own, then a
// time of day.
func quickClock(form schemas.DurationForm, text []byte, pos int) (int64, int) {
	if form != schemas.DjangoDuration && form != schemas.HMSDuration {
		return 0, none
	}
	pos++
	sign := int64(1)
	if at(text, pos) == '-' {
		sign, pos = -1, pos+1
	}
	v := int64(0)
	if at(text, pos+2) != ':' {
		days, end := cutDigits(text, pos, 0)
		if form != schemas.DjangoDuration || end == pos || end > pos+8 || days > maxDays || at(text, end) != ' ' {
			return 0, none
		}
		v, sign, pos = sign*days*day, 1, end+1
	}
	if uint(pos) > uint(len(text)) {
		return 0, none
	}
	of, rest, err := cutTime(text[pos:])
	if err != nil || len(rest) == 0 || rest[0] != '"' {
		return 0, none
	}
	return v + sign*of, len(text) - len(rest) + 1
}
