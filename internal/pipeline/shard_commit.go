package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
)

// CommitPlan commits what the shards of a plan have read, each pipeline once. It
// asks nothing of any source. A pipeline that was committed already is done; a
// failed one stops no other.
func CommitPlan(ctx context.Context, o Options, plan *ShardPlan) (*Summary, error) {
	o.setDefaults()
	o.Memory, o.NewSource, o.AllParents, o.Label = plan.Memory, plan.NewSource, plan.AllParents, plan.Label
	started := o.Now()
	id := NewRunID()
	o.Log = o.Log.With("run", id)
	r := &runner{o: o, id: id, clients: map[*config.Source]*extract.Client{}}
	defer r.close()
	for i := range plan.Pipelines {
		p, err := plan.Pipelines[i].find(o.Config)
		if err != nil {
			return nil, err
		}
		r.o.Pipelines = append(r.o.Pipelines, p)
	}
	for i, p := range r.o.Pipelines {
		j, err := r.job(p)
		if err != nil {
			return nil, err
		}
		clear(j.parents)
		r.jobs = append(r.jobs, j)
		c := &committing{job: j, plan: plan, of: &plan.Pipelines[i]}
		began := o.Now()
		j.finish(caught(func() error { return c.do(ctx) })())
		j.result.Seconds = o.Now().Sub(began).Seconds()
		o.Progress(Progress{Pipeline: p.Name, Pages: j.result.Pages, Rows: j.result.Written, Done: true, Result: &j.result})
	}
	s := r.summary()
	s.Plan = plan.ID
	s.Seconds = o.Now().Sub(started).Seconds()
	return s, nil
}

// A committing brings together what the shards have read of one pipeline.
type committing struct {
	*job
	plan *ShardPlan
	of   *PlanPipeline

	notes  *load.Shards
	stage  *load.Stage
	frozen *take    // the parents and units of the plan
	whole  []*whole // one for each slice
}

// do commits the pipeline, unless that was done.
func (c *committing) do(ctx context.Context) (err error) {
	if c.notes, err = c.ds.Shards(c.plan.ID); err != nil {
		return err
	}
	if done, err := c.doneBefore(); done || err != nil {
		return err
	}
	if err := c.plan.check(c.o); err != nil {
		return err
	}
	if err := c.checkFingerprints(c.of); err != nil {
		return err
	}
	unlock, err := c.ds.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := c.ds.Recover(); err != nil {
		return err
	}
	if done, err := c.doneBefore(); done || err != nil { // by who had the lock
		return err
	}
	if c.commit, err = c.ds.Published(); err != nil {
		return err
	}
	if err := c.checkBase(c.commit); err != nil {
		return err
	}
	if len(c.of.Slices) == 0 {
		return c.unchanged(ctx)
	}
	if err := c.checkUntouched(); err != nil {
		return err
	}
	return c.commitAll(ctx)
}

// doneBefore tells whether the plan was committed, by a note or by the log.
func (c *committing) doneBefore() (bool, error) {
	var result Result
	done, err := c.notes.Committed(&result)
	if err != nil {
		return false, err
	}
	newest, err := c.ds.Newest()
	if err != nil {
		return false, err
	}
	for at := newest; !done && at != nil && at.Number > c.of.Base; {
		if at.Plan == c.plan.ID {
			done, result = true, resultOf(at)
			break
		}
		if at.Number == 1 {
			break
		}
		if at, err = c.ds.At(at.Number - 1); err != nil {
			return false, err
		}
	}
	if done {
		c.log.Info("already done", "commit", result.Commit)
		c.result, c.commit = result, newest
	}
	return done, nil
}

// resultOf is what a commit of a plan tells of it.
func resultOf(commit *load.Commit) (r Result) {
	r.add(commit.Counts)
	r.Written, r.Proof, r.Drift = commit.Counts.Written, commit.Proof, commit.Drift
	r.Drifted, r.Checks = commit.Drifted, commit.Checks
	for _, s := range commit.Slices {
		if s.Commit == commit.Number {
			r.Slices++
		}
	}
	return r
}

// unchanged ends a plan in which there was nothing to read.
func (c *committing) unchanged(ctx context.Context) error {
	if c.commit != nil {
		c.result.Proof = c.commit.Proof
	}
	if c.commit != nil && c.commit.ParentsFile != "" {
		t := &take{job: c.job, base: c.commit, frozen: c.of.Parents}
		if err := t.lay(ctx); err != nil {
			return err
		}
		c.result.Unchanged = int64(len(t.family.unchanged))
	}
	c.log.Info("nothing has changed")
	return nil
}

