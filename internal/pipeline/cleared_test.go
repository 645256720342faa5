package pipeline

import (
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStageClearedByAnother takes the stage away while pages come, as a run
// does that no lock keeps away and that takes this one for dead. It has lost a
// race, and is to be run again.
func TestStageClearedByAnother(t *testing.T) { everywhere(t, stageClearedByAnother) }

func stageClearedByAnother(t *testing.T, in func(*world) *world) {
	w := in(newWorld(t, nil))
	var once sync.Once
	w.wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if isDetail(r.URL.Path) {
				once.Do(func() {
					if err := w.clearStages("requests"); err != nil {
						t.Error(err)
					}
				})
			}
			next.ServeHTTP(rw, r)
		})
	})
	s := w.run(Options{}, "request_list", "requests")
	for _, r := range s.Pipelines {
		if r.Name == "requests" && r.Class != "conflict" {
			t.Errorf("it ends with %s: %s", r.Class, r.Error)
		}
	}
	w.wrap(func(next http.Handler) http.Handler { return next })
	w.ok(Options{}, "request_list", "requests")
}

// TestResumeAsksForParentsThatHaveChanged breaks a run off, and parents change
// before the next: kept pages hold them as they were.
func TestResumeAsksForParentsThatHaveChanged(t *testing.T) { everywhere(t, resumeAsksForParents) }

func resumeAsksForParents(t *testing.T, in func(*world) *world) {
	changed := map[string]string{"rental.changed": "50"}
	undisturbed := newWorldOf(t, 0.1, changed)
	undisturbed.ok(Options{}, "request*")

	w := in(newWorldOf(t, 0.1, nil))
	w.ok(Options{}, "request_list")
	if s := w.stopAfter(250, Options{}, "requests"); s.Exit != 130 {
		t.Fatalf("exit %d", s.Exit)
	}
	w.move(changed)
	w.wrap(func(next http.Handler) http.Handler { return next })
	w.ok(Options{}, "request*")
	if diff := cmp.Diff(undisturbed.tree("requests"), w.tree("requests")); diff != "" {
		t.Errorf("data (-undisturbed +resumed):\n%s", diff)
	}
}
