package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/compress"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"

	"etl/schemas"
)

// BenchmarkEncode writes rows as a CRM has them, sixty flat columns, and the
// same records with Arrow's own writer.
func BenchmarkEncode(b *testing.B) {
	const batches, size = 24, 2000
	s := crmSchema()
	tab := newTable(s, 1, 0)
	var recs []arrow.Record
	for i := range batches {
		recs = append(recs, crmRows(tab, i*size, size))
	}
	report := func(b *testing.B, before time.Duration, bytes int64) {
		b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N*batches*size), "cpu-ns/row")
		b.ReportMetric(float64(bytes)/(batches*size), "B/row")
	}
	b.Run("load", func(b *testing.B) {
		b.ReportAllocs()
		before := cpuTime(b)
		var bytes int64
		for b.Loop() {
			w, err := testStage(b).Writer(WriterOptions{Schema: s})
			if err != nil {
				b.Fatal(err)
			}
			for _, rec := range recs {
				if err := w.Write(rec, nil); err != nil {
					b.Fatal(err)
				}
			}
			files, err := w.Close()
			if err != nil {
				b.Fatal(err)
			}
			bytes = files[0].Bytes
		}
		report(b, before, bytes)
	})
	b.Run("pqarrow", func(b *testing.B) {
		b.ReportAllocs()
		whole := crmRows(tab, 0, batches*size) // of many records Arrow's writer makes an error
		before := cpuTime(b)
		var out bytes.Buffer
		for b.Loop() {
			out.Reset()
			w, err := pqarrow.NewFileWriter(tab.schema, &out, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd)), pqarrow.DefaultWriterProps())
			if err != nil {
				b.Fatal(err)
			}
			if err := w.WriteBuffered(whole); err != nil {
				b.Fatal(err)
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
		report(b, before, int64(out.Len()))
	})
}

// crmSchema has sixty columns of the kinds that lists of a CRM have.
func crmSchema() *schemas.Schema {
	s := &schemas.Schema{Columns: []schemas.Column{
		{Name: "zid", Type: schemas.Type{Kind: schemas.Int64}, Required: true},
		{Name: "unique", Type: schemas.Type{Kind: schemas.String}},
		{Name: "bag", Type: schemas.Type{Kind: schemas.JSON}},
	}}
	add := func(name string, n int, t schemas.Type) {
		for i := range n {
			s.Columns = append(s.Columns, schemas.Column{Name: fmt.Sprintf("%s_%02d", name, i), Type: t})
		}
	}
	add("price", 10, schemas.Type{Kind: schemas.Decimal, Precision: 16, Scale: 2})
	add("at", 6, schemas.Type{Kind: schemas.Timestamp})
	add("ref", 14, schemas.Type{Kind: schemas.Int64})
	add("name", 14, schemas.Type{Kind: schemas.String})
	add("flag", 8, schemas.Type{Kind: schemas.Bool})
	add("took", 2, schemas.Type{Kind: schemas.Duration})
	add("status", 3, schemas.Type{Kind: schemas.Int32}) // Arrow's writer takes no enum: it breaks on its dictionaries
	add("label", 3, schemas.Type{Kind: schemas.String})
	return s
}

// crmRows makes rows whose values repeat as those of people do.
func crmRows(t *table, from, n int) arrow.Record {
	b := array.NewRecordBuilder(alloc.NewGoAllocator(), t.schema)
	defer b.Release()
	for row := from; row < from+n; row++ {
		r := rand.New(rand.NewPCG(1, uint64(row)))
		for i, c := range t.layout.columns {
			if c.optional && c.source.Kind != schemas.Bool && i%3 == 0 && r.IntN(10) == 0 {
				b.Field(i).AppendNull()
				continue
			}
			switch f := b.Field(i).(type) {
			case *array.Int64Builder:
				switch c.name[0] {
				case 'z':
					f.Append(int64(row))
				case 't':
					f.Append(r.Int64N(86400) * 1e6)
				default:
					f.Append(r.Int64N(10 << (i % 12)))
				}
			case *array.Decimal128Builder:
				f.Append(decimal128.FromI64(r.Int64N(2000) * 500))
			case *array.TimestampBuilder:
				f.Append(arrow.Timestamp(1767225600e6 + int64(row)*40e6 + r.Int64N(40e6)))
			case *array.StringBuilder:
				switch {
				case c.name == "unique":
					f.Append(fmt.Sprintf("%08x-%04x", r.Uint32(), r.IntN(1<<16)))
				case c.name == "bag":
					f.Append(fmt.Sprintf(`{"score":%d,"tags":["a%d"],"note":"n%d"}`, r.IntN(1000), r.IntN(20), r.IntN(500)))
				case c.name[0] == 'l':
					f.Append([]string{"New", "Open", "Won", "Lost"}[r.IntN(4)])
				default:
					f.Append(fmt.Sprintf("Client number %d", r.IntN(20<<(i%10))))
				}
			case *array.BooleanBuilder:
				f.Append(r.IntN(4) == 0)
			case *array.Int32Builder:
				f.Append(int32(r.IntN(6)))
			}
		}
	}
	return b.NewRecord()
}

// cpuTime is the processor time that this process has taken: on a machine that
// others use too it tells more than the clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
