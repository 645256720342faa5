package load

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
)

// A run that fails leaves its rejects in its stage, where they can be read; one
// that was killed leaves a file that cannot.
func TestRejectsOfFailedRuns(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := s.Dataset("requests")
	if runs, err := d.FailedRuns(); err != nil || len(runs) != 0 {
		t.Fatalf("without a stage: %v, %v", runs, err)
	}
	write := func(identity, run string) *RejectWriter {
		t.Helper()
		st, err := d.Stage(identity, run)
		if err != nil {
			t.Fatal(err)
		}
		w, err := st.Rejects()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(Reject{Page: 3, Record: 4, Path: "price", Reason: "too long", Raw: run}); err != nil {
			t.Fatal(err)
		}
		return w
	}
	if _, err := write("slice", "whole").Close(); err != nil {
		t.Fatal(err)
	}
	killed := write("other", "killed")
	defer func() { _ = killed.sink.Abort() }()
	runs, err := d.FailedRuns()
	if err != nil || len(runs) != 2 {
		t.Fatalf("%v, %v", runs, err)
	}
	for _, run := range runs {
		var raw []string
		err := d.RejectsOf(run, func(r Reject) error { raw = append(raw, r.Raw); return nil })
		if run.Run == "killed" {
			if fault.Of(err) != fault.Storage || run.Identity != "other" {
				t.Errorf("%+v: %v, want a fault of storage", run, err)
			}
			continue
		}
		if diff := cmp.Diff([]string{"whole"}, raw); diff != "" || err != nil || run.Identity != "slice" {
			t.Errorf("%+v: %v (-want +got):\n%s", run, err, diff)
		}
	}
}
