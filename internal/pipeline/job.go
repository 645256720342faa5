package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
)

// execute brings the data set up to date, slice by slice. A failed slice stops
// no later one; a run that was stopped stops all.
func (j *job) execute(ctx context.Context) (err error) {
	unlock, err := j.ds.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := j.ds.Recover(); err != nil {
		return err
	}
	if j.commit, err = j.ds.Published(); err != nil { // a newer one is being published: who made it has won
		return err
	}
	if err := j.checkBase(j.commit); err != nil {
		return err
	}
	due, err := j.slices(j.commit)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range due {
		err := j.bring(ctx, s)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && s.name != "" {
			err = fmt.Errorf("slice %s: %w", s.name, err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// checkBase refuses to let the data of one account or address land on that of
// another, or files of two schemas in one data set.
func (j *job) checkBase(base *load.Commit) error {
	if err := j.checkAccounts(); err != nil || base == nil {
		return err
	}
	if base.Fingerprints.Source != j.id.Source && !j.o.NewSource {
		return fault.New(fault.Config, "pipeline %s: the data set was read from another address or account", j.p.Name).
			WithHint("use another destination, or --new-source if it is the same data")
	}
	replaced := !j.p.Merge && j.p.Window == nil
	if base.Schema.Fingerprint != j.p.Schema.Fingerprint() && len(base.Files) > 0 && !replaced {
		return fault.New(fault.Config, "pipeline %s: the columns of schema %s have changed since commit %d, and the run would leave files of the old ones",
			j.p.Name, j.p.Schema.Name, base.Number).
			WithHint("run etl schema apply %s", j.p.Name)
	}
	return nil
}

// bring reads one slice, proves it and commits it.
func (j *job) bring(ctx context.Context, s slice) (err error) {
	t := &take{job: j, slice: s, base: j.commit}
	stop := j.watched.start(stagePlan)
	err = t.lay(ctx)
	if stop(); err != nil {
		return err
	}
	if t.nothingToDo() {
		j.result.Proof, j.result.Unchanged = j.commit.Proof, int64(len(t.family.unchanged))
		j.log.Info("nothing has changed")
		return nil
	}
	if err := t.checkRoom(); err != nil {
		return err
	}
	unlock, err := t.lockPages()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := t.openReading(); err != nil {
		return err
	}
	b, err := t.read(ctx)
	t.count(b)
	if err = cleared(err); err != nil {
		return errors.Join(err, t.leave(b, err))
	}
	stop = j.watched.start(stageCommit)
	commit, err := t.commitSlice(ctx, b)
	stop()
	if commit != nil {
		j.commit = commit // it stands, even if publishing it is left to the next run
	}
	if err = cleared(err); err != nil {
		return errors.Join(err, t.leave(b, err))
	}
	b.close()
	j.result.Slices++
	return errors.Join(t.reading.done(commit), t.stage.Clear(), t.reading.reclaim())
}

// cleared makes a lost race of an error that came of this: something that the
// take had staged or kept is gone. Another run has taken it for left behind,
// where no lock kept that run away, or gc has.
func cleared(err error) error {
	if !errors.Is(err, fs.ErrNotExist) || fault.Of(err) != fault.Storage {
		return err
	}
	return fault.New(fault.Conflict, "another run has cleared what this one had kept: %w", err).WithHint("run it again")
}

// A take is one attempt to bring a slice up to date.
type take struct {
	*job
	slice
	base    *load.Commit // the newest commit at the start; nil: none
	family  *family      // parents from a pipeline; nil: none
	units   []unit
	swept   bool            // a second reading gave the same keys
	still   map[[2]int]bool // by unit and list: what spoke against it is how the source is
	covers  [2]int64        // declared totals before and after, for covers: all
	stage   *load.Stage
	reading *reading
	// attempted says that a commit may refer to the stage, whatever came of it:
	// from then on nothing is removed from it here.
	attempted bool

	part   bool      // one unit of a plan that several workers share; others judge the whole
	plan   string    // id of that plan; empty: none
	frozen []listing // parents as that plan lists them, one for each ForEach
	beside bool      // another process reads the same on this machine: its pages are left alone
	freeze bool      // note parents in frozen, instead of taking them from there
}

// judgesCovers tells whether the take holds its lists against the total over
// all given values: it has all of them.
func (t *take) judgesCovers() bool { return t.p.Covers && !t.part }

// lay decides what is asked.
func (t *take) lay(ctx context.Context) error {
	parents, err := t.planParents(ctx)
	if err != nil {
		return err
	}
	t.units, err = unitsOf(t.p, parents, t.family)
	return err
}

// nothingToDo tells whether every parent is as it was at the last commit.
func (t *take) nothingToDo() bool {
	return t.base != nil && t.family != nil && t.p.ForEach[0].Changed != "" && len(t.units) == 0 && len(t.family.leaving) == 0
}

// leave ends a take that failed: the pages stay where they can save requests,
// the rejects so that they can be looked at, the files do not.
func (t *take) leave(b *built, cause error) error {
	b.close()
	err := t.reading.leave(fault.Of(cause))
	if t.attempted {
		return err
	}
	if b == nil || b.reject == nil || b.reject.count == 0 {
		return errors.Join(err, t.stage.Clear())
	}
	_, finishErr := b.reject.finish()
	return errors.Join(err, finishErr, t.stage.Discard(b.files...))
}

// count adds what was read to the pipeline's result, whether it is committed
// or not.
func (t *take) count(b *built) {
	if b == nil {
		return
	}
	t.result.add(b.counts)
	t.result.drifted(b.watch.counts())
	if b.proof != "" {
		t.result.Proof = weaker(t.result.Proof, b.proof)
	}
	for _, d := range b.drifted {
		t.result.addDrift(d)
	}
	for _, c := range b.checks {
		t.result.addCheck(c)
	}
}

// proofs lists the proofs from the weakest to the strongest.
var proofs = []string{config.Answered, config.Walked, config.Counted, config.Settled}

// strength returns the place of a proof in that order; -1 for none.
func strength(proof string) int {
	for i, p := range proofs {
		if p == proof {
			return i
		}
	}
	return -1
}

// weaker returns the weaker of two proofs; "" is none yet.
func weaker(a, b string) string {
	if a == "" || b != "" && strength(b) < strength(a) {
		return b
	}
	return a
}
