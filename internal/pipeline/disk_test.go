package pipeline

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
	"etl/schemas"

	"github.com/google/go-cmp/cmp"
)

// disks are made up: every folder lies on the disk of the longest name that it
// begins with, which has so many bytes free.
func disks(free map[string]int64) func(string) (load.Space, error) {
	return func(dir string) (load.Space, error) {
		on := ""
		for name := range free {
			if strings.HasPrefix(dir, name) && len(name) > len(on) {
				on = name
			}
		}
		return load.Space{Free: free[on], Device: on, Known: true}, nil
	}
}

// TestFits holds what will come against what is free.
func TestFits(t *testing.T) {
	tests := []struct {
		name    string
		free    map[string]int64
		reserve int64
		needs   []need
		want    string // part of the error; empty: there is none
	}{
		{"there is room", map[string]int64{"/": 110 << 20}, 10 << 20, []need{{"/lake", 60 << 20}, {"/stage", 40 << 20}}, ""},
		{"on one disk all counts together", map[string]int64{"/": 109 << 20}, 10 << 20, []need{{"/lake", 60 << 20}, {"/stage", 40 << 20}},
			"the disk of /stage has 109.0 MiB free, and 110.0 MiB are needed"},
		{"on two disks each counts alone", map[string]int64{"/lake": 70 << 20, "/stage": 50 << 20}, 10 << 20, []need{{"/lake", 60 << 20}, {"/stage", 40 << 20}}, ""},
		{"the first is full", map[string]int64{"/lake": 69 << 20, "/stage": 50 << 20}, 10 << 20, []need{{"/lake", 60 << 20}, {"/stage", 40 << 20}}, "the disk of /lake"},
		{"the second is full", map[string]int64{"/lake": 70 << 20, "/stage": 49 << 20}, 10 << 20, []need{{"/lake", 60 << 20}, {"/stage", 40 << 20}}, "the disk of /stage"},
		{"nothing is known but the reserve", map[string]int64{"/": 9 << 20}, 10 << 20, []need{{"/lake", 0}}, "9.0 MiB free, and 10.0 MiB are needed"},
		{"switched off", map[string]int64{"/": 0}, -1, []need{{"/lake", 60 << 20}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Reserve: tt.reserve, spaceOf: disks(tt.free)}
			err := o.fits(tt.needs...)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("there is room, and it ends with %v", err)
			case tt.want != "" && (err == nil || fault.Of(err) != fault.Storage || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("it ends with %v (%v), want %q", err, fault.Of(err), tt.want)
			}
		})
	}
}

// TestADiskThatTellsNothingIsNotHeldAgainst as some that are mounted from afar.
func TestADiskThatTellsNothingIsNotHeldAgainst(t *testing.T) {
	o := Options{Reserve: 1, spaceOf: func(string) (load.Space, error) { return load.Space{}, nil }}
	if err := o.fits(need{"/lake", 1 << 40}); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	o.spaceOf = func(string) (load.Space, error) { return load.Space{}, broken }
	if err := o.fits(need{"/lake", 0}); !errors.Is(err, broken) {
		t.Errorf("it ends with %v", err)
	}
}

// TestDiskIsFullBeforeReading lets a run that would not fit end before it asks
// for anything.
func TestDiskIsFullBeforeReading(t *testing.T) {
	tests := []struct{ name, pipeline string }{
		{"a list", "workshop_resources"},
		{"a merged list", "request_list"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.ok(Options{}, tt.pipeline)
			before := w.tree(tt.pipeline)
			w.requests()
			s := w.run(Options{Reserve: 1, spaceOf: disks(map[string]int64{"/": 1000})}, tt.pipeline)
			r := s.Pipelines[0]
			if s.Exit != 7 || !strings.Contains(r.Error, "0.0 MiB free, and ") || !strings.Contains(r.Hint, "--disk-reserve") {
				t.Errorf("exit %d: %s (%s)", s.Exit, r.Error, r.Hint)
			}
			if asked := w.requests(); len(asked) > 0 {
				t.Errorf("it asked for %q", asked)
			}
			if diff := cmp.Diff(before, w.tree(tt.pipeline)); diff != "" {
				t.Errorf("data (-before +after):\n%s", diff)
			}
			w.ok(Options{Reserve: 1, spaceOf: disks(map[string]int64{"/": 100 << 20})}, tt.pipeline)
		})
	}
}

