package pipeline

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/load"
	"etl/schemas"
)

// applyUntil applies the schema of a pipeline, and is stopped once so many files
// are done; 0: never. It returns how many files were done.
func (w *world) applyUntil(c *config.Config, p *config.Pipeline, stop int64) (applied *Applied, files int64, err error) {
	w.t.Helper()
	store, err := load.Open(w.root)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	o := Options{Config: c, Store: store, Progress: func(p Progress) {
		if files = p.Pages; files == stop {
			cancel()
		}
	}}
	applied, err = Apply(ctx, o, p, false)
	return applied, files, err
}

// An apply that was stopped between files goes on behind them, gives the bytes
// of an undisturbed one, and leaves nothing behind. gc leaves its stage alone
// until it is old.
func TestApplyGoesOn(t *testing.T) {
	wider := func(s *schemas.Schema) { s.Columns = append(s.Columns, column("loyalty", schemas.JSON)) }
	w := newWorld(t, nil)
	w.ok(Options{}, "request*")
	undisturbed := newWorld(t, nil)
	undisturbed.url = w.url
	undisturbed.ok(Options{}, "request*")
	c, p := undisturbed.with("requests", wider)
	if _, err := undisturbed.apply(c, p, false); err != nil {
		t.Fatal(err)
	}

	c, p = w.with("requests", wider)
	before := w.tree("requests")
	if _, done, err := w.applyUntil(c, p, 2); !errors.Is(err, context.Canceled) || done != 2 {
		t.Fatalf("stopped: %d files, %v", done, err)
	}
	if diff := cmp.Diff(before, w.tree("requests")); diff != "" {
		t.Errorf("data after it was stopped (-before +after):\n%s", diff)
	}
	ds := w.dataset("requests")
	if actions, err := ds.GC(load.GCOptions{Now: time.Now().Add(24 * time.Hour)}); err != nil || len(actions) > 0 {
		t.Errorf("gc a day later: %v, %v", actions, err)
	}
	a, files, err := w.applyUntil(c, p, 0)
	if err != nil || a.Taken != 2 || files < 4 || int(files) != a.Files {
		t.Fatalf("resumed: %d of %d files taken: %+v, %v", a.Taken, files, a, err)
	}
	if diff := cmp.Diff(undisturbed.tree("requests"), w.tree("requests")); diff != "" {
		t.Errorf("data (-undisturbed +resumed):\n%s", diff)
	}
	if left := find(t, w.root+"/_etl/requests", "stage"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Files that were finished for another schema are not taken; gc removes them
// once they are old and a commit was made.
func TestApplyTakesNoOtherSchema(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "request*")
	c, p := w.with("requests", func(s *schemas.Schema) { s.Columns = append(s.Columns, column("loyalty", schemas.JSON)) })
	if _, _, err := w.applyUntil(c, p, 2); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*schemas.Column){
		"the same columns, other rules": func(c *schemas.Column) { c.NullIf = []string{"none"} },
		"another type":                  func(c *schemas.Column) { c.Type.Kind = schemas.String; c.Loose = true },
	} {
		s := *p.Schema
		s.Columns = append([]schemas.Column(nil), p.Schema.Columns...)
		change(&s.Columns[len(s.Columns)-1])
		other := *p
		other.Schema = &s
		if a, _, err := w.applyUntil(c, &other, 1); a != nil && a.Taken > 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	ds := w.dataset("requests")
	old := load.GCOptions{Now: time.Now().Add(8 * 24 * time.Hour)}
	if _, err := ds.GC(old); err != nil {
		t.Fatal(err)
	}
	if left := find(t, w.root+"/_etl/requests", "stage"); len(left) == 0 {
		t.Error("gc has removed files that a commit could still be made from")
	}
	c, p = w.with("requests", func(s *schemas.Schema) { s.Columns = s.Columns[:len(s.Columns)-1] })
	if a, err := w.apply(c, p, false); err != nil || !a.Changed {
		t.Fatal(a, err)
	}
	if _, err := ds.GC(old); err != nil {
		t.Fatal(err)
	}
	if left := find(t, w.root+"/_etl/requests", "stage"); len(left) > 0 {
		t.Errorf("left behind for ever: %v", left)
	}
}
