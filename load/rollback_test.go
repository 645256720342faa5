package load

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

// author is who rolls back in tests.
var author = Author{Run: "back", Label: "undo", Version: "test", Time: noon}

// threeCommits makes three commits of some folders.
func threeCommits(t *testing.T, s *Store) *Dataset {
	t.Helper()
	d := s.Dataset("p")
	for i, add := range []files{
		{"p=1": "one", "p=2": "two", "p=3": "three"},
		{"p=1": "uno", "p=2": ""},
		{"p=1": "one", "p=4": "four"}, // one comes back
	} {
		job{light: true}.commit(t, d, "run", int64(i), add, nil)
	}
	return d
}

func TestRollback(t *testing.T) {
	d := threeCommits(t, open(t))
	c, err := d.Rollback(context.Background(), 1, author)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"data/p/p=1/000003-0001.parquet": "one", // equal to that of commit 1
		"data/p/p=2/000004-0001.parquet": "two", // copied
		"data/p/p=3/000001-0003.parquet": "three",
	}
	if diff := cmp.Diff(want, contents(t, d)); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	first, err := d.At(1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Slices, c.Slices); diff != "" {
		t.Errorf("slices (-of commit 1 +of the rollback):\n%s", diff)
	}
	if c.Number != 4 || c.Restores != 1 || c.Run != "back" || c.Label != "undo" || c.Counts != (Counts{}) || c.Proof != first.Proof {
		t.Errorf("the commit is %+v", c)
	}
	if left := tree(t, d.store, "_etl/p/stage"); len(left) > 0 {
		t.Errorf("the stage still holds %v", left)
	}
	again, err := d.Rollback(context.Background(), 1, author)
	if err != nil || again.Number != 4 {
		t.Errorf("going back to what is there makes %v, %v", again, err)
	}
}

func TestRollbackBringsSlicesBack(t *testing.T) {
	d := open(t).Dataset("p")
	slice := func(month int) func(*Draft) {
		return func(draft *Draft) {
			draft.Slices[0].Since, draft.Slices[0].Until = noon.AddDate(0, month, 0), noon.AddDate(0, month+1, 0)
		}
	}
	job{}.commit(t, d, "run1", 0, files{"window=1": "one"}, slice(1))
	job{}.commit(t, d, "run2", 1, files{"window=2": "two"}, slice(2))
	c, err := d.Rollback(context.Background(), 1, author)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Slices) != 1 || c.Slices[0].Commit != 1 {
		t.Errorf("slices are %+v, want that of commit 1 alone", c.Slices)
	}
}

func TestRollbackRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		to    int64
		spoil func(d *Dataset) error
		class fault.Class
		words string
	}{
		{"no commit 0", 0, nil, fault.Config, "no commit 0"},
		{"no such commit", 4, nil, fault.Config, "no commit 4"},
		{"a replaced file is gone", 1, func(d *Dataset) error {
			return d.store.objects.remove("_etl/p/replaced/000000000002/p=2/000001-0002.parquet")
		}, fault.Storage, "1 of its files are gone"},
		{"a replaced file is damaged", 1, func(d *Dataset) error {
			return d.store.objects.put("_etl/p/replaced/000000000002/p=2/000001-0002.parquet", []byte("tow"))
		}, fault.Storage, "damaged"},
		{"its record is damaged", 1, func(d *Dataset) error {
			return d.store.objects.put(d.record(1), []byte("{}"))
		}, fault.Config, "format"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := threeCommits(t, heapStore())
			if test.spoil != nil {
				if err := test.spoil(d); err != nil {
					t.Fatal(err)
				}
			}
			before := tree(t, d.store, ".")
			_, err := d.Rollback(context.Background(), test.to, author)
			wantClass(t, err, test.class, test.words)
			if diff := cmp.Diff(before, tree(t, d.store, ".")); diff != "" {
				t.Errorf("something was written:\n%s", diff)
			}
		})
	}
	_, err := heapStore().Dataset("p").Rollback(context.Background(), 1, author)
	wantClass(t, err, fault.Config, "no commit 1")
}

// TestRollbackOfWhatIsLost follows on a commit that never can be published.
func TestRollbackOfWhatIsLost(t *testing.T) { everyStore(t, rollbackOfWhatIsLost) }

func rollbackOfWhatIsLost(t *testing.T, open func(*testing.T) *Store) {
	d, c := unpublishedOn(t, open(t))
	for _, f := range c.moves() {
		if err := d.store.objects.remove(f.Staged); err != nil {
			t.Fatal(err)
		}
	}
	wantClass(t, d.Recover(), fault.Storage, "etl rollback p --to 1")
	_, err := d.Rollback(context.Background(), 2, author)
	wantClass(t, err, fault.Config, "no commit 2")
	back, err := d.Rollback(context.Background(), 1, author)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"data/p/p=1/000003-0001.parquet": "one", // the lost commit has dropped it, so its name is used up
		"data/p/p=2/000001-0002.parquet": "two",
	}
	if diff := cmp.Diff(want, contents(t, d)); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	if back.Number != 3 {
		t.Errorf("it is commit %d, want 3", back.Number)
	}
}

