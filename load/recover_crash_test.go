package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

// steps are the commits that the runs of these tests want to make, in order.
func steps() []files {
	return []files{
		{"p=1": "one", "p=2": "two", "p=3": "three"},
		{"p=1": "uno", "p=2": "", "p=3": "three", "p=4": "cuatro"},
	}
}

var errDead = errors.New("the process is dead")

// work does what a process does: it recovers, then makes every commit that is
// missing. A commit is missing if the newest slice is not that of its step.
func work(d *Dataset, process string) error {
	if err := d.Recover(); err != nil {
		return err
	}
	for i, add := range steps() {
		base, err := d.Newest()
		if err != nil {
			return err
		}
		if base != nil && base.Number > int64(i) {
			continue
		}
		j := job{identity: fmt.Sprintf("step%d", i+1), light: true}
		st, draft, err := j.draft(d, fmt.Sprintf("%s.%d", process, i), base, add)
		if err != nil {
			return err
		}
		if _, err := d.Commit(context.Background(), st, draft); err != nil {
			return err
		}
	}
	return nil
}

// outcome is what must be the same however often work was interrupted.
type outcome struct {
	Data    map[string]string
	View    string
	Commits []string // identity of the slice that each commit read
	Files   [][]File
}

func outcomeOf(t *testing.T, s *Store) outcome {
	t.Helper()
	d := s.Dataset("p")
	o := outcome{Data: contents(t, d)}
	view, err := s.objects.read(d.view())
	if err != nil {
		t.Fatal(err)
	}
	o.View = strings.ReplaceAll(string(view), s.path, "")
	newest, err := d.Newest()
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= newest.Number; n++ {
		c, err := d.At(n)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Files {
			c.Files[i].Staged = path.Base(c.Files[i].Staged)
		}
		o.Commits = append(o.Commits, c.Slices[0].Identity)
		o.Files = append(o.Files, c.Files)
	}
	return o
}

// undisturbed returns the outcome without any fault, and how many calls to the
// file system it took.
func undisturbed(t *testing.T, open func(*testing.T) *Store) (outcome, int) {
	t.Helper()
	s := open(t)
	calls := 0
	count := func(op, name string, call func() error) error { calls++; return call() }
	if err := work(s.on(t, count).Dataset("p"), "a"); err != nil {
		t.Fatal(err)
	}
	return outcomeOf(t, s), calls
}

// dieAt fails the n-th call to the file system and every later one.
func dieAt(n int) disk {
	calls := 0
	return func(op, name string, call func() error) error {
		if calls++; calls >= n {
			return errDead
		}
		return memory(op, name, call)
	}
}

func TestCrashAtEveryCall(t *testing.T) { everyStore(t, crashAtEveryCall) }

func crashAtEveryCall(t *testing.T, open func(*testing.T) *Store) {
	want, calls := undisturbed(t, open)
	for n := 1; n <= calls; n++ {
		s := open(t)
		if err := work(s.on(t, dieAt(n)).Dataset("p"), "a"); err != nil && !errors.Is(err, errDead) {
			t.Fatalf("dying at call %d: %v", n, err)
		}
		onlyCommitted(t, s)
		readable(t, s)
		if t.Failed() {
			t.Fatalf("after dying at call %d", n)
		}
		if err := work(s.on(t, memory).Dataset("p"), "b"); err != nil {
			t.Fatalf("after dying at call %d: %v", n, err)
		}
		if diff := cmp.Diff(want, outcomeOf(t, s)); diff != "" {
			t.Fatalf("after dying at call %d (-undisturbed +got):\n%s", n, diff)
		}
		s.drop(t)
	}
}

func TestCrashAgainWhileRecovering(t *testing.T) { everyStore(t, crashAgain) }

func crashAgain(t *testing.T, open func(*testing.T) *Store) {
	want, calls := undisturbed(t, open)
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		s := open(t)
		died := []int{}
		for _, process := range []string{"a", "b", "c"} {
			n := 1 + random.IntN(calls)
			died = append(died, n)
			if err := work(s.on(t, dieAt(n)).Dataset("p"), process); err != nil && !errors.Is(err, errDead) {
				t.Fatalf("dying at calls %v: %v", died, err)
			}
		}
		if err := work(s.on(t, memory).Dataset("p"), "d"); err != nil {
			t.Fatalf("after dying at calls %v: %v", died, err)
		}
		if diff := cmp.Diff(want, outcomeOf(t, s)); diff != "" {
			t.Fatalf("after dying at calls %v (-undisturbed +got):\n%s", died, diff)
		}
		s.drop(t)
	}
}

