package load

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

// contents returns the live files' contents by path, and fails the test if
// something else lies in data/ or a hash is wrong.
func contents(t *testing.T, d *Dataset) map[string]string {
	t.Helper()
	c, err := d.Published()
	if err != nil {
		t.Fatal(err)
	}
	there := tree(t, d.store, d.data())
	var paths []string
	for _, f := range c.Files {
		paths = append(paths, f.Path)
		if sum, err := d.store.sum(f.Path); sum != f.SHA256 || err != nil {
			t.Errorf("%s has the hash %s, %v, the commit says %s", f.Path, sum, err, f.SHA256)
		}
	}
	if diff := cmp.Diff(paths, slices.Sorted(maps.Keys(there))); diff != "" {
		t.Errorf("files (-listed +there):\n%s", diff)
	}
	return there
}

func TestCommit(t *testing.T) {
	d := open(t).Dataset("requests")
	if c, err := d.Newest(); c != nil || err != nil {
		t.Errorf("the newest commit of nothing is %v, %v", c, err)
	}
	job{}.commit(t, d, "run1", 0, files{"": "top", "p=1": "one", "p=2": "two"}, nil)
	c := job{}.commit(t, d, "run2", 1, files{"p=1": "uno", "p=2": "", "p=3": "drei"}, nil)

	want := map[string]string{
		"data/requests/000001-0001.parquet":     "top",
		"data/requests/p=1/000002-0001.parquet": "uno",
		"data/requests/p=3/000002-0002.parquet": "drei",
	}
	if diff := cmp.Diff(want, contents(t, d)); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	replaced := map[string]string{
		"_etl/requests/replaced/000000000002/p=1/000001-0002.parquet": "one",
		"_etl/requests/replaced/000000000002/p=2/000001-0003.parquet": "two",
	}
	if diff := cmp.Diff(replaced, tree(t, d.store, "_etl/requests/replaced")); diff != "" {
		t.Errorf("replaced (-want +got):\n%s", diff)
	}
	if left := tree(t, d.store, "_etl/requests/stage"); len(left) > 0 {
		t.Errorf("the stages still hold %v", left)
	}
	read, err := d.At(2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, read); diff != "" {
		t.Errorf("the commit as returned and as read differ:\n%s", diff)
	}
	wantLists := [][]string{
		{"data/requests/p=1/000002-0001.parquet", "data/requests/p=3/000002-0002.parquet"},
		{"data/requests/p=1/000001-0002.parquet", "data/requests/p=2/000001-0003.parquet"},
	}
	if diff := cmp.Diff(wantLists, [][]string{c.Added, c.Dropped}); diff != "" {
		t.Errorf("added, dropped (-want +got):\n%s", diff)
	}
	if c.Rows() != 3 {
		t.Errorf("%d rows", c.Rows())
	}
}

func TestEqualFilesChangeNothing(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	first := []Slice{{Since: day(1), Until: day(2), State: SliceOpen, Identity: "i", Proof: "walked"}}
	for _, test := range []struct {
		name   string
		add    files
		change func(*Draft)
		number int64
		added  []string
	}{
		{"all equal", files{"p=1": "one", "p=2": "two"}, nil, 1, nil},
		{"equal, other counts and parents' commits", files{"p=1": "one"}, func(d *Draft) {
			d.Counts.Pages, d.Label, d.Parents = 9, "again", map[string]int64{"list": 7}
		}, 1, nil},
		{"one equal, one not", files{"p=1": "one", "p=2": "zwei"}, nil, 2, []string{"data/p/p=2/000002-0001.parquet"}},
		{"equal content in another folder", files{"p=3": "one"}, nil, 2, []string{"data/p/p=3/000002-0001.parquet"}},
		{"a slice is closed", files{"p=1": "one"}, func(d *Draft) { d.Slices[0].State = SliceClosed }, 2, nil},
		{"another slice is empty", files{}, func(d *Draft) { d.Slices[0].Since, d.Slices[0].Until = day(2), day(3) }, 2, nil},
		{"a better proof", files{"p=1": "one"}, func(d *Draft) { d.Proof = "settled" }, 2, nil},
		{"another configuration", files{"p=1": "one"}, func(d *Draft) { d.Fingerprints.Request = "r2" }, 2, nil},
		{"parents asked at other values", files{"p=1": "one"}, func(d *Draft) { d.ParentsFile = "x" }, 2, nil},
		{"no rejects any more", files{"p=1": "one"}, func(d *Draft) { d.Rejects = nil }, 1, nil},
		{"other rejects", files{"p=1": "one"}, func(d *Draft) { d.Rejects.SHA256 = "ff" }, 2, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := open(t).Dataset("p")
			if err := d.store.objects.put(d.state("parents", "x"), nil); err != nil {
				t.Fatal(err)
			}
			sliced := func(dr *Draft) { dr.Slices = slices.Clone(first) }
			job{}.commit(t, d, "run1", 0, files{"p=1": "one", "p=2": "two"}, sliced)
			c := job{}.commit(t, d, "run2", 1, test.add, func(dr *Draft) {
				sliced(dr)
				if test.change != nil {
					test.change(dr)
				}
			})
			if c.Number != test.number {
				t.Fatalf("the newest commit is %d, want %d", c.Number, test.number)
			}
			if diff := cmp.Diff(test.added, c.Added); c.Number > 1 && len(test.added)+len(c.Added) > 0 && diff != "" {
				t.Errorf("added (-want +got):\n%s", diff)
			}
			if left := tree(t, d.store, "_etl/p/stage"); len(left) > 0 {
				t.Errorf("the stage still holds %v", left)
			}
			contents(t, d)
		})
	}
}

