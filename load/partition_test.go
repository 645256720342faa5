package load

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"

	"etl/internal/fault"
	"etl/schemas"
)

// oneColumn returns a schema with a column "c", and a record of one row.
func oneColumn(t schemas.Type, add func(array.Builder)) (*layout, arrow.Record) {
	l := schemaLayout(&schemas.Schema{Columns: []schemas.Column{{Name: "c", Type: t}}, Rules: schemas.Rules{Unknown: schemas.IgnoreUnknown}})
	b := array.NewRecordBuilder(alloc.NewGoAllocator(), arrow.NewSchema(arrowFields(l.columns), nil))
	add(b.Field(0))
	for i := 1; i < len(l.columns); i++ {
		b.Field(i).AppendNull()
	}
	return l, b.NewRecord()
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// TestFolders shows which folder a value leads to.
func TestFolders(t *testing.T) {
	text := func(s string) func(array.Builder) {
		return func(b array.Builder) { b.(*array.StringBuilder).Append(s) }
	}
	at := func(s string) func(array.Builder) {
		when, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return func(b array.Builder) { b.(*array.TimestampBuilder).Append(arrow.Timestamp(when.UnixMicro())) }
	}
	null := func(b array.Builder) { b.AppendNull() }
	stamp, str := schemas.Type{Kind: schemas.Timestamp}, schemas.Type{Kind: schemas.String}
	almaty := zone(t, "Asia/Almaty")
	for _, test := range []struct {
		by   string
		typ  schemas.Type
		zone *time.Location
		add  func(array.Builder)
		want string
	}{
		{"year", stamp, nil, at("2026-05-17T12:00:00Z"), "c_year=2026-01-01"},
		{"month", stamp, nil, at("2026-05-31T23:59:59.999999Z"), "c_month=2026-05-01"},
		{"month", stamp, almaty, at("2026-05-31T23:59:59.999999Z"), "c_month=2026-06-01"},
		{"day", stamp, nil, at("1969-12-31T23:59:59.999999Z"), "c_day=1969-12-31"},
		{"hour", stamp, nil, at("2026-01-01T13:59:00Z"), "c_hour=2026-01-01T13"},
		{"hour", stamp, almaty, at("2026-01-01T20:00:00Z"), "c_hour=2026-01-02T01"},
		{"month", stamp, nil, null, "c_month=_other"},
		{"month", stamp, nil, func(b array.Builder) { b.(*array.TimestampBuilder).Append(-1 << 62) }, "c_month=_other"},
		{"day", schemas.Type{Kind: schemas.Date}, almaty, func(b array.Builder) { b.(*array.Date32Builder).Append(-1) }, "c_day=1969-12-31"},
		{"month", schemas.Type{Kind: schemas.Date}, almaty, func(b array.Builder) { b.(*array.Date32Builder).Append(31) }, "c_month=1970-02-01"},
		{"value", str, nil, text("plain-Text_1.~"), "c_value=plain-Text_1.~"},
		{"value", str, nil, text("../a b=%[é]"), "c_value=..%2Fa%20b%3D%25%5B%C3%A9%5D"},
		{"value", str, nil, text("Null"), "c_value=_other"},
		{"value", str, nil, text("__HIVE_DEFAULT_PARTITION__"), "c_value=_other"},
		{"value", str, nil, text(""), "c_value=_other"},
		{"value", str, nil, text(strings.Repeat("x", 247)), "c_value=" + strings.Repeat("x", 247)},
		{"value", str, nil, text(strings.Repeat("x", 248)), "c_value=_other"},
		{"value", str, nil, text(strings.Repeat("ж", 100)), "c_value=_other"},
		{"value", str, nil, null, "c_value=_other"},
		{"value", schemas.Type{Kind: schemas.Bool}, nil, func(b array.Builder) { b.(*array.BooleanBuilder).Append(true) }, "c_value=true"},
		{"value", schemas.Type{Kind: schemas.Int64}, nil, func(b array.Builder) { b.(*array.Int64Builder).Append(-7) }, "c_value=-7"},
		{"value", schemas.Type{Kind: schemas.Decimal, Precision: 20, Scale: 3}, nil, func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal128.FromI64(-5)) }, "c_value=-0.005"},
		{"value", schemas.Type{Kind: schemas.Date}, nil, func(b array.Builder) { b.(*array.Date32Builder).Append(0) }, "c_value=1970-01-01"},
		{"value", stamp, almaty, at("2026-01-01T00:00:00.5Z"), "c_value=2026-01-01T00%3A00%3A00.500000Z"},
		{"value", schemas.Type{Kind: schemas.Enum, Code: schemas.Int32}, nil, func(b array.Builder) { b.(*array.Int32Builder).Append(3) }, "c_value=3"},
		{"bucket", str, nil, text("a"), "c_bucket=5"},
		{"bucket", str, nil, text("b"), "c_bucket=6"},
		{"bucket", schemas.Type{Kind: schemas.Int64}, nil, func(b array.Builder) { b.(*array.Int64Builder).Append(1) }, "c_bucket=6"},
		{"bucket", str, nil, null, "c_bucket=_other"},
	} {
		l, rec := oneColumn(test.typ, test.add)
		o := WriterOptions{Partition: []Partition{{By: test.by, N: 16, Of: "c"}}, Zone: test.zone}.withDefaults()
		s, err := newSplitter(&o, l)
		if err != nil {
			t.Fatal(err)
		}
		n := s.partition(rec, 0)
		if got := s.known[n].folder; got != test.want {
			t.Errorf("by %s: folder %s, want %s", test.by, got, test.want)
		}
	}
}

