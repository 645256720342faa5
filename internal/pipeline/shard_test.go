package pipeline

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
)

// parentNames are pipelines whose rows are parents of others: a plan freezes
// them, so they are brought up to date before it is made.
var parentNames = []string{"request_list", "projects", "project_actions", "users"}

// divisible is one pipeline of every kind that can be in a plan beside them:
// given values that cover all, changed parents, one list, slices of a window,
// parents of a block, and parents that are users of another source.
var divisible = []string{"workshop_resources", "requests", "sales_funnels", "calls_report", "project_details", "project_action_details", "user_meetings"}

// divide makes a plan, and takes it through its JSON.
func (w *world) divide(o Options, shards int, names ...string) *ShardPlan {
	w.t.Helper()
	plan, err := w.tryDivide(o, shards, names...)
	if err != nil {
		w.t.Fatal(err)
	}
	return plan
}

func (w *world) tryDivide(o Options, shards int, names ...string) (*ShardPlan, error) {
	w.t.Helper()
	o = w.stored(o)
	var err error
	if o.Pipelines, err = o.Config.Select(names); err != nil {
		w.t.Fatal(err)
	}
	plan, err := Divide(w.t.Context(), o, Division{Shards: shards})
	if err != nil {
		return nil, err
	}
	data, err := plan.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return DecodePlan(data)
}

// stored fills in where the options leave open what is read and to where.
func (w *world) stored(o Options) Options {
	w.t.Helper()
	var err error
	if o.Config == nil {
		o.Config = w.config()
	}
	if o.Store, err = load.Open(w.root); err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *world) shard(o Options, plan *ShardPlan, shard int) *Summary {
	w.t.Helper()
	s, err := RunShard(w.t.Context(), w.stored(o), plan, shard)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) commit(o Options, plan *ShardPlan) *Summary {
	w.t.Helper()
	s, err := CommitPlan(w.t.Context(), w.stored(o), plan)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// together does all shards of a plan and commits it; every step must succeed.
func (w *world) together(o Options, plan *ShardPlan, order ...int) *Summary {
	w.t.Helper()
	if order == nil {
		for k := range plan.Shards {
			order = append(order, k)
		}
	}
	for _, k := range order {
		w.succeeded(w.shard(o, plan, k))
	}
	s := w.commit(o, plan)
	w.succeeded(s)
	return s
}

func (w *world) succeeded(s *Summary) {
	w.t.Helper()
	for _, r := range s.Pipelines {
		if r.Status != OK {
			w.t.Fatalf("%s: %s: %s (%s)", r.Name, r.Class, r.Error, r.Hint)
		}
		if r.Served != r.Written+r.Duplicates+r.Rejected {
			w.t.Fatalf("%s: served %d, written %d, duplicates %d, rejected %d", r.Name, r.Served, r.Written, r.Duplicates, r.Rejected)
		}
	}
}

// rows returns all live rows of a pipeline as text, in their order, by the
// columns that are neither lists nor structs.
func (w *world) rows(p *config.Pipeline) (rows []string) {
	w.t.Helper()
	ds := w.dataset(p.Name)
	commit, err := ds.Published()
	if err != nil || commit == nil {
		w.t.Fatalf("%s: no commit: %v", p.Name, err)
	}
	var columns []string
	for _, c := range p.Schema.Columns {
		if ds.Scan(commit, []string{c.Name}, func([]any) error { return nil }) == nil {
			columns = append(columns, c.Name)
		}
	}
	w.scan(p.Name, columns, func(row []any) { rows = append(rows, fmt.Sprint(row)) })
	slices.Sort(rows)
	return rows
}

// Whoever reads the units of a plan, in whatever order, the bytes are the same;
// and the rows are those of a run by one process. That holds for every kind of
// pipeline there is.
func TestShardsGiveTheSameBytes(t *testing.T) {
	plain := newWorldOf(t, 0.1, patient)
	plain.ok(Options{Config: plain.unlimited()}, slices.Concat(parentNames, divisible)...)
	var want map[string]string
	for _, tt := range []struct {
		shards int
		order  []int
	}{{1, nil}, {2, []int{1, 0}}, {5, []int{3, 0, 4, 1, 2}}} {
		t.Run(fmt.Sprint(tt.shards), func(t *testing.T) {
			w := newWorldOf(t, 0.1, patient)
			c := w.unlimited()
			w.ok(Options{Config: c}, parentNames...)
			plan := w.divide(Options{Config: c}, tt.shards, divisible...)
			if plan.Shards != tt.shards {
				t.Fatalf("%d shards have units, want %d", plan.Shards, tt.shards)
			}
			w.together(Options{Config: c}, plan, tt.order...)
			pipelines, err := c.Select(divisible)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pipelines {
				if diff := cmp.Diff(plain.rows(p), w.rows(p)); diff != "" {
					t.Errorf("%s: rows (-plain +divided):\n%s", p.Name, diff)
				}
			}
			got := w.tree("")
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("data (-one shard +this):\n%s", diff)
			}
			for _, name := range find(t, w.root, "stage") {
				if !strings.Contains(name, "/shards/") {
					t.Errorf("left behind: %s", name)
				}
			}
		})
	}
}

