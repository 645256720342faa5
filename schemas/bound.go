package schemas

import (
	"cmp"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// bounds reads min and max, which leave room for a value between them.
func (r *reader) bounds(c *Column, low, high entry) {
	c.Min, c.Max = r.text(low), r.text(high)
	before := len(r.mistakes)
	r.bound(low, c.Min, c.Type)
	r.bound(high, c.Max, c.Type)
	if len(r.mistakes) == before && c.Min != "" && c.Max != "" && compareBounds(c.Type.Kind, c.Min, c.Max) > 0 {
		r.add(high.position(), high.path, "", "max is less than min")
	}
}

// bound checks min or max: a plain number that the type holds, a date, or a time
// with its zone.
func (r *reader) bound(e entry, s string, t Type) {
	if s == "" {
		return
	}
	switch t.Kind {
	case Int32, Int64, Float64, Decimal, Date, Timestamp:
		if !fits(s, t) {
			r.add(e.position(), e.path, "", "%q is no %s", s, t)
		}
	default:
		r.add(e.at, e.path, "", "goes with numbers, dates and timestamps only")
	}
}

var numberText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// fits tells whether a bound is a value of its type.
func fits(s string, t Type) bool {
	switch t.Kind {
	case Int32, Int64:
		return isInt(s, intBits(t.Kind))
	case Float64:
		_, err := strconv.ParseFloat(s, 64)
		return numberText.MatchString(s) && err == nil
	case Decimal:
		whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
		return numberText.MatchString(s) && len(strings.TrimPrefix(whole, "0")) <= t.Precision-t.Scale &&
			len(strings.TrimRight(fraction, "0")) <= t.Scale
	case Date:
		at, err := time.Parse(time.DateOnly, s)
		return err == nil && at.Year() > 0
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	return err == nil && at.Nanosecond()%1000 == 0 && at.UTC().Year() > 0 && at.UTC().Year() <= 9999
}

// compareBounds compares two bounds that fit their type.
func compareBounds(kind Kind, a, b string) int {
	switch kind {
	case Date:
		return cmp.Compare(a, b)
	case Timestamp:
		x, _ := time.Parse(time.RFC3339Nano, a) // both fit
		y, _ := time.Parse(time.RFC3339Nano, b)
		return x.Compare(y)
	}
	x, _ := new(big.Rat).SetString(a)
	y, _ := new(big.Rat).SetString(b)
	return x.Cmp(y)
}
