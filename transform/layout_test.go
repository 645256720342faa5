package transform

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// The buffers are laid out as Arrow's own builders lay them out: a record that
// is built anew from its values equals the first, but for the order of labels in their dictionaries.
func TestLayoutIsThatOfBuilders(t *testing.T) {
	bodies, err := filepath.Glob("testdata/wire/*.json")
	if err != nil || len(bodies) == 0 {
		t.Fatal("no bodies", err)
	}
	for _, file := range bodies {
		t.Run(filepath.Base(file), func(t *testing.T) {
			parts := strings.Split(filepath.Base(file), "-")
			body := read(t, file)
			d, err := New(fileSchema(t, parts[0]+"/"+parts[1]), Options{})
			if err != nil {
				t.Fatal(err)
			}
			b, err := d.Decode(Page{Body: body, Records: recordsOf(t, body)})
			if err != nil {
				t.Fatal(err)
			}
			text, err := b.Record.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			built, _, err := array.RecordFromJSON(memory.DefaultAllocator, b.Record.Schema(), bytes.NewReader(text), array.WithUseNumber())
			if err != nil {
				t.Fatal(err)
			}
			for i, column := range b.Record.Columns() {
				checkEqual(t, b.Record.ColumnName(i), column, built.Column(i))
			}
		})
	}
}

func checkEqual(t *testing.T, name string, got, want arrow.Array) {
	t.Helper()
	switch got := got.(type) {
	case *array.List:
		want := want.(*array.List)
		if !slices.Equal(got.Offsets(), want.Offsets()) {
			t.Errorf("column %s: offsets %v, want %v", name, got.Offsets(), want.Offsets())
		}
		checkEqual(t, name+"[]", got.ListValues(), want.ListValues())
	case *array.Struct:
		for i := range got.NumField() {
			checkEqual(t, name+"."+got.DataType().(*arrow.StructType).Field(i).Name, got.Field(i), want.(*array.Struct).Field(i))
		}
	case *array.Dictionary:
		for i := range got.Len() {
			if got.ValueStr(i) != want.ValueStr(i) {
				t.Errorf("column %s: label %d is %s, want %s", name, i, got.ValueStr(i), want.ValueStr(i))
			}
		}
		return
	default:
		if !array.Equal(got, want) {
			t.Errorf("column %s\n got %v\nwant %v", name, got, want)
		}
	}
	if got.Len() != want.Len() || got.NullN() != want.NullN() || !bytes.Equal(got.NullBitmapBytes(), want.NullBitmapBytes()[:len(got.NullBitmapBytes())]) {
		t.Errorf("column %s: %d values, %d NULLs, want %d and %d", name, got.Len(), got.NullN(), want.Len(), want.NullN())
	}
}
