package load

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

// failures are what disks answer. None of them says that something is absent.
var failures = []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.EROFS, io.ErrShortWrite}

// errorAt fails the n-th call with an error, before it is made or after.
func errorAt(n int, err error, made bool) disk {
	calls := 0
	return func(op, name string, call func() error) error {
		if calls++; calls != n {
			return memory(op, name, call)
		}
		if made {
			return errors.Join(call(), err)
		}
		return err
	}
}

// fullFrom is a disk that is full from the n-th call on: what takes no room
// still goes. With names it has no room for files and folders either.
func fullFrom(n int, names bool) disk {
	calls := 0
	return func(op, name string, call func() error) error {
		calls++
		room := op == "append" || op == "fsync"
		if names {
			room = room || op == "write" || op == "mkdir" || op == "link"
		}
		if calls >= n && room {
			return syscall.ENOSPC
		}
		return memory(op, name, call)
	}
}

// wantStorage fails the test if a run ends in anything but a failure of the
// disk, if at all.
func wantStorage(t *testing.T, what string, n int, err error) {
	t.Helper()
	if err != nil && fault.Of(err) != fault.Storage {
		t.Errorf("%s at call %d ends in %v, of class %v", what, n, err, fault.Of(err))
	}
}

// TestEveryErrorAtEveryCall lets each call of a run, reads too, fail once in
// each way; then the run after it, which has to recover, fails at one of its
// first calls. The third ends as if nothing had been.
func TestEveryErrorAtEveryCall(t *testing.T) {
	want, calls := undisturbed(t, open)
	for i, failure := range failures {
		for n := 1; n <= calls; n += slowness {
			s := open(t)
			made := (n+i)%2 == 0
			wantStorage(t, failure.Error(), n, work(s.on(t, errorAt(n, failure, made)).Dataset("p"), "a"))
			onlyCommitted(t, s)
			again := 1 + n*7%40
			wantStorage(t, failure.Error(), again, work(s.on(t, errorAt(again, failure, !made)).Dataset("p"), "b"))
			onlyCommitted(t, s)
			if err := work(s.on(t, memory).Dataset("p"), "c"); err != nil {
				t.Fatalf("after %v at calls %d and %d: %v", failure, n, again, err)
			}
			if diff := cmp.Diff(want, outcomeOf(t, s)); diff != "" {
				t.Fatalf("after %v at calls %d and %d (-undisturbed +got):\n%s", failure, n, again, diff)
			}
			s.drop(t)
		}
	}
}

// TestFullDiskFromEveryCall fills the disk at every call of a run, and it stays
// full for the next one: both end in a failure of storage, and readers see a
// commit. With room again, all ends as if nothing had been.
func TestFullDiskFromEveryCall(t *testing.T) {
	want, calls := undisturbed(t, open)
	for _, names := range []bool{false, true} {
		for n := 1; n <= calls; n += slowness {
			s := open(t)
			wantStorage(t, "a full disk", n, work(s.on(t, fullFrom(n, names)).Dataset("p"), "a"))
			onlyCommitted(t, s)
			wantStorage(t, "a full disk", 1, work(s.on(t, fullFrom(1, names)).Dataset("p"), "b"))
			onlyCommitted(t, s)
			if err := work(s.on(t, memory).Dataset("p"), "c"); err != nil {
				t.Fatalf("full from call %d: with room again: %v", n, err)
			}
			if diff := cmp.Diff(want, outcomeOf(t, s)); diff != "" {
				t.Fatalf("full from call %d (-undisturbed +got):\n%s", n, diff)
			}
			s.drop(t)
		}
	}
}

// TestRecoveryOnAFullDisk kills a run at every call, and recovers on a disk
// without room for a byte. Only the text of the view needs any: recovery gets
// as far as that, and with room it goes on from there.
func TestRecoveryOnAFullDisk(t *testing.T) {
	_, calls := undisturbed(t, open)
	whole, stuck := 0, 0
	for n := 1; n <= calls; n += slowness {
		s := open(t)
		if err := work(s.on(t, dieAt(n)).Dataset("p"), "a"); err != nil && !errors.Is(err, errDead) {
			t.Fatalf("dying at call %d: %v", n, err)
		}
		err := s.on(t, fullFrom(1, false)).Dataset("p").Recover()
		wantStorage(t, "a full disk", n, err)
		onlyCommitted(t, s)
		switch {
		case err == nil:
			whole++
		case strings.HasPrefix(err.Error(), "writing the view of p"):
			stuck++
		default:
			t.Errorf("after dying at call %d recovery ends in %v", n, err)
		}
		if err := s.on(t, memory).Dataset("p").Recover(); err != nil {
			t.Errorf("after dying at call %d, with room: %v", n, err)
		}
		s.drop(t)
	}
	if whole == 0 || stuck == 0 {
		t.Errorf("%d recoveries needed no room, %d needed some", whole, stuck)
	}
}

// TestAFolderTellsEveryError has each call to the disk fail: what a folder is
// asked for says so, and never that something is absent, or done.
func TestAFolderTellsEveryError(t *testing.T) {
	for name, ask := range map[string]func(o objects) error{
		"read":     func(o objects) error { _, err := o.read("a/b"); return err },
		"open":     func(o objects) error { _, err := o.open("a/b"); return err },
		"modified": func(o objects) error { _, err := o.modified("a/b"); return err },
		"list":     func(o objects) error { _, err := o.list("a"); return err },
		"create":   func(o objects) error { return o.create("a/c", nil) },
		"put":      func(o objects) error { return o.put("a/b", nil) },
		"move":     func(o objects) error { return o.move("a/b", "c/d") },
		"remove":   func(o objects) error { return o.remove("a/b") },
		"tidy":     func(o objects) error { return o.tidy("a/b") },
	} {
		s := open(t)
		if err := s.objects.put("a/b", nil); err != nil {
			t.Fatal(err)
		}
		fails := func(string, string, func() error) error { return syscall.EIO }
		if err := ask(s.on(t, fails).objects); !errors.Is(err, syscall.EIO) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s on a disk that fails ends in %v", name, err)
		}
	}
}
