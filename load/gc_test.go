package load

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

// later is a time at which everything that tests write is old.
var later = noon.AddDate(0, 0, 8)

// collect runs gc and returns what it did.
func collect(t *testing.T, d *Dataset, o GCOptions) (did []string) {
	t.Helper()
	actions, err := d.GC(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range actions {
		did = append(did, a.Do+" "+strings.TrimPrefix(a.Name, "_etl/p/"))
	}
	return did
}

// TestGCRemovesAnAbandonedStage in two passes, with a commit in between.
func TestGCRemovesAnAbandonedStage(t *testing.T) {
	d := heapStore().Dataset("p")
	job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
	st, draft, err := job{light: true}.draft(d, "dead", nil, files{"p=1": "never"})
	if err != nil {
		t.Fatal(err)
	}
	if did := collect(t, d, GCOptions{Now: noon.AddDate(0, 0, 6)}); did != nil {
		t.Errorf("gc does %v while the stage is young", did)
	}
	if diff := cmp.Diff([]string{"close stage/all/dead"}, collect(t, d, GCOptions{Now: later})); diff != "" {
		t.Errorf("the first pass (-want +got):\n%s", diff)
	}
	if did := collect(t, d, GCOptions{Now: later}); did != nil {
		t.Errorf("gc does %v while a commit from the stage may be on its way", did)
	}
	draft.Base = 1
	_, err = d.Commit(context.Background(), st, draft)
	wantClass(t, err, fault.Conflict, "closed")

	job{light: true}.commit(t, d, "run2", 1, files{"p=1": "two"}, nil)
	want := []string{"remove stage/all/dead"}
	if diff := cmp.Diff(want, collect(t, d, GCOptions{Now: later, KeepReplaced: 1000 * time.Hour})); diff != "" {
		t.Errorf("the second pass (-want +got):\n%s", diff)
	}
	if left := tree(t, d.store, "_etl/p/stage"); len(left) > 0 {
		t.Errorf("the stage still holds %v", left)
	}
}

// TestGCSparesWhatIsOfUse shows stages that must stay as they are.
func TestGCSparesWhatIsOfUse(t *testing.T) {
	t.Run("the stage of a commit that is not published", func(t *testing.T) {
		d, _ := unpublished(t)
		before := tree(t, d.store, "_etl/p/stage")
		collect(t, d, GCOptions{Now: time.Now().AddDate(1, 0, 0)})
		if diff := cmp.Diff(before, tree(t, d.store, "_etl/p/stage")); diff != "" {
			t.Errorf("stages (-before +after):\n%s", diff)
		}
		if err := d.Recover(); err != nil {
			t.Error(err)
		}
	})
	t.Run("kept pages that another run may go on with", func(t *testing.T) {
		d := open(t).Dataset("p")
		c := job{}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
		st := filepath.Dir(c.Files[0].Staged)
		for _, name := range []string{st + "/all-1.json.zst", st + "/rows-0001-1.part"} {
			if err := d.store.objects.put(name, nil); err != nil {
				t.Fatal(err)
			}
		}
		collect(t, d, GCOptions{Now: time.Now()})
		left, err := d.store.objects.list(st)
		if diff := cmp.Diff([]string{st + "/all-1.json.zst"}, left); diff != "" || err != nil {
			t.Errorf("%v, the stage (-want +got):\n%s", err, diff)
		}
		collect(t, d, GCOptions{Now: time.Now().AddDate(0, 0, 8)})
		if left, err := d.store.objects.list(st); len(left) > 0 || err != nil {
			t.Errorf("the stage still holds %v, %v", left, err)
		}
	})
	t.Run("a stage that was closed, and is written to again", func(t *testing.T) {
		d := open(t).Dataset("p")
		st, _, err := job{}.draft(d, "dead", nil, files{"p=1": "never"})
		if err != nil {
			t.Fatal(err)
		}
		collect(t, d, GCOptions{Now: time.Now().AddDate(0, 0, 8)})
		job{}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
		if did := collect(t, d, GCOptions{Now: time.Now()}); did != nil {
			t.Errorf("gc does %v with %s", did, st.folder)
		}
	})
}

// TestGCOfHalfAMark finds a stage whose closing was broken off: it may have
// been closed at any time.
func TestGCOfHalfAMark(t *testing.T) {
	d := heapStore().Dataset("p")
	job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
	for _, mark := range []string{"", "x", "-1"} {
		if err := d.store.objects.put("_etl/p/stage/all/dead/closed", []byte(mark)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"close stage/all/dead"}, collect(t, d, GCOptions{Now: later})); diff != "" {
			t.Errorf("of the mark %q (-want +got):\n%s", mark, diff)
		}
		if got := tree(t, d.store, "_etl/p/stage")["_etl/p/stage/all/dead/closed"]; got != "1" {
			t.Errorf("the mark %q becomes %q", mark, got)
		}
	}
}

