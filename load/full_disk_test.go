package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
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

// wantFailure fails the test if a run ends in anything but a failure, if at all:
// of the disk, or what the bucket has said.
func wantFailure(t *testing.T, failure error, n int, err error) {
	t.Helper()
	want := fault.Storage
	if _, ok := errors.AsType[*fault.Error](failure); ok {
		want = fault.Of(failure)
	}
	if err != nil && fault.Of(err) != want {
		t.Errorf("%v at call %d ends in %v, of class %v", failure, n, err, fault.Of(err))
	}
}

// refusals are what buckets answer. None of them says that something is absent.
var refusals = []error{
	fault.New(fault.Transient, "HTTP 503"), fault.New(fault.Transient, "no answer"), fault.New(fault.Auth, "HTTP 403"), fault.New(fault.Storage, "HTTP 400"),
}

// TestEveryErrorAtEveryCall lets each call of a run, reads too, fail once in
// each way; then the run after it, which has to recover, fails at one of its
// first calls. The third ends as if nothing had been.
func TestEveryErrorAtEveryCall(t *testing.T) {
	t.Run("folder", func(t *testing.T) { everyErrorAtEveryCall(t, open, failures) })
	t.Run("bucket", func(t *testing.T) { everyErrorAtEveryCall(t, anyStore["bucket"], refusals) })
}

func everyErrorAtEveryCall(t *testing.T, open func(*testing.T) *Store, failures []error) {
	want, calls := undisturbed(t, open)
	for i, failure := range failures {
		for n := 1; n <= calls; n += slowness {
			s := open(t)
			made := (n+i)%2 == 0
			wantFailure(t, failure, n, work(s.on(t, errorAt(n, failure, made)).Dataset("p"), "a"))
			onlyCommitted(t, s)
			again := 1 + n*7%40
			wantFailure(t, failure, again, work(s.on(t, errorAt(again, failure, !made)).Dataset("p"), "b"))
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
			wantFailure(t, syscall.ENOSPC, n, work(s.on(t, fullFrom(n, names)).Dataset("p"), "a"))
			onlyCommitted(t, s)
			wantFailure(t, syscall.ENOSPC, 1, work(s.on(t, fullFrom(1, names)).Dataset("p"), "b"))
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

// fullButReserve is a disk without room for a byte or a name, but for what a
// data set has kept for itself. It tells when that is spent.
func fullButReserve(spent *bool) disk {
	return func(op, name string, call func() error) error {
		switch op {
		case "remove":
			*spent = *spent || path.Base(name) == "reserve"
		case "append", "fsync", "write", "mkdir", "link":
			if !*spent {
				return syscall.ENOSPC
			}
		}
		return memory(op, name, call)
	}
}

// TestRecoveryOnAFullDisk kills a run at every call, and recovers on a disk
// without room: a commit that stands is published, and readers go by it.
func TestRecoveryOnAFullDisk(t *testing.T) {
	_, calls := undisturbed(t, open)
	recovered := map[bool]int{}
	for n := 1; n <= calls; n += slowness {
		s, spent := open(t), false
		if err := work(s.on(t, dieAt(n)).Dataset("p"), "a"); err != nil && !errors.Is(err, errDead) {
			t.Fatalf("dying at call %d: %v", n, err)
		}
		if err := s.on(t, fullButReserve(&spent)).Dataset("p").Recover(); err != nil {
			t.Errorf("after dying at call %d recovery ends in %v", n, err)
		}
		onlyCommitted(t, s)
		readable(t, s)
		newest, err := s.Dataset("p").Newest()
		if err != nil {
			t.Fatal(err)
		}
		published, err := s.Dataset("p").Published()
		if diff := cmp.Diff(newest, published); err != nil || diff != "" {
			t.Errorf("after dying at call %d (%v, -newest commit +published):\n%s", n, err, diff)
		}
		recovered[spent]++
		s.drop(t)
	}
	if recovered[true] == 0 || recovered[false] == 0 {
		t.Errorf("%d recoveries took the room that was kept, %d none", recovered[true], recovered[false])
	}
}

// TestRoomIsKeptForTheNextCommit holds that the room is kept again once it was
// spent, and that without it, as of data sets of earlier versions, publishing
// waits for room.
func TestRoomIsKeptForTheNextCommit(t *testing.T) {
	s, spent := open(t), false
	d := s.Dataset("p")
	for i, add := range steps() {
		(job{light: true}).commit(t, d, fmt.Sprint(i), int64(i), add, nil)
		kept, err := d.size(d.reserve())
		if err != nil || kept == 0 {
			t.Fatalf("after commit %d %d bytes are kept (%v)", i+1, kept, err)
		}
		if err := s.objects.remove(d.reserve()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.objects.remove(d.view()); err != nil {
		t.Fatal(err)
	}
	if err := s.on(t, fullButReserve(&spent)).Dataset("p").Recover(); !errors.Is(err, syscall.ENOSPC) || fault.Of(err) != fault.Storage {
		t.Errorf("without room recovery ends in %v", err)
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
