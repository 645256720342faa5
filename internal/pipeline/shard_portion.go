package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sync/errgroup"

	"etl/load"
)

// unitsAhead is how many units of a pipeline a worker reads at one time: while
// one comes to its end the next begins. With more of them fewer would be whole
// when it breaks off.
const unitsAhead = 2

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