// Where the disk will not do for a data set written anew, nothing is written;
// where it fills up on the way, what was written goes, and the data set stays as
// it was.
func TestDiskIsFullBeforeApply(t *testing.T) {
	wider := func(s *schemas.Schema) { s.Columns = append(s.Columns, column("loyalty", schemas.JSON)) }
	w := newWorld(t, nil)
	w.ok(Options{}, "request*")
	before := w.tree("requests")
	c, p := w.with("requests", wider)
	store, err := load.Open(w.root)
	if err != nil {
		t.Fatal(err)
	}
	base, err := w.dataset("requests").Newest()
	if err != nil {
		t.Fatal(err)
	}
	var bytes int64
	for _, f := range base.Files {
		bytes += f.Bytes
	}
	fills := 0
	tests := []struct {
		name  string
		space func(string) (load.Space, error)
		full  bool
	}{
		{"before", disks(map[string]int64{"/": bytes}), true},
		{"on the way", func(string) (load.Space, error) {
			fills++
			return load.Space{Free: int64(3-fills) << 30, Known: true}, nil
		}, true},
		{"room", disks(map[string]int64{"/": 2 * bytes}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Apply(t.Context(), Options{Config: c, Store: store, Reserve: 1, spaceOf: tt.space}, p, false)
			if full := fault.Exit(err) == 7 && strings.Contains(err.Error(), " MiB free, and "); full != tt.full || !full && err != nil {
				t.Fatalf("full: %v, want %v: %v", full, tt.full, err)
			}
			if !tt.full {
				return
			}
			if diff := cmp.Diff(before, w.tree("requests")); diff != "" {
				t.Errorf("data (-before +after):\n%s", diff)
			}
			if left := filesBelow(t, w.root, ".part"); len(left) > 0 {
				t.Errorf("left in stages: %q", left)
			}
		})
	}
}

// TestExpected reckons what a slice will take from the newest commit.
func TestExpected(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	base := &load.Commit{
		Counts: load.Counts{Served: 1},
		Slices: []load.Slice{
			{Since: day(1), Counts: load.Counts{Bytes: 1000 * keptShare, Asked: 10}},
			{Since: day(2), Counts: load.Counts{Bytes: 3000 * keptShare, Asked: 30}},
		},
		Files: []load.File{
			{Path: "a", Slice: "1", Bytes: 100}, {Path: "b", Slice: "2", Bytes: 200}, {Path: "c", Slice: "2", Bytes: 300},
		},
		Added: []string{"c"},
	}
	unasked := *base
	unasked.Slices = []load.Slice{{Since: day(1), Counts: load.Counts{Bytes: 600 * keptShare, Pages: 1}}}
	restored := *base
	restored.Counts.Served = 0
	parents := func(n int) []unit { return []unit{{parents: make([]map[string]any, n)}} }
	list, merge := &config.Pipeline{}, &config.Pipeline{Merge: true}
	tests := []struct {
		name         string
		take         take
		files, pages int64
	}{
		{"nothing is known yet", take{job: &job{p: list}, units: parents(30)}, 0, 0},
		{"a slice that is there", take{job: &job{p: list}, base: base, slice: slice{name: "2", since: day(2)}, units: parents(30)}, 500, 3000},
		{"of an average slice", take{job: &job{p: list}, base: base, slice: slice{name: "3", since: day(3)}, units: parents(20)}, 300, 2000},
		{"half of the parents", take{job: &job{p: list}, base: base, slice: slice{name: "2", since: day(2)}, units: parents(15)}, 250, 1500},
		{"more parents than ever", take{job: &job{p: list}, base: base, slice: slice{name: "2", since: day(2)}, units: parents(99)}, 500, 3000},
		{"a list without parents", take{job: &job{p: list}, base: &unasked, slice: slice{name: "1", since: day(1)}, units: parents(1)}, 100, 600 + keptBlock},
		{"a merge writes as much as the last one", take{job: &job{p: merge}, base: base, slice: slice{name: "2", since: day(2)}, units: parents(30)}, 300, 3000},
		{"a commit that no run made", take{job: &job{p: merge}, base: &restored, slice: slice{name: "2", since: day(2)}, units: parents(30)}, 0, 3000},
		{"a part of a slice", take{job: &job{p: list}, base: base, slice: slice{name: "2", since: day(2)}, units: parents(30), part: true}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if files, pages := tt.take.expected(); files != tt.files || pages != tt.pages {
				t.Errorf("files of %d bytes and pages of %d, want %d and %d", files, pages, tt.files, tt.pages)
			}
		})
	}
}

