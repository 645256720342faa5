package pipeline

import (
	"context"

	"etl/load"
	"etl/schemas"
)

// draft puts together the commit of all slices.
func (c *committing) draft(_ context.Context) (d load.Draft, err error) {
	d = load.Draft{
		Run: c.run, Label: c.o.Label, Plan: c.plan.ID, Time: c.o.Now().UTC(), Version: c.o.Version,
		Schema:       load.Describe(c.p.Schema, c.p.Key),
		Fingerprints: load.Fingerprints{Config: c.id.All, Source: c.id.Source, Request: c.id.Request},
	}
	if c.commit != nil {
		d.Base = c.commit.Number
	}
	if f := c.frozen.family; f != nil {
		d.Parents = map[string]int64{f.commit.Pipeline: f.commit.Number}
	}
	if err := c.exchangeAll(&d); err != nil {
		return d, err
	}
	var total Result
	seen := c.frozen.known()
	var units []unitRecord
	for _, w := range c.whole {
		w.b.counts.Written = w.b.counts.Served - w.b.counts.Duplicates - w.b.counts.Rejected
		total.add(w.b.counts)
		total.Written += w.b.counts.Written
		total.drifted(w.b.watch.counts())
		for _, f := range w.b.drifted {
			total.addDrift(f)
		}
		for _, check := range append(w.valueChecks(w.b), w.b.checks...) {
			total.addCheck(check)
		}
		seen = seenSoFar(seen, w.b.watch, w.b.drifted)
		total.Proof = weaker(total.Proof, w.b.proof)
		d.Slices = append(d.Slices, w.record())
		for _, u := range w.units {
			units = append(units, unitRecord{u.Unit, u.Pages})
		}
	}
	total.Name = c.p.Name
	c.result = total
	d.Counts, d.Units, d.Proof = total.counts(), units, c.proof()
	d.Drift, d.Drifted, d.Seen, d.Checks = total.Drift, total.Drifted, seen, total.Checks
	if d.Rejects, err = c.rejects(); err != nil {
		return d, err
	}
	d.ParentsFile, err = c.parents()
	return d, err
}

// counts returns what a commit keeps of the result.
func (r *Result) counts() load.Counts {
	return load.Counts{
		Pages: r.Pages, Bytes: r.Bytes, Served: r.Served, Written: r.Written, Duplicates: r.Duplicates, Rejected: r.Rejected,
		Reread: r.Reread, Asked: r.Asked, Unchanged: r.Unchanged, Gone: r.Gone, DeclaredTotal: r.DeclaredTotal,
	}
}

// record says in the commit what was read of the slice: closed, if the server
// said so to whoever read the earliest unit.
func (w *whole) record() load.Slice {
	s := load.Slice{
		Since: w.since, Until: w.until, State: load.SliceClosed, Identity: w.identity(), Proof: w.b.proof, Counts: w.b.counts,
	}
	for _, u := range w.units {
		if w.p.Window != nil && !w.p.Window.Closed(w.until, u.Date) {
			s.State = load.SliceOpen
		}
	}
	if w.p.Window != nil && len(w.units) == 0 && !w.p.Window.Closed(w.until, w.o.Now()) {
		s.State = load.SliceOpen
	}
	return s
}

// proof is that of the weakest slice that the data set will hold.
func (c *committing) proof() (proof string) {
	read := map[int64]bool{}
	for _, w := range c.whole {
		proof = weaker(proof, w.b.proof)
		read[w.since.UnixNano()] = true
	}
	if c.commit == nil {
		return proof
	}
	for _, s := range c.commit.Slices {
		if !read[s.Since.UnixNano()] {
			proof = weaker(proof, s.Proof)
		}
	}
	return proof
}

// exchangeAll decides which rows of the units stay, and which files come and
// leave.
func (c *committing) exchangeAll(d *load.Draft) error {
	if c.p.Merge {
		return c.exchangeMerged(d)
	}
	for _, w := range c.whole {
		if err := w.gather(w.b, w.units, w.b); err != nil {
			return err
		}
		add, replace, err := w.exchange(w.b)
		if err != nil {
			return err
		}
		if err := w.checkRows(w.b, add, replace); err != nil {
			return err
		}
		d.Add, d.Replace = append(d.Add, add...), append(d.Replace, replace...)
	}
	return nil
}