func TestSlicesFollow(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	slice := func(since, until int, commit int64) Slice {
		return Slice{Since: day(since), Until: day(until), State: SliceClosed, Commit: commit}
	}
	all := func(commit int64) Slice { return Slice{State: SliceClosed, Commit: commit} }
	for _, test := range []struct {
		name               string
		before, read, want []Slice
	}{
		{"the first", nil, []Slice{slice(1, 2, 0)}, []Slice{slice(1, 2, 9)}},
		{"a later one", []Slice{slice(1, 2, 3)}, []Slice{slice(2, 3, 0)}, []Slice{slice(1, 2, 3), slice(2, 3, 9)}},
		{"an earlier one", []Slice{slice(2, 3, 3)}, []Slice{slice(1, 2, 0)}, []Slice{slice(1, 2, 9), slice(2, 3, 3)}},
		{"the same again", []Slice{slice(1, 2, 3), slice(2, 3, 4)}, []Slice{slice(1, 2, 0)}, []Slice{slice(1, 2, 9), slice(2, 3, 4)}},
		{"a wider grid", []Slice{slice(1, 2, 3), slice(2, 3, 4), slice(8, 9, 5)}, []Slice{slice(1, 8, 0)}, []Slice{slice(1, 8, 9), slice(8, 9, 5)}},
		{"everything again", []Slice{all(3)}, []Slice{all(0)}, []Slice{all(9)}},
		{"nothing", []Slice{slice(1, 2, 3)}, nil, []Slice{slice(1, 2, 3)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, follow(test.before, test.read, 9)); diff != "" {
				t.Errorf("slices (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCommitRefuses shows what keeps a run from committing. Nothing of it may
// leave a trace in the log.
func TestCommitRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		spoil  func(d *Dataset, st *Stage, draft *Draft) error
		class  fault.Class
		saying string
	}{
		{"its base is older than the newest commit", func(_ *Dataset, _ *Stage, draft *Draft) error {
			draft.Base = 0
			return nil
		}, fault.Conflict, "commit 1 first"},
		{"its base is not published", func(d *Dataset, _ *Stage, _ *Draft) error {
			return d.store.objects.remove(d.mark(1))
		}, fault.Conflict, ""},
		{"gc has closed its stage", func(d *Dataset, st *Stage, _ *Draft) error {
			return d.store.objects.put(st.folder+"/closed", nil)
		}, fault.Conflict, "closed"},
		{"nobody can tell whether gc has closed its stage", func(d *Dataset, _ *Stage, _ *Draft) error {
			d.store.objects.(*folder).around = func(op, name string, call func() error) error {
				if strings.HasSuffix(name, "/closed") {
					return errors.New("input/output error")
				}
				return call()
			}
			return nil
		}, fault.Storage, "input/output error"},
		{"its parents are gone", func(_ *Dataset, _ *Stage, draft *Draft) error {
			draft.ParentsFile = "gone.parquet"
			return nil
		}, fault.Conflict, "gone.parquet is gone"},
		{"it is a rollback, but the commit before it can still be published", func(d *Dataset, _ *Stage, draft *Draft) error {
			draft.Restores = 1
			return d.store.objects.remove(d.mark(1))
		}, fault.Conflict, "commit 1 first"},
		{"a staged file is gone", func(d *Dataset, st *Stage, _ *Draft) error {
			return d.store.objects.remove(st.folder + "/0001.part")
		}, fault.Conflict, "0001.part is gone"},
		{"a file is to leave that is not live", func(_ *Dataset, _ *Stage, draft *Draft) error {
			draft.Replace = []File{{Path: "data/p/other.parquet"}}
			return nil
		}, fault.Bug, "other.parquet"},
		{"files of another schema would stay", func(_ *Dataset, _ *Stage, draft *Draft) error {
			draft.Schema.Fingerprint = "other"
			return nil
		}, fault.Config, "etl schema apply p"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := open(t).Dataset("p")
			base := job{}.commit(t, d, "run1", 0, files{"p=1": "one", "p=2": "two"}, nil)
			st, draft, err := job{}.draft(d, "run2", base, files{"p=1": "uno"})
			if err != nil {
				t.Fatal(err)
			}
			if err := test.spoil(d, st, &draft); err != nil {
				t.Fatal(err)
			}
			_, err = d.Commit(context.Background(), st, draft)
			wantClass(t, err, test.class, test.saying)
			if newest, err := d.Newest(); err != nil || newest.Number != 1 {
				t.Errorf("the newest commit is %v, %v", newest, err)
			}
		})
	}
}

func TestCommitStopsWithItsContext(t *testing.T) {
	d := open(t).Dataset("p")
	st, draft, err := job{}.draft(d, "run1", nil, files{"": "x"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = d.Commit(ctx, st, draft)
	wantClass(t, err, fault.Interrupted)
	if c, err := d.Newest(); c != nil || err != nil {
		t.Errorf("it made %v, %v", c, err)
	}
}

func TestOfTwoCommitsOnOneBaseOneWins(t *testing.T) {
	d := open(t).Dataset("p")
	var stages []*Stage
	var drafts []Draft
	for _, run := range []string{"run1", "run2"} {
		st, draft, err := job{}.draft(d, run, nil, files{"": "equal in both"})
		if err != nil {
			t.Fatal(err)
		}
		stages, drafts = append(stages, st), append(drafts, draft)
	}
	if _, err := d.Commit(context.Background(), stages[0], drafts[0]); err != nil {
		t.Fatal(err)
	}
	_, err := d.Commit(context.Background(), stages[1], drafts[1])
	wantClass(t, err, fault.Conflict, "run it again")
	if _, err := stages[1].open("0001.part"); err != nil {
		t.Errorf("the loser's stage: %v", err)
	}
	c, err := d.Newest()
	if err != nil || c.Run != "run1" || c.Number != 1 {
		t.Errorf("the newest commit is %+v, %v", c, err)
	}
}

// answers gives its own answer to one creation of a commit record.
type answers struct {
	objects
	create1 func(name string, data []byte) error
	readErr error
}

func (a *answers) create(name string, data []byte) error {
	if strings.Contains(name, "/commits/") {
		return a.create1(name, data)
	}
	return a.objects.create(name, data)
}

func (a *answers) read(name string) ([]byte, error) {
	if a.readErr != nil && strings.Contains(name, "/commits/") {
		return nil, a.readErr
	}
	return a.objects.read(name)
}

func TestUnclearAnswersAreReadBack(t *testing.T) {
	lost := errors.New("connection lost")
	for _, test := range []struct {
		name    string
		arrives string // ours, other, none
		answer  error
		readErr error
		class   fault.Class
		ok      bool
	}{
		{"it arrived, the answer did not", "ours", lost, nil, 0, true},
		{"it arrived and was then refused to a client that tried again", "ours", fs.ErrExist, nil, 0, true},
		{"another record was there", "other", fs.ErrExist, nil, fault.Conflict, false},
		{"another record arrived, the answer did not", "other", lost, nil, fault.Conflict, false},
		{"it did not arrive", "none", lost, nil, fault.Storage, false},
		{"nothing can be learned", "ours", lost, lost, fault.Storage, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			d := s.Dataset("p")
			st, draft, err := job{}.draft(d, "run1", nil, files{"": "x"})
			if err != nil {
				t.Fatal(err)
			}
			real := s.objects
			s.objects = &answers{objects: real, readErr: test.readErr, create1: func(name string, data []byte) error {
				switch test.arrives {
				case "other":
					data = []byte(strings.Replace(string(data), `"run1"`, `"run2"`, 1))
					fallthrough
				case "ours":
					if err := real.create(name, data); err != nil {
						t.Fatal(err)
					}
				}
				return test.answer
			}}
			c, err := d.Commit(context.Background(), st, draft)
			if !test.ok {
				wantClass(t, err, test.class)
				if _, err := st.open("0001.part"); err != nil {
					t.Errorf("an unclear answer must not cost the stage: %v", err)
				}
				return
			}
			if err != nil || c.Number != 1 {
				t.Fatalf("%v, %v", c, err)
			}
			contents(t, d)
		})
	}
}
