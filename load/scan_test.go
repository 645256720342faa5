package load

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/schemas"
)

// TestScan shows what each type is read as.
func TestScan(t *testing.T) {
	of := func(name string, k schemas.Kind) schemas.Column {
		return schemas.Column{Name: name, Type: schemas.Type{Kind: k}}
	}
	decimal := func(name string, p, s int) schemas.Column {
		return schemas.Column{Name: name, Type: schemas.Type{Kind: schemas.Decimal, Precision: p, Scale: s}}
	}
	s := &schemas.Schema{Columns: []schemas.Column{
		of("bool", schemas.Bool), of("int32", schemas.Int32), of("int64", schemas.Int64), of("float", schemas.Float64),
		decimal("d9", 9, 2), decimal("d18", 18, 3), decimal("d38", 38, 0), of("text", schemas.String),
		of("date", schemas.Date), of("time", schemas.Time), of("stamp", schemas.Timestamp), of("lasts", schemas.Duration),
	}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}}
	b := array.NewRecordBuilder(alloc.NewGoAllocator(), arrow.NewSchema(arrowFields(schemaLayout(s).columns), nil))
	b.Field(0).(*array.BooleanBuilder).Append(true)
	b.Field(1).(*array.Int32Builder).Append(-1)
	b.Field(2).(*array.Int64Builder).Append(1 << 62)
	b.Field(3).(*array.Float64Builder).Append(0.1)
	b.Field(4).(*array.Decimal128Builder).Append(decimal128.FromI64(-1234567))
	b.Field(5).(*array.Decimal128Builder).Append(decimal128.FromI64(-1))
	b.Field(6).(*array.Decimal128Builder).Append(decimal128.GetMaxValue(38).Negate())
	b.Field(7).(*array.StringBuilder).Append("Алматы")
	b.Field(8).(*array.Date32Builder).Append(20454)
	b.Field(9).(*array.Time64Builder).Append(3661000001)
	b.Field(10).(*array.TimestampBuilder).Append(1767225600000006)
	b.Field(11).(*array.Int64Builder).Append(-5)
	for _, f := range b.Fields() {
		f.AppendNull()
	}

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
	c, err := st.data.Commit(t.Context(), st, Draft{Run: "run", Time: time.Unix(0, 0), Proof: "counted", Add: files})
	if err != nil {
		t.Fatal(err)
	}

	columns := []string{"stamp", "bool", "int32", "int64", "float", "d9", "d18", "d38", "text", "date", "time", "lasts"}
	want := [][]any{
		{
			time.Date(2026, 1, 1, 0, 0, 0, 6000, time.UTC), true, int64(-1), int64(1 << 62), 0.1, "-12345.67", "-0.001",
			"-99999999999999999999999999999999999999", "Алматы", "2026-01-01", "01:01:01.000001", int64(-5),
		},
		make([]any, len(columns)),
	}
	var got [][]any
	err = st.data.Scan(c, columns, func(row []any) error {
		got = append(got, append([]any{}, row...))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}

	stop := errors.New("enough")
	if err := st.data.Scan(c, columns, func([]any) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a scan that is to end: error %v", err)
	}
	if err := st.data.Scan(c, []string{"missing"}, nil); fault.Of(err) != fault.Config {
		t.Errorf("a column that there is not: error %v", err)
	}
}

// TestScanOfNested refuses columns that are no scalars.
func TestScanOfNested(t *testing.T) {
	s := everything()
	c, st := commitRows(t, newTable(s, 1, 0.3), s, WriterOptions{}, 3)
	for _, name := range []string{"client", "numbers", "items"} {
		if err := st.data.Scan(c, []string{name}, nil); err == nil || fault.Of(err) != fault.Config {
			t.Errorf("column %s: error %v, want one of the configuration", name, err)
		}
	}
}

// TestScanInside reads columns of structs; of a struct that is NULL they are
// NULL too.
func TestScanInside(t *testing.T) {
	inner := schemas.Column{Name: "city", Type: schemas.Type{Kind: schemas.Struct, Fields: []schemas.Column{
		{Name: "code", Type: schemas.Type{Kind: schemas.Int64}},
	}}}
	s := &schemas.Schema{Columns: []schemas.Column{
		{Name: "client", Type: schemas.Type{Kind: schemas.Struct, Fields: []schemas.Column{
			{Name: "id", Type: schemas.Type{Kind: schemas.Int64}, Required: true}, inner,
		}}},
	}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}}
	rows, _, err := array.RecordFromJSON(alloc.NewGoAllocator(), arrow.NewSchema(arrowFields(schemaLayout(s).columns), nil), strings.NewReader(`[
		{"client":{"id":1,"city":{"code":7}}}, {"client":null}, {"client":{"id":2,"city":null}},
		{"client":{"id":3,"city":{"code":null}}}, {"client":{"id":4,"city":{"code":8}}}]`))
	if err != nil {
		t.Fatal(err)
	}
	st := testStage(t)
	w, err := st.Writer(WriterOptions{Schema: s})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rows, nil); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	c, err := st.data.Commit(t.Context(), st, Draft{Run: "run", Time: time.Unix(0, 0), Proof: "counted", Add: files})
	if err != nil {
		t.Fatal(err)
	}
	var got [][]any
	err = st.data.Scan(c, []string{"client.city.code", "client.id"}, func(row []any) error {
		got = append(got, append([]any{}, row...))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{int64(7), int64(1)}, {nil, nil}, {nil, int64(2)}, {nil, int64(3)}, {int64(8), int64(4)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