// Only what has changed is asked of a plan too, and what is gone leaves.
func TestShardsOfChangedParents(t *testing.T) {
	w := newWorldOf(t, 0.2, nil)
	w.ok(Options{}, "request_list", "requests")
	w.move(map[string]string{"rental.changed": "50", "rental.delete_at": "1:3"})
	w.ok(Options{}, "request_list")
	plan := w.divide(Options{}, 2, "requests")
	r := w.together(Options{}, plan).Pipelines[0]
	if r.Asked != 47 || r.Unchanged != 550 || r.Written != 47 || r.Commit != 2 {
		t.Errorf("asked %d, unchanged %d, written %d, commit %d, want 47, 550, 47, 2", r.Asked, r.Unchanged, r.Written, r.Commit)
	}
	ids := w.ids("requests")
	slices.Sort(ids)
	if diff := cmp.Diff(w.truth("requests"), ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	// What the commit keeps of the parents is what a run looks at.
	if r := w.ok(Options{}, "requests")["requests"]; r.Asked != 0 || r.Unchanged != 597 {
		t.Errorf("then: asked %d, unchanged %d", r.Asked, r.Unchanged)
	}
	// Nothing is left to do: no shard, and a commit that changes nothing.
	plan = w.divide(Options{}, 2, "requests")
	if s := w.commit(Options{}, plan); plan.Shards != 0 || s.Exit != 0 || s.Pipelines[0].Unchanged != 597 || s.Pipelines[0].Commit != 2 {
		t.Errorf("%d shards: %+v", plan.Shards, s)
	}
}

// A worker that finds its shard done has nothing to do, a second commit neither.
func TestShardsAreDoneOnce(t *testing.T) {
	w := newWorld(t, nil)
	plan := w.divide(Options{}, 2, "workshop_resources")
	w.succeeded(w.shard(Options{}, plan, 0))
	w.requests()
	if s := w.shard(Options{}, plan, 0); s.Exit != 0 || len(w.requests()) > 0 {
		t.Errorf("the shard was read again: %+v", s)
	}
	s := w.commit(Options{}, plan)
	if s.Exit != 3 || !strings.Contains(s.Pipelines[0].Error, "these shards are not done: 1") {
		t.Errorf("exit %d: %s", s.Exit, s.Pipelines[0].Error)
	}
	w.succeeded(w.shard(Options{}, plan, 1))
	first := w.commit(Options{}, plan)
	again := w.commit(Options{}, plan)
	w.succeeded(again)
	again.Pipelines[0].Seconds = first.Pipelines[0].Seconds
	if diff := cmp.Diff(first.Pipelines[0], again.Pipelines[0], cmpopts.IgnoreUnexported(Result{})); diff != "" {
		t.Errorf("the summary of the second commit (-first +second):\n%s", diff)
	}
	// By the log alone, if the note is gone.
	notes := filepath.Join(w.root, "_etl/workshop_resources/stage/plan-"+plan.ID, "shards/committed.json")
	removeFile(t, notes)
	if s := w.commit(Options{}, plan); s.Exit != 0 || s.Pipelines[0].Commit != 1 || s.Pipelines[0].Written != first.Pipelines[0].Written {
		t.Errorf("%+v", s)
	}
}

// Of two workers of a shard one manifest counts; the other worker ends well and
// leaves nothing behind.
func TestTwoWorkersOfAShard(t *testing.T) {
	w := newWorld(t, nil)
	o := Options{Config: w.unlimited()} // who comes second would wait for what the first may have used
	plan := w.divide(o, 1, "workshop_resources", "sales_funnels")
	ends := make(chan *Summary)
	for range 3 {
		go func() {
			s, err := RunShard(t.Context(), w.stored(o), plan, 0)
			if err != nil {
				t.Error(err)
			}
			ends <- s
		}()
	}
	for range 3 {
		if s := <-ends; s.Exit != 0 {
			t.Errorf("exit %d: %+v", s.Exit, s.Pipelines)
		}
	}
	w.succeeded(w.commit(o, plan))
	other := newWorld(t, nil)
	other.together(Options{}, other.divide(Options{}, 1, "workshop_resources", "sales_funnels"))
	if diff := cmp.Diff(other.tree(""), w.tree("")); diff != "" {
		t.Errorf("data (-one worker +three):\n%s", diff)
	}
	for _, name := range find(t, w.root, "stage") {
		if !strings.Contains(name, "/shards/") {
			t.Errorf("left behind: %s", name)
		}
	}
}

// A plan is for one configuration, one program and some time.
func TestPlansThatNoLongerHold(t *testing.T) {
	w := newWorld(t, nil)
	plan := w.divide(Options{Version: "v1"}, 2, "workshop_resources")
	edit := func(change func(*config.Pipeline)) *config.Config {
		c := w.config()
		for _, p := range c.Pipelines {
			if p.Name == "workshop_resources" {
				change(p)
			}
		}
		return c
	}
	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"another address", Options{Config: edit(func(p *config.Pipeline) { p.Source.BaseURL += "/x" })}, "the address, headers, params or account of source rental"},
		{"another page size", Options{Config: edit(func(p *config.Pipeline) { p.Paging.Size = 7 })}, "its request or paging"},
		{"fewer values", Options{Config: edit(func(p *config.Pipeline) { p.ForEach[0].Values = p.ForEach[0].Values[:2] })}, "its for_each, window, records or replies"},
		{"another key", Options{Config: edit(func(p *config.Pipeline) { p.Key = nil })}, "its key, partition"},
		{"another schema", Options{Config: edit(func(p *config.Pipeline) {
			schema := *p.Schema
			schema.Doc = "mended"
			p.Schema = &schema
		})}, "schema rental/workshop_resource"},
		{"another program", Options{Version: "v2"}, "was made by etl v1, and this is v2"},
		{"too late", Options{Now: func() time.Time { return time.Now().Add(25 * time.Hour) }}, "has expired"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.o.Version == "" {
				tt.o.Version = "v1"
			}
			_, err := RunShard(t.Context(), w.stored(tt.o), plan, 0)
			if err == nil || fault.Of(err) != fault.Config || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("a shard: %v, want %q", err, tt.want)
			}
			s := w.commit(tt.o, plan)
			if s.Exit != 2 || !strings.Contains(s.Pipelines[0].Error, tt.want) {
				t.Errorf("a commit: exit %d, %s, want %q", s.Exit, s.Pipelines[0].Error, tt.want)
			}
		})
	}
	if _, err := RunShard(t.Context(), w.stored(Options{Version: "v1"}), plan, 2); fault.Of(err) != fault.Config {
		t.Errorf("a shard that there is not: %v", err)
	}
}

