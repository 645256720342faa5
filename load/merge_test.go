package load

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/schemas"
)

// commitRows commits the rows of a table as a data set, and returns a stage for
// the next run.
func commitRows(t testing.TB, tab *table, s *schemas.Schema, o WriterOptions, rows int) (*Commit, *Stage) {
	t.Helper()
	st := testStage(t)
	o.Schema = s
	files := writeRows(t, st, tab, o, rows, 100, nil)
	c, err := st.data.Commit(context.Background(), st, Draft{Run: "run", Time: time.Unix(0, 0), Proof: "counted", Add: files})
	if err != nil {
		t.Fatal(err)
	}
	next, err := st.data.Stage("slice", "next")
	if err != nil {
		t.Fatal(err)
	}
	return c, next
}

// keyOfZid is the key of a row by its column zid.
func keyOfZid(n int) schemas.Key {
	var b schemas.KeyBuilder
	b.Int(int64(n))
	return b.Sum()
}

// stagedRows reads staged files with Arrow, by folder.
func stagedRows(t testing.TB, st *Stage, files []StagedFile) map[string][]string {
	rows := map[string][]string{}
	for _, f := range files {
		rows[f.Folder] = append(rows[f.Folder], readArrow(t, filepath.Join(st.Folder(), f.Staged))...)
	}
	return rows
}