// TestGCOfReplacedFiles counts their age from when the commit was published.
func TestGCOfReplacedFiles(t *testing.T) {
	s := open(t)
	d := s.Dataset("p")
	for i, text := range []string{"one", "two", "three"} {
		job{light: true}.commit(t, d, "run", int64(i), files{"p=1": text}, nil)
	}
	if err := os.Chtimes(filepath.Join(s.path, d.mark(2)), noon, noon); err != nil {
		t.Fatal(err)
	}
	two := "_etl/p/replaced/000000000002/p=1/000001-0001.parquet"
	three := "_etl/p/replaced/000000000003/p=1/000002-0001.parquet"
	for _, step := range []struct {
		after time.Duration
		want  map[string]string
	}{
		{24 * time.Hour, map[string]string{two: "one", three: "two"}},
		{24*time.Hour + 1, map[string]string{three: "two"}}, // commit 3 was published now
		{48 * time.Hour, map[string]string{three: "two"}},
	} {
		collect(t, d, GCOptions{Now: noon.Add(step.after)})
		if diff := cmp.Diff(step.want, tree(t, s, "_etl/p/replaced")); diff != "" {
			t.Errorf("after %v replaced (-want +got):\n%s", step.after, diff)
		}
	}
	if _, err := os.Stat(filepath.Join(s.path, "_etl/p/replaced/000000000002")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of commit 2 is still there: %v", err)
	}
}

// TestGCOfReplacedFilesOfALostCommit counts from the commit that followed: a
// commit that a rollback has followed on is never published.
func TestGCOfReplacedFilesOfALostCommit(t *testing.T) {
	d := threeCommits(t, heapStore())
	if err := d.store.objects.remove(d.mark(2)); err != nil {
		t.Fatal(err)
	}
	want := []string{"remove replaced/000000000002", "remove replaced/000000000003"}
	if diff := cmp.Diff(want, collect(t, d, GCOptions{Now: noon.AddDate(0, 0, 2)})); diff != "" {
		t.Errorf("gc (-want +got):\n%s", diff)
	}
}

func TestGCKeepsWhatIsReplacedBeforeItIsPublished(t *testing.T) {
	d, c := unpublished(t)
	if err := d.retire(d.store.objects, c.Number, c.Dropped[0]); err != nil {
		t.Fatal(err)
	}
	collect(t, d, GCOptions{Now: time.Now().AddDate(100, 0, 0)})
	if kept := tree(t, d.store, "_etl/p/replaced"); len(kept) != 1 {
		t.Errorf("replaced holds %v", kept)
	}
}

