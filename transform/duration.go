package transform

import (
	"bytes"
	"errors"
	"math/big"
	"regexp"

	"etl/internal/jsonspan"
	"etl/schemas"
)

var (
	errNotDuration   = errors.New("not a duration of a declared form")
	errDurationRange = errors.New("a duration of more than 292 thousand years")
)

// A durations reads durations as microseconds, by the first form that fits.
type durations struct {
	*scope
	forms []schemas.DurationForm
}

func (r durations) read(n *node) (int64, error) {
	var text []byte
	switch n.kind {
	case jsonspan.Number:
		text = n.raw
	case jsonspan.String:
		var err error
		if text, err = r.text(n.raw); err != nil {
			return 0, err
		}
	default:
		return 0, errNotDuration
	}
	for _, form := range r.forms {
		if n.kind == jsonspan.Number && form != schemas.SecondsDuration {
			continue
		}
		v, err := readDuration(form, text)
		if !errors.Is(err, errNotDuration) {
			return v, err
		}
	}
	return 0, errNotDuration
}

// readDuration reads one form; the error is errNotDuration if the text is of
// another.
func readDuration(form schemas.DurationForm, text []byte) (int64, error) {
	switch form {
	case schemas.DjangoDuration:
		return readDjango(text)
	case schemas.ISODuration:
		return readISO(text)
	case schemas.HMSDuration:
		return readHMS(text)
	case schemas.SecondsDuration:
		return readSeconds(text)
	}
	return 0, errNotDuration
}

// Django's own form, as its parse_duration takes it: days with a sign of their
// own, then hours, minutes and seconds of any size, of which hours, or hours
// and minutes, may be left out. A sign in front of the time is for the time
// alone: "-1 23:59:59" is a second before zero, and so is "-00:00:01".
var djangoText = regexp.MustCompile(`^(?:(-?)(\d+) (?:days?, )?)?(-?)(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)$`)

func readDjango(text []byte) (int64, error) {
	m := djangoText.FindSubmatch(text)
	if m == nil {
		return 0, errNotDuration
	}
	var t total
	t.add(m[1], m[2], day)
	t.add(m[3], m[4], hour)
	t.add(m[3], m[5], minute)
	t.add(m[3], m[6], second)
	return t.microseconds()
}

var hmsText = regexp.MustCompile(`^(-?)(\d+):([0-5]\d):([0-5]\d(?:[.,]\d+)?)$`)

func readHMS(text []byte) (int64, error) {
	m := hmsText.FindSubmatch(text)
	if m == nil {
		return 0, errNotDuration
	}
	var t total
	t.add(m[1], m[2], hour)
	t.add(m[1], m[3], minute)
	t.add(m[1], m[4], second)
	return t.microseconds()
}

// ISO 8601 without years and months, which have no fixed length. The last part
// alone may have a fraction.
var isoText = regexp.MustCompile(`^([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

var isoUnits = []int64{7 * day, day, hour, minute, second} // of the groups from the second on

func readISO(text []byte) (int64, error) {
	plain, fraction := cutFraction(text)
	m := isoText.FindSubmatch(plain)
	if m == nil || plain[len(plain)-1] == 'P' || plain[len(plain)-1] == 'T' {
		return 0, errNotDuration
	}
	var t total
	last := int64(0)
	for i, unit := range isoUnits {
		if len(m[i+2]) > 0 {
			t.add(m[1], m[i+2], unit)
			last = unit
		}
	}
	t.add(m[1], fraction, last)
	return t.microseconds()
}

// cutFraction takes the fraction out of the last part of a duration, "PT1.5H":
// it returns the rest, "PT1H", and the fraction as a number, "0.5".
func cutFraction(text []byte) (plain, fraction []byte) {
	point := bytes.IndexAny(text, ".,")
	end := len(text) - 1
	if point < 1 || end-point < 2 || !isDigit(text[point-1]) {
		return text, nil
	}
	for _, c := range text[point+1 : end] {
		if !isDigit(c) {
			return text, nil
		}
	}
	plain = append(append(plain, text[:point]...), text[end])
	return plain, append([]byte("0."), text[point+1:end]...)
}

func readSeconds(text []byte) (int64, error) {
	if !isNumber(text) {
		return 0, errNotDuration
	}
	var t total
	t.add(nil, text, second)
	return t.microseconds()
}

// A total adds up parts of a duration, exactly.
type total struct {
	sum big.Int
	err error // the first
}

// maxDigits bounds the digits of a part on either side of the point: with more
// on the left it does not fit, and with more on the right it is no whole number
// of microseconds.
const maxDigits = 30

// add adds a number of units, or takes it away if sign is a minus. No number is
// none; it may have a comma for a point.
func (t *total) add(sign, text []byte, unit int64) {
	if len(text) == 0 || t.err != nil {
		return
	}
	v := parseNumber(bytes.ReplaceAll(text, []byte(","), []byte(".")))
	switch {
	case len(v.digits) == 0:
		return
	case len(v.digits)+v.exponent > maxDigits:
		t.err = errDurationRange
		return
	case v.exponent < -maxDigits:
		t.err = errPrecision
		return
	}
	n, _ := new(big.Int).SetString(string(v.digits), 10)
	n.Mul(n, big.NewInt(unit))
	n.Mul(n, powerOfTen(max(v.exponent, 0)))
	n, rest := n.QuoRem(n, powerOfTen(max(-v.exponent, 0)), new(big.Int))
	if rest.Sign() != 0 {
		t.err = errPrecision
	}
	if v.negative != (len(sign) > 0 && sign[0] == '-') {
		n.Neg(n)
	}
	t.sum.Add(&t.sum, n)
}

func powerOfTen(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

func (t *total) microseconds() (int64, error) {
	if t.err == nil && !t.sum.IsInt64() {
		t.err = errDurationRange
	}
	return t.sum.Int64(), t.err
}
