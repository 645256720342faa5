package crmsim

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzOrderIsThatOfATable compares the arithmetic with looking at every row.
func FuzzOrderIsThatOfATable(f *testing.F) {
	f.Add(uint16(0), uint16(2500), uint8(4), uint8(1), false)
	f.Add(uint16(999), uint16(1001), uint8(3), uint8(0), true)
	f.Add(uint16(1500), uint16(1400), uint8(1), uint8(0), false)
	f.Add(uint16(7), uint16(3000), uint8(250), uint8(249), true)
	f.Fuzz(func(t *testing.T, lo, hi uint16, modulus, rest uint8, backwards bool) {
		m := int64(modulus)%8 + 1
		rule := func(n int64) bool { return n%period%m != int64(rest)%m }
		s := between(0, int64(hi)%5000).within(int64(lo)%5000, int64(hi)%5000).where(rule)
		o := order{s.split(func(r int64) int64 { return r % 3 }), backwards}
		want := []int64{}
		for part := range int64(3) {
			for n := s.lo; n < s.hi; n++ {
				if rule(n) && n%period%3 == part {
					want = append(want, n)
				}
			}
		}
		if backwards {
			slices.Reverse(want)
		}
		got := []int64{}
		for k := range o.count() {
			got = append(got, o.at(k))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestIDsAndTimesOfATableGrow(t *testing.T) {
	for _, scale := range []float64{0.01, 1, 500, 100_000} {
		table := newTable(Options{Seed: 7, Scale: scale}, "requests", 3000)
		for n := range min(table.size, 2000) - 1 {
			if table.id(n) >= table.id(n+1) || table.created(n) > table.created(n+1) || table.updated(n) > table.updated(n+1) || table.created(n) > table.updated(n) {
				t.Fatalf("scale %v: row %d is not before the next", scale, n)
			}
			if got, ok := table.ordinal(table.id(n), 0, table.size); got != n || !ok {
				t.Fatalf("scale %v: the id of row %d leads to row %d", scale, n, got)
			}
			if _, ok := table.ordinal(table.id(n)+1, 0, table.size); ok && table.id(n)+1 != table.id(n+1) {
				t.Fatalf("scale %v: an id that no row has leads to one", scale)
			}
		}
	}
}
