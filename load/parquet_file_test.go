package load

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/metadata"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"etl/schemas"
)

// TestSchemaOfFiles holds the schema against what readers expect: the order
// of the columns, the names list and element, the widths of decimals.
func TestSchemaOfFiles(t *testing.T) {
	want, err := os.ReadFile("testdata/everything.schema")
	if err != nil {
		t.Fatal(err)
	}
	got := schemaLayout(everything()).schema().String() + "\n"
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

// fileOf writes values of one column to a file of one row each.
func fileOf(t *testing.T, typ schemas.Type, add func(array.Builder)) string {
	t.Helper()
	s := &schemas.Schema{Columns: []schemas.Column{{Name: "c", Type: typ}}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}}
	b := array.NewRecordBuilder(alloc.NewGoAllocator(), arrow.NewSchema(arrowFields(schemaLayout(s).columns), nil))
	add(b.Field(0))
	st := testStage(t)
	w, err := st.Writer(WriterOptions{Schema: s})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(b.NewRecord(), nil); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(st.Folder(), files[0].Staged)
}

// TestEncodings shows which rows lead to which encoding.
func TestEncodings(t *testing.T) {
	scattered := func(i, width int) int64 { return int64(uint64(i+1) * 0x9e3779b97f4a7c15 >> (64 - width)) }
	ints := func(n, distinct, width int) func(array.Builder) {
		return func(b array.Builder) {
			for i := range n {
				b.(*array.Int64Builder).Append(scattered(i%distinct, width))
			}
		}
	}
	texts := func(n, distinct, length int) func(array.Builder) {
		return func(b array.Builder) {
			for i := range n {
				b.(*array.StringBuilder).Append(fmt.Sprintf("%0*d", length, i%distinct))
			}
		}
	}
	whole, text := schemas.Type{Kind: schemas.Int64}, schemas.Type{Kind: schemas.String}
	for _, test := range []struct {
		name string
		typ  schemas.Type
		add  func(array.Builder)
		want format.Encoding
	}{
		{"half of the integers distinct", whole, ints(100, 50, 8), format.RLEDictionary},
		{"more than half distinct, and small", whole, ints(100, 60, 8), format.DeltaBinaryPacked},
		{"more than half distinct, and large", whole, ints(100, 60, 42), format.RLEDictionary},
		{"many rows, and more of the same to come", whole, ints(1024, 900, 42), format.RLEDictionary},
		{"many rows, and others to come", whole, ints(1024, 1000, 42), format.DeltaBinaryPacked},
		{"half of the texts distinct", text, texts(100, 50, 10), format.RLEDictionary},
		{"more than half distinct, and short", text, texts(100, 90, 2), format.DeltaLengthByteArray},
		{"all distinct", text, texts(100, 100, 50), format.DeltaLengthByteArray},
		{"too long for a dictionary", text, texts(100, 20, 8000), format.DeltaLengthByteArray},
		{"only nulls", whole, func(b array.Builder) { b.AppendNull() }, format.RLEDictionary},
		{"json", schemas.Type{Kind: schemas.JSON}, texts(100, 2, 10), format.RLEDictionary},
		{"bools", schemas.Type{Kind: schemas.Bool}, func(b array.Builder) { b.AppendNull() }, format.Plain},
	} {
		meta := columnMeta(t, fileOf(t, test.typ, test.add))
		found := false
		for _, e := range meta.Encodings() {
			found = found || strings.EqualFold(e.String(), test.want.String())
		}
		if !found {
			t.Errorf("%s: encodings %v, want %s", test.name, meta.Encodings(), test.want)
		}
	}
}

// columnMeta returns what the footer says of the first column.
func columnMeta(t *testing.T, name string) *metadata.ColumnChunkMetaData {
	t.Helper()
	pf := openArrow(t, name)
	defer pf.Close()
	meta, err := pf.MetaData().RowGroup(0).ColumnChunk(0)
	if err != nil {
		t.Fatal(err)
	}
	return meta
}

