package pipeline

import (
	"context"
	"math"
	"sync"
	"time"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
)

// longestHold is the longest period of a limit that a worker waits for when it
// cannot know what another one, which began before it and may be dead, has used
// of their share.
const longestHold = 5 * time.Minute

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
