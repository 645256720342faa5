package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
)

// longestHold is the longest period of a limit that a worker waits for when it
// cannot know what another one, which began before it and may be dead, has used
// of their share.
const longestHold = 5 * time.Minute

// unitsAhead is how many units of a pipeline a worker reads at one time: while
// one comes to its end the next begins. With more of them fewer would be whole
// when it breaks off.
const unitsAhead = 2

// RunShard does one shard of a plan. It may be done any number of times, and by
// several workers at once: of each pipeline the first manifest counts, and who
// finds that another's stands has nothing left to do.
func RunShard(ctx context.Context, o Options, plan *ShardPlan, shard int) (*Summary, error) {
	o.setDefaults()
	o.Memory, o.NewSource, o.AllParents = plan.Memory, plan.NewSource, plan.AllParents
	if shard < 0 || shard >= plan.Asked {
		return nil, fault.New(fault.Config, "plan %s has the shards 0 to %d, and no shard %d", plan.ID, plan.Asked-1, shard)
	}
	if err := plan.check(&o); err != nil {
		return nil, err
	}
	started := o.Now()
	id := NewRunID()
	o.Log = o.Log.With("run", id, "shard", shard)
	progress := o.Progress
	o.Progress = func(p Progress) { p.Shard = &shard; progress(p) }
	w := &worker{plan: plan, shard: shard, again: map[string]bool{}}
	w.runner = &runner{o: o, id: id, clients: map[*config.Source]*extract.Client{}, divide: w.divide}
	defer w.runner.close()
	if err := w.begin(); err != nil {
		return nil, err
	}
	w.work(ctx)
	s := w.summary()
	s.Plan, s.Shard = plan.ID, &shard
	s.Seconds = o.Now().Sub(started).Seconds()
	return s, nil
}

// A worker does one shard of a plan.
type worker struct {
	*runner
	plan  *ShardPlan
	shard int
	again map[string]bool // sources that another worker of the shard has begun with
	parts []*portion
}

// A portion is what a shard reads of one pipeline.
type portion struct {
	*job
	plan   *ShardPlan
	of     *PlanPipeline
	shard  int
	notes  *load.Shards
	unlock func() error // of this machine; nil: another worker has the lock, or the portion is done

	mu   sync.Mutex
	done []*unitDone // by place in the shard; nil: not yet
	left []string    // folders of kept pages
}

// begin opens the pipelines of which the shard has units, but for those that
// are done.
func (w *worker) begin() error {
	for i := range w.plan.Pipelines {
		of := &w.plan.Pipelines[i]
		if !of.has(w.shard) {
			continue
		}
		p, err := of.find(w.o.Config)
		if err != nil {
			return err
		}
		notes, err := w.o.Store.Dataset(of.Name).Shards(w.plan.ID)
		if err != nil {
			return err
		}
		begun, err := notes.Begin(w.shard, w.id)
		if err != nil {
			return err
		}
		w.again[of.Source] = w.again[of.Source] || begun
		w.parts = append(w.parts, &portion{of: of, plan: w.plan, shard: w.shard, notes: notes})
		w.o.Pipelines = append(w.o.Pipelines, p)
	}
	for i, p := range w.o.Pipelines {
		j, err := w.job(p)
		if err != nil {
			return err
		}
		if err := j.checkFingerprints(w.parts[i].of); err != nil {
			return err
		}
		clear(j.parents) // they are those of the plan
		w.parts[i].job = j
		w.jobs = append(w.jobs, j)
	}
	return nil
}

// divide leaves the other workers of the plan their share of a source.
func (w *worker) divide(src *config.Source, o *extract.Options) {
	for _, s := range w.plan.Sources {
		if s.Name != src.Name {
			continue
		}
		o.Share, o.Workers = s.Share, s.Shards
		o.Used, o.UsedAt = (s.Used+int64(s.Shards)-1)/int64(s.Shards), s.UsedAt
		if w.again[s.Name] && src.Limits.Per <= longestHold {
			o.Used, o.UsedAt = math.MaxInt64, w.o.Now()
		}
	}
}

