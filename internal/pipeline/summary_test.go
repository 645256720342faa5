package pipeline

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Who carries commits on, to a catalogue say, is told where the rows lie and
// what they are; of a run that committed nothing there is nothing to carry.
func TestSummaryDescribesWhatWasCommitted(t *testing.T) {
	w := newWorld(t, nil)
	r := w.ok(Options{}, "request*")["request_list"]
	if want := filepath.Join(w.root, "data", "request_list"); r.Dataset != want {
		t.Errorf("the data set is said to lie in %q, want %q", r.Dataset, want)
	}
	if len(r.Columns) == 0 {
		t.Fatal("no columns are told")
	}
	if diff := cmp.Diff(DataColumn{"id", "int64"}, r.Columns[0]); diff != "" {
		t.Errorf("the first column (-want +told):\n%s", diff)
	}
	again := w.ok(Options{}, "request*")["requests"]
	if again.Slices != 0 || again.Dataset != "" || len(again.Columns) != 0 {
		t.Errorf("a run that committed %d slices describes %q with %d columns, want nothing", again.Slices, again.Dataset, len(again.Columns))
	}
}