// TestGCOfOrphans sets details aside that no commit names, and removes them
// when none can name them any more.
func TestGCOfOrphans(t *testing.T) {
	s := heapStore()
	d := s.Dataset("p")
	c := job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
	orphans := []string{"_etl/p/parents/a.parquet", "_etl/p/units/b.json"}
	for _, name := range append(orphans, "_etl/.tmp/c") {
		if err := s.objects.put(name, []byte("orphan")); err != nil {
			t.Fatal(err)
		}
	}
	if did := collect(t, d, GCOptions{Now: noon.Add(time.Hour)}); did != nil {
		t.Errorf("gc does %v with what is young", did)
	}
	did := collect(t, d, GCOptions{Now: later})
	if len(did) != 4 || did[0] != "set aside parents/a.parquet" || did[1] != "set aside units/b.json" || did[3] != "remove _etl/.tmp/c" {
		t.Errorf("gc does %v", did)
	}
	if there, err := s.has(c.Units); !there || err != nil {
		t.Errorf("the units of the commit are gone, %v", err)
	}
	job{light: true}.commit(t, d, "run2", 1, files{"p=2": "two"}, nil)
	collect(t, d, GCOptions{Now: later})
	for name := range tree(t, s, "_etl") {
		if slices.Contains(orphans, name) || strings.Contains(name, "orphans") || strings.Contains(name, ".tmp") {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestGCGivesBack what it has set aside when a commit names it after all, at
// each of the calls of gc between which the commit can be made; also if gc dies
// right after it.
func TestGCGivesBack(t *testing.T) {
	for _, dies := range []bool{false, true} {
		for stop := 1; gcGivesBack(t, stop, dies); stop++ {
			continue
		}
	}
}

// gcGivesBack makes a commit in front of a call of gc. It tells whether there
// is such a call.
func gcGivesBack(t *testing.T, stop int, dies bool) bool {
	s := heapStore()
	d := s.Dataset("p")
	job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
	parents := d.state("parents", "a.parquet")
	if err := s.objects.put(parents, []byte("parents")); err != nil {
		t.Fatal(err)
	}
	calls, refused := 0, false
	sleepy := s.onHeap(func(op, name string, call func() error) error {
		if calls++; calls == stop {
			base, err := d.Newest()
			if err != nil {
				t.Fatal(err)
			}
			st, draft, err := job{light: true}.draft(d, "run2", base, files{"p=1": "two"})
			if err != nil {
				t.Fatal(err)
			}
			draft.ParentsFile = "a.parquet"
			_, err = d.Commit(context.Background(), st, draft)
			if refused = err != nil; refused {
				wantClass(t, err, fault.Conflict, "a.parquet is gone")
			}
		}
		if dies && calls > stop {
			return errDead
		}
		return call()
	})
	_, err := sleepy.Dataset("p").GC(GCOptions{Now: later})
	if err != nil && !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	for _, recovered := range []bool{false, true} {
		there, err := s.has(parents)
		if calls >= stop && (recovered || !dies) && (err != nil || there == refused) {
			t.Errorf("a commit at call %d, gc dies: %v, recovered: %v: the parents are there: %v, it was refused: %v, %v", stop, dies, recovered, there, refused, err)
		}
		if err := d.Recover(); err != nil {
			t.Fatal(err)
		}
	}
	return calls >= stop
}

// TestGCDry says what it would do, and does nothing.
func TestGCDry(t *testing.T) {
	s := heapStore()
	d := s.Dataset("p")
	job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
	job{light: true}.commit(t, d, "run2", 1, files{"p=1": "two"}, nil)
	if _, _, err := (job{light: true}).draft(d, "dead", nil, files{"p=1": "never"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"_etl/p/units/b.json", "_etl/.tmp/c"} {
		if err := s.objects.put(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, s, ".")
	would := collect(t, d, GCOptions{Now: later, DryRun: true})
	if diff := cmp.Diff(before, tree(t, s, ".")); diff != "" {
		t.Errorf("something was changed:\n%s", diff)
	}
	kinds := func(did []string) (words []string) {
		for _, a := range did {
			words = append(words, strings.Fields(a)[0])
		}
		return words
	}
	if diff := cmp.Diff(kinds(would), kinds(collect(t, d, GCOptions{Now: later}))); diff != "" || len(would) != 5 {
		t.Errorf("gc would do %v, and does something else (-would +does):\n%s", would, diff)
	}
}

// TestGCIsInterrupted lets each of its calls be the last, or fail once. Nothing
// that is of use goes, and the next gc does the rest.
func TestGCIsInterrupted(t *testing.T) { inMemory(t, gcIsInterrupted) }

func gcIsInterrupted(t *testing.T, open func(*testing.T) *Store) {
	for name, disk := range map[string]func(n int) disk{
		"dying":             dieAt,
		"EIO, not made":     func(n int) disk { return failAt(n, false) },
		"EIO, but was made": func(n int) disk { return failAt(n, true) },
	} {
		for n := 1; ; n++ {
			d := threeCommits(t, open(t))
			for _, name := range []string{d.state("units", "b.json"), d.state("stage/all/dead/x.part"), d.state("stage/all/old/x.part")} {
				if err := d.store.objects.put(name, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.store.objects.put(d.state("stage/all/old/closed"), []byte("1")); err != nil {
				t.Fatal(err)
			}
			live := contents(t, d)
			calls := 0
			do := disk(n)
			counting := func(op, name string, call func() error) error { calls++; return do(op, name, call) }
			_, err := d.store.onHeap(counting).Dataset("p").GC(GCOptions{Now: later})
			if calls < n {
				break
			}
			if err != nil && !errors.Is(err, errDead) && !errors.Is(err, syscall.EIO) || err == nil && name != "dying" {
				t.Fatalf("%s at call %d: %v", name, n, err)
			}
			if diff := cmp.Diff(live, contents(t, d)); diff != "" {
				t.Fatalf("after %s at call %d, data (-before +after):\n%s", name, n, diff)
			}
			for i := range 2 {
				collect(t, d, GCOptions{Now: later})
				job{light: true}.commit(t, d, "more", int64(3+i), files{"p=9": []string{"x", "y"}[i]}, nil)
			}
			collect(t, d, GCOptions{Now: later})
			if left := tree(t, d.store, d.state("stage")); len(left) > 0 {
				t.Fatalf("after %s at call %d stages still hold %v", name, n, left)
			}
		}
	}
}
