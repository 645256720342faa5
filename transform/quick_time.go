package transform

import (
	"encoding/binary"
	"slices"
	"time"

	"etl/schemas"
)

// What stands here looks at eight bytes at once: an exclusive or with how a
// value looks when all its digits are 0 leaves digits as 0 to 9, and the bytes
// between them as 0. Adding room then sets the highest bit of every byte that is
// another.
const (
	yearMonth     = 0x2d30302d30303030 // 0000-00-
	monthDay      = 0x30302d30302d3030 // 00-00-00, two digits of the year first
	clockTime     = 0x30303a30303a3030 // 00:00:00
	yearMonthRoom = 0x7f76767f76767676
	pairsRoom     = 0x76767f76767f7676 // of monthDay and clockTime

	microsecondsRoom = 0x7f7676767676767f // of .000000Z
)

// cutDay reads YYYY-MM-DD as days since 1970-01-01.
func cutDay(text []byte, pos int) (days int32, end int) {
	const size = len("2006-01-02")
	if pos < 0 || pos > len(text)-size {
		return 0, none
	}
	x := binary.LittleEndian.Uint64(text[pos:pos+8]) ^ yearMonth
	y := binary.LittleEndian.Uint64(text[pos+2:pos+10]) ^ monthDay
	if (x+yearMonthRoom|x|(y+pairsRoom)|y)&highs != 0 {
		return 0, none
	}
	days, ok := dayOf(x, y)
	if !ok {
		return 0, none
	}
	return days, pos + size
}

// dayOf is the day of a yearMonth and its monthDay.
func dayOf(x, y uint64) (days int32, ok bool) {
	x, y = x*10+x>>8, y*10+y>>8 // pairs of digits, each in the byte of the tens
	year, month, of := int(x&0xff)*100+int(x>>16&0xff), int(x>>40&0xff), int(y>>48&0xff)
	if year == 0 || month < 1 || month > 12 || of < 1 || of > 28 && of > daysOf(year, month) {
		return 0, false
	}
	return daysSince1970(year, month, of), true
}

// timeOf is the time of day of a clockTime.
func timeOf(x uint64) (of int64, ok bool) {
	x = x*10 + x>>8
	hours, minutes, seconds := x&0xff, x>>24&0xff, x>>48&0xff
	return int64((hours*60+minutes)*60+seconds) * second, hours < 24 && minutes < 60 && seconds < 60
}

// cutClock reads HH:MM:SS with at most six digits behind a point.
func cutClock(text []byte, pos int) (of int64, end int) {
	const size = len("15:04:05")
	if pos < 0 || pos > len(text)-size {
		return 0, none
	}
	x := binary.LittleEndian.Uint64(text[pos:pos+size]) ^ clockTime
	if (x+pairsRoom|x)&highs != 0 {
		return 0, none
	}
	of, ok := timeOf(x)
	if !ok {
		return 0, none
	}
	if pos += size; at(text, pos) != '.' {
		return of, pos
	}
	fraction, end := cutMicroseconds(text, pos+1)
	return of + fraction, end
}

// cutMicroseconds reads at most six digits of a second as microseconds.
func cutMicroseconds(text []byte, pos int) (int64, int) {
	if pos >= 0 && pos <= len(text)-8 {
		if x := eightDigits(text[pos : pos+8]); noDigits(x)&(highs>>8) == 0x80<<48 {
			return together(x, 6), pos + 6
		}
	}
	fraction, n := fewDigits(text, pos)
	if n == 0 || n > 6 {
		return 0, none
	}
	return fraction * powers[6-n], pos + n
}