// checkUntouched refuses to go on if what the shards have read was committed
// anew, or rests on parents that were, since the plan was made.
func (c *committing) checkUntouched() error {
	var before *load.Commit
	if c.of.Base > 0 {
		var err error
		if before, err = c.ds.At(c.of.Base); err != nil {
			return err
		}
	}
	if c.commit == nil || before != nil && c.commit.Number == before.Number {
		return nil
	}
	touched := before == nil && c.p.Window == nil || parentsFile(before) != parentsFile(c.commit)
	for _, s := range c.of.Slices {
		touched = touched || readAt(before, s) != readAt(c.commit, s)
	}
	if !touched {
		return nil
	}
	return fault.New(fault.Conflict, "pipeline %s: commit %d has brought slices of the plan up to date since it was made", c.p.Name, c.commit.Number).
		WithHint("make another plan if they are to be read again")
}

func parentsFile(c *load.Commit) string {
	if c == nil {
		return ""
	}
	return c.ParentsFile
}

// readAt returns the number of the newest commit that has read any of a slice.
func readAt(c *load.Commit, s PlanSlice) (number int64) {
	if c == nil {
		return 0
	}
	for _, held := range c.Slices {
		whole := s.Until.IsZero() || held.Until.IsZero()
		if whole || held.Since.Before(s.Until) && s.Since.Before(held.Until) {
			number = max(number, held.Commit)
		}
	}
	return number
}

// missing is the error for shards that have not been done.
func (c *committing) missing(shards []int) error {
	const most = 20
	var names []string
	for _, k := range shards[:min(most, len(shards))] {
		names = append(names, fmt.Sprint(k))
	}
	text := strings.Join(names, ", ")
	if len(shards) > most {
		text += fmt.Sprintf(" and %d more", len(shards)-most)
	}
	return fault.New(fault.Transient, "pipeline %s: of plan %s these shards are not done: %s", c.p.Name, c.plan.ID, text).
		WithHint("etl run --plan … --shard %d", shards[0])
}

// manifests reads what the shards have left, by slice and unit.
func (c *committing) manifests() (map[[2]string]*unitDone, map[string][]int64, error) {
	units, totals := map[[2]string]*unitDone{}, map[string][]int64{}
	var missing []int
	for _, k := range c.of.shards() {
		var m manifest
		there, err := c.notes.Get(k, &m)
		if err != nil {
			return nil, nil, err
		}
		if !there {
			missing = append(missing, k)
			continue
		}
		for _, u := range m.Units {
			units[[2]string{u.Slice, u.Unit}] = u
		}
		for _, t := range m.Totals {
			totals[t.Slice] = append(totals[t.Slice], t.Total)
		}
	}
	if len(missing) > 0 {
		return nil, nil, c.missing(missing)
	}
	return units, totals, nil
}

// commitAll joins, judges and commits.
func (c *committing) commitAll(ctx context.Context) (err error) {
	if err := c.join(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for _, w := range c.whole {
		if err := w.judge(); err != nil {
			return err
		}
	}
	stop := c.watched.start(stageLoad)
	draft, err := c.draft(ctx)
	stop()
	if err != nil {
		return errors.Join(err, c.stage.Clear())
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	stop = c.watched.start(stageCommit)
	commit, err := c.ds.Commit(ctx, c.stage, draft)
	stop()
	if commit != nil {
		c.commit = commit
	}
	if err != nil {
		return err
	}
	c.result.Commit, c.result.Files = commit.Number, int64(len(commit.Files))
	c.result.Slices = int64(len(c.whole))
	if _, err := c.notes.PutCommitted(c.result); err != nil {
		return err
	}
	return c.clear()
}

// clear removes what shards have staged and no commit has taken up.
func (c *committing) clear() (err error) {
	seen := map[string]bool{}
	for _, w := range c.whole {
		for _, u := range w.units {
			for _, f := range u.staged() {
				if !seen[f.Stage] {
					seen[f.Stage] = true
					err = errors.Join(err, c.ds.ClearStage(f.Stage))
				}
			}
		}
	}
	return err
}

// staged lists all that a unit has staged.
func (u *unitDone) staged() []load.StagedFile {
	all := slices.Clone(u.Files)
	for _, f := range []*load.StagedFile{u.Keys, u.Rejects, u.Parents} {
		if f != nil {
			all = append(all, *f)
		}
	}
	return all
}
