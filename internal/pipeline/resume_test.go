package pipeline

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/schemas"
)

// stopAfter stops a run when the simulator has answered n requests for details.
// A run that is stopped leaves requests under way, which the simulator would
// still answer while the next run is counted: these never reach it.
func (w *world) stopAfter(n int64, o Options, names ...string) *Summary {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	if o.Config == nil {
		o.Config = w.config()
	}
	const stopped = "a run that is stopped"
	for _, p := range o.Config.Pipelines {
		p.Source.UserAgent = stopped
	}
	var begun, ended atomic.Int64
	w.wrap(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			counts := r.UserAgent() == stopped && isDetail(r.URL.Path)
			if counts && begun.Add(1) > n {
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			}
			h.ServeHTTP(rw, r)
			if counts && ended.Add(1) == n {
				cancel()
			}
		})
	})
	return w.runContext(ctx, o, names...)
}

func isDetail(path string) bool {
	return strings.Contains(path, "/v1/crm/requests/") && !strings.HasSuffix(path, "/v1/crm/requests/")
}

// details counts the requests for details since the last call.
func (w *world) details() (n int) {
	for _, line := range w.requests() {
		if strings.Contains(line, `/v1/crm/requests/`) && strings.Contains(line, `"page":null`) {
			n++
		}
	}
	return n
}

func TestResumeUsesWholeUnits(t *testing.T) {
	undisturbed := newWorldOf(t, 0.1, nil)
	undisturbed.ok(Options{}, "request*")

	w := newWorldOf(t, 0.1, nil)
	w.ok(Options{}, "request_list")
	if s := w.stopAfter(250, Options{}, "requests"); s.Exit != 130 {
		t.Fatalf("exit %d", s.Exit)
	}
	w.requests()
	w.ok(Options{}, "requests")
	if n := w.details(); n > 200 || n < 50 {
		t.Errorf("the resumed run made %d requests, want those of at most two blocks of 100", n)
	}
	if diff := cmp.Diff(undisturbed.tree("requests"), w.tree("requests")); diff != "" {
		t.Errorf("data (-undisturbed +resumed):\n%s", diff)
	}
	if left := find(t, w.root, "stage"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestResumeIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		second Options
	}{
		{"fresh", Options{Fresh: true}},
		{"too old", Options{Now: func() time.Time { return time.Now().Add(7 * time.Hour) }}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorldOf(t, 0.1, nil)
			w.ok(Options{}, "request_list")
			w.stopAfter(250, Options{}, "requests")
			w.requests()
			w.ok(tt.second, "requests")
			if n := w.details(); n != 300 {
				t.Errorf("%d requests for details, want all 300", n)
			}
		})
	}
}

