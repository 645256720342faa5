package pipeline

import (
	"context"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"etl/load"
)

// TestRunsLeaveNothing ends runs of one process in many ways, again and again:
// the goroutines, the open files and the staged files stay as many.
func TestRunsLeaveNothing(t *testing.T) {
	const pipelines = "request*"
	ways := []struct {
		name string
		exit int
		run  func(w *world) *Summary
	}{
		{"done", 0, func(w *world) *Summary { return w.run(Options{AllParents: true}, pipelines) }},
		{"nothing new", 0, func(w *world) *Summary { return w.run(Options{}, pipelines) }},
		{"a wrong password", 5, func(w *world) *Summary {
			w.env["RENTAL_PASSWORD"] = "wrong"
			defer delete(w.env, "RENTAL_PASSWORD")
			return w.run(Options{AllParents: true}, pipelines)
		}},
		{"a reply that makes no sense", 4, func(w *world) *Summary {
			return w.failing(Options{AllParents: true}, func(rw http.ResponseWriter) { _, _ = rw.Write([]byte("[]")) })
		}},
		{"stopped", 130, func(w *world) *Summary {
			ctx, cancel := context.WithCancel(w.t.Context())
			defer cancel()
			return w.failingWith(ctx, Options{AllParents: true}, func(http.ResponseWriter) { cancel() })
		}},
		{"a full disk", 7, func(w *world) *Summary {
			return w.run(Options{AllParents: true, spaceOf: disks(map[string]int64{"/": 0})}, pipelines)
		}},
		{"a disk that fills up", 7, func(w *world) *Summary {
			var looked atomic.Int64
			return w.run(Options{AllParents: true, Fresh: true, spaceOf: func(string) (load.Space, error) {
				return load.Space{Free: (3 - looked.Add(1)) << 30, Known: true}, nil // two looks before, the third as pages come
			}}, pipelines)
		}},
	}
	w := newWorldOf(t, 0.01, nil)
	w.ok(Options{}, pipelines)
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			var before, after leftovers
			for round := range 4 {
				s := way.run(w)
				if s.Exit != way.exit {
					t.Fatalf("exit %d, want %d: %+v", s.Exit, way.exit, s.Pipelines)
				}
				if round == 0 { // what a process makes once is there
					before = settled(t, w)
				}
			}
			if after = settled(t, w); after.staged > before.staged || after.files > before.files || after.goroutines > before.goroutines {
				t.Errorf("after one run %+v, after four %+v", before, after)
			}
			w.ok(Options{}, pipelines)
		})
	}
	if left := filesBelow(t, w.root, ".part"); len(left) > 0 {
		t.Errorf("left in stages: %q", left)
	}
}

// failing runs with a server that answers every detail in a way of its own.
func (w *world) failing(o Options, answer func(http.ResponseWriter)) *Summary {
	w.t.Helper()
	return w.failingWith(w.t.Context(), o, answer)
}

func (w *world) failingWith(ctx context.Context, o Options, answer func(http.ResponseWriter)) *Summary {
	w.t.Helper()
	w.wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if isDetail(r.URL.Path) {
				answer(rw)
				return
			}
			next.ServeHTTP(rw, r)
		})
	})
	defer w.wrap(func(next http.Handler) http.Handler { return next })
	return w.runContext(ctx, o, "request*")
}

// A leftovers counts what runs must not leave behind.
type leftovers struct{ goroutines, files, staged int }

// settled counts once the server has seen that connections were closed.
func settled(t *testing.T, w *world) (now leftovers) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for same := 0; same < 3; {
		if time.Now().After(deadline) {
			t.Fatalf("it does not settle: %+v", now)
		}
		tick := time.NewTimer(10 * time.Millisecond)
		<-tick.C
		runtime.GC() // folders of destinations are closed by it
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		staged := 0
		for _, name := range filesBelow(t, w.root, "") {
			if strings.Contains(name, "/stage/") || strings.Contains(name, "/.tmp/") {
				staged++
			}
		}
		last := now
		now = leftovers{runtime.NumGoroutine(), len(files), staged}
		if same++; now != last {
			same = 0
		}
	}
	return now
}
