package load

import (
	"testing"
	"time"

	"context"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"etl/internal/fault"
)

func TestLog(t *testing.T) {
	d := heapStore().Dataset("p")
	job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one", "p=2": "two"}, nil)
	job{light: true}.commit(t, d, "run2", 1, files{"p=1": "uno", "p=2": ""}, func(draft *Draft) { draft.Label = "daily" })
	if _, err := d.Rollback(context.Background(), 1, Author{Run: "run3", Time: noon}); err != nil {
		t.Fatal(err)
	}
	if err := d.store.objects.remove(d.mark(3)); err != nil {
		t.Fatal(err)
	}
	var got []Entry
	for e, err := range d.Log() {
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Slices) != 1 {
			t.Errorf("commit %d has the slices %v", e.Number, e.Slices)
		}
		got = append(got, e)
	}
	want := []Entry{
		{Number: 3, Time: noon, Run: "run3", Restores: 1, Proof: "walked", Rows: 2, Files: 2, Added: 2, AddedRows: 2, Dropped: 1},
		{Number: 2, Published: true, Time: noon, Run: "run2", Label: "daily", Proof: "walked", Rows: 1, Files: 1, Added: 1, AddedRows: 1, Dropped: 2, Counts: Counts{Pages: 1, Served: 2, Written: 2}},
		{Number: 1, Published: true, Time: noon, Run: "run1", Proof: "walked", Rows: 2, Files: 2, Added: 2, AddedRows: 2, Counts: Counts{Pages: 1, Served: 2, Written: 2}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Entry{}, "Slices")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// TestLogEnds after what its reader has seen enough of, and at a damaged
// record.
func TestLogEnds(t *testing.T) {
	d := threeCommits(t, heapStore())
	for e, err := range d.Log() {
		if err != nil || e.Number != 3 {
			t.Errorf("the first entry is %v, %v", e.Number, err)
		}
		break
	}
	if err := d.store.objects.put(d.record(2), nil); err != nil {
		t.Fatal(err)
	}
	var last error
	entries := 0
	for _, err := range d.Log() {
		entries, last = entries+1, err
	}
	wantClass(t, last, fault.Storage, "commit 2 of p")
	if entries != 2 {
		t.Errorf("%d entries and errors, want 2", entries)
	}
}

func TestCovers(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	slice := func(since, until int, state string) Slice {
		return Slice{Since: day(since), Until: day(until), State: state}
	}
	days := []Slice{slice(1, 2, SliceClosed), slice(2, 3, SliceClosed), slice(3, 4, SliceOpen), slice(6, 7, SliceClosed)}
	for _, test := range []struct {
		name         string
		slices       []Slice
		since, until int
		want         string
	}{
		{"a cell of the grid", days, 1, 2, SliceClosed},
		{"an open one", days, 3, 4, SliceOpen},
		{"one that is missing", days, 4, 5, ""},
		{"the last", days, 6, 7, SliceClosed},
		{"after the last", days, 7, 8, ""},
		{"a wider grid, closed", days, 1, 3, SliceClosed},
		{"a wider grid, open", days, 1, 4, SliceOpen},
		{"a wider grid, with a gap", days, 1, 7, ""},
		{"a narrower grid", []Slice{slice(1, 9, SliceClosed)}, 3, 4, SliceClosed},
		{"everything", []Slice{{State: SliceClosed}}, 3, 4, SliceClosed},
		{"nothing", nil, 1, 2, ""},
	} {
		if got := (&Commit{Slices: test.slices}).Covers(day(test.since), day(test.until)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