// TestMerge merges rows into a data set of days and compares each touched
// partition with the rows that it should hold: those that stay, then the new
// ones.
func TestMerge(t *testing.T) {
	const live, first, last = 400, 390, 420 // rows 390 to 419 come, 390 to 399 anew
	s, o := everything(), WriterOptions{Partition: []Partition{{By: "day", Of: "created_at"}}, RowGroupRows: 50}
	old, fresh := newTable(s, 3, 0.3), newTable(s, 4, 0.3)
	base, st := commitRows(t, old, s, o, live)

	o.Schema = s
	w, err := st.Writer(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(fresh.rows(first, last), nil); err != nil {
		t.Fatal(err)
	}
	incoming, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	leaves := map[schemas.Key]bool{keyOfZid(7): true}
	for n := first; n < last; n++ {
		leaves[keyOfZid(n)] = true
	}
	merged, err := st.Merge(o, Merge{
		Base: base, Incoming: incoming, Key: []string{"zid"}, Version: "created_at",
		Remove: func(key schemas.Key, _ int64) bool { return leaves[key] },
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(live - first + 1); merged.Removed != want {
		t.Errorf("%d rows left, want %d", merged.Removed, want)
	}

	want, touched := map[string][]string{}, map[string]bool{}
	add := func(tab *table, n int, touch, stays bool) {
		rec := tab.rows(n, n+1)
		day := rec.Column(slices.IndexFunc(tab.layout.columns, func(c *column) bool { return c.name == "created_at" })).(*array.Timestamp).Value(0)
		folder := "created_at_day=" + time.UnixMicro(int64(day)).UTC().Format(time.DateOnly)
		if stays {
			want[folder] = append(want[folder], jsonRows(t, rec)...)
		}
		touched[folder] = touched[folder] || touch
	}
	for n := range live {
		add(old, n, leaves[keyOfZid(n)], !leaves[keyOfZid(n)])
	}
	for n := first; n < last; n++ {
		add(fresh, n, true, true)
	}
	for folder := range want {
		if !touched[folder] {
			delete(want, folder)
		}
	}
	if diff := cmp.Diff(want, stagedRows(t, st, merged.Add)); diff != "" {
		t.Errorf("touched partitions differ (-want +got):\n%.3000s", diff)
	}
	for _, f := range base.Files {
		if got := slices.ContainsFunc(merged.Replace, func(r File) bool { return r.Path == f.Path }); got != touched[st.data.folderOf(f)] {
			t.Errorf("%s is replaced: %v", f.Path, got)
		}
	}
}

// TestMergeEmptiesPartition removes all rows of one.
func TestMergeEmptiesPartition(t *testing.T) {
	s := everything()
	base, st := commitRows(t, newTable(s, 3, 0.3), s, WriterOptions{}, 30)
	merged, err := st.Merge(WriterOptions{Schema: s}, Merge{Base: base, Key: []string{"zid"}, Remove: func(schemas.Key, int64) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	if len(merged.Add) != 0 || len(merged.Replace) != 1 || merged.Removed != 30 {
		t.Errorf("%d files come, %d leave with %d rows, want 0, 1 and 30", len(merged.Add), len(merged.Replace), merged.Removed)
	}
}

// TestMergeIntoNothing leaves incoming files as they are.
func TestMergeIntoNothing(t *testing.T) {
	st, s := testStage(t), everything()
	files := writeRows(t, st, newTable(s, 1, 0), WriterOptions{Schema: s}, 5, 5, nil)
	merged, err := st.Merge(WriterOptions{Schema: s}, Merge{Incoming: files, Key: []string{"zid"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Merged{Add: files}, merged); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
}

// TestMergeRefuses shows whose keys cannot be, and files of another schema.
func TestMergeRefuses(t *testing.T) {
	s := everything()
	base, st := commitRows(t, newTable(s, 3, 0.3), s, WriterOptions{}, 3)
	never := func(schemas.Key, int64) bool { return false }
	for _, m := range []Merge{{Key: []string{"missing"}}, {Key: []string{"ratio"}}, {Key: []string{"client"}}, {Key: []string{"zid"}, Version: "name"}} {
		m.Base, m.Remove = base, never
		if _, err := st.Merge(WriterOptions{Schema: s}, m); err == nil || fault.Of(err) != fault.Config {
			t.Errorf("key %v, version %q: error %v, want one of the configuration", m.Key, m.Version, err)
		}
	}
	other := everything()
	other.Columns[3].Type.Kind = schemas.Int64
	_, err := st.Merge(WriterOptions{Schema: other}, Merge{Base: base, Key: []string{"zid"}, Remove: never})
	if err == nil || !strings.Contains(err.Error(), "schema") {
		t.Errorf("merging files of another schema: error %v", err)
	}
}

// TestKeysOfStoredRows compares keys of all types, with nulls, with those made
// from the arrays by the rules of schemas.KeyBuilder.
func TestKeysOfStoredRows(t *testing.T) {
	s := everything()
	tab := newTable(s, 9, 0.3)
	base, st := commitRows(t, tab, s, WriterOptions{}, 200)
	key := []string{"zid", "flag", "small", "price", "amount", "huge", "wide", "name", "status", "color", "born", "opens", "created_at", "lasts", "tag", "extra"}
	rec := tab.rows(0, 200)
	n := 0
	err := st.data.Keys(base, s, key, "small", func(got schemas.Key, version int64) error {
		var b schemas.KeyBuilder
		for _, name := range key {
			addKey(&b, rec.Column(rec.Schema().FieldIndices(name)[0]), n)
		}
		if got != b.Sum() {
			return fmt.Errorf("row %d has another key", n)
		}
		small := rec.Column(rec.Schema().FieldIndices("small")[0]).(*array.Int32)
		want := int64(math.MinInt64)
		if small.IsValid(n) {
			want = int64(small.Value(n))
		}
		if version != want {
			return fmt.Errorf("row %d has version %d, want %d", n, version, want)
		}
		n++
		return nil
	})
	if err != nil || n != 200 {
		t.Errorf("after %d rows: %v", n, err)
	}
}

func addKey(b *schemas.KeyBuilder, a arrow.Array, i int) {
	switch a := a.(type) {
	case *array.Boolean:
		x, _ := intAt(a, i)
		keyOr(b, a, i, func() { b.Int(x) })
	case *array.String:
		keyOr(b, a, i, func() { b.Text([]byte(a.Value(i))) })
	case *array.Decimal128:
		keyOr(b, a, i, func() { b.Decimal(a.Value(i).HighBits(), a.Value(i).LowBits()) })
	default:
		x, _ := intAt(a, i)
		keyOr(b, a, i, func() { b.Int(x) })
	}
}

func keyOr(b *schemas.KeyBuilder, a arrow.Array, i int, add func()) {
	if a.IsNull(i) {
		b.Null()
		return
	}
	add()
}
