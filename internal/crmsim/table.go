package crmsim

import (
	"math"
	"sort"
	"sync/atomic"
	"time"
)

// A table is the rows of one stream by ordinal: how many there are, which ids
// they have, and when they came to be.
type table struct {
	seed    uint64
	size    int64 // rows at the start
	changed int64 // so many of the first rows were changed later
	lists   *atomic.Int64
	// From list request number deleteAt on, the first rows are gone; from
	// insertAt on, there are more at the end. 0: never.
	deleteAt, deleted  int64
	insertAt, inserted int64
	changeAt, changing int64 // from then on, so many of the first rows were changed
}

// newTable returns the table of a stream with base rows at scale 1.
func newTable(o Options, name string, base float64) table {
	size := int64(math.Round(base * o.Scale))
	if size == 0 && o.Scale > 0 {
		size = 1
	}
	return table{seed: mix(o.Seed ^ hash(name)), size: size, lists: new(atomic.Int64)}
}

// list counts a list request and returns the rows that it meets.
func (t table) list() (lo, hi int64) { return t.after(t.lists.Add(1)) }

// now returns the rows that there are after the list requests so far.
func (t table) now() (lo, hi int64) { return t.after(t.lists.Load()) }

// final returns the rows that there are after all that is to happen.
func (t table) final() (lo, hi int64) { return t.after(math.MaxInt64) }

func (t table) after(lists int64) (lo, hi int64) {
	hi = t.size
	if t.deleteAt > 0 && lists >= t.deleteAt {
		lo = min(t.deleted, hi)
	}
	if t.insertAt > 0 && lists >= t.insertAt {
		hi += t.inserted
	}
	return lo, hi
}

// changes returns how many of the first rows have changed after the list
// requests so far.
func (t table) changes() int64 {
	if t.changeAt > 0 && t.lists.Load() >= t.changeAt {
		return max(t.changed, t.changing)
	}
	return t.changed
}

// settled returns the table as it is after all changes.
func (t table) settled() table {
	if t.changeAt > 0 {
		t.changed, t.changeAt = max(t.changed, t.changing), 0
	}
	return t
}

// id returns the id of ordinal n. Ids grow with gaps between them.
func (t table) id(n int64) int64 { return int64(t.seed%1000) + 1 + n*7 + n%5 }

// ordinal returns the ordinal with an id among [lo, hi).
func (t table) ordinal(id, lo, hi int64) (int64, bool) {
	n := lo + int64(sort.Search(int(hi-lo), func(i int) bool { return t.id(lo+int64(i)) >= id }))
	return n, n < hi && t.id(n) == id
}

// row returns row n, to be written with e.
func (t table) row(e *encoder, n int64) row {
	seed := mix(t.seed + uint64(n))
	if n < t.changes() {
		seed = mix(seed)
	}
	e.ascii = n%7 == 3
	return row{e, seed, n}
}

// history is the time that the rows at the start came to be in.
const history = 540 * day

// began returns the time of the first row.
func began() micros {
	return micros(time.Date(2025, 1, 1, 0, 0, 0, 0, almaty).UnixMicro())
}

// firstMonth is the month of the first row, in zones to the west of where began
// counts.
const firstMonth = "2024-12-01"

// created returns when ordinal n came to be. It grows with n.
func (t table) created(n int64) micros {
	step := t.step()
	from := began() + micros(n)*step
	at := from + micros(mix(t.seed^uint64(n))%uint64(step))
	if at%2 == 0 && step > 2e6 { // half of them without a fraction of a second
		at -= at % 1e6
		if at < from {
			at += 1e6
		}
	}
	return at
}

func (t table) step() micros { return max(micros(history)/micros(max(t.size, 1)), 1) }

// updated returns when ordinal n was last changed. It grows with n, but for
// the rows that were changed later than all others.
func (t table) updated(n int64) micros {
	if n < t.changes() {
		return began() + micros(history+60*day) + micros(n)*1e6
	}
	return t.created(n + 1)
}

// from returns the first ordinal in [0, hi) that came to be at or after t0.
func (t table) from(t0 micros, hi int64) int64 {
	return int64(sort.Search(int(hi), func(n int) bool { return t.created(int64(n)) >= t0 }))
}
