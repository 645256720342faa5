package pipeline

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// changedLater are switches of a source whose first requests have changed.
var changedLater = map[string]string{"rental.changed": "5"}

// changed returns a world in which the requests were read before they changed
// and after, and nothing was in the way.
func changed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.ok(Options{}, "request*")
	w.move(changedLater)
	w.ok(Options{}, "request*")
	return w
}

// overtaken runs the list of requests and lets other runs come, once it has read
// all and before it commits. No lock keeps them away, as on file systems that
// have none.
func (w *world) overtaken(o Options, others func()) *Summary {
	w.t.Helper()
	kept := filepath.Join(o.StageDir, "request_list", "*", "*", "all.end.json")
	o.Now = func() time.Time {
		if found, _ := filepath.Glob(kept); len(found) > 0 && others != nil {
			come := others
			others = nil
			if err := os.Remove(filepath.Join(w.root, "_etl", "request_list", "lock")); err != nil && w.bucket == nil {
				w.t.Error(err)
			}
			come()
		}
		return time.Now()
	}
	s := w.run(o, "request_list")
	if others != nil {
		w.t.Fatal("the run never came to its commit")
	}
	return s
}

// TestResumeAfterANewerCommit has a run lose the race for its commit to one on
// another machine. The pages that it has kept are older than what the winner has
// committed: the next run does not put them over that.
func TestResumeAfterANewerCommit(t *testing.T) { everywhere(t, resumeAfterANewerCommit) }

func resumeAfterANewerCommit(t *testing.T, in func(*world) *world) {
	w := in(newWorld(t, nil))
	here, there := t.TempDir(), t.TempDir()
	w.ok(Options{StageDir: here}, "request*")
	s := w.overtaken(Options{StageDir: here}, func() {
		w.move(changedLater)
		w.ok(Options{StageDir: there}, "request*")
	})
	if s.Exit != 8 {
		t.Errorf("exit %d: %s", s.Exit, s.Pipelines[0].Error)
	}
	w.ok(Options{StageDir: here}, "request*")
	undisturbed := changed(t)
	for _, pipeline := range []string{"request_list", "requests"} {
		if diff := cmp.Diff(undisturbed.tree(pipeline), w.tree(pipeline)); diff != "" {
			t.Errorf("%s (-undisturbed +resumed):\n%s", pipeline, diff)
		}
	}
}

// TestPagesOfARunThatGoesOn has another run of the same machine come between
// the reading of a run and its commit. It leaves the pages of the first alone
// and uses none of them.
func TestPagesOfARunThatGoesOn(t *testing.T) { everywhere(t, pagesOfARunThatGoesOn) }

func pagesOfARunThatGoesOn(t *testing.T, in func(*world) *world) {
	w := in(newWorld(t, nil))
	stage := t.TempDir()
	s := w.overtaken(Options{StageDir: stage}, func() {
		w.move(changedLater)
		w.ok(Options{StageDir: stage}, "request_list")
		if left, _ := filepath.Glob(filepath.Join(stage, "request_list", "*", "*", "all.end.json")); len(left) != 1 {
			t.Errorf("%d readings are kept, want that of the run that goes on", len(left))
		}
	})
	if r := s.Pipelines[0]; s.Exit != 8 || r.Commit != 0 {
		t.Errorf("exit %d, commit %d: %s", s.Exit, r.Commit, r.Error)
	}
	if diff := cmp.Diff(changed(t).tree("request_list"), w.tree("request_list")); diff != "" {
		t.Errorf("data (-undisturbed +this):\n%s", diff)
	}
}

// TestRunBesideOneThatPublishes has another run commit when this one has just
// recovered, and go before it has published. This one builds on what is
// published and loses, and the next run does not go on with its pages.
func TestRunBesideOneThatPublishes(t *testing.T) {
	w := newWorld(t, nil)
	w.bucket = &vault{objects: map[string]object{}}
	here, there := t.TempDir(), t.TempDir()
	w.ok(Options{StageDir: here}, "request_list")
	cut := errors.New("the power goes")
	w.bucket.before = func(_, name string) error {
		if !strings.HasPrefix(name, "data/request_list/") { // the end of Recover
			return nil
		}
		w.bucket.before = func(call, name string) error {
			if call == "create" && strings.Contains(name, "/published/") {
				return cut
			}
			return nil
		}
		w.move(changedLater)
		if s := w.run(Options{StageDir: there}, "request_list"); s.Exit == 0 || s.Pipelines[0].Commit != 2 {
			t.Errorf("the other run ends with %d, commit %d", s.Exit, s.Pipelines[0].Commit)
		}
		w.move(nil)
		w.bucket.before = nil
		return nil
	}
	if s := w.run(Options{StageDir: here}, "request_list"); s.Exit != 8 {
		t.Errorf("exit %d: %s", s.Exit, s.Pipelines[0].Error)
	}
	w.move(changedLater)
	w.ok(Options{StageDir: here}, "request_list")
	if diff := cmp.Diff(changed(t).tree("request_list"), w.tree("request_list")); diff != "" {
		t.Errorf("data (-undisturbed +this):\n%s", diff)
	}
}

// TestAnswersOlderThanTheirList has a source that answers for parents from a
// replica that lags behind the list: they are asked again by the next run, and
// by none after that.
func TestAnswersOlderThanTheirList(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "request*")
	lagging := w.sim
	w.move(changedLater)
	w.wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if isDetail(r.URL.Path) {
				lagging.ServeHTTP(rw, r)
				return
			}
			next.ServeHTTP(rw, r)
		})
	})
	w.ok(Options{}, "request*")
	w.wrap(func(next http.Handler) http.Handler { return next })
	for _, want := range []int{5, 0} {
		w.requests()
		w.ok(Options{}, "request*")
		if n := w.details(); n != want {
			t.Errorf("%d requests for details, want %d", n, want)
		}
	}
	if diff := cmp.Diff(changed(t).tree("requests"), w.tree("requests")); diff != "" {
		t.Errorf("data (-undisturbed +this):\n%s", diff)
	}
}
