package crmsim

import (
	"fmt"
	"strconv"
	"time"
	_ "time/tzdata" // zones must not depend on the machine
	"unicode/utf8"
)

// A decimal is a number with two digits after the point, counted in hundredths.
type decimal struct {
	hundredths int64
	minusZero  bool // written -0.00, which is 0
}

// append writes d with both digits. Only the wire knows a negative zero.
func (d decimal) append(b []byte, wire bool) []byte {
	n := d.hundredths
	if n < 0 || wire && d.minusZero {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendInt(b, n/100, 10)
	return append(b, '.', byte('0'+n/10%10), byte('0'+n%10))
}

// The zones that points in time are written in. In those with the name of a
// city the text holds no zone, and no fraction of a second.
const (
	zoneUTC    = "Z"
	zoneAlmaty = "+05:00"
	zoneMoscow = "Europe/Moscow"
	zoneWarsaw = "Europe/Warsaw"
)

var (
	almaty = time.FixedZone(zoneAlmaty, 5*60*60)
	moscow = time.FixedZone(zoneMoscow, 3*60*60) // without summer time since 2014
	warsaw = zoneOf(zoneWarsaw)
)

func zoneOf(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // its data is in the program
	}
	return zone
}

// location returns the zone of that name.
func location(zone string) *time.Location {
	switch zone {
	case zoneUTC:
		return time.UTC
	case zoneMoscow:
		return moscow
	case zoneWarsaw:
		return warsaw
	}
	return almaty
}

// local tells whether points in time in a zone are written without it.
func local(zone string) bool { return zone == zoneMoscow || zone == zoneWarsaw }

// micros is a point in time in microseconds since 1970 UTC.
type micros int64

// append writes t as Django REST framework does: digits after the second only
// if there are any, then all six.
func (t micros) append(b []byte, zone string) []byte {
	layout := "2006-01-02T15:04:05.000000Z07:00"
	switch {
	case local(zone):
		layout = time.DateTime
	case t%1e6 == 0:
		layout = "2006-01-02T15:04:05Z07:00"
	}
	return time.UnixMicro(int64(t)).In(location(zone)).AppendFormat(b, layout)
}

// written returns what the text of t in a zone says: without a zone in it, a
// time that clocks show twice, when they are put back, is the first of the two.
func (t micros) written(zone string) micros {
	if !local(zone) {
		return t
	}
	t -= t % 1e6
	at := time.UnixMicro(int64(t)).In(location(zone))
	if before := at.Add(-time.Hour); before.Hour() == at.Hour() {
		return micros(before.UnixMicro())
	}
	return t
}

// appendTruth writes t in UTC, always with six digits.
func (t micros) appendTruth(b []byte) []byte {
	return time.UnixMicro(int64(t)).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}

// The forms of durations.
const (
	durationDjango  = "django"  // -1 23:59:59, Django's duration_string
	durationISO     = "iso"     // -P0DT00H00M01S, Django's duration_iso_string
	durationSeconds = "seconds" // -1.0, Python's total_seconds as text
	durationCount   = "count"   // 90, whole seconds as a number
	durationClock   = "clock"   // 30:00:05, hours that do not end at 24
)

// span is a duration in microseconds.
type span int64

const (
	second span = 1e6
	hour   span = 60 * 60 * second
	day    span = 24 * hour
)

// append writes d in a form.
func (d span) append(b []byte, form string) []byte {
	switch form {
	case durationISO:
		return d.appendISO(b)
	case durationSeconds:
		return d.appendSeconds(b)
	case durationCount:
		return strconv.AppendInt(b, int64(d/second), 10)
	case durationClock:
		s := d / second
		return fmt.Appendf(b, "%02d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	days := d / day
	if d%day < 0 {
		days-- // the time of day is never negative: -1 s is a day less and 23:59:59
	}
	clock := d - days*day
	if days != 0 {
		b = append(strconv.AppendInt(b, int64(days), 10), ' ')
	}
	s := clock / second
	b = fmt.Appendf(b, "%02d:%02d:%02d", s/3600, s/60%60, s%60)
	if clock%second != 0 {
		b = fmt.Appendf(b, ".%06d", clock%second)
	}
	return b
}

func (d span) appendISO(b []byte) []byte {
	if d < 0 {
		b, d = append(b, '-'), -d
	}
	s := d % day / second
	b = fmt.Appendf(b, "P%dDT%02dH%02dM%02d", d/day, s/3600, s/60%60, s%60)
	if d%second != 0 {
		b = fmt.Appendf(b, ".%06d", d%second)
	}
	return append(b, 'S')
}

func (d span) appendSeconds(b []byte) []byte {
	if d < 0 {
		b, d = append(b, '-'), -d
	}
	b = strconv.AppendInt(b, int64(d/second), 10)
	rest := fmt.Appendf(nil, ".%06d", d%second)
	for len(rest) > 2 && rest[len(rest)-1] == '0' {
		rest = rest[:len(rest)-1]
	}
	return append(b, rest...)
}

const hexDigits = "0123456789abcdef"

// appendText writes s as a JSON string. With ascii, everything else is escaped,
// and so is the slash, as many servers do.
func appendText(b []byte, s string, ascii bool) []byte {
	b = append(b, '"')
	plain := 0 // start of what needs no escape
	for i := 0; i < len(s); {
		c := s[i]
		size := 1
		if c >= utf8.RuneSelf && !ascii || c < utf8.RuneSelf && c >= ' ' && c != '"' && c != '\\' && !(ascii && c == '/') {
			i++
			continue
		}
		b = append(b, s[plain:i]...)
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			b = appendRune(b, r)
		} else {
			b = appendEscape(b, c)
		}
		i += size
		plain = i
	}
	return append(append(b, s[plain:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\', '/':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\t':
		return append(b, '\\', 't')
	}
	return appendUnit(b, rune(c))
}

// appendRune writes \uXXXX, or a pair of them above the basic plane.
func appendRune(b []byte, r rune) []byte {
	if r >= 0x10000 {
		r -= 0x10000
		return appendUnit(appendUnit(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
	}
	return appendUnit(b, r)
}

func appendUnit(b []byte, u rune) []byte {
	return append(b, '\\', 'u', hexDigits[u>>12&15], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}
