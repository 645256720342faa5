package load

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"

	"etl/internal/fault"
	"etl/schemas"
)

// TestEveryFailureOfTheDiskIsSeen makes each call to the file system fail in
// turn: writing must end with an error of storage, and leave no file behind.
func TestEveryFailureOfTheDiskIsSeen(t *testing.T) {
	s := &schemas.Schema{Columns: []schemas.Column{
		{Name: "zid", Type: schemas.Type{Kind: schemas.Int64}, Required: true}, {Name: "name", Type: schemas.Type{Kind: schemas.String}},
	}}
	tab := newTable(s, 1, 0.1)
	o := WriterOptions{Schema: s, Partition: []Partition{{By: "bucket", N: 4, Of: "zid"}}, OpenPartitions: 2, RowGroupRows: 600}
	write := func(st *Stage) error {
		w, err := st.Writer(o)
		if err != nil {
			return err
		}
		for from := 0; from < 5000 && err == nil; from += 500 {
			err = w.Write(tab.rows(from, from+500), nil)
		}
		if err != nil {
			return errors.Join(err, w.Abort())
		}
		_, err = w.Close()
		return err
	}
	broken := errors.New("the disk is full")
	for n := 0; ; n++ {
		st := testStage(t)
		calls, failed := 0, ""
		st.data.store.objects.(*folder).around = func(op, name string, call func() error) error {
			calls++
			if calls-1 == n && op != "remove" {
				failed = op + " " + name
				if op == "close" {
					return errors.Join(call(), broken)
				}
				return broken
			}
			return call()
		}
		err := write(st)
		if calls <= n {
			return // all have had their turn
		}
		if failed == "" {
			continue
		}
		if !errors.Is(err, broken) || fault.Of(err) != fault.Storage {
			t.Errorf("%s fails: error %v, want the disk's, of storage", failed, err)
		}
		st.data.store.objects.(*folder).around = nil
		for name := range tree(t, st.data.store, ".") {
			t.Errorf("%s fails: %s is left behind", failed, name)
		}
	}
}

// TestWriterRefuses shows records that the schema does not foresee. None of
// them may end in a file.
func TestWriterRefuses(t *testing.T) {
	s := &schemas.Schema{Columns: []schemas.Column{
		{Name: "id", Type: schemas.Type{Kind: schemas.Int64}, Required: true},
		{Name: "price", Type: schemas.Type{Kind: schemas.Decimal, Precision: 5, Scale: 2}},
		{Name: "words", Type: schemas.Type{Kind: schemas.List, Element: &schemas.Column{Name: "element", Type: schemas.Type{Kind: schemas.String}, Required: true}}},
	}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}}
	fields := arrowFields(schemaLayout(s).columns)
	record := func(fields []arrow.Field, fill func(b *array.RecordBuilder)) arrow.Record {
		b := array.NewRecordBuilder(alloc.NewGoAllocator(), arrow.NewSchema(fields, nil))
		fill(b)
		return b.NewRecord()
	}
	optional := arrow.Field{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true}
	for _, test := range []struct {
		name string
		rec  arrow.Record
		keep []bool
		want string
	}{
		{"too few columns", record(fields[:2], func(*array.RecordBuilder) {}), nil, "columns"},
		{"marks for other rows", record(fields, func(*array.RecordBuilder) {}), []bool{true}, "rows"},
		{"a null where none may be", record([]arrow.Field{optional, fields[1], fields[2]}, func(b *array.RecordBuilder) {
			b.Field(0).AppendNull()
			b.Field(1).AppendNull()
			b.Field(2).AppendNull()
		}), nil, "required column"},
		{"a null in a list of values", record([]arrow.Field{fields[0], fields[1], {Name: "words", Type: arrow.ListOf(arrow.BinaryTypes.String)}}, func(b *array.RecordBuilder) {
			b.Field(0).(*array.Int64Builder).Append(1)
			b.Field(1).AppendNull()
			b.Field(2).(*array.ListBuilder).Append(true)
			b.Field(2).(*array.ListBuilder).ValueBuilder().AppendNull()
		}), nil, "required column"},
		{"a decimal of too many digits", record(fields, func(b *array.RecordBuilder) {
			b.Field(0).(*array.Int64Builder).Append(1)
			b.Field(1).(*array.Decimal128Builder).Append(decimal128.FromI64(100000))
			b.Field(2).AppendNull()
		}), nil, "digits"},
		{"another type", record([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Uint8}, fields[1], fields[2]}, func(b *array.RecordBuilder) {
			b.Field(0).(*array.Uint8Builder).Append(1)
			b.Field(1).AppendNull()
			b.Field(2).AppendNull()
		}), nil, "not foreseen"},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := testStage(t)
			w, err := st.Writer(WriterOptions{Schema: s})
			if err != nil {
				t.Fatal(err)
			}
			wantClass(t, w.Write(test.rec, test.keep), fault.Bug, test.want)
			if files, err := w.Close(); err == nil || files != nil {
				t.Errorf("closed with files %v, error %v", files, err)
			}
			if left := tree(t, st.data.store, "."); len(left) > 0 {
				t.Errorf("left behind: %d files", len(left))
			}
		})
	}
}

