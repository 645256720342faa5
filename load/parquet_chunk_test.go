package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"etl/schemas"
)

// checkFile reads a file page by page and holds all that its footer and its
// indexes say against the values: readers skip rows by it.
func checkFile(t *testing.T, name string, l *layout) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for g, group := range f.RowGroups() {
		said := &f.Metadata().RowGroups[g]
		var unpacked, packed int64
		for i, chunk := range group.ColumnChunks() {
			leaf := l.leaves[i]
			at := g*len(l.leaves) + i
			checkChunk(t, leaf, chunk, &said.Columns[i].MetaData, &f.ColumnIndexes()[at], &f.OffsetIndexes()[at])
			unpacked += said.Columns[i].MetaData.TotalUncompressedSize
			packed += said.Columns[i].MetaData.TotalCompressedSize
		}
		if said.TotalByteSize != unpacked || said.TotalCompressedSize != packed || int(said.Ordinal) != g {
			t.Errorf("row group %d of %d: sizes or ordinal", g, said.Ordinal)
		}
	}
}

func checkChunk(t *testing.T, l *leaf, chunk parquet.ColumnChunk, m *format.ColumnMetaData, index *format.ColumnIndex, offsets *format.OffsetIndex) {
	t.Helper()
	pages := chunk.Pages()
	defer pages.Close()
	var all []parquet.Value
	var rows int64
	for n := 0; ; n++ {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			if n != len(index.NullPages) || n != len(offsets.PageLocations) {
				t.Errorf("%s: %d pages, %d and %d in the indexes", l.path, n, len(index.NullPages), len(offsets.PageLocations))
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		values := make([]parquet.Value, page.NumValues())
		if read, err := page.Values().ReadValues(values); read != len(values) {
			t.Fatalf("%s: %d values of %d: %v", l.path, read, len(values), err)
		}
		if offsets.PageLocations[n].FirstRowIndex != rows {
			t.Errorf("%s: page %d begins at row %d, not %d", l.path, n, offsets.PageLocations[n].FirstRowIndex, rows)
		}
		rows += page.NumRows()
		low, high, nulls := extremes(values, l)
		if index.NullCounts[n] != nulls || index.NullPages[n] != (low.IsNull()) {
			t.Errorf("%s: page %d of %d nulls: %d in the index", l.path, n, nulls, index.NullCounts[n])
		}
		if l.bounds && !low.IsNull() && (compare(l, index.MinValues[n], low) > 0 || compare(l, index.MaxValues[n], high) < 0) {
			t.Errorf("%s: page %d has values from %v to %v outside of %x and %x", l.path, n, low, high, index.MinValues[n], index.MaxValues[n])
		}
		for _, v := range values {
			all = append(all, v.Clone())
		}
	}
	checkStatistics(t, l, all, m)
}

// checkStatistics holds what the footer says of a chunk against its values.
func checkStatistics(t *testing.T, l *leaf, all []parquet.Value, m *format.ColumnMetaData) {
	t.Helper()
	low, high, nulls := extremes(all, l)
	if m.NumValues != int64(len(all)) || m.Statistics.NullCount != nulls {
		t.Errorf("%s: %d values and %d nulls, not %d and %d", l.path, m.NumValues, m.Statistics.NullCount, len(all), nulls)
	}
	if !l.bounds || low.IsNull() {
		if m.Statistics.MinValue != nil || m.Statistics.MaxValue != nil {
			t.Errorf("%s: bounds where none may be", l.path)
		}
	} else if compare(l, m.Statistics.MinValue, low) != 0 || compare(l, m.Statistics.MaxValue, high) != 0 {
		t.Errorf("%s: from %x to %x, not %v to %v", l.path, m.Statistics.MinValue, m.Statistics.MaxValue, low, high)
	}
	var texts int64
	reps, defs := make([]int64, l.maxRep+1), make([]int64, l.maxDef+1)
	for _, v := range all {
		reps[v.RepetitionLevel()]++
		defs[v.DefinitionLevel()]++
		if l.kind == parquet.ByteArray && !v.IsNull() {
			texts += int64(len(v.ByteArray()))
		}
	}
	if l.maxRep == 0 {
		reps = nil
	}
	if l.maxDef == 0 {
		defs = nil
	}
	want := format.SizeStatistics{UnencodedByteArrayDataBytes: texts, RepetitionLevelHistogram: reps, DefinitionLevelHistogram: defs}
	if diff := cmp.Diff(want, m.SizeStatistics); diff != "" {
		t.Errorf("%s: sizes (-want +got):\n%s", l.path, diff)
	}
}

// extremes returns the least and the greatest value, and counts the nulls.
func extremes(values []parquet.Value, l *leaf) (low, high parquet.Value, nulls int64) {
	for _, v := range values {
		switch {
		case v.IsNull():
			nulls++
		case low.IsNull():
			low, high = v, v
		case l.typ.Compare(v, low) < 0:
			low = v
		case l.typ.Compare(v, high) > 0:
			high = v
		}
	}
	return low, high, nulls
}

// compare compares a bound of a file with a value.
func compare(l *leaf, bound []byte, v parquet.Value) int {
	return l.typ.Compare(l.kind.Value(bound), v)
}

// fillPages adds rows whose values repeat at first, and then no more.
func fillPages(b *array.RecordBuilder, rows int) {
	for n := range rows {
		known := n % 300
		if n > rows/4 {
			known = n
		}
		if n%7 == 0 {
			b.Field(0).AppendNull()
		} else {
			b.Field(0).(*array.Int64Builder).Append(int64(known) << 33)
		}
		b.Field(1).(*array.Int32Builder).Append(int32(known) - 1000)
		b.Field(2).(*array.Float64Builder).Append(float64(known) / 7)
		b.Field(3).(*array.StringBuilder).Append(fmt.Sprintf("text %07d", known))
		words := b.Field(4).(*array.ListBuilder)
		words.Append(n%11 != 0)
		for i := range n % 3 * min(1, n%11) {
			words.ValueBuilder().(*array.StringBuilder).Append(fmt.Sprintf("word %d %d", known, i))
		}
		b.Field(5).(*array.BooleanBuilder).Append(n%3 == 0 || n > rows/2)
		b.Field(6).(*array.Int64Builder).Append(int64(n) * 1e6)
	}
}

// TestPages writes columns that leave their dictionaries half way, and more
// pages than one of each.
func TestPages(t *testing.T) {
	list := schemas.Type{Kind: schemas.List, Element: &schemas.Column{Name: "element", Type: schemas.Type{Kind: schemas.String}}}
	s := &schemas.Schema{Columns: []schemas.Column{
		{Name: "number", Type: schemas.Type{Kind: schemas.Int64}},
		{Name: "small", Type: schemas.Type{Kind: schemas.Int32}, Required: true},
		{Name: "ratio", Type: schemas.Type{Kind: schemas.Float64}},
		{Name: "text", Type: schemas.Type{Kind: schemas.String}},
		{Name: "words", Type: list},
		{Name: "flag", Type: schemas.Type{Kind: schemas.Bool}},
		{Name: "key", Type: schemas.Type{Kind: schemas.Int64}, Required: true},
	}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}}
	l := schemaLayout(s)
	b := array.NewRecordBuilder(alloc.NewGoAllocator(), arrow.NewSchema(arrowFields(l.columns), nil))
	fillPages(b, 50000/slowness)
	rec := b.NewRecord()
	st := testStage(t)
	w, err := st.Writer(WriterOptions{Schema: s})
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
	name := filepath.Join(st.Folder(), files[0].Staged)
	checkFile(t, name, l)
	if diff := cmp.Diff(jsonRows(t, rec), readArrow(t, name)); diff != "" {
		t.Errorf("rows read back differ (-want +got):\n%.2000s", diff)
	}
	pf := openArrow(t, name)
	defer pf.Close()
	for i := range 5 { // columns with a dictionary
		meta, err := pf.MetaData().RowGroup(0).ColumnChunk(i)
		if err != nil {
			t.Fatal(err)
		}
		data := 0
		for _, pages := range meta.EncodingStats() {
			if pages.PageType.String() == "DATA_PAGE_V2" {
				data++
			}
		}
		if slowness == 1 && data != 2 {
			t.Errorf("column %d: pages %v, want some with a dictionary and plain ones", i, meta.EncodingStats())
		}
	}
}
