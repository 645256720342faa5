package load

import (
	"context"
	"errors"
	"strings"
	"testing"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

// unpublished returns a data set with commit 1 published and commit 2 written,
// of which the disk refused everything that has to do with publishing.
func unpublished(t *testing.T) (*Dataset, *Commit) {
	t.Helper()
	return unpublishedOn(t, open(t))
}

// unpublishedOn makes them in a destination.
func unpublishedOn(t *testing.T, s *Store) (*Dataset, *Commit) {
	t.Helper()
	base := job{light: true}.commit(t, s.Dataset("p"), "run1", 0, files{"p=1": "one", "p=2": "two"}, nil)
	d := s.on(t, func(op, name string, call func() error) error {
		if (op == "rename" || op == "move" || op == "copy") && strings.HasPrefix(name, "data/") {
			return errDead
		}
		return call()
	}).Dataset("p")
	st, draft, err := job{light: true}.draft(d, "run2", base, files{"p=1": "uno"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Commit(context.Background(), st, draft)
	if c == nil || !errors.Is(err, errDead) {
		t.Fatalf("%v, %v: want the commit that stands, and the error", c, err)
	}
	return s.Dataset("p"), c
}

func TestPublishTwiceIsPublishingOnce(t *testing.T) {
	d, c := unpublished(t)
	if err := d.Publish(c); err != nil {
		t.Fatal(err)
	}
	before := tree(t, d.store, ".")
	writes := func(op, name string, call func() error) error {
		if op != "list" && op != "read" {
			t.Errorf("publishing again makes the call %s %s", op, name)
		}
		return call()
	}
	if err := d.store.on(t, writes).Dataset("p").Publish(c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, d.store, ".")); diff != "" {
		t.Errorf("publishing again changes:\n%s", diff)
	}
}

func TestPublishOfAnOldCommitChangesNothing(t *testing.T) {
	d, c := unpublished(t)
	if err := d.Recover(); err != nil {
		t.Fatal(err)
	}
	job{light: true}.commit(t, d, "run3", 2, files{"p=1": "ein"}, nil)
	before := tree(t, d.store, ".")
	for _, old := range []int64{1, 2} {
		c.Number = old
		if err := d.Publish(c); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(before, tree(t, d.store, ".")); diff != "" {
		t.Errorf("publishing old commits changes:\n%s", diff)
	}
}

// TestPublishFindsAMissingStagedFile shows what a missing staged file means.
func TestPublishFindsAMissingStagedFile(t *testing.T) { everyStore(t, publishFindsAMissingStagedFile) }

func publishFindsAMissingStagedFile(t *testing.T, open func(*testing.T) *Store) {
	for _, test := range []struct {
		name string
		do   func(d *Dataset, c *Commit) error
		ok   bool
	}{
		{"another process has moved it", func(d *Dataset, c *Commit) error {
			return d.store.objects.move(c.moves()[0].Staged, c.Added[0])
		}, true},
		{"it is lost", func(d *Dataset, c *Commit) error {
			return d.store.objects.remove(c.moves()[0].Staged)
		}, false},
		{"it is lost, and something else is in its place", func(d *Dataset, c *Commit) error {
			if err := d.store.objects.remove(c.moves()[0].Staged); err != nil {
				return err
			}
			return d.store.objects.put(c.Added[0], []byte("other"))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, c := unpublishedOn(t, open(t))
			if err := test.do(d, c); err != nil {
				t.Fatal(err)
			}
			err := d.Recover()
			if !test.ok {
				wantClass(t, err, fault.Storage, "commit 2 of p", "etl rollback p --to 1")
				if published, err := d.Published(); err != nil || published.Number != 1 {
					t.Errorf("published is %v, %v", published, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			contents(t, d)
		})
	}
}

// TestPublishIsOvertaken stops a publisher in front of each of its calls, lets
// another process publish the commit and make the next one, and goes on.
func TestPublishIsOvertaken(t *testing.T) { everyStore(t, publishIsOvertaken) }

func publishIsOvertaken(t *testing.T, open func(*testing.T) *Store) {
	for stop := 1; ; stop++ {
		d, c := unpublishedOn(t, open(t))
		calls := 0
		sleepy := d.store.on(t, func(op, name string, call func() error) error {
			if calls++; calls == stop {
				if err := d.Recover(); err != nil {
					t.Fatal(err)
				}
				job{light: true}.commit(t, d, "run3", 2, files{"p=1": "ein", "p=3": "drei"}, nil)
			}
			return call()
		})
		if err := sleepy.Dataset("p").Publish(c); err != nil {
			t.Fatalf("overtaken at call %d: %v", stop, err)
		}
		if calls < stop {
			break // it was not overtaken any more
		}
		want := map[string]string{
			"data/p/p=1/000003-0001.parquet": "ein",
			"data/p/p=2/000001-0002.parquet": "two",
			"data/p/p=3/000003-0002.parquet": "drei",
		}
		if diff := cmp.Diff(want, contents(t, d)); diff != "" {
			t.Errorf("overtaken at call %d: data (-want +got):\n%s", stop, diff)
		}
		view, err := d.store.objects.read("views/p.sql")
		if err != nil || !strings.HasPrefix(string(view), "-- commit 3 of p;") {
			t.Errorf("overtaken at call %d: the view begins %.40q, %v", stop, view, err)
		}
		d.store.drop(t)
	}
}

func TestRecoverPutsDataRight(t *testing.T) { everyStore(t, recoverPutsDataRight) }

func recoverPutsDataRight(t *testing.T, open func(*testing.T) *Store) {
	s := open(t)
	d := s.Dataset("p")
	job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
	job{light: true}.commit(t, d, "run2", 1, files{"p=1": "uno"}, nil)
	for name, text := range map[string]string{
		"data/p/p=1/000001-0001.parquet": "one",             // a late copy brought it back
		"data/p/p=1/000002-0009.parquet": "of no commit",    // nobody lists it
		"data/p/p=1/000003-0001.parquet": "being published", // by another process
		"data/p/notes.txt":               "not ours",
		"views/p.sql":                    "-- commit 1 of p\n",
	} {
		if err := s.objects.put(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{
		"data/p/p=1/000002-0001.parquet": "uno",
		"data/p/p=1/000003-0001.parquet": "being published",
		"data/p/notes.txt":               "not ours",
	}
	for range 2 {
		if err := d.Recover(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tree(t, s, "data")); diff != "" {
			t.Errorf("data (-want +got):\n%s", diff)
		}
	}
	replaced := tree(t, s, "_etl/p/replaced/000000000002")
	if replaced["_etl/p/replaced/000000000002/p=1/000002-0009.parquet"] != "of no commit" {
		t.Errorf("replaced holds %v", replaced)
	}
	view, err := s.objects.read("views/p.sql")
	if err != nil || !strings.HasPrefix(string(view), "-- commit 2 of p;") {
		t.Errorf("the view begins %.40q, %v", view, err)
	}
}

func TestRecoverOfNothing(t *testing.T) {
	s := open(t)
	if err := s.Dataset("p").Recover(); err != nil {
		t.Fatal(err)
	}
	if left := tree(t, s, "."); len(left) > 0 {
		t.Errorf("it wrote %v", left)
	}
}

func TestAnOldCommitWritesNoView(t *testing.T) { everyStore(t, anOldCommitWritesNoView) }

func anOldCommitWritesNoView(t *testing.T, open func(*testing.T) *Store) {
	d := open(t).Dataset("p")
	old := job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
	job{light: true}.commit(t, d, "run2", 1, files{"p=1": "uno"}, nil)
	before := tree(t, d.store, "views")
	if err := d.writeView(old); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, d.store, "views")); diff != "" {
		t.Errorf("the view of commit 1 takes the place of that of commit 2:\n%s", diff)
	}
}