// cutOffset reads ±HH:MM.
func cutOffset(text []byte, pos int) (offset int64, end int) {
	const size = len("+00:00")
	if c := at(text, pos); c != '+' && c != '-' || len(text)-pos < size {
		return 0, none
	}
	hours, ok1 := twoDigits(text, pos+1)
	minutes, ok2 := twoDigits(text, pos+4)
	if !ok1 || !ok2 || text[pos+3] != ':' || hours > 23 || minutes > 59 {
		return 0, none
	}
	offset = int64(hours)*hour + int64(minutes)*minute
	if text[pos] == '-' {
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

// A durationPlan reads durations with colons, in the first form that has such,
// and seconds as a number, or as a text if that is the first form. No text is of
// both kinds.
type durationPlan struct {
	*scanner
	buffer                *fixed[int64]
	seconds, secondsFirst bool
	clock, days           bool // there may be colons, and days before them
}

func newDurationPlan(s *scanner, b *fixed[int64], forms []schemas.DurationForm) *durationPlan {
	p := &durationPlan{scanner: s, buffer: b, secondsFirst: forms[0] == schemas.SecondsDuration}
	p.seconds = slices.Contains(forms, schemas.SecondsDuration)
	clock := slices.IndexFunc(forms, func(f schemas.DurationForm) bool { return f == schemas.DjangoDuration || f == schemas.HMSDuration })
	p.clock, p.days = clock >= 0, clock >= 0 && forms[clock] == schemas.DjangoDuration
	return p
}

func (p *durationPlan) scan(text []byte, pos int) int {
	v, end := int64(0), none
	quoted := text[pos] == '"'
	if p.seconds && !quoted || p.secondsFirst {
		v, end = quickSeconds(text, pos)
	}
	if end < 0 && quoted && p.clock {
		v, end = quickClock(text, pos+1, p.days)
	}
	if end < 0 {
		return p.node(p.buffer, text, pos)
	}
	p.buffer.append(v)
	return end
}

// quickClock reads "[-][D ]HH:MM:SS[.f]" behind its quote: days, if they may be
// there, with a sign of their own, then a time of day.
func quickClock(text []byte, pos int, days bool) (int64, int) {
	sign, before := int64(1), int64(0)
	if at(text, pos) == '-' {
		sign, pos = -1, pos+1
	}
	if days && at(text, pos+2) != ':' {
		n, end := fewWhole(text, pos)
		if at(text, end) != ' ' {
			return 0, none
		}
		before, sign, pos = sign*n*day, 1, end+1
	}
	of, end := cutClock(text, pos)
	return before + sign*of, closed(text, end)
}

// A timestampPlan reads RFC 3339, and the layouts datetime and date if no other
// comes first.
type timestampPlan struct {
	*scanner
	buffer *fixed[int64]
	*zoned
}

func (p *timestampPlan) scan(text []byte, pos int) int {
	v, end := p.usual(text, pos)
	if end < 0 {
		v, end = p.other(text, pos)
	}
	if end < 0 || p.buffer.within != nil && p.buffer.within(v) != nil {
		return p.node(p.buffer, text, pos)
	}
	p.buffer.append(v)
	return end
}

func newZoned(layouts []string, zone *time.Location) *zoned {
	if other := slices.IndexFunc(layouts, func(l string) bool { return l != time.DateTime && l != time.DateOnly }); other >= 0 {
		layouts = layouts[:other]
	}
	return &zoned{
		zone:  zone,
		clock: zone != nil && slices.Contains(layouts, time.DateTime),
		date:  zone != nil && slices.Contains(layouts, time.DateOnly),
	}
}

// A zoned reads timestamps; wall times are those of its zone. It remembers the
// offset of the stretch between two changes of clocks in which the last one lay.
type zoned struct {
	zone        *time.Location
	clock, date bool  // there are wall times, with a time of day or without
	from, until int64 // wall times at which offset is surely right
	offset      int64
}

// usual reads RFC 3339 in UTC with six digits behind the point or with none.
func (z *zoned) usual(text []byte, pos int) (v int64, end int) {
	const size = len(`"2006-01-02T15:04:05.000000Z"`)
	if pos < 0 || pos > len(text)-size {
		return 0, none
	}
	t := text[pos : pos+size]
	x := binary.LittleEndian.Uint64(t[1:]) ^ yearMonth
	y := binary.LittleEndian.Uint64(t[3:]) ^ monthDay
	c := binary.LittleEndian.Uint64(t[12:]) ^ clockTime
	if (x+yearMonthRoom|x|(y+pairsRoom)|y|(c+pairsRoom)|c)&highs != 0 || t[0] != '"' || t[11] != 'T' {
		return 0, none
	}
	days, ok1 := dayOf(x, y)
	of, ok2 := timeOf(c)
	f := eightDigits(t[20:28]) ^ ('.' ^ '0') ^ ('Z'^'0')<<56
	switch v = int64(days)*day + of; {
	case !ok1 || !ok2:
		return 0, none
	case (f+microsecondsRoom|f)&highs == 0 && t[28] == '"':
		return v + together(f>>8, 6), pos + size
	case t[20] == 'Z' && t[21] == '"':
		return v, pos + len(`"2006-01-02T15:04:05Z"`)
	}
	return 0, none
}

// other reads any usual spelling.
func (z *zoned) other(text []byte, pos int) (int64, int) {
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
		if at(text, end) == 'Z' {
			end++
		} else {
			offset, end = cutOffset(text, end)
		}
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
