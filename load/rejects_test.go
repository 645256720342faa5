package load

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRejectsComeBackFromTheirCommit(t *testing.T) {
	d := open(t).Dataset("p")
	var want []Reject
	for i := range int64(1000) {
		want = append(want, Reject{Unit: "all", Page: i / 100, Record: i % 100, Start: 10 * i, End: 10*i + 9,
			Path: "price", Column: "price", Reason: "not a number", Raw: strings.Repeat("x", int(i))})
	}
	st, draft, err := job{}.draft(d, "run1", nil, files{"": "x"})
	if err != nil {
		t.Fatal(err)
	}
	w, err := st.Rejects() // in the place of the draft's own
	if err != nil {
		t.Fatal(err)
	}
	for len(want) > 0 && w.rows < 1000 {
		if err := w.Write(want[w.rows : w.rows+250]...); err != nil {
			t.Fatal(err)
		}
	}
	if draft.Rejects, err = w.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := d.Commit(t.Context(), st, draft)
	if err != nil {
		t.Fatal(err)
	}
	if c.Rejects.Path != "_etl/p/rejects/000000000001.parquet" || c.Rejects.Rows != 1000 {
		t.Errorf("the commit says %+v", c.Rejects)
	}
	var got []Reject
	err = d.Rejects(c, func(r Reject) error { got = append(got, r); return nil })
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, rejects (-want +got):\n%s", err, diff)
	}
}

func TestNoRejectsNoFile(t *testing.T) {
	d := open(t).Dataset("p")
	st, err := d.Stage("all", "run1")
	if err != nil {
		t.Fatal(err)
	}
	w, err := st.Rejects()
	if err != nil {
		t.Fatal(err)
	}
	if f, err := w.Close(); f != nil || err != nil {
		t.Errorf("%v, %v", f, err)
	}
	if left := tree(t, d.store, "."); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
	if err := d.Rejects(&Commit{}, func(Reject) error { t.Error("a reject"); return nil }); err != nil {
		t.Error(err)
	}
}

func TestEqualRejectsAreEqualFiles(t *testing.T) {
	sums := map[string]bool{}
	for range 2 {
		st, draft, err := job{}.draft(open(t).Dataset("p"), "run1", nil, files{})
		if err != nil {
			t.Fatal(err)
		}
		sums[draft.Rejects.SHA256] = true
		if info, err := os.Stat(st.Folder() + "/" + draft.Rejects.Staged); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v, want mode 0600", info, err)
		}
	}
	if len(sums) != 1 {
		t.Errorf("the hashes differ: %v", sums)
	}
}
