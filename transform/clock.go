package transform

import "errors"

// Units in microseconds.
const (
	second = int64(1_000_000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

var (
	errNotDate   = errors.New("not a date like 2006-01-02")
	errNotTime   = errors.New("not a time of day like 15:04:05")
	errYear      = errors.New("outside of the years 1 to 9999")
	errHour24    = errors.New("24:00, which is written as 00:00 of the next day")
	errLeap      = errors.New("a leap second, which has no place in the column")
	errPrecision = errors.New("digits past the microsecond")
)

// twoDigits reads the number in text[i:i+2]; false if no number stands there.
func twoDigits(text []byte, i int) (int, bool) {
	if len(text) < i+2 || !isDigit(text[i]) || !isDigit(text[i+1]) {
		return 0, false
	}
	return int(text[i]-'0')*10 + int(text[i+1]-'0'), true
}

// readDate reads YYYY-MM-DD as days since 1970-01-01.
func readDate(text []byte) (int32, error) {
	days, rest, err := cutDate(text)
	if err == nil && len(rest) > 0 {
		err = errNotDate
	}
	return days, err
}

// cutDate reads the date that text begins with.
func cutDate(text []byte) (days int32, rest []byte, err error) {
	century, ok1 := twoDigits(text, 0)
	years, ok2 := twoDigits(text, 2)
	month, ok3 := twoDigits(text, 5)
	of, ok4 := twoDigits(text, 8)
	if !ok1 || !ok2 || !ok3 || !ok4 || text[4] != '-' || text[7] != '-' {
		return 0, nil, errNotDate
	}
	year := century*100 + years
	if year == 0 {
		return 0, nil, errYear
	}
	if month < 1 || month > 12 || of < 1 || of > daysOf(year, month) {
		return 0, nil, errNotDate
	}
	return daysSince1970(year, month, of), text[10:], nil
}

// daysOf returns the number of days of a month.
func daysOf(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}

// daysSince1970 counts days in years that begin in March, so that the odd day
// is the last of its year.
func daysSince1970(year, month, of int) int32 {
	y := uint32(year)
	if month < 3 {
		y--
	}
	const before1970 = 719468 // days from the first of March of the year 0
	return int32(365*y+y/4-y/100+y/400+uint32(daysBefore[month%16])+uint32(of)) - 1 - before1970
}

// daysBefore is how many days of a year that begins in March come before a month.
var daysBefore = [16]uint16{1: 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275}

// readTime reads HH:MM, HH:MM:SS or HH:MM:SS.f as microseconds since midnight.
func readTime(text []byte) (int64, error) {
	if len(text) == len("15:04") {
		text = append(text[:len(text):len(text)], ":00"...)
	}
	of, rest, err := cutTime(text)
	if err == nil && len(rest) > 0 {
		err = errNotTime
	}
	return of, err
}

// cutTime reads the HH:MM:SS[.f] that text begins with.
func cutTime(text []byte) (of int64, rest []byte, err error) {
	hours, ok1 := twoDigits(text, 0)
	minutes, ok2 := twoDigits(text, 3)
	seconds, ok3 := twoDigits(text, 6)
	switch {
	case !ok1 || !ok2 || !ok3 || text[2] != ':' || text[5] != ':' || hours > 24 || minutes > 59 || seconds > 60:
		return 0, nil, errNotTime
	case hours == 24:
		return 0, nil, errHour24
	case seconds == 60:
		return 0, nil, errLeap
	}
	of = int64(hours)*hour + int64(minutes)*minute + int64(seconds)*second
	rest = text[8:]
	if len(rest) == 0 || rest[0] != '.' {
		return of, rest, nil
	}
	n := 1
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	if n == 1 {
		return 0, nil, errNotTime
	}
	fraction, err := microseconds(rest[1:n])
	return of + fraction, rest[n:], err
}

// microseconds reads the digits after the point of a second. Those past the
// sixth must be 0.
func microseconds(digits []byte) (int64, error) {
	v := int64(0)
	for i := range max(6, len(digits)) {
		d := int64(0)
		if i < len(digits) {
			d = int64(digits[i] - '0')
		}
		switch {
		case i < 6:
			v = v*10 + d
		case d != 0:
			return 0, errPrecision
		}
	}
	return v, nil
}
