package load

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFilesTellNothingOfOthers writes files of two schemas in turns, so that each
// is made in what the other was made in, and each alone in a new store.
func TestFilesTellNothingOfOthers(t *testing.T) {
	const rows = 3000
	tab := newTable(everything(), 1, 0.2)
	wide := func(st *Stage) []StagedFile {
		return writeRows(t, st, tab, WriterOptions{Schema: everything()}, rows, 1000, nil)
	}
	narrow := func(st *Stage) []StagedFile {
		files, err := writeNoise(st, WriterOptions{}, rows, func() {})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	wantWide, wantNarrow := wide(testStage(t)), narrow(testStage(t))
	store := testStage(t).data.store
	for n := range 3 {
		st, err := store.Dataset("things").Stage("slice", fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wantWide, wide(st)); diff != "" {
			t.Errorf("after %d others (-alone +after others):\n%s", n, diff)
		}
		if diff := cmp.Diff(wantNarrow, narrow(st)); diff != "" {
			t.Errorf("after %d others (-alone +after others):\n%s", n, diff)
		}
	}
}