// TestRecordsOfAnotherSchema are found out before the first row.
func TestRecordsOfAnotherSchema(t *testing.T) {
	s := everything()
	change := func(change func(fields []arrow.Field) []arrow.Field) *arrow.Schema {
		return arrow.NewSchema(change(arrowFields(schemaLayout(s).columns)), nil)
	}
	swap := func(name string, typ arrow.DataType) *arrow.Schema {
		return change(func(fields []arrow.Field) []arrow.Field {
			for i := range fields {
				if fields[i].Name == name {
					fields[i].Type = typ
				}
			}
			return fields
		})
	}
	for name, schema := range map[string]*arrow.Schema{
		"a column less":  change(func(f []arrow.Field) []arrow.Field { return f[1:] }),
		"another order":  change(func(f []arrow.Field) []arrow.Field { f[1], f[2] = f[2], f[1]; return f }),
		"an int":         swap("small", arrow.PrimitiveTypes.Int64),
		"nanoseconds":    swap("created_at", arrow.FixedWidthTypes.Timestamp_ns),
		"another scale":  swap("amount", &arrow.Decimal128Type{Precision: 16, Scale: 3}),
		"no list":        swap("numbers", arrow.PrimitiveTypes.Int64),
		"another struct": swap("client", arrow.StructOf(arrow.Field{Name: "id", Type: arrow.PrimitiveTypes.Int64})),
	} {
		_, err := testStage(t).Writer(WriterOptions{Schema: s, Arrow: schema})
		if err == nil || !strings.Contains(err.Error(), "column") || fault.Of(err) != fault.Bug {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestBlocksThatDoNotFit holds the last check before rows are encoded: the
// library behind it would take them.
func TestBlocksThatDoNotFit(t *testing.T) {
	l := schemaLayout(&schemas.Schema{Columns: []schemas.Column{
		{Name: "id", Type: schemas.Type{Kind: schemas.Int64}, Required: true}, {Name: "name", Type: schemas.Type{Kind: schemas.String}},
	}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}})
	whole := func() block {
		return block{rows: 2, vectors: []vector{{rows: 2, ints: []int64{1, 2}}, {rows: 2, defs: []uint8{0, 1}, data: []byte("x"), ends: []int{1}}}}
	}
	for name, spoil := range map[string]func(b *block){
		"a row less in a column":  func(b *block) { b.vectors[1].rows-- },
		"a value less":            func(b *block) { b.vectors[0].ints = b.vectors[0].ints[:1] },
		"a value more than rows":  func(b *block) { b.vectors[0].ints = append(b.vectors[0].ints, 3) },
		"a level less":            func(b *block) { b.vectors[1].defs = b.vectors[1].defs[:1] },
		"a value without a level": func(b *block) { b.vectors[1].defs[1] = 0 },
		"a level too high":        func(b *block) { b.vectors[1].defs[0] = 2 },
	} {
		b := whole()
		if err := b.check(l); err != nil {
			t.Fatal(err)
		}
		spoil(&b)
		if err := b.check(l); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