// TestPeriodsAreRemembered compares the numbers of random times with those
// that a level gives that has met no time before.
func TestPeriodsAreRemembered(t *testing.T) {
	l, _ := oneColumn(schemas.Type{Kind: schemas.Timestamp}, func(b array.Builder) { b.AppendNull() })
	for _, name := range []string{"UTC", "Asia/Almaty", "Europe/Warsaw", "America/St_Johns", "Pacific/Apia", "Pacific/Kiritimati"} {
		for _, by := range []string{"year", "month", "day", "hour"} {
			fresh := func() *level {
				v, err := newLevel(Partition{By: by, Of: "c"}, l, zone(t, name))
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			old, r := fresh(), rand.New(rand.NewPCG(1, 2))
			base := time.Date(2011, 12, 1, 0, 0, 0, 0, time.UTC).UnixMicro() // Apia leaves out 2011-12-30
			for range 1500 {
				x := base + r.Int64N(60*86400e6)
				if r.IntN(10) == 0 {
					base += r.Int64N(90*86400e6) - 45*86400e6
				}
				alone := func(x int64) string {
					v := fresh()
					return v.values[v.intNumber(x)]
				}
				got, want := old.values[old.intNumber(x)], alone(x)
				if got != want {
					t.Fatalf("%s in %s of %d: %s, want %s", by, name, x, got, want)
				}
				if s := old.span; s.from > x || s.until <= x || alone(s.from) != want || alone(s.until-1) != want {
					t.Fatalf("%s in %s of %d reaches from %d to %d", by, name, x, s.from, s.until)
				}
			}
		}
	}
}

// TestPartitionsThatCannotBe shows the mistakes.
func TestPartitionsThatCannotBe(t *testing.T) {
	for _, p := range []Partition{
		{By: "month", Of: "missing"}, {By: "month", Of: "name"}, {By: "hour", Of: "born"}, {By: "value", Of: "ratio"},
		{By: "value", Of: "client"}, {By: "value", Of: "numbers"}, {By: "bucket", Of: "zid"}, {By: "week", Of: "created_at"},
	} {
		_, err := testStage(t).Writer(WriterOptions{Schema: everything(), Partition: []Partition{p}})
		if fault.Of(err) != fault.Config || err == nil {
			t.Errorf("by %s of %s: error %v, want one of the configuration", p.By, p.Of, err)
		}
	}
}

// TestBucketsTakeNoMemory writes many values to few buckets.
func TestBucketsTakeNoMemory(t *testing.T) {
	l, _ := oneColumn(schemas.Type{Kind: schemas.Int64}, func(b array.Builder) { b.AppendNull() })
	v, err := newLevel(Partition{By: "bucket", N: 4, Of: "c"}, l, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for x := range int64(1000) {
		v.intNumber(x)
	}
	if len(v.values) != 4 || len(v.ints) > 4 {
		t.Errorf("%d buckets and %d remembered values, want 4 and no more", len(v.values), len(v.ints))
	}
}