// TestBounds shows which columns have a minimum and a maximum. Readers skip
// rows by them, so one that is wrong loses rows.
func TestBounds(t *testing.T) {
	meta := columnMeta(t, fileOf(t, schemas.Type{Kind: schemas.Int64}, func(b array.Builder) {
		b.(*array.Int64Builder).AppendValues([]int64{3, -5, 7}, nil)
		b.AppendNull()
	}))
	stats, err := meta.Statistics()
	if err != nil {
		t.Fatal(err)
	}
	ints := stats.(*metadata.Int64Statistics)
	if ints.Min() != -5 || ints.Max() != 7 || ints.NullCount() != 1 {
		t.Errorf("from %d to %d with %d nulls, want -5 to 7 with 1", ints.Min(), ints.Max(), ints.NullCount())
	}
	for name, path := range map[string]string{
		"a decimal of 16 bytes": fileOf(t, schemas.Type{Kind: schemas.Decimal, Precision: 38}, func(b array.Builder) {
			b.(*array.Decimal128Builder).Append(decimal128.FromI64(-1))
			b.(*array.Decimal128Builder).Append(decimal128.FromI64(1))
		}),
		"json": fileOf(t, schemas.Type{Kind: schemas.JSON}, func(b array.Builder) { b.(*array.StringBuilder).Append(`{"a":1}`) }),
	} {
		stats, err := columnMeta(t, path).Statistics()
		if err != nil || stats != nil && stats.HasMinMax() {
			t.Errorf("%s: bounds that a reader could skip rows by (error %v)", name, err)
		}
		low, high := indexBounds(t, path)
		if want := map[string]string{"json": "~"}[name]; name == "json" && (string(high) != want || len(low) != 0) {
			t.Errorf("json: pages from %q to %q", low, high)
		}
		if name != "json" && (low[0] != 0x80 || high[0] != 0x7f) {
			t.Errorf("%s: pages from %x to %x", name, low, high)
		}
	}
}

// indexBounds returns the bounds of the first page in the column index.
func indexBounds(t *testing.T, name string) (low, high []byte) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	index := f.ColumnIndexes()[0]
	return index.MinValues[0], index.MaxValues[0]
}

// TestFooterIsCompared changes what a writer believes to have written: reading
// the file back must bring out each difference.
func TestFooterIsCompared(t *testing.T) {
	st, l := testStage(t), schemaLayout(everything())
	tab := newTable(everything(), 1, 0.3)
	rec := tab.rows(0, 10)
	b := newBlock(len(l.leaves))
	for i, c := range l.columns {
		if err := c.encode(&b, rec.Column(i), rowSlots([]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})); err != nil {
			t.Fatal(err)
		}
	}
	b.rows = 10
	for name, change := range map[string]func(f *parquetFile){
		"":                func(*parquetFile) {},
		"a minimum":       func(f *parquetFile) { f.groups[0].leaves[0].min-- },
		"a maximum":       func(f *parquetFile) { f.groups[0].leaves[0].max++ },
		"a null":          func(f *parquetFile) { f.groups[0].leaves[1].values-- },
		"a value":         func(f *parquetFile) { f.groups[0].leaves[1].slots++ },
		"a row":           func(f *parquetFile) { f.groups[0].rows++ },
		"a row group":     func(f *parquetFile) { f.groups = append(f.groups, groupTally{}) },
		"order of fields": func(f *parquetFile) { l := *l; l.columns = append(clone(l.columns[1:]), l.columns[0]); f.layout = &l },
	} {
		f, err := newParquetFile(st, "file.part", l, &b)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.write(&b); err != nil {
			t.Fatal(err)
		}
		if err := f.flush(); err != nil {
			t.Fatal(err)
		}
		change(f)
		_, err = f.close()
		if name == "" && err != nil {
			t.Errorf("nothing is changed: %v", err)
		}
		if name != "" && err == nil {
			t.Errorf("%s is changed: no error", name)
		}
	}
}

// TestFooter tells no version, no time and no machine.
func TestFooter(t *testing.T) {
	pf := openArrow(t, fileOf(t, schemas.Type{Kind: schemas.Int64}, func(b array.Builder) { b.AppendNull() }))
	defer pf.Close()
	if by := pf.MetaData().FileMetaData.GetCreatedBy(); by != "etl" {
		t.Errorf("made by %q, want etl", by)
	}
	if n := pf.MetaData().KeyValueMetadata().Len(); n != 0 {
		t.Errorf("%d entries of other metadata, want none", n)
	}
}
