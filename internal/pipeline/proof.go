package pipeline

import (
	"sort"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/keyset"
)

// judge goes through the keys of a pass once. It says which rows are duplicates
// of others, how many different keys each list delivered, and what that proves.
type judgement struct {
	drop     map[int64]bool // ordinals of rows that leave
	distinct int64
	shared   int64 // keys that came in more than one list
	proof    string
	why      string // why the proof is not stronger; empty if it is the strongest
}

func (t *take) judge(b *built) (*judgement, error) {
	v := &judgement{drop: map[int64]bool{}}
	if b.keys != nil {
		if err := v.goThroughKeys(b); err != nil {
			return nil, err
		}
	}
	v.proof = t.p.Strongest() // of no list at all: there was nothing to ask
	if t.p.Complete == config.Settled {
		t.judgeSettled(b, v)
		return v, nil
	}
	for i := range b.lists {
		l := &b.lists[i]
		if l.gone {
			continue // told, and counted as gone
		}
		proof, why := l.proves(b.keys != nil)
		l.doubts(t.p.Paging.Kind == config.PagingOffset)
		if doubt := t.doubted(l); doubt != "" && proof == config.Walked {
			proof, why = config.Answered, doubt
		}
		if strength(proof) < strength(v.proof) {
			v.proof, v.why = proof, why
		}
	}
	t.judgeCovers(b, v)
	if t.family != nil && strength(t.family.proof) < strength(v.proof) {
		v.proof, v.why = t.family.proof, "its parents are no better proven"
	}
	return v, nil
}

// judgeSettled tells whether no row can have been skipped.
func (t *take) judgeSettled(b *built, v *judgement) {
	v.proof = config.Settled
	switch {
	case t.sweeps() && !t.swept:
		v.proof, v.why = config.Walked, "two readings gave different keys"
	case len(b.gaps) > 0:
		v.proof, v.why = config.Walked, "a page did not begin with a row of the page before it"
	}
	if t.family != nil && strength(t.family.proof) < strength(v.proof) {
		v.proof, v.why = t.family.proof, "its parents are no better proven"
	}
}

func (v *judgement) goThroughKeys(b *built) error {
	for i := range b.lists {
		b.lists[i].distinct = 0
	}
	for group, err := range b.keys.Groups() {
		if err != nil {
			return err
		}
		v.distinct++
		if len(group) > 1 {
			b.noteRepeats(group)
		}
		seen := -1
		lists := 0
		for i, e := range group {
			if i > 0 {
				v.drop[e.Ordinal] = true
			}
			// Ordinals of a list lie together, but a group is in no order of lists.
			if l := b.listOf(e.Ordinal); l != seen {
				if !inEarlier(b, group[:i], l) {
					b.lists[l].distinct++
					lists++
				}
				seen = l
			}
		}
		if lists > 1 {
			v.shared++
		}
	}
	return nil
}

// listOf returns the index of the list that a row came in.
func (b *built) listOf(ordinal int64) int {
	return sort.Search(len(b.lists), func(i int) bool { return b.lists[i].first > ordinal }) - 1
}

// proves returns what a list alone proves about itself.
func (l *tally) proves(keyed bool) (proof, why string) {
	switch {
	case l.strongest == config.Answered:
		return config.Answered, ""
	case l.hint && l.lastTotal-l.records > max(1, l.lastTotal/100):
		return config.Answered, "the list ended far from the total that it declares, even for a total that is a hint"
	case l.strongest == config.Walked || !keyed || l.hint:
		return config.Walked, ""
	case l.firstTotal != l.lastTotal || l.mixedTotals:
		return config.Walked, "the total changed while the list was read"
	case l.distinct+l.rejected != l.lastTotal:
		return config.Walked, "the list declared another number of rows than it delivered different keys"
	}
	return config.Counted, ""
}

// judgeCovers holds the lists of given values against the total of the list
// without them.
func (t *take) judgeCovers(b *built, v *judgement) {
	if !t.judgesCovers() {
		return
	}
	total := v.distinct + b.counts.Rejected
	if strength(v.proof) < strength(config.Counted) {
		return
	}
	switch {
	case t.covers[0] != total || t.covers[1] != total:
		v.proof, v.why = config.Walked, "the list over all values declared another total than the lists of each value together"
	case v.shared > 0:
		v.proof, v.why = config.Walked, "the same key came in the lists of two values"
	}
}

// required returns the least proof that a commit needs.
func (t *take) required() string {
	if t.p.Complete != "" {
		return t.p.Complete
	}
	if t.family != nil {
		return weaker(t.p.Strongest(), t.family.proof)
	}
	return t.p.Strongest()
}

// incomplete is the error for a reading whose proof is too weak.
func (t *take) incomplete(v *judgement, need string) error {
	return fault.New(fault.Incomplete, "pipeline %s: the reading proves %q, and %q is asked for: %s", t.p.Name, v.proof, need, v.why).
		WithHint("run it again when the source is quieter, or accept less with complete: %s", v.proof)
}

// inEarlier tells whether one of the entries came in list l.
func inEarlier(b *built, entries []keyset.Entry, l int) bool {
	for _, e := range entries {
		if b.listOf(e.Ordinal) == l {
			return true
		}
	}
	return false
}
