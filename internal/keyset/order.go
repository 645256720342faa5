package keyset

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// order sorts by key, and equal keys from the row that stays to those that
// leave: the highest version, then the latest in page order.
func order(a, b Entry) int {
	x, y := binary.BigEndian.Uint64(a.Key[:]), binary.BigEndian.Uint64(b.Key[:])
	if x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Or(bytes.Compare(a.Key[8:], b.Key[8:]), cmp.Compare(b.Version, a.Version), cmp.Compare(b.Ordinal, a.Ordinal))
}

// few is how many entries are sorted by comparing them.
const few = 24

// arrange brings entries in their order, whose keys are equal before a byte. Keys
// are hashes, so their bytes deal entries to groups that are about even, and
// little is left to compare; keys that are not even only take longer.
func arrange(block []Entry, by int) {
	if len(block) <= few || by == len(Key{}) {
		slices.SortFunc(block, order)
		return
	}
	start := 0
	for _, end := range deal(block, by) {
		if end-start > 1 {
			arrange(block[start:end], by+1)
		}
		start = end
	}
}

// deal brings together, in place, the entries whose keys have the same byte, in
// the order of those bytes, and returns where each such group ends. There are so
// few groups that the places where they grow stay in the cache.
func deal(block []Entry, by int) (ends [256]int) {
	for i := range block {
		ends[block[i].Key[by]]++
	}
	var next [256]int // where the next entry of a group goes
	sum := 0
	for group, entries := range ends {
		next[group] = sum
		sum += entries
		ends[group] = sum
	}
	for group := range next {
		for next[group] < ends[group] {
			at := &block[next[group]]
			of := at.Key[by]
			to := &block[next[of]]
			*at, *to = *to, *at // of may be the group itself
			next[of]++
		}
	}
	return ends
}
