package pipeline

import (
	"context"

	"etl/extract"
	"etl/internal/fault"
	"etl/schemas"
)

// A chain follows the pages of a list that overlap by a row. Rows in the order
// of a key that never changes can only move as a whole, so where each page
// begins with a row of the page before it, none was skipped.
type chain struct {
	unit, list int
	id         pageID // of the page before
	keys       map[schemas.Key]bool
	full       bool // that page held as many records as were asked for
}

// A gap is a boundary between two pages of a list that does not hold: rows may
// have been skipped between them.
type gap struct{ before, after pageID }

// link takes the next page in plan order. It returns how many of its first rows
// are known from the page before, and whether the boundary between the two holds.
func (c *chain) link(item decoded) (known int, holds bool) {
	keys := item.batch.Keys
	first := c.keys == nil || c.unit != item.unit || c.list != item.list
	if !first {
		for known < len(keys) && c.keys[keys[known]] {
			known++
		}
		holds = known > 0 || len(item.page.Records) == 0 && !c.full
		for _, key := range keys[known:] {
			holds = holds && !c.keys[key] // else the list is in no order
		}
	}
	c.unit, c.list, c.id = item.unit, item.list, item.id
	c.full = item.page.Size > 0 && len(item.page.Records) >= item.page.Size
	c.keys = make(map[schemas.Key]bool, len(keys))
	for _, key := range keys {
		c.keys[key] = true
	}
	return known, first || holds
}

// bridge reads, for each gap, the page that now lies right before the second
// page of the gap, and puts it between the two.
func (t *take) bridge(ctx context.Context, b *built) (bool, error) {
	if t.reading.again+int64(len(b.gaps)) > allowance(b) {
		return false, nil
	}
	for _, g := range b.gaps {
		if err := t.reading.putBetween(ctx, g); err != nil {
			return false, err
		}
	}
	return len(b.gaps) > 0, nil
}

// allowance is how many requests may be made again: a tenth of those so far,
// and at least four.
func allowance(b *built) int64 { return max(4, b.counts.Pages/10) }

// putBetween fills a gap with the page that lies before its second page.
func (r *reading) putBetween(ctx context.Context, g gap) error {
	r.mu.Lock()
	before, after := r.pages[g.before], r.pages[g.after]
	r.mu.Unlock()
	if before == nil || after == nil {
		return fault.New(fault.Bug, "filling a gap of pipeline %s: its pages are not kept", r.t.p.Name)
	}
	at := after.at
	at.Offset = max(0, at.Offset-max(1, before.records-r.t.p.Overlap()))
	return r.insert(ctx, g.before, g.after, at)
}

// insert reads a page and puts it between two others.
func (r *reading) insert(ctx context.Context, before, after pageID, at extract.Position) error {
	id := after
	low := 0
	if before.number == id.number {
		low = before.part
	}
	id.part = (low + after.part) / 2
	page, err := r.t.list(id.unit, id.list).Fetch(ctx, at)
	if err != nil {
		return err
	}
	r.again++
	if err := r.keep(id, page); err != nil {
		return err
	}
	r.accept(id)
	return r.end(id.unit)
}
