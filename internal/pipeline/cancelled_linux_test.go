package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"etl/internal/fault"
)

// inMemory answers requests without a network.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, asked := httptest.NewRecorder(), r.Clone(r.Context())
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	m.ServeHTTP(answer, asked)
	return answer.Result(), r.Context().Err()
}

// A moment is the nth time that a function of this package, or what it calls
// elsewhere, looks at the clock.
type moment struct {
	where string
	n     int
}

// A canceller is a clock that stops a run at a moment.
type canceller struct {
	at     moment
	cancel context.CancelFunc
	mu     sync.Mutex
	looked map[string]int
}

func (c *canceller) now() time.Time {
	where := whoLooks()
	c.mu.Lock()
	c.looked[where]++
	if c.at == (moment{where, c.looked[where]}) {
		c.cancel()
	}
	c.mu.Unlock()
	return time.Now()
}

// whoLooks returns the function of this package that looks at the clock, by its
// name without the package.
func whoLooks() string {
	const here = "etl/internal/pipeline."
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		name, inside := strings.CutPrefix(f.Function, here)
		name, _, _ = strings.Cut(name, ".func") // how closures are named depends on what is inlined
		if inside && !strings.HasPrefix(name, "(*stopwatch)") {
			return name
		}
		if !more {
			return "elsewhere"
		}
	}
}

// A stopped is what is stopped, in a world, and what is done after that.
type stopped struct {
	task  func(ctx context.Context, w *world, o Options) []Result
	after func(t *testing.T, w *world)
}

// everywhere runs the task once to learn its moments, and then stops it at the
// first and the last of every kind, each time in a copy of the world.
func (s stopped) everywhere(t *testing.T, w *world) {
	c := &canceller{cancel: func() {}, looked: map[string]int{}}
	first := w.copied(t)
	s.task(t.Context(), first, first.stopping(c))
	s.after(t, first)
	for _, stage := range []string{"(*fetcher).ask", "(*take).decodePage", "(*take).write", "(*take).build"} {
		if c.looked[stage] == 0 {
			t.Errorf("nothing is stopped in %s, of %v", stage, c.looked)
		}
	}
	for _, where := range slices.Sorted(maps.Keys(c.looked)) {
		last := c.looked[where]
		for _, n := range slices.Compact([]int{1, last}) {
			t.Run(fmt.Sprintf("%s, %d of %d", where, n, last), func(t *testing.T) { s.at(t, w.copied(t), moment{where, n}) })
		}
	}
}

func (w *world) stopping(c *canceller) Options {
	return Options{Config: w.unlimited(), Transport: inMemory{w.sim}, Now: c.now}
}

// at stops the task at a moment. It ends as a run that was stopped, if it does
// not end well, leaves no goroutine and no open file, and in a stage nothing but
// kept pages; or, from the moment on at which it tries to commit, what the next
// run removes.
func (s stopped) at(t *testing.T, w *world, at moment) {
	running := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := &canceller{at: at, cancel: cancel, looked: map[string]int{}}
	for _, r := range s.task(ctx, w, w.stopping(c)) {
		if r.err != nil && (fault.Of(r.err) != fault.Interrupted || !errors.Is(r.err, context.Canceled)) {
			t.Errorf("%s: class %s: %v", r.Name, fault.Of(r.err), r.err)
		}
	}
	if ctx.Err() == nil {
		t.Error("the moment did not come, so this shows nothing")
	}
	if err := goleak.Find(running); err != nil {
		t.Error(err)
	}
	if left := openFilesBelow(t, w.root); len(left) > 0 {
		t.Errorf("left open: %q", left)
	}
	if left := w.staged(t); len(left) > 0 && c.looked["(*take).commitSlice"] == 0 {
		t.Errorf("left in stages: %q", left)
	}
	s.after(t, w)
	if left := w.staged(t); len(left) > 0 {
		t.Errorf("left in stages by the next run: %q", left)
	}
}

// staged returns the files in stages that are not of plans: those of a worker
// wait for the others and for the commit, or for gc.
func (w *world) staged(t *testing.T) []string {
	return slices.DeleteFunc(filesBelow(t, w.root, ".part"), func(name string) bool { return strings.Contains(name, "/stage/plan-") })
}

// openFilesBelow returns the files of a folder that this process has open.
func openFilesBelow(t *testing.T, root string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || !strings.HasPrefix(name, root) {
			continue // it was the folder that is read
		}
		if info, err := os.Stat(name); err != nil || !info.IsDir() { // garbage collection closes folders
			names = append(names, name)
		}
	}
	return names
}

// A run that is stopped, wherever it is, leaves nothing behind that the next one
// would trip over.
func TestRunsAreStopped(t *testing.T) {
	const pipelines = "request*"
	w := newWorldOf(t, 0.01, nil)
	w.ok(Options{Transport: inMemory{w.sim}}, pipelines)
	w.move(map[string]string{"rental.changed": "20"}) // so that a run merges
	stopped{
		task: func(ctx context.Context, w *world, o Options) []Result {
			return w.runContext(ctx, o, pipelines).Pipelines
		},
		after: func(t *testing.T, w *world) {
			w.ok(Options{Transport: inMemory{w.sim}}, pipelines)
			w.hold(t, "request_list", "requests")
		},
	}.everywhere(t, w)
}

// So do the workers of a plan, and its commit: all can be done again.
func TestShardsAreStopped(t *testing.T) {
	const shards, name = 2, "workshop_resources"
	plans := map[*world]*ShardPlan{}
	do := func(ctx context.Context, w *world, o Options) (all []Result) {
		o = w.stored(o)
		steps := []func(context.Context, Options, *ShardPlan) (*Summary, error){CommitPlan}
		for k := range shards {
			steps = slices.Insert(steps, k, func(ctx context.Context, o Options, plan *ShardPlan) (*Summary, error) {
				return RunShard(ctx, o, plan, k)
			})
		}
		for _, step := range steps {
			s, err := step(ctx, o, plans[w])
			if err != nil {
				return append(all, Result{Name: name, err: err})
			}
			if all = append(all, s.Pipelines...); s.Exit != 0 {
				break
			}
		}
		return all
	}
	plan := func(w *world) {
		if plans[w] == nil {
			plans[w] = w.divide(Options{Config: w.unlimited(), Transport: inMemory{w.sim}}, shards, name)
		}
	}
	stopped{
		task: func(ctx context.Context, w *world, o Options) []Result { plan(w); return do(ctx, w, o) },
		after: func(t *testing.T, w *world) {
			for _, r := range do(t.Context(), w, Options{Config: w.unlimited(), Transport: inMemory{w.sim}}) {
				if r.err != nil {
					t.Errorf("again: %v", r.err)
				}
			}
			w.hold(t, name)
		},
	}.everywhere(t, newWorldOf(t, 0.005, nil))
}

// hold fails unless pipelines have every row.
func (w *world) hold(t *testing.T, names ...string) {
	t.Helper()
	pipelines, err := w.config().Select(names)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pipelines {
		if diff, _ := w.differ("in the end", p); diff != "" {
			t.Errorf("%s (-truth +rows):\n%s", p.Name, diff)
		}
	}
}
