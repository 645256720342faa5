package load

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"

	"etl/schemas"
)

// keyed is a schema of a key and a value.
func keyed(key schemas.Kind, required bool) *schemas.Schema {
	return &schemas.Schema{Columns: []schemas.Column{
		{Name: "id", Type: schemas.Type{Kind: key}, Required: required},
		{Name: "group", Type: schemas.Type{Kind: schemas.Int32}},
		{Name: "text", Type: schemas.Type{Kind: schemas.String}},
	}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}}
}

// keyedRows makes rows with the ids from first to before last; those of a
// hundred lie in one partition.
func keyedRows(s *schemas.Schema, first, last int64) arrow.Record {
	b := array.NewRecordBuilder(alloc.NewGoAllocator(), arrow.NewSchema(arrowFields(schemaLayout(s).columns), nil))
	for id := first; id < last; id++ {
		switch ids := b.Field(0).(type) {
		case *array.Int64Builder:
			ids.Append(id)
		case *array.StringBuilder:
			ids.Append(fmt.Sprintf("%09d", id))
		}
		b.Field(1).(*array.Int32Builder).Append(int32(id / 100))
		b.Field(2).(*array.StringBuilder).Append(strings.Repeat("text", int(id%7)))
	}
	return b.NewRecord()
}

func writeRecord(t testing.TB, st *Stage, o WriterOptions, rec arrow.Record) []StagedFile {
	t.Helper()
	w, err := st.Writer(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec, nil); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestMergeSearchesOnlyFilesThatMayLoseRows counts the files that are read when
// some rows come anew. What comes out must not depend on it.
func TestMergeSearchesOnlyFilesThatMayLoseRows(t *testing.T) {
	for _, test := range []struct {
		name     string
		key      schemas.Kind
		required bool
		spoil    func(t *testing.T, d *Dataset, c *Commit)
		searched int // of 5 files
	}{
		{"one integer column", schemas.Int64, true, nil, 1},
		{"one that may be NULL", schemas.Int64, false, nil, 5},
		{"a text", schemas.String, true, nil, 5},
		{"a file whose bounds differ in footer and index", schemas.Int64, true, func(t *testing.T, d *Dataset, c *Commit) {
			name := filepath.Join(d.store.Path(), c.Files[4].Path)
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			low := string([]byte{400 & 0xff, 400 >> 8, 0, 0, 0, 0, 0, 0}) // of the ids 400 to 499
			at := strings.LastIndex(string(data), low)
			data[at]++
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := keyed(test.key, test.required)
			o := WriterOptions{Schema: s, Partition: []Partition{{By: "value", Of: "group"}}}
			st := testStage(t)
			d := st.data
			c, err := d.Commit(t.Context(), st, Draft{Run: "run", Add: writeRecord(t, st, o, keyedRows(s, 0, 500))})
			if err != nil {
				t.Fatal(err)
			}
			if test.spoil != nil {
				test.spoil(t, d, c)
			}
			next, err := d.Stage("slice", "next")
			if err != nil {
				t.Fatal(err)
			}
			incoming := writeRecord(t, next, o, keyedRows(s, 210, 220))
			between, err := next.KeysBetween(o, []string{"id"}, incoming)
			if err != nil {
				t.Fatal(err)
			}
			rows := 0
			merged, err := next.Merge(o, Merge{
				Base: c, Incoming: incoming, Key: []string{"id"}, Between: between,
				Remove: func(key schemas.Key, _ int64) bool {
					rows++
					for id := 210; id < 220; id++ {
						var b schemas.KeyBuilder
						b.Text(fmt.Appendf(nil, "%09d", id))
						if key == keyOfZid(id) || key == b.Sum() {
							return true
						}
					}
					return false
				},
			})
			if test.spoil != nil {
				if err == nil || !strings.Contains(err.Error(), "damaged") {
					t.Errorf("a damaged file is searched: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if merged.Removed != 10 || len(merged.Add) != 1 || merged.Add[0].Rows != 100 || len(merged.Replace) != 1 {
				t.Errorf("%d rows leave, %v come, %v leave", merged.Removed, merged.Add, merged.Replace)
			}
			if want := test.searched*100 + 100; rows != want { // and once more to write the one anew
				t.Errorf("%d rows were looked at, want %d", rows, want)
			}
		})
	}
}

// BenchmarkMerge merges ten rows into a data set of many files, with and
// without their statistics.
func BenchmarkMerge(b *testing.B) {
	s := keyed(schemas.Int64, true)
	o := WriterOptions{Schema: s, Partition: []Partition{{By: "bucket", N: 1, Of: "group"}}}
	st := testStage(b)
	var added []StagedFile
	for i := range int64(20) {
		o.Name = fmt.Sprintf("part%d", i)
		o.Slice = fmt.Sprintf("s%d", i)
		added = append(added, writeRecord(b, st, o, keyedRows(s, i*100_000, (i+1)*100_000))...)
	}
	c, err := st.data.Commit(b.Context(), st, Draft{Run: "run", Add: added})
	if err != nil {
		b.Fatal(err)
	}
	for _, narrow := range []bool{false, true} {
		b.Run(fmt.Sprintf("statistics=%v", narrow), func(b *testing.B) {
			for b.Loop() {
				next, err := st.data.Stage("slice", "next")
				if err != nil {
					b.Fatal(err)
				}
				m := Merge{Base: c, Key: []string{"id"}, Remove: func(key schemas.Key, _ int64) bool { return false }}
				if narrow {
					m.Between = func(low, high int64) bool { return low <= 5 }
				}
				if _, err := next.Merge(o, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRemovedKeys tells what a million keys that leave take in memory, as
// the map that Remove asks and as the integers of KeysBetween.
func BenchmarkRemovedKeys(b *testing.B) {
	const keys = 1_000_000
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for b.Loop() {
		before := used()
		leave := map[schemas.Key]bool{}
		for i := range keys {
			leave[keyOfZid(i)] = true
		}
		b.ReportMetric(float64(used()-before)/keys, "B/key")
		runtime.KeepAlive(leave)
	}
}
