package pipeline

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"etl/internal/config"
	"etl/load"
)

// plan returns what a run would do, by pipeline.
func (w *world) plan(o Options, estimate bool, names ...string) map[string]Planned {
	w.t.Helper()
	planned := map[string]Planned{}
	for _, p := range w.outline(o, estimate, names...).Pipelines {
		planned[p.Name] = p
	}
	return planned
}

func (w *world) outline(o Options, estimate bool, names ...string) *Outline {
	w.t.Helper()
	var err error
	if o.Config == nil {
		o.Config = w.config()
	}
	if o.Pipelines, err = o.Config.Select(names); err != nil {
		w.t.Fatal(err)
	}
	if o.Store == nil {
		if o.Store, err = load.Open(w.root); err != nil {
			w.t.Fatal(err)
		}
	}
	outline, err := Plan(w.t.Context(), o)
	if err == nil && estimate {
		err = outline.Estimate(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return outline
}

var spineNames = []string{"workshop_resources", "request_list", "requests", "sales_funnels"}

func TestPlanOfAFirstRun(t *testing.T) {
	w := newWorld(t, nil)
	w.requests()
	got := w.plan(Options{}, false, spineNames...)
	four := int64(4)
	want := map[string]Planned{
		"workshop_resources": {Source: "rental", Proof: "counted", Slices: []string{""}, Units: 4, Lists: 4, Asked: &four},
		"request_list":       {Source: "rental", Proof: "counted", Slices: []string{""}, Units: 1, Lists: 1},
		"requests":           {Source: "rental", Proof: "answered", Slices: []string{""}, Parents: map[string]int64{"request_list": 0}, Waits: true},
		"sales_funnels":      {Source: "calls", Proof: "walked", Slices: []string{""}, Units: 1, Lists: 1},
	}
	for name, p := range want {
		p.Name = name
		if diff := cmp.Diff(p, got[name], cmpopts.IgnoreUnexported(Planned{}, Failure{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if lines := w.requests(); len(lines) > 0 {
		t.Errorf("a plan asked %d requests", len(lines))
	}
}

func TestPlanAfterARun(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, spineNames...)
	p := w.plan(Options{}, false, "requests")["requests"]
	if p.Commit != 1 || *p.Asked != 0 || p.Unchanged != 60 || p.Parents["request_list"] != 1 || p.Waits {
		t.Errorf("%+v", p)
	}
	if p = w.plan(Options{AllParents: true}, false, "requests")["requests"]; *p.Asked != 60 || p.Units != 1 || p.Lists != 60 {
		t.Errorf("--all-parents: asked %d, units %d, lists %d, want 60, 1, 60", *p.Asked, p.Units, p.Lists)
	}
}

func TestPlanTellsWhatKeepsAPipelineFromRunning(t *testing.T) {
	w := newWorld(t, nil)
	p := w.plan(Options{}, false, "requests")["requests"]
	if p.Class != "config" || p.What != "etl run request_list requests" {
		t.Errorf("%+v", p.Failure)
	}
}

// A reading that was broken off, and one that does not fit a schema that has
// changed since, are told.
func TestPlanTellsWhatIsResumed(t *testing.T) {
	w := newWorld(t, map[string]string{"rental.bad": "3"})
	w.run(Options{}, "workshop_resources")
	if p := w.plan(Options{}, false, "workshop_resources")["workshop_resources"]; len(p.Resumes) != 0 {
		t.Errorf("with the same schema: %+v", p.Resumes)
	}
	c := w.config()
	for _, p := range c.Pipelines {
		schema := *p.Schema
		schema.Doc = "mended"
		p.Schema = &schema
	}
	p := w.plan(Options{Config: c}, false, "workshop_resources")["workshop_resources"]
	if len(p.Resumes) != 1 || !p.Resumes[0].Rebuild {
		t.Errorf("with a mended schema: %+v", p.Resumes)
	}
	if p = w.plan(Options{Config: c, Fresh: true}, false, "workshop_resources")["workshop_resources"]; len(p.Resumes) != 0 {
		t.Errorf("--fresh: %+v", p.Resumes)
	}
}

// The requests that are estimated are those that the run makes.
func TestEstimateIsWhatARunTakes(t *testing.T) {
	w := newWorld(t, nil)
	c := w.config()
	for _, p := range c.Pipelines {
		p.Paging.Size = min(p.Paging.Size, 25)
	}
	w.requests()
	got := w.plan(Options{Config: c}, true, spineNames...)
	if n := len(w.requests()); n != 2+4+1+1 {
		t.Errorf("the estimate took %d requests, want two logins and six first pages", n)
	}
	w.run(Options{Config: c}, spineNames...)
	var made int64
	for range w.requests() {
		made++
	}
	var estimated int64 = 2 // logins
	for _, name := range spineNames {
		e := got[name].Estimate
		if e == nil {
			t.Fatalf("%s: no estimate: %+v", name, got[name].Failure)
		}
		estimated += e.Requests
	}
	if estimated > made || estimated < made-2 { // the totals that are read again at the end, and an empty page
		t.Errorf("%d requests are estimated, %d were made", estimated, made)
	}
	for name, rows := range map[string]int64{"workshop_resources": 400, "request_list": 60, "requests": 60, "sales_funnels": 40} {
		if e := got[name].Estimate; e.Rows != rows || e.Rough != (name == "requests") {
			t.Errorf("%s: %+v, want %d rows", name, e, rows)
		}
	}
	if e := w.plan(Options{}, true, "request_list")["request_list"].Estimate; !e.ByCommit || e.Disk == 0 || e.Disk >= e.JSON {
		t.Errorf("after a commit: %+v", e)
	}
}

// Of many slices a few are looked at, from the first to the last.
func TestEstimateOfManySlices(t *testing.T) {
	w := newWorld(t, nil)
	w.requests()
	e := w.plan(Options{}, true, "calls_report")["calls_report"].Estimate
	if n := len(w.requests()); n != 1+mostSamples {
		t.Errorf("%d requests, want a login and %d first pages", n, mostSamples)
	}
	if !e.Rough || e.Requests < 24 || e.Rows == 0 {
		t.Errorf("%+v", e)
	}
}

// A pipeline with limits of its own keeps to them, and the source waits for it.
func TestEstimateWithinTheLimitsOfAPipeline(t *testing.T) {
	w := newWorld(t, nil)
	c := w.config()
	for _, p := range c.Pipelines {
		if p.Name == "workshop_resources" {
			p.Limits = config.Limits{Requests: 2, Per: time.Minute, Share: 0.5}
		}
	}
	now := time.Now()
	o := Options{
		Config: c, Now: func() time.Time { return now },
		Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
	}
	outline := w.outline(o, true, "workshop_resources", "request_list")
	limited := outline.Pipelines[0].Estimate
	if limited.Requests != 6 || limited.Seconds != 300 {
		t.Errorf("%+v, want 6 requests, one a minute", limited)
	}
	if d := outline.Sources[0]; d.Seconds != limited.Seconds || d.Allowed == 1 {
		t.Errorf("%+v, want the seconds of the pipeline, %v", d, limited.Seconds)
	}
}

// No period holds more requests than are allowed, and no more are under way at
// one time than the concurrency: the reckoning agrees with playing it through,
// to a request.
func TestSeconds(t *testing.T) {
	for _, d := range []Demand{
		{Concurrency: 1, Latency: 0.5},
		{Concurrency: 4, Latency: 0.1},
		{Concurrency: 8, Latency: 0.2, Allowed: 240, Per: 60},
		{Concurrency: 1, Latency: 1, Allowed: 240, Per: 60},
		{Concurrency: 8, Latency: 0.01, Allowed: 1, Per: 10},
		{Concurrency: 2, Latency: 0.3, Allowed: 7, Per: 1},
	} {
		for _, requests := range []int64{0, 1, 2, 7, 8, 239, 240, 241, 1000, 5000} {
			got, want := d.seconds(requests), played(d, requests)
			if math.Abs(got-want) > 0.02*want+d.Latency {
				t.Errorf("%+v: %d requests take %.2f s, played through %.2f s", d, requests, got, want)
			}
		}
	}
}

// played plays requests through, one by one.
func played(d Demand, requests int64) (end float64) {
	var starts, ends []float64
	for i := range int(requests) {
		at := 0.0
		if i >= int(d.Concurrency) {
			at = ends[i-d.Concurrency]
		}
		if d.Allowed > 0 && i >= int(d.Allowed) {
			at = max(at, starts[i-int(d.Allowed)]+d.Per)
		}
		starts, ends = append(starts, at), append(ends, at+d.Latency)
		end = at + d.Latency
	}
	return end
}
