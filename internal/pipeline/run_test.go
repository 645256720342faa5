package pipeline

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
)

func TestRunReadsEverything(t *testing.T) {
	w := newWorld(t, nil)
	results := w.ok(Options{})
	for name, want := range map[string]struct {
		proof string
		rows  int64
	}{
		"workshop_resources": {config.Counted, 400},
		"request_list":       {config.Counted, 60},
		"requests":           {config.Answered, 60},
		"sales_funnels":      {config.Walked, 40},
	} {
		r := results[name]
		if r.Proof != want.proof || r.Written != want.rows || r.Commit != 1 {
			t.Errorf("%s: %d rows, proof %q, commit %d, want %d, %q, 1", name, r.Written, r.Proof, r.Commit, want.rows, want.proof)
		}
	}
	for _, name := range []string{"workshop_resources", "request_list", "requests"} {
		ids := w.ids(name)
		slices.Sort(ids)
		if diff := cmp.Diff(w.truth(name), ids); diff != "" {
			t.Errorf("%s: ids (-want +got):\n%s", name, diff)
		}
	}
	if r := results["requests"]; r.Asked != 60 || r.Unchanged != 0 || r.Gone != 0 {
		t.Errorf("requests: asked %d, unchanged %d, gone %d", r.Asked, r.Unchanged, r.Gone)
	}
}

func TestRunAgainChangesNothing(t *testing.T) {
	w := newWorld(t, nil)
	first := w.ok(Options{})
	before := w.tree("")
	w.requests()
	again := w.ok(Options{})
	if diff := cmp.Diff(before, w.tree("")); diff != "" {
		t.Errorf("data (-first +second):\n%s", diff)
	}
	for name, r := range again {
		if r.Commit != first[name].Commit {
			t.Errorf("%s: the second run made commit %d", name, r.Commit)
		}
	}
	if r := again["requests"]; r.Asked != 0 || r.Unchanged != 60 {
		t.Errorf("requests: asked %d, unchanged %d", r.Asked, r.Unchanged)
	}
	for _, line := range w.requests() {
		if strings.Contains(line, `/v1/crm/requests/1`) {
			t.Errorf("an unchanged parent was asked: %s", line)
		}
	}
	for _, kind := range []string{"stage", "keys"} {
		if left := find(t, w.root, kind); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// find returns the files below folders of a name.
func find(t *testing.T, root, folder string) (files []string) {
	t.Helper()
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && strings.Contains(path, string(filepath.Separator)+folder+string(filepath.Separator)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The bytes do not depend on cores, concurrency or the order in which pages come,
// nor on when their records are read.
func TestBytesDependOnPagesAlone(t *testing.T) {
	var want map[string]string
	for i, procs := range []int{1, 2, 2} {
		w := newWorld(t, nil)
		var turn atomic.Int64
		w.wrap(func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				for range turn.Add(7919) % 50 * int64(i) { // other pages overtake this one
					runtime.Gosched()
				}
				h.ServeHTTP(rw, r)
			})
		})
		c := w.config()
		for _, s := range c.Sources {
			s.Limits.Concurrency = []int{1, 8, 3}[i]
		}
		for _, p := range c.Pipelines {
			p.Paging.Size = min(p.Paging.Size, 50)
		}
		old := runtime.GOMAXPROCS(procs)
		w.ok(Options{Config: c, scanFrom: []int{1, 1, 1 << 40}[i]})
		runtime.GOMAXPROCS(old)
		got := w.tree("")
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("GOMAXPROCS %d (-first +this):\n%s", procs, diff)
		}
	}
}

func TestChangedParentsAreAskedAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "request*")
	w.move(map[string]string{"rental.changed": "7", "rental.delete_at": "1:3"})
	r := w.ok(Options{}, "request*")["requests"]
	// Of the seven that changed the first three are gone from the list.
	if r.Asked != 4 || r.Unchanged != 53 || r.Written != 4 || r.Commit != 2 {
		t.Errorf("asked %d, unchanged %d, written %d, commit %d, want 4, 53, 4, 2", r.Asked, r.Unchanged, r.Written, r.Commit)
	}
	ids := w.ids("requests")
	slices.Sort(ids)
	if diff := cmp.Diff(w.truth("requests"), ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestAllParents(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "request*")
	before := w.tree("requests")
	r := w.ok(Options{AllParents: true}, "requests")["requests"]
	if r.Asked != 60 {
		t.Errorf("asked %d parents, want all 60", r.Asked)
	}
	if diff := cmp.Diff(before, w.tree("requests")); diff != "" {
		t.Errorf("the same rows gave other files (-first +second):\n%s", diff)
	}
}

// A parent that the list still names but the detail does not know is counted,
// and leaves; it is asked again by the next run.
func TestGoneParents(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "request*")
	ids := w.ids("requests")
	w.wrap(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/requests/"+itoa(ids[5])+"/") {
				rw.WriteHeader(http.StatusNotFound)
				_, _ = rw.Write([]byte(`{"detail":"Not found."}`))
				return
			}
			h.ServeHTTP(rw, r)
		})
	})
	r := w.ok(Options{AllParents: true}, "requests")["requests"]
	if r.Gone != 1 || r.Asked != 59 {
		t.Errorf("gone %d, asked %d, want 1, 59", r.Gone, r.Asked)
	}
	if got := w.ids("requests"); slices.Contains(got, ids[5]) || len(got) != 59 {
		t.Errorf("%d rows, the gone one still there: %v", len(got), slices.Contains(got, ids[5]))
	}
	w.wrap(func(h http.Handler) http.Handler { return h })
	if r := w.ok(Options{}, "requests")["requests"]; r.Asked != 1 || r.Written != 1 {
		t.Errorf("then: asked %d, written %d, want 1, 1", r.Asked, r.Written)
	}
}

func TestParentsNeedACommit(t *testing.T) {
	w := newWorld(t, nil)
	s := w.run(Options{}, "requests")
	r := s.Pipelines[0]
	if s.Exit != 2 || !strings.Contains(r.Hint, "etl run request_list requests") {
		t.Errorf("exit %d, error %q, hint %q", s.Exit, r.Error, r.Hint)
	}
}

func TestFailedParentBlocks(t *testing.T) {
	w := newWorld(t, map[string]string{"rental.total": "+1"})
	s := w.run(Options{}, "request*")
	if s.Exit != 6 || s.Pipelines[0].Status != Failed || s.Pipelines[1].Status != Blocked {
		t.Fatalf("exit %d: %+v", s.Exit, s.Pipelines)
	}
	if left := find(t, w.root, "data"); len(left) > 0 {
		t.Errorf("files without a proof: %v", left)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// A run that is stopped commits nothing more, and says so.
func TestStoppedRun(t *testing.T) {
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var count atomic.Int64
	w.wrap(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if count.Add(1) == 20 {
				cancel()
			}
			h.ServeHTTP(rw, r)
		})
	})
	s := w.runContext(ctx, Options{}, "request*")
	if s.Exit != 130 || s.Pipelines[1].Status == OK {
		t.Errorf("exit %d: %+v", s.Exit, s.Pipelines)
	}
}
