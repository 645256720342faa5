package pipeline

import (
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestStageClearedByAnother takes the stage away while pages come, as a run
// does that no lock keeps away and that takes this one for dead. It has lost a
// race, and is to be run again.
func TestStageClearedByAnother(t *testing.T) {
	w := newWorld(t, nil)
	var once sync.Once
	w.wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if isDetail(r.URL.Path) {
				once.Do(func() {
					if err := os.RemoveAll(filepath.Join(w.root, "_etl", "requests", "stage")); err != nil {
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
