package load

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"
)

// writeRows writes rows of a table in batches of a size and returns the files.
func writeRows(t testing.TB, st *Stage, tab *table, o WriterOptions, rows, batch int, keep func(n int) bool) []StagedFile {
	t.Helper()
	o.Arrow = tab.schema
	w, err := st.Writer(o)
	if err != nil {
		t.Fatal(err)
	}
	whole := tab.rows(0, rows)
	defer whole.Release()
	for from := 0; from < rows; from += batch {
		to := min(from+batch, rows)
		rec := whole.NewSlice(int64(from), int64(to)) // arrays with an offset, too
		var marks []bool
		if keep != nil {
			for n := from; n < to; n++ {
				marks = append(marks, keep(n))
			}
		}
		if err := w.Write(rec, marks); err != nil {
			t.Fatal(err)
		}
		rec.Release()
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// openArrow opens a file with Arrow's own reader.
func openArrow(t testing.TB, name string) *file.Reader {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	pf, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return pf
}

// readArrow reads a file with Arrow's own reader: rows as JSON by zid, in
// order.
func readArrow(t testing.TB, name string) []string {
	t.Helper()
	pf := openArrow(t, name)
	defer pf.Close()
	fr, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: 1000}, alloc.NewGoAllocator())
	if err != nil {
		t.Fatal(err)
	}
	tab, err := fr.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	rows := array.NewTableReader(tab, 0)
	defer rows.Release()
	var out []string
	for rows.Next() {
		out = append(out, jsonRows(t, rows.Record())...)
	}
	return out
}

// jsonRows writes each row of a record as JSON.
func jsonRows(t testing.TB, rec arrow.Record) (rows []string) {
	t.Helper()
	for n := range int(rec.NumRows()) {
		row := ""
		for i, col := range rec.Columns() {
			row += fmt.Sprintf("%s=%s ", rec.ColumnName(i), jsonValue(col, n))
		}
		rows = append(rows, row)
	}
	return rows
}

// jsonValue writes a value so that equal values, and no others, look the same
// whatever array they stand in.
func jsonValue(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return "null"
	}
	switch a := a.(type) {
	case *array.List:
		start, end := a.ValueOffsets(i)
		out := "["
		for j := start; j < end; j++ {
			out += jsonValue(a.ListValues(), int(j)) + ","
		}
		return out + "]"
	case *array.Struct:
		out := "{"
		for f := range a.NumField() {
			out += a.DataType().(*arrow.StructType).Field(f).Name + ":" + jsonValue(a.Field(f), i) + ","
		}
		return out + "}"
	case *array.Decimal128:
		return fmt.Sprintf("%s of %s", a.Value(i).BigInt(), a.DataType())
	case *array.Dictionary:
		return jsonValue(a.Dictionary(), a.GetValueIndex(i))
	case *array.Timestamp:
		return fmt.Sprintf("%d %s", a.Value(i), a.DataType())
	}
	return a.ValueStr(i)
}

// TestArrowReadsWhatWasWritten reads files of every type with an independent
// reader and compares all values.
func TestArrowReadsWhatWasWritten(t *testing.T) {
	for _, test := range []struct {
		name        string
		rows, group int
		nulls       float64
	}{
		{"no rows", 0, 0, 0.3},
		{"one row", 1, 0, 0},
		{"one row of nulls", 1, 0, 1},
		{"a block and a row", 1025, 0, 0.3},
		{"three row groups", 2500, 1000, 0.3},
		{"no nulls", 1500, 0, 0},
		{"only nulls", 1500, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			st, tab := testStage(t), newTable(everything(), 1, test.nulls)
			files := writeRows(t, st, tab, WriterOptions{Schema: everything(), RowGroupRows: test.group}, test.rows, 300, nil)
			var got []string
			for _, f := range files {
				got = append(got, readArrow(t, filepath.Join(st.Folder(), f.Staged))...)
			}
			want := jsonRows(t, tab.rows(0, test.rows))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows read back differ (-want +got):\n%.2000s", diff)
			}
		})
	}
}

