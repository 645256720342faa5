package pipeline

import (
	"context"
	"slices"

	"etl/extract"
	"etl/internal/config"
	"etl/load"
)

// rounds is how often a list that moved is read again.
const rounds = 3

// read reads a slice until its proof holds: it fetches every page once and
// builds files on the way; then, as long as totals and keys disagree, it reads
// the pages again that are older than a change, and builds from the kept pages.
func (t *take) read(ctx context.Context) (*built, error) {
	if err := t.declare(ctx, 0); err != nil {
		return nil, err
	}
	b, err := t.build(ctx, t.reading.fetch, nil)
	if err != nil {
		return b, err
	}
	if !t.part { // what is read of a part is kept until all of its shard is
		if err := t.reading.whole(); err != nil {
			return b, err
		}
	}
	if err := t.declare(ctx, 1); err != nil {
		return b, err
	}
	if t.sweeps() {
		if t.swept, err = t.sweep(ctx, b); err != nil {
			return b, err
		}
	}
	v, err := t.judge(b)
	if err != nil {
		return b, err
	}
	need := t.required()
	for round := 0; strength(v.proof) < strength(need); round++ {
		again, err := t.mend(ctx, b)
		if err != nil {
			return b, err
		}
		if round == rounds || !again {
			b.proof = v.proof
			return b, t.incomplete(v, need)
		}
		if b, v, err = t.rebuild(ctx, b, nil); err != nil {
			return b, err
		}
	}
	if b, v, err = t.withoutDuplicates(ctx, b, v); err != nil {
		return b, err
	}
	b.proof = v.proof
	t.sumUp(b)
	if err := accountsFor(b.counts, b.files, t.p); err != nil {
		return b, err
	}
	if err := t.checkRejects(b.counts, b.reject.first); err != nil {
		return b, err
	}
	return b, t.checkDrift(b.drifted)
}

// sumUp fills in the counts that only the whole reading tells.
func (t *take) sumUp(b *built) {
	var total int64
	declared := false
	for _, l := range b.lists {
		if l.lastTotal >= 0 {
			total, declared = total+l.lastTotal, true
		}
	}
	if t.judgesCovers() {
		total = t.covers[1]
	}
	if declared {
		b.counts.DeclaredTotal = &total
	}
	if len(t.p.ForEach) > 0 {
		b.counts.Asked = int64(len(b.lists)) - b.counts.Gone
	}
	if t.family != nil && !t.part {
		b.counts.Unchanged = int64(len(t.family.unchanged))
	}
	b.drifted, b.checks = t.drifted(t.known(), b.watch), t.valueChecks(b)
	if t.plan != "" { // what one unit lacks the others may hold
		b.drifted = slices.DeleteFunc(b.drifted, func(d load.Drifted) bool { return d.Kind == load.VanishedField })
	}
	t.tellDrift(b.drifted)
}

// withoutDuplicates builds the files again if rows must leave them.
func (t *take) withoutDuplicates(ctx context.Context, b *built, v *judgement) (*built, *judgement, error) {
	if !t.part {
		if err := t.olderThanStored(b, v); err != nil {
			return b, v, err
		}
	}
	if len(v.drop) == 0 {
		return b, v, nil
	}
	again, _, err := t.rebuild(ctx, b, v.drop)
	return again, v, err
}

// rebuild builds from the kept pages.
func (t *take) rebuild(ctx context.Context, old *built, drop map[int64]bool) (*built, *judgement, error) {
	old.close()
	if err := t.stage.Clear(); err != nil {
		return old, nil, err
	}
	b, err := t.build(ctx, t.reading.replay, drop)
	b.counts.Reread += t.reading.reread
	if err != nil {
		return b, nil, err
	}
	v, err := t.judge(b)
	return b, v, err
}

// declare asks for the total over all values, before (0) and after (1) their
// lists are read.
func (t *take) declare(ctx context.Context, at int) (err error) {
	if !t.judgesCovers() || t.reading.rebuilt {
		return nil
	}
	t.covers[at], err = t.list(0, 0).Total(ctx)
	return err
}

// list returns the list of a parent.
func (t *take) list(u, l int) *extract.List {
	return t.client.List(t.p, extract.Vars{Since: t.since, Until: t.until, Parent: t.units[u].parents[l]})
}

// mend reads again what may bring a stronger proof. It reports whether there
// was anything to read within the allowance.
func (t *take) mend(ctx context.Context, b *built) (bool, error) {
	if t.p.Complete == config.Settled {
		return t.bridge(ctx, b)
	}
	moved, err := t.again(ctx, b)
	if err != nil {
		return false, err
	}
	revisited, err := t.revisit(ctx, b)
	return moved || revisited, err
}

// again reads those pages again that declared another total than their list
// has now, so that all pages tell of the same state.
func (t *take) again(ctx context.Context, b *built) (bool, error) {
	moved := false
	for i := range b.lists {
		l := &b.lists[i]
		if proof, _ := l.proves(b.keys != nil); l.strongest != config.Counted || l.hint || proof == config.Counted && !t.judgesCovers() {
			continue
		}
		if t.reading.again >= allowance(b) {
			return false, nil
		}
		stale, err := t.reading.stale(ctx, l.unit, l.list)
		if err != nil {
			return false, err
		}
		if t.reading.again+int64(len(stale)) > allowance(b) {
			return false, nil
		}
		for _, page := range stale {
			if _, err := t.reading.readAgain(ctx, page); err != nil {
				return false, err
			}
		}
		moved = true
	}
	if t.judgesCovers() && moved {
		if err := t.declare(ctx, 0); err != nil {
			return false, err
		}
		t.covers[1] = t.covers[0]
	}
	return moved, nil
}
