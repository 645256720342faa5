package load

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

// times makes the random tests longer: -times 40 takes some minutes.
var times = flag.Int("times", 1, "how many times as many random cases are tried")

// noon is the time of every commit in tests.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// open opens a fresh destination.
func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(tempDir(t), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	s.objects.(*folder).around = memory // no power is cut here
	return s
}

// tempDir returns a fresh folder, in memory where the system offers that: these
// tests make a hundred thousand files.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "etl-load")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// drop removes a destination early: tests that open hundreds would fill the
// memory that /dev/shm may take.
func (s *Store) drop(t *testing.T) {
	t.Helper()
	if _, ok := s.objects.(*folder); !ok {
		return
	}
	if err := os.RemoveAll(s.path); err != nil {
		t.Fatal(err)
	}
}

// A disk makes, fails or forgets a call to the file system.
type disk func(op, name string, call func() error) error

// memory forgets to bring things to disk: only a power cut would notice.
func memory(op, _ string, call func() error) error {
	if op == "sync" || op == "fsync" {
		return nil
	}
	return call()
}

// on returns another process's view of the same destination, on a disk of its
// own.
func (s *Store) on(t *testing.T, disk disk) *Store {
	t.Helper()
	if _, ok := s.objects.(*folder); !ok {
		return s.onHeap(disk)
	}
	other, err := Open(s.path)
	if err != nil {
		t.Fatal(err)
	}
	other.objects.(*folder).around = disk
	return other
}

