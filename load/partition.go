package load

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"etl/internal/fault"
	"etl/schemas"
)

// A Partition is one level of folders of a data set.
type Partition struct {
	By string // year, month, day or hour of a time; value; bucket
	N  int    // bucket: how many
	Of string // a top-level column
}

// Other is where rows go whose partition value cannot be read back from the
// name of a folder: NULL, what readers take for NULL, the empty text, and
// texts that are too long for a name. The true value stays in the file.
const Other = "_other"

// sliceKey is the key of the folder of a slice.
const sliceKey = "window"

// A level finds the folder of each row on one level. It remembers the values
// that it has met and numbers them from 0.
type level struct {
	key     string // "created_at_month"
	column  int    // in the record
	source  *column
	by      string
	buckets uint64
	zone    *time.Location

	values  []string         // partition values by number
	numbers map[string]int32 // of values
	texts   map[string]int32 // by text as it stands in the column, which is the value too
	ints    map[int64]int32  // by integer as it stands in the column, or by the stamp of a period
	spans   []span           // of the periods that were met, in order
	span    span             // the last one
	edge    [2]int32         // that the last row went along
	below   int32            // the node that it leads to; 0: none yet
	key128  schemas.KeyBuilder
}

// A span is integers of a column that are all of one number, from one to before
// another.
type span struct {
	from, until int64
	number      int32
}

// compare tells whether a span lies before an integer, behind it, or around it.
func (s span) compare(x int64) int {
	switch {
	case s.until <= x:
		return -1
	case s.from > x:
		return 1
	}
	return 0
}

// newLevel checks a level against the columns of the data set.
func newLevel(p Partition, l *layout, zone *time.Location) (*level, error) {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Config, "partitioning by %s of %s: %s", p.By, p.Of, fmt.Sprintf(format, args...))
	}
	v := &level{
		key: p.Of + "_" + p.By, by: p.By, zone: zone, buckets: uint64(p.N),
		numbers: map[string]int32{}, texts: map[string]int32{}, ints: map[int64]int32{},
	}
	for i, c := range l.columns {
		if c.name == p.Of {
			v.column, v.source = i, c
		}
	}
	if v.source == nil || v.source.leaf == nil {
		return nil, bad("the schema has no such column, or it is a list or a struct")
	}
	kind := v.source.source.Kind
	switch p.By {
	case "year", "month", "day", "hour":
		if kind != schemas.Timestamp && (kind != schemas.Date || p.By == "hour") {
			return nil, bad("the column is no timestamp and no date")
		}
	case "bucket":
		if p.N < 1 {
			return nil, bad("there must be at least one bucket")
		}
		fallthrough
	case "value":
		if kind == schemas.Float64 {
			return nil, bad("two floats are hardly ever equal")
		}
	default:
		return nil, bad("only year, month, day, hour, value and bucket are known")
	}
	return v, nil
}

// number returns the number of the value of a row.
func (v *level) number(a arrow.Array, row int) int32 {
	if a.IsNull(row) {
		return v.intern(Other)
	}
	if text, ok := textAt(a, row); ok {
		return v.textNumber(text)
	}
	if x, ok := intAt(a, row); ok {
		return v.intNumber(x)
	}
	return v.intern(v.decimalValue(a, row))
}

func (v *level) textNumber(text string) int32 {
	if n, known := v.texts[text]; known {
		return n
	}
	value := v.textValue(text)
	n := v.intern(value)
	if value == text { // else there may be any number of them
		v.texts[v.values[n]] = n
	}
	return n
}

// intern numbers a partition value.
func (v *level) intern(value string) int32 {
	n, known := v.numbers[value]
	if !known {
		value = strings.Clone(value) // it may lie in a record
		n = int32(len(v.values))
		v.numbers[value] = n
		v.values = append(v.values, value)
	}
	return n
}

func (v *level) intNumber(x int64) int32 {
	switch v.by {
	case "bucket":
		return v.intern(v.intValue(x))
	case "value":
		n, known := v.ints[x]
		if !known {
			n = v.intern(v.intValue(x))
			v.ints[x] = n
		}
		return n
	}
	if v.span.compare(x) == 0 {
		return v.span.number
	}
	place, known := slices.BinarySearchFunc(v.spans, x, span.compare)
	if !known {
		s, ok := v.period(x)
		if !ok {
			return v.intern(Other)
		}
		v.spans = slices.Insert(v.spans, place, s)
	}
	v.span = v.spans[place]
	return v.span.number
}

// period numbers the period around a time, and tells how far it reaches; false:
// a folder cannot be named after it.
func (v *level) period(x int64) (s span, ok bool) {
	at, zone, unit := time.UnixMicro(x), v.zone, int64(1)
	if v.source.source.Kind == schemas.Date {
		if x < math.MinInt32 || x > math.MaxInt32 {
			return s, false
		}
		at, zone, unit = time.Unix(x*86400, 0), time.UTC, 86400e6
	}
	at = at.In(zone)
	if at.Year() < 1 || at.Year() > 9999 {
		return s, false
	}
	stamp := periodStamp(v.by, at)
	n, known := v.ints[stamp]
	if !known {
		n = v.intern(periodName(v.by, at))
		v.ints[stamp] = n
	}
	from, until := periodBounds(v.by, at)
	return span{from / unit, until / unit, n}, true
}

// periodStamp returns a number that only times with the same name of their
// period have.
func periodStamp(by string, t time.Time) int64 {
	y, m, d := t.Date()
	stamp := int64(y) << 32
	switch by {
	case "month":
		stamp |= int64(m)
	case "day":
		stamp |= int64(m)<<8 | int64(d)
	case "hour":
		stamp |= int64(m)<<16 | int64(d)<<8 | int64(t.Hour())
	}
	return stamp
}

func periodName(by string, t time.Time) string {
	switch by {
	case "year":
		return t.Format("2006") + "-01-01"
	case "month":
		return t.Format("2006-01-") + "01"
	case "day":
		return t.Format(time.DateOnly)
	default:
		return t.Format("2006-01-02T15")
	}
}

// periodBounds returns the range of microseconds around t whose times lie in t's
// period and have t's distance from UTC: where clocks are changed it ends, for an
// hour may come twice there.
func periodBounds(by string, t time.Time) (from, until int64) {
	_, offset := t.Zone()
	y, m, d := t.Date()
	start := func(y int, m time.Month, d, hour int) int64 {
		return time.Date(y, m, d, hour, 0, -offset, 0, time.UTC).UnixMicro()
	}
	switch by {
	case "year":
		from, until = start(y, 1, 1, 0), start(y+1, 1, 1, 0)
	case "month":
		from, until = start(y, m, 1, 0), start(y, m+1, 1, 0)
	case "day":
		from, until = start(y, m, d, 0), start(y, m, d+1, 0)
	default:
		from, until = start(y, m, d, t.Hour()), start(y, m, d, t.Hour()+1)
	}
	began, ends := t.ZoneBounds()
	if !began.IsZero() {
		from = max(from, began.UnixMicro())
	}
	if !ends.IsZero() {
		until = min(until, ends.UnixMicro())
	}
	return from, until
}
