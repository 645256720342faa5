package pipeline

import (
	"etl/internal/fault"
	"etl/load"
)

// goneFloor is how many parents may be gone whatever their share.
const goneFloor = 5

// checkGone refuses a reading in which too many of the asked parents are gone:
// more likely the requests are wrong than the parents.
func (t *take) checkGone(b *built) error {
	share := t.p.MaxGone
	if share == 0 {
		share = 0.1
	}
	gone, all := b.counts.Gone, b.counts.Gone+b.counts.Asked
	if gone > goneFloor && float64(gone) > share*float64(all) && !t.o.AllowShrink {
		return fault.New(fault.Data, "pipeline %s: %d of %d asked parents are gone, more than max_gone allows", t.p.Name, gone, all).
			WithHint("if they really are, run once with --allow-shrink")
	}
	return nil
}

// checkShrink refuses a commit that would lose most of the rows of the data
// set, or of the slice that it replaces.
func (t *take) checkShrink(before, after int64, what string) error {
	allowed := t.p.MaxShrink
	if allowed == 0 {
		allowed = 0.5
	}
	if before > 0 && float64(after) < float64(before)*(1-allowed) && !t.o.AllowShrink {
		return fault.New(fault.Data, "pipeline %s: %s would shrink from %d rows to %d", t.p.Name, what, before, after).
			WithHint("if the source really lost them, run once with --allow-shrink")
	}
	if t.base == nil && after < t.p.MinRows {
		return fault.New(fault.Data, "pipeline %s: the first commit would have %d rows, and min_rows asks for %d", t.p.Name, after, t.p.MinRows)
	}
	return nil
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
