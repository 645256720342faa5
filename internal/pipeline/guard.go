package pipeline

import (
	"fmt"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"etl/internal/fault"
	"etl/load"
)

// goneFloor is how many parents may be gone whatever their share.
const goneFloor = 5

// checkGone refuses a reading in which too many of the asked parents are gone:
// more likely the requests are wrong than the parents.
func (t *take) checkGone(b *built) error {
	gone, all := b.counts.Gone, b.counts.Gone+b.counts.Asked
	if gone > goneFloor && float64(gone) > t.p.MaxGone*float64(all) && !t.o.AllowShrink {
		return fault.New(fault.Data, "pipeline %s: %d of %d asked parents are gone, more than max_gone allows", t.p.Name, gone, all).
			WithHint("if they really are, run once with --allow-shrink")
	}
	return nil
}

// checkShrink refuses a commit that would lose most of the rows of the data
// set, or of the slice that it replaces; and a first one with too few.
func (t *take) checkShrink(b *built, before, after int64, slice string) error {
	short := float64(after) < float64(before)*(1-t.p.MaxShrink)
	if before > 0 {
		t.checked(b, load.Check{Check: "max_shrink", Slice: slice, Limit: fmt.Sprintf("%g%%", t.p.MaxShrink*100), Checked: before}, short, before-after)
	}
	if short && !t.o.AllowShrink {
		what := "the data set"
		if slice != "" {
			what = "slice " + slice
		}
		return fault.New(fault.Data, "pipeline %s: %s would shrink from %d rows to %d", t.p.Name, what, before, after).
			WithHint("if the source really lost them, run once with --allow-shrink")
	}
	if t.base != nil || t.p.MinRows == 0 || slice != "" {
		return nil
	}
	few := after < t.p.MinRows
	t.checked(b, load.Check{Check: "min_rows", Limit: strconv.FormatInt(t.p.MinRows, 10), Checked: after}, few, t.p.MinRows-after)
	if few {
		return fault.New(fault.Data, "pipeline %s: the first commit would have %d rows, and min_rows asks for %d", t.p.Name, after, t.p.MinRows)
	}
	return nil
}

// checked notes a check of rows; if it failed, by so many of them.
func (t *take) checked(b *built, c load.Check, failed bool, by int64) {
	if failed {
		c.Failed = by
	}
	b.checks = append(b.checks, c)
	t.result.addCheck(c)
}

// rowsOf counts the rows of files, of one slice or of all.
func rowsOf(files []load.File, slice string) (rows int64) {
	for _, f := range files {
		if slice == "" || f.Slice == slice {
			rows += f.Rows
		}
	}
	return rows
}

// checkSlice holds the field of the window against the slice: some servers
// ignore a filter that they do not know, and give everything.
func (t *take) checkSlice(rows arrow.Record) error {
	w := t.p.Window
	if w == nil || w.Field == "" {
		return nil
	}
	i := rows.Schema().FieldIndices(w.Field)[0]
	for row := range int(rows.NumRows()) {
		at, ok := t.instant(rows.Column(i), row)
		if !ok || at.Before(t.since) || !at.Before(t.until) {
			return fault.New(fault.Data, "pipeline %s: %s of a row lies outside of the slice: the filter had no effect", t.p.Name, w.Field).
				WithHint("check the names of the parameters that take {since:…} and {until:…}")
		}
	}
	return nil
}

// instant returns the instant of a timestamp, or the first one of a date.
func (t *take) instant(column arrow.Array, row int) (time.Time, bool) {
	if column.IsNull(row) {
		return time.Time{}, false
	}
	switch c := column.(type) {
	case *array.Timestamp:
		return time.UnixMicro(int64(c.Value(row))), true
	case *array.Date32:
		y, m, d := c.Value(row).ToTime().Date()
		return time.Date(y, m, d, 0, 0, 0, 0, t.p.Source.Zone), true
	}
	return time.Time{}, false
}