// tree returns what lies below a folder of the destination: content by name.
func tree(t *testing.T, s *Store, dir string) map[string]string {
	t.Helper()
	names, err := s.objects.list(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range names {
		data, err := s.objects.read(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(data)
	}
	return files
}

// wantClass fails the test unless err is of the class and says all of the words.
func wantClass(t *testing.T, err error, class fault.Class, words ...string) {
	t.Helper()
	if err == nil || fault.Of(err) != class {
		t.Fatalf("got %v (%v), want class %v", err, fault.Of(err), class)
	}
	for _, word := range words {
		if !strings.Contains(err.Error()+" "+fault.Hint(err), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	shared := t.TempDir()
	if err := os.Chmod(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, root string
		class      fault.Class
	}{
		{"an address of something else", "https://bucket/prefix", fault.Config},
		{"a bucket without a name", "s3:///prefix", fault.Config},
		{"a bucket with a password", "s3://key:secret@bucket/prefix", fault.Config},
		{"a prefix that hides something", "gs://bucket/../other", fault.Config},
		{"a prefix that SQL takes for a pattern", "gs://bucket/a*", fault.Config},
		{"a folder that everybody writes to", shared, fault.Storage},
		{"a file", file, fault.Storage},
		{"a name with a NUL", "a\x00b", fault.Config},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Open(test.root)
			wantClass(t, err, test.class)
		})
	}
}

// TestExposed shows which folders strangers could put files into.
func TestExposed(t *testing.T) {
	for _, test := range []struct {
		name  string
		mode  fs.FileMode
		mount bool
		want  bool
	}{
		{"ours", fs.ModeDir | 0o750, false, false},
		{"of our group", fs.ModeDir | 0o775, false, false},
		{"of everybody", fs.ModeDir | 0o777, false, true},
		{"of everybody, who may not remove what is ours", fs.ModeDir | fs.ModeSticky | 0o777, false, false},
		{"a volume that was made open", fs.ModeDir | 0o777, true, false},
	} {
		if got := exposed(test.mode, test.mount); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestOpenTakesASharedFolder(t *testing.T) {
	shared := t.TempDir()
	if err := os.Chmod(shared, fs.ModeSticky|0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(shared); err != nil {
		t.Error(err)
	}
}

// TestDeviceTellsMounts apart from the folders that they lie in.
func TestDeviceTellsMounts(t *testing.T) {
	of := func(name string) any {
		info, err := os.Stat(name)
		if err != nil {
			t.Skip(err)
		}
		return device(info)
	}
	if of("/proc") == of("/") {
		t.Error("/proc is no mount")
	}
	dir := t.TempDir()
	if of(dir) != of(dir+"/..") {
		t.Error("a fresh folder is a mount")
	}
}

func TestDatasetRefusesNamesThatLeadElsewhere(t *testing.T) {
	s := open(t)
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/etc", ".hidden", "a\nb", "a'b"} {
		_, err := s.Dataset(name).Newest()
		wantClass(t, err, fault.Config)
		_, err = s.Dataset("requests").Stage(name, "run")
		wantClass(t, err, fault.Bug)
	}
}

func TestFolderNeverLeavesTheDestination(t *testing.T) {
	s := open(t)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(s.path, "data")); err != nil {
		t.Fatal(err)
	}
	if err := s.objects.put("data/x", []byte("x")); err == nil {
		t.Error("wrote through a link that leads outside")
	}
	if err := s.objects.put("../x", []byte("x")); err == nil {
		t.Error("wrote beside the destination")
	}
	entries, err := os.ReadDir(outside)
	if err != nil || len(entries) > 0 {
		t.Errorf("outside lie %v, %v", entries, err)
	}
}

func TestModesDoNotDependOnTheUmask(t *testing.T) {
	for _, umask := range []int{0o000, 0o022, 0o077} {
		old := syscall.Umask(umask)
		s := open(t)
		d := s.Dataset("requests")
		job{}.commit(t, d, "run", 0, files{"p=1": "one"}, nil)
		unlock, err := d.Lock()
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		if err := unlock(); err != nil {
			t.Fatal(err)
		}
		want := map[string]fs.FileMode{
			"data": 0o750, "data/requests/p=1": 0o750, "_etl/requests": 0o750,
			"data/requests/p=1/000001-0001.parquet":      0o640,
			"views/requests.sql":                         0o640,
			"_etl/requests/commits/000000000001.json":    0o600,
			"_etl/requests/published/000000000001":       0o600,
			"_etl/requests/rejects/000000000001.parquet": 0o600,
			"_etl/requests/lock":                         0o600,
		}
		got := map[string]fs.FileMode{}
		for name := range want {
			info, err := os.Stat(filepath.Join(s.path, name))
			if err != nil {
				t.Fatal(err)
			}
			got[name] = info.Mode().Perm()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("umask %03o: modes (-want +got):\n%s", umask, diff)
		}
	}
}

// TestObjects is the contract of what lies below a Store.
func TestObjects(t *testing.T) {
	everyStore(t, func(t *testing.T, open func(*testing.T) *Store) { objectsContract(t, open(t).objects) })
}

func objectsContract(t *testing.T, s objects) {
	if err := s.create("a/b/c", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := s.create("a/b/c", []byte("2")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating what exists: %v, want ErrExist", err)
	}
	if got, err := s.read("a/b/c"); string(got) != "1" || err != nil {
		t.Errorf("it now holds %q, %v", got, err)
	}
	if err := s.put("a/b/c", []byte("3")); err != nil {
		t.Fatal(err)
	}
	if err := s.move("a/b/c", "x/y"); err != nil {
		t.Fatal(err)
	}
	if err := s.move("a/b/c", "x/y"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("moving what is gone: %v, want ErrNotExist", err)
	}
	if err := s.tidy("x"); err != nil {
		t.Errorf("a folder with something in it stays, without error: %v", err)
	}
	names, err := s.list(".")
	if diff := cmp.Diff([]string{"x/y"}, names); diff != "" || err != nil {
		t.Errorf("%v, objects (-want +got):\n%s", err, diff)
	}
	for range 2 {
		if err := s.remove("x/y"); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := s.list("x/z"); len(names) > 0 || err != nil {
		t.Errorf("a folder that is not there holds %v, %v", names, err)
	}
	if _, err := s.read("x/y"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading what is not there: %v", err)
	}
}

func TestLock(t *testing.T) {
	d := open(t).Dataset("requests")
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Lock()
	wantClass(t, err, fault.Conflict, "requests", "another run")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}
