package keyset

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
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

// Of the groups that arrange deals entries to: how many entries they have if keys
// are even, and how many bits tell them apart at most.
const (
	groupEntries = 4
	groupBits    = 16
)

// arrange brings entries in their order. Keys are hashes, so their first bits
// deal them to groups that are small and about even, and little is left to
// compare; keys that are not even only take longer.
func arrange(block []Entry) {
	ends := deal(block, min(bits.Len(uint(len(block)/groupEntries)), groupBits))
	start := int32(0)
	for _, end := range ends {
		if end-start > 1 {
			slices.SortFunc(block[start:end], order)
		}
		start = end
	}
}

// deal brings together, in place, the entries whose keys have the same first
// bits, in the order of those, and returns where each such group ends.
func deal(block []Entry, first int) (ends []int32) {
	groupOf := func(e *Entry) uint64 { return binary.BigEndian.Uint64(e.Key[:]) >> (64 - first) }
	next := make([]int32, 1<<first) // where the next entry of a group goes
	for i := range block {
		next[groupOf(&block[i])]++
	}
	ends = make([]int32, len(next))
	sum := int32(0)
	for group, entries := range next {
		next[group] = sum
		sum += entries
		ends[group] = sum
	}
	for group := range next {
		for next[group] < ends[group] {
			at := &block[next[group]]
			of := groupOf(at)
			to := &block[next[of]]
			*at, *to = *to, *at // of may be the group itself
			next[of]++
		}
	}
	return ends
}
