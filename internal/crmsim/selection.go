package crmsim

import "sort"

// period is the number of ordinals after which the attributes that lists can
// be filtered and sorted by come round again, so that rows are counted and
// found by arithmetic alone, whatever the number of rows.
const period = 1000

// A selection is the ordinals in [lo, hi) whose remainder by period is in
// residues, which are sorted.
type selection struct {
	lo, hi   int64
	residues []int64
}

// between selects the ordinals in [lo, hi).
func between(lo, hi int64) selection {
	s := selection{lo: lo, hi: max(lo, hi), residues: make([]int64, period)}
	for i := range s.residues {
		s.residues[i] = int64(i)
	}
	return s
}

// where keeps the ordinals whose remainder by period the rule holds for.
func (s selection) where(rule func(residue int64) bool) selection {
	kept := []int64{}
	for _, r := range s.residues {
		if rule(r) {
			kept = append(kept, r)
		}
	}
	s.residues = kept
	return s
}

// within keeps the ordinals in [lo, hi).
func (s selection) within(lo, hi int64) selection {
	s.lo, s.hi = max(s.lo, lo), min(s.hi, hi)
	s.hi = max(s.lo, s.hi)
	return s
}

// below returns the number of ordinals from 0 up to n whose remainder is
// selected.
func (s selection) below(n int64) int64 {
	rest := sort.Search(len(s.residues), func(i int) bool { return s.residues[i] >= n%period })
	return n/period*int64(len(s.residues)) + int64(rest)
}

// count returns the number of ordinals.
func (s selection) count() int64 { return s.below(s.hi) - s.below(s.lo) }

// at returns the ordinal with k smaller ones, for k in [0, count).
func (s selection) at(k int64) int64 {
	k += s.below(s.lo)
	n := int64(len(s.residues))
	return k/n*period + s.residues[k%n]
}

// An order is selections one after another, forwards or backwards.
type order struct {
	parts     []selection
	backwards bool
}

// count returns the number of ordinals.
func (o order) count() int64 {
	var n int64
	for _, s := range o.parts {
		n += s.count()
	}
	return n
}

// at returns the ordinal with k others before it, for k in [0, count).
func (o order) at(k int64) int64 {
	if o.backwards {
		k = o.count() - 1 - k
	}
	for _, s := range o.parts {
		n := s.count()
		if k < n {
			return s.at(k)
		}
		k -= n
	}
	panic("position past the end of a list")
}