// onlyCommitted fails the test if data/ holds anything that no commit lists.
func onlyCommitted(t *testing.T, s *Store) {
	t.Helper()
	d := s.Dataset("p")
	newest, err := d.Newest()
	if err != nil {
		t.Fatal(err)
	}
	committed := map[string]string{}
	for i := int64(1); newest != nil && i <= newest.Number; i++ {
		c, err := d.At(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range c.Files {
			committed[f.Path] = f.SHA256
		}
	}
	for name := range tree(t, s, "data") {
		if sum, err := s.sum(name); err != nil || committed[name] != sum {
			t.Errorf("%s has the hash %q, %v; commits say %q", name, sum, err, committed[name])
		}
	}
}

// viewedFile is a file that a view reads.
var viewedFile = regexp.MustCompile(`data/p/[^']*\.parquet`)

// readable fails the test if the view names a file that is not in its place.
func readable(t *testing.T, s *Store) {
	t.Helper()
	view, err := s.objects.read(s.Dataset("p").view())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, name := range viewedFile.FindAllString(string(view), -1) {
		if there, err := s.has(name); err != nil || !there {
			t.Errorf("the view reads %s, which is not there, %v", name, err)
		}
	}
}

// TestOneErrorAtEveryCall lets each call fail once with an error that says
// nothing about whether something is there: before it is made, and after.
func TestOneErrorAtEveryCall(t *testing.T) { everyStore(t, oneErrorAtEveryCall) }

func oneErrorAtEveryCall(t *testing.T, open func(*testing.T) *Store) {
	want, calls := undisturbed(t, open)
	for _, made := range []bool{false, true} {
		for n := 1; n <= calls; n++ {
			s := open(t)
			err := work(s.on(t, failAt(n, made)).Dataset("p"), "a")
			if err != nil && (!errors.Is(err, syscall.EIO) || fault.Of(err) != fault.Storage) {
				t.Errorf("EIO at call %d (made: %v) ends in %v, of class %v", n, made, err, fault.Of(err))
			}
			if err := work(s.on(t, memory).Dataset("p"), "b"); err != nil {
				t.Fatalf("after EIO at call %d (made: %v): %v", n, made, err)
			}
			if diff := cmp.Diff(want, outcomeOf(t, s)); diff != "" {
				t.Fatalf("after EIO at call %d (made: %v) (-undisturbed +got):\n%s", n, made, diff)
			}
			s.drop(t)
		}
	}
}

// failAt fails the n-th call, whether it was made or not.
func failAt(n int, made bool) disk {
	calls := 0
	return func(op, name string, call func() error) error {
		if calls++; calls != n {
			return memory(op, name, call)
		}
		if made {
			return errors.Join(call(), syscall.EIO)
		}
		return syscall.EIO
	}
}

// TestEverythingIsOnDiskBeforeTheNextStep follows the calls of a whole run:
// before anything gets a name, all that was written and named is on disk, also the
// folders of a stage that whoever keeps pages has made without a sync. Only the
// files of a commit are moved together, and wait for nothing but their contents.
func TestEverythingIsOnDiskBeforeTheNextStep(t *testing.T) {
	const together, alone = true, false
	moved := regexp.MustCompile("^(data|_etl/p/rejects|_etl/p/replaced)/")
	unsynced := map[string]bool{} // files and folders that a power cut would lose, and whether others may be moved before
	check := func(op, name string, call func() error) error {
		err := call()
		switch {
		case op == "write":
			unsynced[name], unsynced[path.Dir(name)] = alone, alone
		case op == "append":
			unsynced[name] = alone
		case op == "fsync" || op == "sync":
			delete(unsynced, name)
		case op == "mkdir" && err == nil:
			unsynced[path.Dir(name)] = alone
		case (op == "link" || op == "rename") && err == nil:
			for what, with := range unsynced {
				if !with || !moved.MatchString(name) {
					t.Errorf("%s %s comes before %s is on disk", op, name, what)
				}
			}
			unsynced[path.Dir(name)] = together
		}
		return err
	}
	s := open(t)
	stage := "_etl/p/stage/step1/a.0"
	if err := os.MkdirAll(filepath.Join(s.path, stage), 0o750); err != nil {
		t.Fatal(err)
	}
	for dir := path.Dir(stage); dir != "."; dir = path.Dir(dir) {
		unsynced[dir] = alone
	}
	if err := work(s.on(t, check).Dataset("p"), "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.on(t, check).objects.move("views/p.sql", "_etl/p/aside/p.sql"); err != nil { // as gc does
		t.Fatal(err)
	}
	for what := range unsynced {
		t.Errorf("the run ends before %s is on disk", what)
	}
}
