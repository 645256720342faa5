package pipeline

import (
	"context"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
	"etl/schemas"
)

// commitSlice makes the staged files of a slice part of the data set.
func (t *take) commitSlice(ctx context.Context, b *built) (*load.Commit, error) {
	if err := t.checkGone(b); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	add, replace, err := t.exchange(b)
	if err != nil {
		return nil, err
	}
	if err := t.checkRows(b, add, replace); err != nil {
		return nil, err
	}
	b.counts.Written = b.counts.Served - b.counts.Duplicates - b.counts.Rejected
	t.result.Written += b.counts.Written
	draft := load.Draft{
		Run: t.run, Label: t.o.Label, Time: t.o.Now().UTC(), Version: t.o.Version,
		Schema:       load.Describe(t.p.Schema, t.p.Key),
		Fingerprints: load.Fingerprints{Config: t.id.All, Source: t.id.Source, Request: t.id.Request},
		Proof:        t.dataSetProof(b), Counts: b.counts, Slices: []load.Slice{t.commitRecord(b)},
		Add: add, Replace: replace, Units: t.reading.units(), Drift: b.watch.counts(),
		Drifted: b.drifted, Seen: seenSoFar(t.known(), b.watch, b.drifted), Checks: b.checks,
	}
	if t.base != nil {
		draft.Base = t.base.Number
	}
	if t.family != nil {
		draft.Parents = map[string]int64{t.family.commit.Pipeline: t.family.commit.Number}
	}
	if b.parents != nil {
		draft.ParentsFile = b.parents.file
	}
	if draft.Rejects, err = b.reject.finish(); err != nil {
		return nil, err
	}
	t.attempted = true
	return t.ds.Commit(ctx, t.stage, draft)
}

// exchange returns the files that come and the live ones that leave.
func (t *take) exchange(b *built) (add []load.StagedFile, replace []load.File, err error) {
	if t.base == nil {
		return b.files, nil, nil
	}
	if !t.p.Merge {
		for _, f := range t.base.Files {
			if f.Slice == t.slice.name {
				replace = append(replace, f)
			}
		}
		return b.files, replace, nil
	}
	incoming, err := b.incoming()
	if err != nil {
		return nil, nil, err
	}
	m := load.Merge{
		Base: t.base, Incoming: b.files, Key: t.p.Key, Version: t.p.Version,
		Remove: func(key schemas.Key, _ int64) bool {
			return incoming[key] || t.family != nil && t.family.leaving[key]
		},
	}
	if t.family == nil { // else more rows leave than come anew
		if m.Between, err = t.stage.KeysBetween(t.writerOptions(), t.p.Key, b.files); err != nil {
			return nil, nil, err
		}
	}
	merged, err := t.stage.Merge(t.writerOptions(), m)
	return merged.Add, merged.Replace, err
}

// incoming returns the keys of the rows that were read and not left out.
func (b *built) incoming() (map[schemas.Key]bool, error) {
	keys := map[schemas.Key]bool{}
	for group, err := range b.keys.Groups() {
		if err != nil {
			return nil, err
		}
		if !b.drop[group[0].Ordinal] { // else the stored row is newer
			keys[keyOf(group[0].Key)] = true
		}
	}
	return keys, nil
}

// olderThanStored adds to the rows that leave those for which the data set
// holds a newer version. Rows of a parent that was asked again replace the
// stored ones whatever their version.
func (t *take) olderThanStored(b *built, v *judgement) error {
	if !t.p.Merge || t.p.Version == "" || t.base == nil || t.family != nil && t.family.changed != "" {
		return nil
	}
	type row struct{ version, ordinal int64 }
	rows := map[schemas.Key]row{}
	for group, err := range b.keys.Groups() {
		if err != nil {
			return err
		}
		rows[keyOf(group[0].Key)] = row{group[0].Version, group[0].Ordinal}
	}
	return t.ds.Keys(t.base, t.p.Schema, t.p.Key, t.p.Version, func(key schemas.Key, version int64) error {
		if r, ok := rows[key]; ok && version > r.version {
			v.drop[r.ordinal] = true
		}
		return nil
	})
}

// checkRows holds the rows of the data set, and of the slice, against what the
// pipeline may lose.
func (t *take) checkRows(b *built, add []load.StagedFile, replace []load.File) error {
	var before []load.File
	if t.base != nil {
		before = t.base.Files
	}
	var added int64
	for _, f := range add {
		added += f.Rows
	}
	all := rowsOf(before, "")
	if err := t.checkShrink(b, all, all-rowsOf(replace, "")+added, ""); err != nil {
		return err
	}
	if t.slice.name == "" || t.p.Merge {
		return nil
	}
	return t.checkShrink(b, rowsOf(before, t.slice.name), added, t.slice.name)
}

// commitRecord says in the commit what was read of the slice.
func (t *take) commitRecord(b *built) load.Slice {
	s := load.Slice{
		Since: t.since, Until: t.until, State: load.SliceClosed, Identity: t.identity(), Proof: b.proof, Counts: b.counts,
	}
	if w := t.p.Window; w != nil && !w.Closed(t.until, t.reading.serverDate()) {
		s.State = load.SliceOpen
	}
	return s
}

// dataSetProof is the proof of the weakest slice that the data set will hold.
func (t *take) dataSetProof(b *built) string {
	proof := b.proof
	if t.base == nil {
		return proof
	}
	for _, s := range t.base.Slices {
		if !s.Since.Equal(t.since) {
			proof = weaker(proof, s.Proof)
		}
	}
	return proof
}

// serverDate is the newest Date that the source sent, or the time by this
// machine's clock if it sent none.
func (r *reading) serverDate() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.date.IsZero() {
		return r.t.o.Now()
	}
	return r.date
}

// place names the folder of the stage and what kept pages must agree with: the
// slice, or the unit of a plan.
func (t *take) place() string {
	if t.plan == "" {
		return t.identity()
	}
	name := "plan-" + t.plan
	if t.slice.name != "" {
		name += "-" + t.slice.name
	}
	if t.part {
		name += "-" + t.units[0].name
	}
	return name
}

// identity names the slice of this configuration.
func (t *take) identity() string {
	name := t.id.All[:32]
	if t.slice.name != "" {
		name += "-" + t.slice.name
	}
	return name
}

// accountsFor checks that no record was lost on the way: it is the last look
// before a commit.
func accountsFor(c load.Counts, files []load.StagedFile, p *config.Pipeline) error {
	var rows int64
	for _, f := range files {
		rows += f.Rows
	}
	if want := c.Served - c.Duplicates - c.Rejected; rows != want {
		return fault.New(fault.Bug, "pipeline %s: %d records were served, %d are duplicates, %d rejected, but %d rows were written", p.Name, c.Served, c.Duplicates, c.Rejected, rows)
	}
	return nil
}