// A damaged kept page is asked for again.
func TestResumeSurvivesATornPage(t *testing.T) {
	w := newWorldOf(t, 0.1, nil)
	w.ok(Options{}, "request_list")
	w.stopAfter(250, Options{}, "requests")
	pages, err := filepath.Glob(filepath.Join(w.root, "_etl/requests/stage/*/*/00000-*.json.*"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no kept pages: %v", err)
	}
	if err := os.Truncate(pages[0], 20); err != nil {
		t.Fatal(err)
	}
	w.requests()
	w.ok(Options{}, "requests")
	if n := w.details(); n < 100 {
		t.Errorf("%d requests for details: the torn unit was not read again", n)
	}
}

// bad is a schema of the list of requests that its records do not fit.
func bad(c *config.Config) {
	for _, p := range c.Pipelines {
		if p.Name == "request_list" {
			s := *p.Schema
			s.Columns = append([]schemas.Column(nil), s.Columns...)
			for i := range s.Columns {
				if s.Columns[i].Name == "price" {
					s.Columns[i].Type.Scale = 0
				}
			}
			p.Schema = &s
		}
	}
}

func TestRebuildNeedsNoRequest(t *testing.T) {
	w := newWorld(t, nil)
	c := w.config()
	bad(c)
	s := w.run(Options{Config: c}, "request_list")
	r := s.Pipelines[0]
	if s.Exit != 4 || r.Rejected == 0 || !strings.Contains(r.Error, "price") {
		t.Fatalf("exit %d, %d rejects, %s", s.Exit, r.Rejected, r.Error)
	}
	w.requests()
	again := w.ok(Options{}, "request_list")["request_list"]
	if lines := w.requests(); len(lines) > 0 {
		t.Errorf("the mended schema needed requests: %v", lines)
	}
	if again.Written != 60 || again.Proof != config.Counted {
		t.Errorf("%d rows, proof %q", again.Written, again.Proof)
	}
}

// With the schema as it was, the pages would not fit again: they are asked for.
func TestNoRebuildWithTheSameSchema(t *testing.T) {
	w := newWorld(t, nil)
	for range 2 {
		c := w.config()
		bad(c)
		w.requests()
		if s := w.run(Options{Config: c}, "request_list"); s.Exit != 4 {
			t.Fatalf("exit %d", s.Exit)
		}
		if len(w.requests()) == 0 {
			t.Error("no request was made")
		}
	}
}

func TestMaxRejects(t *testing.T) {
	w := newWorld(t, map[string]string{"rental.bad": "3"})
	s := w.run(Options{}, "workshop_resources")
	if s.Exit != 4 || s.Pipelines[0].Rejected != 3 {
		t.Fatalf("exit %d: %+v", s.Exit, s.Pipelines[0])
	}
	c := w.config()
	for _, p := range c.Pipelines {
		p.MaxRejects.Count = 3
	}
	r := w.ok(Options{Config: c, Fresh: true}, "workshop_resources")["workshop_resources"]
	if r.Rejected != 3 || r.Written != 397 || r.Proof != config.Counted {
		t.Errorf("rejected %d, written %d, proof %q", r.Rejected, r.Written, r.Proof)
	}
	commit, err := w.dataset("workshop_resources").Newest()
	if err != nil || commit.Rejects == nil || commit.Rejects.Rows != 3 {
		t.Errorf("the commit holds no rejects: %v, %v", commit.Rejects, err)
	}
}

// Kept pages of a committed reading are built from again when that is asked
// for, and only then.
func TestReplay(t *testing.T) {
	w := newWorld(t, nil)
	if s := w.run(Options{Replay: true}, "request_list"); s.Exit != 2 || !strings.Contains(s.Pipelines[0].Hint, "keep_pages") {
		t.Errorf("without kept pages: exit %d: %+v", s.Exit, s.Pipelines[0])
	}
	c := w.config()
	for _, p := range c.Pipelines {
		p.KeepPages = time.Hour
	}
	w.ok(Options{Config: c}, "request_list")
	before := w.tree("request_list")
	w.requests()
	w.ok(Options{Config: c, Replay: true}, "request_list")
	if lines := w.requests(); len(lines) > 0 {
		t.Errorf("a replay made requests: %v", lines)
	}
	if diff := cmp.Diff(before, w.tree("request_list")); diff != "" {
		t.Errorf("data (-read +replayed):\n%s", diff)
	}
	w.ok(Options{Config: c}, "request_list")
	if len(w.requests()) == 0 {
		t.Error("a run took kept pages without being told to")
	}
	later := func() time.Time { return time.Now().Add(2 * time.Hour) }
	w.ok(Options{Config: c, Now: later}, "request_list")
	if dirs, _ := filepath.Glob(filepath.Join(w.root, "_etl/request_list/stage/*/*")); len(dirs) != 1 {
		t.Errorf("%d readings are kept, want that of the last run: %v", len(dirs), dirs)
	}
}

// With drift: fail a member that the schema does not know stops the commit.
func TestDriftFails(t *testing.T) {
	w := newWorld(t, nil)
	c, _ := w.with("request_list", func(s *schemas.Schema) { s.FailOnDrift = true })
	sum := w.run(Options{Config: c}, "request_list")
	if r := sum.Pipelines[0]; sum.Exit != 4 || !strings.Contains(r.Error, "source is not in the schema (page 1)") {
		t.Errorf("exit %d: %s", sum.Exit, r.Error)
	}
	if left := find(t, w.root, "data"); len(left) > 0 {
		t.Errorf("files were committed: %v", left)
	}
}