// A plan freezes parents, so their pipeline cannot be read by it.
func TestPlansFreezeParents(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.tryDivide(Options{}, 2, "request_list", "requests")
	if fault.Of(err) != fault.Config || !strings.Contains(fault.Hint(err), "bring request_list up to date first") {
		t.Errorf("%v (%s)", err, fault.Hint(err))
	}
	if _, err = w.tryDivide(Options{}, 2, "requests"); fault.Hint(err) != "etl run request_list requests" {
		t.Errorf("%v (%s)", err, fault.Hint(err))
	}
	w.ok(Options{}, "request_list")
	plan := w.divide(Options{}, 2, "requests")
	w.move(map[string]string{"rental.changed": "7", "rental.delete_at": "1:3"})
	w.ok(Options{}, "request_list")
	r := w.together(Options{}, plan).Pipelines[0]
	if r.Asked+r.Gone != 60 {
		t.Errorf("asked %d, gone %d: want the 60 parents of the plan", r.Asked, r.Gone)
	}
	commit, err := w.dataset("requests").Newest()
	if err != nil || commit.Parents["request_list"] != 1 || commit.Plan != plan.ID {
		t.Errorf("parents of commit %d of request_list, plan %q", commit.Parents["request_list"], commit.Plan)
	}
}

// A newer commit that touched what the shards have read makes the plan void;
// one that has brought other slices does not.
func TestCommitsBesideAPlan(t *testing.T) {
	w := newWorld(t, nil)
	pipelines, err := w.config().Select([]string{"calls_report"})
	if err != nil {
		t.Fatal(err)
	}
	first := pipelines[0].Window.Start
	months := func(from, to int) Options {
		return Options{Since: first.AddDate(0, from-1, 0), Until: first.AddDate(0, to-1, 0)}
	}
	w.ok(months(1, 3), "calls_report")
	plan := w.divide(months(2, 4), 2, "calls_report")
	for k := range plan.Shards {
		w.succeeded(w.shard(Options{}, plan, k))
	}
	w.move(map[string]string{"calls.delete_at": "1:1"})
	w.ok(months(5, 6), "calls_report")
	s := w.commit(Options{}, plan)
	w.succeeded(s)
	if n := s.Pipelines[0].Slices; n != 2 {
		t.Errorf("%d slices are committed, want 2", n)
	}
	commit, err := w.dataset("calls_report").Newest()
	if err != nil || commit == nil || len(commit.Slices) != 4 {
		t.Fatalf("%d slices, want January to March, and May: %v", len(commit.Slices), err)
	}

	plan = w.divide(months(3, 5), 2, "calls_report")
	for k := range plan.Shards {
		w.succeeded(w.shard(Options{}, plan, k))
	}
	w.ok(months(4, 5), "calls_report")
	if s := w.commit(Options{}, plan); s.Exit != 8 {
		t.Errorf("exit %d: %s", s.Exit, s.Pipelines[0].Error)
	}
}

