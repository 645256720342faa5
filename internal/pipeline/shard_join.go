package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/keyset"
	"etl/load"
	"etl/schemas"
)

// A whole is a slice whose units are all there. It is a take that has been read
// by others.
type whole struct {
	*take
	b      *built
	units  []*unitDone
	totals []int64 // over all given values, after the units
}

// join brings the units of each slice together, in plan order.
func (c *committing) join(ctx context.Context) (err error) {
	units, totals, err := c.manifests()
	if err != nil {
		return err
	}
	c.frozen = &take{job: c.job, base: c.commit, frozen: c.of.Parents, plan: c.plan.ID}
	if err := c.frozen.lay(ctx); err != nil {
		return err
	}
	if err := c.frozen.checkUnits(c.of); err != nil {
		return err
	}
	if c.stage, err = c.ds.Stage(c.frozen.place(), c.run); err != nil {
		return err
	}
	for i, s := range c.of.Slices {
		w := &whole{totals: totals[s.Name], b: &built{}}
		w.take = &take{
			job: c.job, slice: s.slice(), base: c.commit, family: c.frozen.family, units: c.frozen.units,
			plan: c.plan.ID, frozen: c.of.Parents, stage: c.stage,
		}
		if s.Covers != nil {
			w.covers = [2]int64{*s.Covers, *s.Covers}
		}
		for _, u := range s.Units {
			done := units[[2]string{s.Name, u.Name}]
			if done == nil {
				return fault.New(fault.Storage, "pipeline %s: shard %d of plan %s is done, but unit %s is not in its manifest", c.p.Name, u.Shard, c.plan.ID, u.Name)
			}
			w.units = append(w.units, done)
		}
		c.whole = append(c.whole, w)
		if err := c.keys(w, i); err != nil {
			return errors.Join(err, c.close())
		}
		if err := w.count(); err != nil {
			return errors.Join(err, c.close())
		}
	}
	return nil
}

// keys collects the keys of a slice's units. Those of a merge are collected
// over all slices, since a row has one place in the whole data set.
func (c *committing) keys(w *whole, i int) error {
	if len(c.p.Key) == 0 {
		for range w.units {
			w.b.lists = append(w.b.lists, tally{})
		}
		return nil
	}
	if c.p.Merge && i > 0 {
		w.b.keys = c.whole[0].b.keys
	} else {
		dir := filepath.Join(c.keptHere(), fmt.Sprintf("keys-%06d", i))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the folder for keys: %w", err)
		}
		w.b.keys = keyset.New(dir)
	}
	for n, u := range w.units {
		w.b.lists = append(w.b.lists, tally{unit: n, first: w.b.keys.Len()})
		if u.Keys == nil {
			return fault.New(fault.Storage, "pipeline %s: unit %s has left no keys", c.p.Name, u.Unit)
		}
		err := c.ds.StagedKeys(*u.Keys, func(key schemas.Key, version int64) error { return w.b.keys.Add(keyset.Key(key), version) })
		if err != nil {
			return err
		}
	}
	return nil
}

// keptHere is a folder of this machine for what the commit needs on the way.
func (c *committing) keptHere() string { return filepath.Join(c.frozen.keptIn(c.stage), c.run) }

// close removes what was needed on the way.
func (c *committing) close() (err error) {
	for _, w := range c.whole {
		w.b.close()
	}
	return os.RemoveAll(c.keptHere())
}

// count adds up what the units have counted.
func (w *whole) count() (err error) {
	var r Result
	if w.b.watch, err = w.newWatch(); err != nil {
		return err
	}
	for i, u := range w.units {
		r.add(u.Counts)
		w.b.watch.join(u.Watch, i)
	}
	w.b.counts = load.Counts{
		Pages: r.Pages, Bytes: r.Bytes, Served: r.Served, Duplicates: r.Duplicates, Rejected: r.Rejected, Reread: r.Reread,
		Asked: r.Asked, Gone: r.Gone, DeclaredTotal: r.DeclaredTotal,
	}
	if w.p.Covers {
		w.b.counts.DeclaredTotal = &w.covers[0]
	}
	if w.family != nil {
		w.b.counts.Unchanged = int64(len(w.family.unchanged))
	}
	w.b.drifted = w.drifted(w.known(), w.b.watch)
	w.tellDrift(w.b.drifted)
	return nil
}

// judge says what the units together prove, and refuses what is too little.
func (w *whole) judge() error {
	v := &judgement{drop: map[int64]bool{}}
	v.proof = w.p.Strongest()
	if w.p.Complete == config.Settled {
		v.proof = config.Settled
	}
	for _, u := range w.units {
		if strength(u.Proof) < strength(v.proof) {
			v.proof, v.why = u.Proof, "unit "+u.Unit+" proves no more"
		}
	}
	if w.b.keys != nil && w.p.Covers {
		if err := v.goThroughKeys(w.b); err != nil {
			return err
		}
	}
	for _, total := range w.totals {
		if total != w.covers[0] {
			w.covers[1] = total
		}
	}
	if w.p.Complete != config.Settled {
		w.judgeCovers(w.b, v)
	}
	if w.family != nil && strength(w.family.proof) < strength(v.proof) {
		v.proof, v.why = w.family.proof, "its parents are no better proven"
	}
	w.b.proof = v.proof
	if need := w.required(); strength(v.proof) < strength(need) {
		return fault.New(fault.Incomplete, "pipeline %s%s: the shards prove %q, and %q is asked for: %s", w.p.Name, w.ofSlice(), v.proof, need, v.why).
			WithHint("make another plan when the source is quieter, or accept less with complete: %s", v.proof)
	}
	first := ""
	for _, u := range w.units {
		if first == "" {
			first = u.Reject
		}
	}
	if err := w.checkRejects(w.b.counts, first); err != nil {
		return err
	}
	if err := w.checkDrift(w.b.drifted); err != nil {
		return err
	}
	return w.checkGone(w.b)
}

// ofSlice names the slice in messages.
func (w *whole) ofSlice() string {
	if w.slice.name == "" {
		return ""
	}
	return ", slice " + w.slice.name
}
