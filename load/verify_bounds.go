package load

import (
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"etl/schemas"
)

// bounds holds the least and the greatest value of partition columns, as the
// file has them, against the partition: of times and integers. The zone of days
// is not known here, so that a time may lie a day beside.
func (v *verifier) bounds(r *reader, f File) {
	for key, value := range f.Partition {
		at := strings.LastIndexByte(key, '_')
		if at < 0 || value == Other {
			continue
		}
		c := v.layout.column(key[:at])
		if c == nil || c.leaf == nil {
			v.find(f.Path, "it is partitioned by %s, but there is no such column", key)
			continue
		}
		low, high, ok := r.integers(c.leaf)
		if ok && !within(c.source.Kind, key[at+1:], value, low, high) {
			v.find(f.Path, "it has rows that do not belong into the partition %s", folderName(key, value))
		}
	}
}

// integers returns the least and the greatest value of a leaf in a file, false
// if it has none or they are no integers.
func (r *reader) integers(l *leaf) (low, high int64, ok bool) {
	if l.text || l.kind != parquet.Int32 && l.kind != parquet.Int64 {
		return 0, 0, false
	}
	for _, group := range r.file.Metadata().RowGroups {
		m := &group.Columns[l.index].MetaData
		if m.Statistics.NullCount == m.NumValues {
			continue
		}
		least, most := bound(l.kind, m.Statistics.MinValue), bound(l.kind, m.Statistics.MaxValue)
		if !ok {
			low, high, ok = least, most, true
		}
		low, high = min(low, least), max(high, most)
	}
	return low, high, ok
}

// within tells whether values from low to high may all lie in a partition.
func within(k schemas.Kind, by, value string, low, high int64) bool {
	if by == "value" {
		return k == schemas.Decimal || plainText(k, low) == value && plainText(k, high) == value
	}
	from, until, ok := period(by, value)
	if !ok {
		return by == "bucket"
	}
	first, last := time.UnixMicro(low), time.UnixMicro(high)
	if k == schemas.Date {
		first, last = time.Unix(low*86400, 0), time.Unix(high*86400, 0)
	}
	return !first.Before(from.AddDate(0, 0, -1)) && last.Before(until.AddDate(0, 0, 1))
}

// period returns the ends of a partition by time.
func period(by, value string) (from, until time.Time, ok bool) {
	if !slices.Contains([]string{"year", "month", "day", "hour"}, by) {
		return from, until, false
	}
	layout := time.DateOnly
	if by == "hour" {
		layout = "2006-01-02T15"
	}
	from, err := time.Parse(layout, value)
	switch by {
	case "year":
		until = from.AddDate(1, 0, 0)
	case "month":
		until = from.AddDate(0, 1, 0)
	case "day":
		until = from.AddDate(0, 0, 1)
	default:
		until = from.Add(time.Hour)
	}
	return from, until, err == nil
}