// TestDiskOfAFirstRun holds nothing but the reserve against the disk: nobody
// knows how much will come.
func TestDiskOfAFirstRun(t *testing.T) {
	w := newWorld(t, nil)
	if s := w.run(Options{Reserve: 1000, spaceOf: disks(map[string]int64{"/": 999})}, "workshop_resources"); s.Exit != 7 {
		t.Errorf("exit %d", s.Exit)
	}
	w.ok(Options{Reserve: 1000, spaceOf: disks(map[string]int64{"/": 1000})}, "workshop_resources")
}

// TestDiskIsFullWhileReading lets the disk fill up as pages come: what is staged
// goes, pages stay, and the next run is right.
func TestDiskIsFullWhileReading(t *testing.T) {
	undisturbed := newWorldOf(t, 0.5, nil)
	undisturbed.ok(Options{}, "workshop_resources")

	w := newWorldOf(t, 0.5, nil)
	looked := 0
	s := w.run(Options{spaceOf: func(dir string) (load.Space, error) {
		if looked++; looked > 4 { // two before, two at the first pages
			return load.Space{Free: diskReserve - 1, Known: true}, nil
		}
		return load.Space{Free: 1 << 40, Known: true}, nil
	}}, "workshop_resources")
	if s.Exit != 7 || s.Pipelines[0].Pages == 0 {
		t.Fatalf("exit %d after %d pages and %d looks: %s", s.Exit, s.Pipelines[0].Pages, looked, s.Pipelines[0].Error)
	}
	if staged := filesBelow(t, w.root, ".part"); len(staged) > 0 {
		t.Errorf("left in the stage: %q", staged)
	}
	w.ok(Options{}, "workshop_resources")
	if diff := cmp.Diff(undisturbed.tree("workshop_resources"), w.tree("workshop_resources")); diff != "" {
		t.Errorf("data (-undisturbed +got):\n%s", diff)
	}
}

// TestKeptPagesTellTheNextRun goes by the pages that the last reading has left
// where they are kept, and by those of a reading that is used again.
func TestKeptPagesTellTheNextRun(t *testing.T) {
	dir := t.TempDir()
	for run, state := range map[string]string{"a": load.Committed, "b": load.BrokenOff} {
		pages, err := load.OpenPages(filepath.Join(dir, run), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		_, err = pages.Put("u", 1, load.PageMeta{}, []byte(strings.Repeat(run, 100)), nil)
		if err := errors.Join(err, pages.Describe(load.Reading{Run: run, State: state}), pages.Close()); err != nil {
			t.Fatal(err)
		}
	}
	size := map[string]int64{}
	for _, run := range []string{"a", "b"} {
		var err error
		if size[run], err = load.SizeOf(filepath.Join(dir, run)); err != nil || size[run] == 0 {
			t.Fatalf("size of %s: %d, %v", run, size[run], err)
		}
	}
	got, err := (&take{job: &job{o: &Options{}}}).expectedPages(dir, 1<<30)
	if want := max(0, size["a"]-size["b"]); err != nil || got != want {
		t.Errorf("%d bytes of pages, want %d (%v)", got, want, err)
	}
	if got, err = (&take{job: &job{o: &Options{}}}).expectedPages(t.TempDir(), 100); err != nil || got != 100 {
		t.Errorf("%d bytes of pages, want 100 (%v)", got, err)
	}
}

// TestPipelinesAtOnce goes by how many files the process may have open.
func TestPipelinesAtOnce(t *testing.T) {
	for files, want := range map[uint64]int{0: 4, 1: 1, 64: 1, 207: 1, 208: 2, 256: 2, 383: 3, 384: 4, 1 << 20: 4, 1<<64 - 1: 4} {
		if got := pipelinesAtOnce(files); got != want {
			t.Errorf("with %d files %d pipelines at one time, want %d", files, got, want)
		}
	}
}

// filesBelow returns the files below a folder whose names end in a text.
func filesBelow(t *testing.T, root, end string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(name, end) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