// TestSpilledRowsMakeTheSameFiles compares partitions that waited for their
// turn with the same ones that were open all the time.
func TestSpilledRowsMakeTheSameFiles(t *testing.T) {
	tab := newTable(everything(), 6, 0.2)
	o := WriterOptions{Schema: everything(), Partition: []Partition{{By: "day", Of: "created_at"}}}
	want := writeRows(t, testStage(t), tab, o, 2000, 500, nil)
	o.OpenPartitions = 1
	st := testStage(t)
	if diff := cmp.Diff(want, writeRows(t, st, tab, o, 2000, 500, nil)); diff != "" {
		t.Errorf("files (-open +spilled):\n%s", diff)
	}
	if left := tree(t, st.data.store, "."); len(left) != len(want) {
		t.Errorf("%d files in the stage, want %d", len(left), len(want))
	}
}

// TestRowGroupsAreBounded counts the rows of row groups, by rows and by memory.
func TestRowGroupsAreBounded(t *testing.T) {
	tab := newTable(everything(), 7, 0.2)
	for _, test := range []struct {
		name string
		o    WriterOptions
		want []int64
	}{
		{"by rows", WriterOptions{RowGroupRows: 1500}, []int64{1500, 1500, 1000}},
		{"by memory, at every block", WriterOptions{OpenBytes: 1}, []int64{1024, 1024, 1024, 928}},
		{"not at all", WriterOptions{}, []int64{4000}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.o.Schema = everything()
			st := testStage(t)
			files := writeRows(t, st, tab, test.o, 4000, 300, nil)
			pf := openArrow(t, filepath.Join(st.Folder(), files[0].Staged))
			defer pf.Close()
			var got []int64
			for i := range pf.NumRowGroups() {
				got = append(got, pf.RowGroup(i).NumRows())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rows of row groups (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBytesDoNotDependOnBatches writes the same rows cut into records in
// several ways, and with rows left out.
func TestBytesDoNotDependOnBatches(t *testing.T) {
	tab := newTable(everything(), 2, 0.2)
	for name, o := range map[string]WriterOptions{
		"one file":         {},
		"partitions":       {Partition: []Partition{{By: "month", Of: "created_at"}, {By: "bucket", N: 2, Of: "zid"}}},
		"spilled":          {Partition: []Partition{{By: "day", Of: "created_at"}}, OpenPartitions: 3, RowGroupRows: 20},
		"short of memory":  {Partition: []Partition{{By: "month", Of: "created_at"}}, OpenBytes: 300 << 10},
		"odd row groups":   {RowGroupRows: 700},
		"more than a part": {Slice: "2026-01-01", Partition: []Partition{{By: "value", Of: "flag"}}, OpenPartitions: 1},
	} {
		t.Run(name, func(t *testing.T) {
			o.Schema = everything()
			keep := func(n int) bool { return n%5 != 3 }
			const rows = 3000
			want := writeRows(t, testStage(t), tab, o, rows, 1000, keep)
			for _, batch := range []int{7, 1, rows}[:max(1, 3/slowness)] {
				got := writeRows(t, testStage(t), tab, o, rows, batch, keep)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("files of records of %d rows differ:\n%s", batch, diff)
				}
			}
			if n := sumRows(want); n != rows/5*4 {
				t.Errorf("%d rows in all files, want %d", n, rows/5*4)
			}
		})
	}
}

func sumRows(files []StagedFile) (n int64) {
	for _, f := range files {
		n += f.Rows
	}
	return n
}

// Partitions may be finished in any order.
func TestWriterFinishesPartitionsTogether(t *testing.T) {
	tab := newTable(everything(), 1, 0.1)
	o := WriterOptions{Schema: everything(), Partition: []Partition{{By: "bucket", N: 7, Of: "zid"}}, OpenPartitions: 5}
	want := writeRows(t, testStage(t), tab, o, 5000, 1000, nil)
	ran := 0
	o.Together = func(tasks []func() error) error {
		for _, task := range slices.Backward(tasks) {
			ran++
			if err := task(); err != nil {
				return err
			}
		}
		return nil
	}
	got := writeRows(t, testStage(t), tab, o, 5000, 1000, nil)
	if diff := cmp.Diff(want, got); diff != "" || ran != 5 {
		t.Errorf("%d partitions were finished together, files (-want +got):\n%s", ran, diff)
	}
}