// work does the portions side by side.
func (w *worker) work(ctx context.Context) {
	slots := make(chan struct{}, w.o.Concurrency) // units at one time
	var wg sync.WaitGroup
	for _, p := range w.parts {
		wg.Go(func() {
			started := w.o.Now()
			p.finish(caught(func() error { return shardError(p.shard, p.do(ctx, slots)) })())
			p.result.Seconds = w.o.Now().Sub(started).Seconds()
			w.o.Progress(Progress{Pipeline: p.p.Name, Pages: p.result.Pages, Rows: p.result.Written, Done: true, Result: &p.result})
		})
	}
	wg.Wait()
}

// do reads the units of the portion, and writes the manifest when all are done.
func (p *portion) do(ctx context.Context, slots chan struct{}) (err error) {
	if done, err := p.isDone(); done || err != nil {
		return err
	}
	if err := p.lock(); err != nil {
		return err
	}
	defer func() {
		if p.unlock != nil {
			err = errors.Join(err, p.unlock())
		}
	}()
	if done, err := p.isDone(); done || err != nil { // by whoever had the lock
		return err
	}
	takes, err := p.takes(ctx)
	if err != nil {
		return err
	}
	p.done = make([]*unitDone, len(takes))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(unitsAhead)
	for i, t := range takes {
		if send(gctx, slots, struct{}{}) != nil {
			break
		}
		g.Go(caught(func() error {
			defer func() { <-slots }()
			return p.unit(gctx, i, t)
		}))
	}
	err = g.Wait()
	if errors.Is(err, errDone) {
		return p.discard(takes)
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return p.deliver(ctx, takes)
}

// errDone ends the work of one whose shard another worker has done.
var errDone = errors.New("another worker has done the shard")

func (p *portion) isDone() (bool, error) {
	done, err := p.notes.Has(p.shard)
	if done {
		p.log.Info("the shard is done already")
	}
	return done, err
}

// lock makes sure that no other worker of this machine uses the pages that a
// broken off one has kept here.
func (p *portion) lock() error {
	first := &take{job: p.job, plan: p.plan.ID}
	stage, err := p.ds.Stage(first.place(), p.run)
	if err != nil {
		return err
	}
	root := filepath.Dir(first.keptIn(stage))
	if strings.Contains(root, "://") {
		return nil
	}
	if err := p.sweepKept(root); err != nil {
		return err
	}
	unlock, ok, err := load.LockFile(filepath.Join(root, fmt.Sprintf("plan-%s-%d.lock", p.plan.ID, p.shard)))
	if ok {
		p.unlock = unlock
	}
	return err
}

// sweepKept removes the pages that workers of plans which have expired long ago
// have kept on this machine: nobody goes on with them.
func (p *portion) sweepKept(root string) error {
	dirs, err := filepath.Glob(filepath.Join(root, "plan-*"))
	if err != nil {
		return fmt.Errorf("looking for kept pages of old plans: %w", err)
	}
	for _, dir := range dirs {
		left, err := load.Readings(dir)
		if errors.Is(err, syscall.ENOTDIR) {
			continue // a lock
		}
		if err != nil {
			return err
		}
		for _, old := range left {
			if p.o.Now().Sub(old.Started) > latestExpire+defaultExpire {
				if err := p.forgetPages(old.Dir); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// takes returns the units of the portion, in plan order, each as a take of its
// own.
func (p *portion) takes(ctx context.Context) (all []*take, err error) {
	if p.of.Base > 0 {
		if p.commit, err = p.ds.At(p.of.Base); err != nil {
			return nil, err
		}
	}
	first := &take{job: p.job, base: p.commit, frozen: p.of.Parents}
	if err := first.lay(ctx); err != nil {
		return nil, err
	}
	if err := first.checkUnits(p.of); err != nil {
		return nil, err
	}
	for _, s := range p.of.Slices {
		for u, unit := range s.Units {
			if unit.Shard == p.shard {
				all = append(all, &take{
					job: p.job, slice: s.slice(), base: p.commit, family: first.family, units: first.units[u : u+1],
					part: true, plan: p.plan.ID, beside: p.unlock == nil,
				})
			}
		}
	}
	return all, nil
}

// unit reads one unit.
func (p *portion) unit(ctx context.Context, i int, t *take) error {
	if done, err := p.notes.Has(p.shard); done || err != nil {
		return errors.Join(err, errDone)
	}
	if err := t.checkRoom(); err != nil {
		return err
	}
	if err := t.openReading(); err != nil {
		return err
	}
	p.mu.Lock()
	p.left = append(p.left, t.reading.dir)
	p.mu.Unlock()
	b, err := t.read(ctx)
	if ctx.Err() != nil { // not after it is sealed: then it is done
		err = context.Cause(ctx)
	}
	var done *unitDone
	if err == nil {
		done, err = t.seal(b)
	}
	if err != nil {
		if t.slice.name != "" {
			err = fmt.Errorf("slice %s: %w", t.slice.name, err)
		}
		return errors.Join(err, t.leave(b, err))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[i] = done
	p.count(done)
	return nil
}

// count adds a unit to what is told of the portion.
func (p *portion) count(d *unitDone) {
	r := &p.result
	r.add(d.Counts)
	r.Written += d.Counts.Served - d.Counts.Duplicates - d.Counts.Rejected
	r.Proof = weaker(r.Proof, d.Proof)
	r.drifted(d.Watch.counts())
	p.o.Progress(Progress{Pipeline: p.p.Name, Slice: d.Slice, Pages: r.Pages, Rows: r.Served, Bytes: r.Bytes})
}

// deliver writes the manifest. If another worker's stands, what this one has
// staged goes.
func (p *portion) deliver(ctx context.Context, takes []*take) error {
	m := manifest{Worker: p.run, Units: p.done}
	for _, s := range p.of.Slices {
		if s.Covers == nil || !s.has(p.shard) {
			continue
		}
		total, err := p.total(ctx, s)
		if err != nil {
			return err
		}
		m.Totals = append(m.Totals, total)
	}
	won, err := p.notes.Put(p.shard, m)
	if err != nil {
		return err
	}
	if !won {
		p.log.Info("another worker has done the shard before")
		return p.discard(takes)
	}
	return p.forget()
}

// total asks for the total over all values after the units of the shard.
func (p *portion) total(ctx context.Context, s PlanSlice) (sliceTotal, error) {
	first := &take{job: p.job, slice: s.slice(), base: p.commit, frozen: p.of.Parents}
	if err := first.lay(ctx); err != nil {
		return sliceTotal{}, err
	}
	total, err := first.list(0, 0).Total(ctx)
	return sliceTotal{s.Name, total}, err
}

// discard removes what this worker has staged and kept.
func (p *portion) discard(takes []*take) (err error) {
	for _, t := range takes {
		if t.stage != nil {
			err = errors.Join(err, t.stage.Clear())
		}
	}
	return errors.Join(err, p.forget())
}

// forget removes the pages that were kept in case the shard breaks off.
func (p *portion) forget() (err error) {
	for _, dir := range p.left {
		err = errors.Join(err, p.forgetPages(dir))
	}
	return err
}

func (p *portion) forgetPages(dir string) error {
	kept, err := load.OpenPages(dir, p.o.Now)
	if err != nil {
		return err
	}
	err = errors.Join(os.RemoveAll(filepath.Join(dir, "keys")), kept.Remove(together), kept.Close())
	_ = os.Remove(filepath.Dir(dir)) // if it is empty
	return err
}

func (p *PlanPipeline) has(shard int) bool {
	for i := range p.Slices {
		if p.Slices[i].has(shard) {
			return true
		}
	}
	return false
}

func (s *PlanSlice) has(shard int) bool {
	for _, u := range s.Units {
		if u.Shard == shard {
			return true
		}
	}
	return false
}
