package transform

import (
	"slices"
	"time"
)

// pair returns the number of two digits; something above 99 if they are none.
func pair(tens, units byte) int {
	tens, units = tens-'0', units-'0'
	if tens > 9 || units > 9 {
		return 1000
	}
	return int(tens)*10 + int(units)
}

// cutDay reads YYYY-MM-DD as days since 1970-01-01.
func cutDay(text []byte, pos int) (days int32, end int) {
	const size = len("2006-01-02")
	if len(text)-pos < size {
		return 0, none
	}
	t := text[pos : pos+size]
	century, years := pair(t[0], t[1]), pair(t[2], t[3])
	year, month, of := century*100+years, pair(t[5], t[6]), pair(t[8], t[9])
	if t[4] != '-' || t[7] != '-' || century > 99 || years > 99 || year == 0 || month < 1 || month > 12 || of < 1 || of > 28 && of > daysOf(year, month) {
		return 0, none
	}
	return daysSince1970(year, month, of), pos + size
}

// cutClock reads HH:MM:SS with at most six digits behind a point.
func cutClock(text []byte, pos int) (of int64, end int) {
	const size = len("15:04:05")
	if len(text)-pos < size {
		return 0, none
	}
	t := text[pos : pos+size]
	hours, minutes, seconds := pair(t[0], t[1]), pair(t[3], t[4]), pair(t[6], t[7])
	if t[2] != ':' || t[5] != ':' || hours > 23 || minutes > 59 || seconds > 59 {
		return 0, none
	}
	of = int64(hours)*hour + int64(minutes)*minute + int64(seconds)*second
	end = pos + size
	if at(text, end) != '.' {
		return of, end
	}
	fraction, n := fewDigits(text, end+1)
	if n == 0 || n > 6 {
		return 0, none
	}
	return of + fraction*powers[6-n], end + 1 + n
}

// cutOffset reads Z or ±HH:MM.
func cutOffset(text []byte, pos int) (offset int64, end int) {
	const size = len("+00:00")
	switch c := at(text, pos); {
	case c == 'Z':
		return 0, pos + 1
	case c != '+' && c != '-' || len(text)-pos < size:
		return 0, none
	}
	t := text[pos : pos+size]
	hours, minutes := pair(t[1], t[2]), pair(t[4], t[5])
	if t[3] != ':' || hours > 23 || minutes > 59 {
		return 0, none
	}
	offset = int64(hours)*hour + int64(minutes)*minute
	if t[0] == '-' {
		offset = -offset
	}
	return offset, pos + size
}

// closed returns the end of a string whose text ends at pos.
func closed(text []byte, pos int) int {
	if pos < 0 || at(text, pos) != '"' {
		return none
	}
	return pos + 1
}

func quickDate(text []byte, pos int) (int32, int) {
	if text[pos] != '"' {
		return 0, none
	}
	days, end := cutDay(text, pos+1)
	return days, closed(text, end)
}

func quickTime(text []byte, pos int) (int64, int) {
	if text[pos] != '"' {
		return 0, none
	}
	of, end := cutClock(text, pos+1)
	return of, closed(text, end)
}

// maxDays is surely in range in microseconds.
const maxDays = 10_000_000

// quickClock reads "[-][D ]HH:MM:SS[.f]" behind its quote: days, if they may be
// there, with a sign of their own, then a time of day.
func quickClock(text []byte, pos int, days bool) (int64, int) {
	sign, before := int64(1), int64(0)
	if at(text, pos) == '-' {
		sign, pos = -1, pos+1
	}
	if days && at(text, pos+2) != ':' {
		n, _, end := cutNumber(text, pos)
		if end < 0 || n < 0 || n > maxDays || at(text, end) != ' ' {
			return 0, none
		}
		before, sign, pos = sign*n*day, 1, end+1
	}
	of, end := cutClock(text, pos)
	return before + sign*of, closed(text, end)
}

// quickTimestamp reads RFC 3339, and the layouts datetime and date if no other
// comes first.
func quickTimestamp(layouts []string, zone *time.Location) func([]byte, int) (int64, int) {
	z := &zoned{zone: zone}
	if other := slices.IndexFunc(layouts, func(l string) bool { return l != time.DateTime && l != time.DateOnly }); other >= 0 {
		layouts = layouts[:other]
	}
	z.clock = zone != nil && slices.Contains(layouts, time.DateTime)
	z.date = zone != nil && slices.Contains(layouts, time.DateOnly)
	return z.quick
}

// A zoned reads timestamps; wall times are those of its zone. It remembers the
// offset of the stretch between two changes of clocks in which the last one lay.
type zoned struct {
	zone        *time.Location
	clock, date bool  // there are wall times, with a time of day or without
	from, until int64 // wall times at which offset is surely right
	offset      int64
}

func (z *zoned) quick(text []byte, pos int) (int64, int) {
	if text[pos] != '"' {
		return 0, none
	}
	days, end := cutDay(text, pos+1)
	if end < 0 {
		return 0, none
	}
	v, of, offset := int64(days)*day, int64(0), int64(0)
	switch c := at(text, end); {
	case c == 'T':
		if of, end = cutClock(text, end+1); end < 0 {
			return 0, none
		}
		offset, end = cutOffset(text, end)
		v += of - offset
	case c == ' ' && z.clock:
		of, end = cutClock(text, end+1)
		v = z.instant(v + of)
	case c == '"' && z.date:
		v = z.instant(v)
	default:
		return 0, none
	}
	if v < firstTimestamp || v > lastTimestamp {
		return 0, none
	}
	return v, closed(text, end)
}

// margin is more than any clocks are ahead of UTC or put forward or back, in
// microseconds.
const margin = 2 * day

// instant resolves a wall time, both in microseconds since 1970-01-01.
func (z *zoned) instant(wall int64) int64 {
	if z.from <= wall && wall < z.until {
		return wall - z.offset
	}
	t := resolve(time.UnixMicro(wall).UTC(), z.zone)
	from, until := int64(firstTimestamp), int64(lastTimestamp)
	start, end := t.In(z.zone).ZoneBounds()
	if !start.IsZero() {
		from = start.UnixMicro() + margin
	}
	if !end.IsZero() {
		until = end.UnixMicro() - margin
	}
	if from <= wall && wall < until {
		z.from, z.until, z.offset = from, until, wall-t.UnixMicro()
	}
	return t.UnixMicro()
}
