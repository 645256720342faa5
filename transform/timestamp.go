package transform

import (
	"errors"
	"strings"
	"time"
)

var (
	errNotTimestamp = errors.New("not a timestamp of RFC 3339 or of a declared layout")
	errNoZone       = errors.New("a timestamp without zone, and the source has no timezone")
)

// A timestamps reads timestamps as microseconds since 1970-01-01 UTC: RFC 3339
// first, then each layout. What has no zone is taken in the source's.
type timestamps struct {
	layouts []string // of Go's time package
	zone    *time.Location
}

func (r timestamps) read(text []byte) (int64, error) {
	v, err := readRFC3339(text)
	for _, layout := range r.layouts {
		if err == nil || errors.Is(err, errPrecision) {
			break
		}
		if w, werr := r.readLayout(layout, string(text)); !errors.Is(werr, errNotTimestamp) {
			v, err = w, werr
		}
	}
	if err == nil && (v < firstTimestamp || v > lastTimestamp) {
		err = errYear
	}
	return v, err
}

// The first and the last microsecond of the years 1 to 9999 in UTC, which is
// what DuckDB, BigQuery and Parquet readers agree on.
const (
	firstTimestamp = -719162 * day
	lastTimestamp  = 2932897*day - 1
)

// readRFC3339 reads YYYY-MM-DDTHH:MM:SS[.f] with Z or ±HH:MM behind it; T and Z
// may be lower case. RFC 3339 has no 24:00; its leap seconds are refused, since
// no microsecond since 1970 stands for them.
func readRFC3339(text []byte) (int64, error) {
	days, rest, err := cutDate(text)
	if err != nil {
		return 0, errNotTimestamp
	}
	if len(rest) == 0 || rest[0] != 'T' && rest[0] != 't' {
		return 0, errNotTimestamp
	}
	of, rest, err := cutTime(rest[1:])
	if errors.Is(err, errNotTime) {
		return 0, errNotTimestamp
	} else if err != nil {
		return 0, err
	}
	offset, ok := readOffset(rest)
	if !ok {
		return 0, errNotTimestamp
	}
	return int64(days)*day + of - offset, nil
}

func readOffset(text []byte) (int64, bool) {
	if len(text) == 1 {
		return 0, text[0] == 'Z' || text[0] == 'z'
	}
	if len(text) != len("+00:00") || text[3] != ':' || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	hours, ok1 := twoDigits(text, 1)
	minutes, ok2 := twoDigits(text, 4)
	offset := int64(hours)*hour + int64(minutes)*minute
	if text[0] == '-' {
		offset = -offset
	}
	return offset, ok1 && ok2 && hours < 24 && minutes < 60
}

// readLayout reads text by a layout of Go's time package. The error is
// errNotTimestamp if the text is of another layout.
func (r timestamps) readLayout(layout, text string) (int64, error) {
	t, err := time.ParseInLocation(layout, text, time.UTC)
	if err != nil {
		return 0, errNotTimestamp
	}
	if t.Nanosecond()%1000 != 0 || longFraction(text) {
		return 0, errPrecision
	}
	if t.Year() < 1 || t.Year() > 9999 {
		return 0, errYear
	}
	if hasOffset(layout) {
		return t.UnixMicro(), nil
	}
	if r.zone == nil {
		return 0, errNoZone
	}
	return resolve(t, r.zone).UnixMicro(), nil
}

func hasOffset(layout string) bool {
	return strings.Contains(layout, "Z07") || strings.Contains(layout, "-07")
}

// longFraction tells whether digits that Go drops, those after the ninth behind
// a point or comma, are other than 0.
func longFraction(text string) bool {
	run := -1 // digits since the point
	for _, c := range []byte(text) {
		switch {
		case c == '.' || c == ',':
			run = 0
		case !isDigit(c):
			run = -1
		case run >= 0:
			if run++; run > 9 && c != '0' {
				return true
			}
		}
	}
	return false
}

// resolve returns the instant at which clocks in a zone show the wall time of t,
// whose own zone is UTC. Where they show it twice, because they were put back,
// it is the first time. Where they never show it, because they were put
// forward, it is as far behind the gap as t is inside: 02:30 becomes 03:30.
func resolve(t time.Time, zone *time.Location) time.Time {
	near := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	start, end := near.ZoneBounds()
	for _, change := range []time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		before, after := offsetAt(change.Add(-1), zone), offsetAt(change, zone)
		first, second := t.Add(-before), t.Add(-after)
		switch inGap := before < after && !first.Before(change) && second.Before(change); {
		case inGap:
			return first
		case before > after && first.Before(change) && !second.Before(change):
			return first
		}
	}
	return near
}

// offsetAt is how far clocks in a zone are ahead of UTC.
func offsetAt(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