// TestRollbackBelievesNothingOfWhatIsLost goes back to a commit with a file
// like the one that was lost.
func TestRollbackBelievesNothingOfWhatIsLost(t *testing.T) {
	s := heapStore()
	d := s.Dataset("p")
	job{light: true}.commit(t, d, "run1", 0, files{"p=1": "uno"}, nil)
	base := job{light: true}.commit(t, d, "run2", 1, files{"p=1": "one"}, nil)
	broken := s.onHeap(func(op, name string, call func() error) error {
		if op == "move" && strings.HasPrefix(name, "data/") {
			return errDead
		}
		return call()
	}).Dataset("p")
	st, draft, err := job{light: true}.draft(broken, "run3", base, files{"p=1": "uno"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := broken.Commit(context.Background(), st, draft)
	if c == nil || !errors.Is(err, errDead) {
		t.Fatalf("%v, %v", c, err)
	}
	for _, f := range c.moves() {
		if err := s.objects.remove(f.Staged); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Rollback(context.Background(), 1, author); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"data/p/p=1/000004-0001.parquet": "uno"}
	if diff := cmp.Diff(want, contents(t, d)); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
}

// TestRollbackOfLostRejects makes a commit although no row changes: there must
// be one that is published.
func TestRollbackOfLostRejects(t *testing.T) {
	s := heapStore()
	d := s.Dataset("p")
	base := job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
	broken := s.onHeap(func(op, name string, call func() error) error {
		if op == "move" {
			return errDead
		}
		return call()
	}).Dataset("p")
	st, draft, err := job{light: true}.draft(broken, "run2", base, files{"p=1": "one"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := stageText(st, rejectsName, "", "other rejects")
	if err != nil {
		t.Fatal(err)
	}
	draft.Rejects = &other
	c, err := broken.Commit(context.Background(), st, draft)
	if c == nil || !errors.Is(err, errDead) {
		t.Fatalf("%v, %v", c, err)
	}
	if err := s.objects.remove(c.Rejects.Staged); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Rollback(context.Background(), 1, author); err != nil {
		t.Fatal(err)
	}
	if published, err := d.Published(); err != nil || published.Number != 3 {
		t.Errorf("published is %v, %v", published, err)
	}
	contents(t, d)
}

// TestASleeperAfterARollback wakes a publisher of a lost commit, in front of
// each of its calls, when a rollback has followed on it.
func TestASleeperAfterARollback(t *testing.T) {
	for stop := 1; ; stop++ {
		d, c := unpublished(t)
		calls := 0
		sleepy := d.store.on(t, func(op, name string, call func() error) error {
			if calls++; calls == stop {
				for _, f := range c.moves() { // whatever it has done so far, its files vanish
					for _, name := range []string{f.Staged, f.Path} {
						if err := d.store.objects.remove(name); err != nil {
							t.Fatal(err)
						}
					}
				}
				if published, err := d.publishes(2); published || err != nil {
					return errDead // too late to be lost
				}
				if _, err := d.Rollback(context.Background(), 1, author); err != nil {
					t.Fatal(err)
				}
			}
			return call()
		})
		err := sleepy.Dataset("p").Publish(c)
		if calls < stop {
			break
		}
		if err != nil && fault.Of(err) != fault.Storage && !errors.Is(err, errDead) {
			t.Errorf("asleep at call %d: %v", stop, err)
		}
		if errors.Is(err, errDead) {
			continue
		}
		if got := contents(t, d)["data/p/p=1/000003-0001.parquet"]; got != "one" {
			t.Errorf("asleep at call %d: the file that was brought back holds %q", stop, got)
		}
		view, err := d.store.objects.read("views/p.sql")
		if err != nil || !strings.HasPrefix(string(view), "-- commit 3 of p;") {
			t.Errorf("asleep at call %d: the view begins %.40q, %v", stop, view, err)
		}
		d.store.drop(t)
	}
}

// TestRollbackIsInterrupted lets each call be the last, or fail once.
func TestRollbackIsInterrupted(t *testing.T) { inMemory(t, rollbackIsInterrupted) }

func rollbackIsInterrupted(t *testing.T, open func(*testing.T) *Store) {
	want := map[string]string{"p=1": "one", "p=2": "two", "p=3": "three"}
	for name, disk := range map[string]func(n int) disk{
		"dying":             dieAt,
		"EIO, not made":     func(n int) disk { return failAt(n, false) },
		"EIO, but was made": func(n int) disk { return failAt(n, true) },
	} {
		for n := 1; ; n++ {
			d := threeCommits(t, open(t))
			calls := 0
			do := disk(n)
			counting := func(op, name string, call func() error) error { calls++; return do(op, name, call) }
			_, err := d.store.onHeap(counting).Dataset("p").Rollback(context.Background(), 1, author)
			if calls < n {
				break
			}
			if err != nil && !errors.Is(err, errDead) && !errors.Is(err, syscall.EIO) {
				t.Fatalf("%s at call %d: %v", name, n, err)
			}
			again := author
			again.Run = "again"
			if _, err := d.Rollback(context.Background(), 1, again); err != nil {
				t.Fatalf("after %s at call %d: %v", name, n, err)
			}
			got := map[string]string{}
			for file, text := range contents(t, d) {
				got[d.folderOf(File{Path: file})] = text
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("after %s at call %d (-want +got):\n%s", name, n, diff)
			}
		}
	}
}

// TestRollbackOfAnotherSchema brings all files back, even one whose bytes are
// equal: what they mean has changed.
func TestRollbackOfAnotherSchema(t *testing.T) {
	d := heapStore().Dataset("p")
	job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one", "p=2": "two"}, nil)
	job{light: true}.commit(t, d, "run2", 1, files{"p=1": "one", "p=2": "zwei"}, func(draft *Draft) { draft.Schema.Fingerprint = "other" })
	c, err := d.Rollback(context.Background(), 1, author)
	if err != nil {
		t.Fatal(err)
	}
	first, err := d.At(1)
	if err != nil {
		t.Fatal(err)
	}
	if c.Schema.Fingerprint != first.Schema.Fingerprint || len(c.Added) != 2 || len(c.Dropped) != 2 {
		t.Errorf("it adds %v and drops %v, of schema %s", c.Added, c.Dropped, c.Schema.Fingerprint)
	}
	contents(t, d)
}
