package pipeline

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
)

// Run runs the pipelines side by side and returns what became of each. A
// failed pipeline stops no other; those that need its rows are blocked. The
// error is for a run that could not begin; what goes wrong in a pipeline
// stands in the summary.
func Run(ctx context.Context, o Options) (*Summary, error) {
	o.setDefaults()
	if err := o.checkBounds(); err != nil {
		return nil, err
	}
	r := &runner{o: o, clients: map[*config.Source]*extract.Client{}}
	defer r.close()
	r.id = NewRunID()
	for _, p := range order(o.Pipelines) {
		j, err := r.job(p)
		if err != nil {
			return nil, err
		}
		r.jobs = append(r.jobs, j)
	}
	started := o.Now()
	r.runAll(ctx)
	s := r.summary()
	s.Seconds = o.Now().Sub(started).Seconds()
	return s, nil
}

// checkBounds refuses --since and --until where no pipeline has a window, and
// warns of those that have none.
func (o *Options) checkBounds() error {
	if o.Since.IsZero() && o.Until.IsZero() {
		return nil
	}
	var whole []string
	for _, p := range o.Pipelines {
		if p.Window == nil {
			whole = append(whole, p.Name)
		}
	}
	if len(whole) == len(o.Pipelines) {
		return fault.New(fault.Config, "none of these pipelines has a window, so --since and --until mean nothing to them").
			WithHint("leave both out, or add a window to the pipeline")
	}
	for _, name := range whole {
		o.Log.Warn("it has no window, so it is read whole", "pipeline", name)
	}
	return nil
}

// A runner holds what the jobs of one run share.
type runner struct {
	o       Options
	id      string
	clients map[*config.Source]*extract.Client
	jobs    []*job
	divide  func(*config.Source, *extract.Options) // what other workers leave of a source; nil: all
}

// close lets go of the connections to the sources.
func (r *runner) close() {
	for _, client := range r.clients {
		client.Close()
	}
}

// NewRunID returns the id that tells this process's commits from those of any
// other, whatever label a user gives it.
func NewRunID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand.Read
	return hex.EncodeToString(b[:])
}

// A job is one pipeline in a run.
type job struct {
	o      *Options
	run    string
	p      *config.Pipeline
	id     config.Identity
	client *extract.Client
	ds     *load.Dataset
	log    *slog.Logger

	asked   atomic.Int64 // pages that came
	doubted atomic.Int64 // empty ends that were asked for again

	parents []*job        // of this run, one for each ForEach that has one, else nil
	done    chan struct{} // closed at the end
	commit  *load.Commit  // the newest of the data set; set before done closes
	result  Result
	watched *stopwatch // of its stages
}

func (r *runner) job(p *config.Pipeline) (*job, error) {
	client := r.clients[p.Source]
	if client == nil {
		var err error
		o := r.o.clientOptions(p.Source)
		if r.divide != nil {
			r.divide(p.Source, &o)
		}
		client, err = extract.NewClient(p.Source, o)
		if err != nil {
			return nil, err
		}
		r.clients[p.Source] = client
	}
	j := &job{
		o: &r.o, run: r.id, p: p, id: p.Identity(), client: client, ds: r.o.Store.Dataset(p.Name),
		log: r.o.Log.With("run", r.id, "pipeline", p.Name), done: make(chan struct{}), watched: &stopwatch{now: r.o.Now},
	}
	for _, f := range p.ForEach {
		var parent *job
		for _, other := range r.jobs {
			if other.p == f.Pipeline {
				parent = other
			}
		}
		j.parents = append(j.parents, parent)
	}
	return j, nil
}

// runAll runs every job once its parents are done, at most Concurrency at one
// time.
func (r *runner) runAll(ctx context.Context) {
	slots := make(chan struct{}, r.o.Concurrency)
	var wg sync.WaitGroup
	for _, j := range r.jobs {
		wg.Go(func() {
			defer close(j.done)
			started := r.o.Now()
			err := caught(func() error { return j.afterParents(ctx, slots) })()
			j.finish(err)
			j.result.Seconds = r.o.Now().Sub(started).Seconds()
			r.o.Progress(Progress{Pipeline: j.p.Name, Pages: j.result.Pages, Rows: j.result.Written, Done: true, Result: &j.result})
		})
	}
	wg.Wait()
}

// caught turns a panic of f into an error, so that a fault in one pipeline
// stops no other and ends with the exit code of a fault.
func caught(f func() error) func() error {
	return func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				what := fmt.Sprintf("%T", p) // the value could hold a record's
				if e, ok := p.(runtime.Error); ok {
					what = e.Error()
				}
				err = fault.New(fault.Bug, "the program broke: %s", what).
					WithHint("please report it with this stack:\n%s", debug.Stack())
			}
		}()
		return f()
	}
}

// errBlocked marks a job whose parent pipeline failed in this run.
var errBlocked = errors.New("blocked")

func (j *job) afterParents(ctx context.Context, slots chan struct{}) error {
	for _, parent := range j.parents {
		if parent == nil {
			continue
		}
		if err := parent.wait(ctx); err != nil {
			return err
		}
		if parent.result.Status != OK {
			return fmt.Errorf("%w: its parents come from %s, which failed", errBlocked, parent.p.Name)
		}
	}
	if err := send(ctx, slots, struct{}{}); err != nil {
		return err
	}
	defer func() { <-slots }()
	return j.execute(ctx)
}

// finish turns the end of a job into its result.
func (j *job) finish(err error) {
	j.result.Name, j.result.stages = j.p.Name, j.watched.spent
	j.result.Status = OK
	if j.commit != nil {
		j.result.Commit, j.result.Files = j.commit.Number, int64(len(j.commit.Files))
		if j.result.Slices > 0 {
			j.result.describe(j.ds, j.commit.Schema)
		}
	}
	if err == nil {
		return
	}
	j.result.Status, j.result.err = Failed, err
	j.result.Error, j.result.Hint = err.Error(), fault.Hint(err)
	j.result.Class = fault.Of(err).String()
	if errors.Is(err, errBlocked) {
		j.result.Status, j.result.err, j.result.Class = Blocked, nil, ""
	}
}

func (r *runner) summary() *Summary {
	s := &Summary{Run: r.id, Status: OK, sources: r.use()}
	var errs []error
	for _, j := range r.jobs {
		s.Pipelines = append(s.Pipelines, j.result)
		errs = append(errs, j.result.err)
		if j.result.Status != OK {
			s.Status = Failed
		}
	}
	s.Exit = fault.Exit(errs...)
	s.RetryAfter = fault.RetryAfter(errs...).Seconds()
	return s
}