// exchangeMerged does so for a merge, where all slices are one set of rows.
func (c *committing) exchangeMerged(d *load.Draft) error {
	all := &built{keys: c.whole[0].b.keys}
	var units []*unitDone
	var of []*built // the slice that each unit is of
	for _, w := range c.whole {
		all.lists = append(all.lists, w.b.lists...)
		units = append(units, w.units...)
		for range w.units {
			of = append(of, w.b)
		}
	}
	first := c.whole[0].take
	if err := first.gather(all, units, of...); err != nil {
		return err
	}
	add, replace, err := first.exchange(all)
	if err != nil {
		return err
	}
	if err := first.checkRows(c.whole[0].b, add, replace); err != nil {
		return err
	}
	d.Add, d.Replace = add, replace
	return nil
}

// gather makes the files of a commit from those of units. Rows that leave count
// as duplicates of the slice that their unit is of: one for all units, or one
// for each.
func (t *take) gather(b *built, units []*unitDone, of ...*built) error {
	v := &judgement{drop: map[int64]bool{}}
	staged := make([]load.Unit, len(units))
	for i, u := range units {
		staged[i].Files = u.Files
	}
	if b.keys != nil && b.keys.Len() > 0 {
		if err := v.goThroughKeys(b); err != nil {
			return err
		}
		if err := t.olderThanStored(b, v); err != nil {
			return err
		}
		b.drop = v.drop
		if err := b.eachDropped(func(unit int, key schemas.Key) {
			if staged[unit].Drop == nil {
				staged[unit].Drop = map[schemas.Key]bool{}
			}
			staged[unit].Drop[key] = true
			of[min(unit, len(of)-1)].counts.Duplicates++
		}); err != nil {
			return err
		}
	}
	o := t.writerOptions()
	o.Name = "gathered"
	if t.slice.name != "" {
		o.Name += "-" + t.slice.name
	}
	var err error
	if b.files, err = t.stage.Gather(o, t.p.Key, staged); err != nil {
		return err
	}
	var counts load.Counts
	for _, u := range units {
		counts.Served += u.Counts.Served
		counts.Duplicates += u.Counts.Duplicates
		counts.Rejected += u.Counts.Rejected
	}
	counts.Duplicates += int64(len(v.drop))
	return accountsFor(counts, b.files, t.p)
}

// eachDropped names the unit and the key of every row that leaves.
func (b *built) eachDropped(do func(unit int, key schemas.Key)) error {
	if len(b.drop) == 0 {
		return nil
	}
	for group, err := range b.keys.Groups() {
		if err != nil {
			return err
		}
		for _, e := range group {
			if b.drop[e.Ordinal] {
				do(b.listOf(e.Ordinal), keyOf(e.Key))
			}
		}
	}
	return nil
}

// rejects writes the records that the units have set aside as one file.
func (c *committing) rejects() (*load.StagedFile, error) {
	var out *load.RejectWriter
	for _, w := range c.whole {
		for _, u := range w.units {
			if u.Rejects == nil {
				continue
			}
			if out == nil {
				var err error
				if out, err = c.stage.Rejects(); err != nil {
					return nil, err
				}
			}
			if err := c.ds.StagedRejects(*u.Rejects, func(r load.Reject) error { return out.Write(r) }); err != nil {
				return nil, err
			}
		}
	}
	if out == nil {
		return nil, nil
	}
	return out.Close()
}

// parents writes the file of parents: those that were not asked, then those of
// the units.
func (c *committing) parents() (string, error) {
	f := c.frozen.family
	if f == nil || f.changed == "" {
		return "", nil
	}
	out, err := c.stage.ParentsWriter()
	if err != nil {
		return "", err
	}
	for _, p := range f.unchanged {
		if err := out.Write(p); err != nil {
			return "", err
		}
	}
	for _, w := range c.whole {
		for _, u := range w.units {
			if u.Parents == nil {
				continue
			}
			if err := c.ds.StagedParents(*u.Parents, out.Write); err != nil {
				return "", err
			}
		}
	}
	return out.Close()
}
