package crmsim

import "sort"

// Children are the rows of a stream that belong to the rows of another, their
// parents, in the order of these: so many for each, which the parent's
// remainder by period decides. They are counted and found by arithmetic.
type children struct {
	table
	before [period + 1]int64 // by remainder: children of the parents before it in a period
}

// newChildren returns children of a stream, at most so many for each parent.
func newChildren(o Options, name string, most int64) *children {
	c := &children{table: newTable(o, name, 0)}
	for r := range int64(period) {
		d := dice(mix(c.seed ^ uint64(r)))
		c.before[r+1] = c.before[r] + d.below(most+1)
	}
	return c
}

// first returns the ordinal of the first child of a parent, or of the next
// parent that has one.
func (c *children) first(parent int64) int64 {
	return parent/period*c.before[period] + c.before[parent%period]
}

// count returns the number of children of a parent, or of its remainder.
func (c *children) count(parent int64) int64 {
	return c.before[parent%period+1] - c.before[parent%period]
}

// parent returns the parent of a child, and which of its children it is.
func (c *children) parent(child int64) (parent, i int64) {
	whole, rest := child/c.before[period], child%c.before[period]
	r := sort.Search(period, func(r int) bool { return c.before[r+1] > rest })
	return whole*period + int64(r), rest - c.before[r]
}

// of returns the range of the children of the parents in a range.
func (c *children) of(parents func() (lo, hi int64)) func() (lo, hi int64) {
	return func() (lo, hi int64) {
		lo, hi = parents()
		return c.first(lo), c.first(hi)
	}
}