// The lists of given values are held against the total over all, asked for
// before the first and after the last unit.
func TestShardsAgainstTheTotalOverAllValues(t *testing.T) {
	w := newWorld(t, nil)
	plan := w.divide(Options{}, 4, "workshop_resources")
	for k := range plan.Shards {
		if k == 3 {
			w.move(map[string]string{"rental.delete_at": "1:1"})
		}
		w.succeeded(w.shard(Options{}, plan, k))
	}
	s := w.commit(Options{}, plan)
	if r := s.Pipelines[0]; s.Exit != 6 || !strings.Contains(r.Error, "declared another total") {
		t.Errorf("exit %d: %s", s.Exit, r.Error)
	}
	if left := find(t, w.root, "data"); len(left) > 0 {
		t.Errorf("files without a proof: %v", left)
	}
}

// A shard whose worker breaks off is done by the next one, who asks only for
// what the first has not read to its end.
func TestAShardIsResumed(t *testing.T) {
	w := newWorldOf(t, 0.2, nil)
	o := Options{Config: w.unlimited()}
	w.ok(o, "request_list")
	plan := w.divide(o, 1, "requests")
	w.requests()
	w.failAfter(350)
	if s := w.shard(o, plan, 0); s.Exit != 5 {
		t.Fatalf("exit %d: %+v", s.Exit, s.Pipelines)
	}
	w.requests()
	w.wrapNothing()
	w.succeeded(w.shard(o, plan, 0))
	if n := len(w.requests()); n > 450 {
		t.Errorf("%d of 600 parents were asked again", n)
	}
	w.succeeded(w.commit(o, plan))
}

// Units are dealt to the shards so that each source's are even, whatever they
// weigh; a source goes to no more shards than it is worth.
func TestDeal(t *testing.T) {
	source := func(name string, requests ...int64) *laidOut {
		src := &config.Source{Name: name}
		l := &laidOut{job: &job{p: &config.Pipeline{Name: name, Source: src}}, PlanPipeline: PlanPipeline{Name: name, Source: name, Slices: make([]PlanSlice, 1)}}
		for i, n := range requests {
			l.Slices[0].Units = append(l.Slices[0].Units, PlanUnit{Name: fmt.Sprint(i), Requests: n})
		}
		return l
	}
	many := make([]int64, 64)
	for i := range many {
		many[i] = rand.New(rand.NewPCG(uint64(i), 0)).Int64N(100) + 1
	}
	plan := &ShardPlan{Asked: 4}
	o := Options{}
	o.setDefaults()
	plan.deal([]*laidOut{source("small", 5), source("large", many...), source("one", 600)}, nil, &o)
	if plan.Shards != 4 {
		t.Errorf("%d shards have units, want 4", plan.Shards)
	}
	want := map[string]int{"large": 3, "one": 1, "small": 1}
	for _, s := range plan.Sources {
		if s.Shards != want[s.Name] || s.Share != 1/float64(s.Shards) {
			t.Errorf("%s: %d shards at %v of the limit each, want %d", s.Name, s.Shards, s.Share, want[s.Name])
		}
	}
	sums := map[int]int64{}
	for _, u := range plan.Pipelines[1].Slices[0].Units {
		sums[u.Shard] += u.Requests
	}
	for k, n := range sums {
		if fair := plan.Sources[0].Requests / int64(len(sums)); n < fair*9/10 || n > fair*11/10 {
			t.Errorf("shard %d has %d requests of the large source, want about %d", k, n, fair)
		}
	}
}
