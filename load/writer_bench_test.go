package load

import (
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"etl/schemas"
)

// BenchmarkWriter writes rows of sixty flat columns, of all rows in one file
// and split by month in random order.
func BenchmarkWriter(b *testing.B) {
	s := &schemas.Schema{Columns: []schemas.Column{{Name: "zid", Type: schemas.Type{Kind: schemas.Int64}, Required: true}}}
	kinds := []schemas.Type{
		{Kind: schemas.Int64}, {Kind: schemas.Bool}, {Kind: schemas.Decimal, Precision: 16, Scale: 2}, {Kind: schemas.String},
		{Kind: schemas.Enum, Code: schemas.Int32}, {Kind: schemas.Timestamp},
	}
	for i := range 10 {
		for _, t := range kinds {
			s.Columns = append(s.Columns, schemas.Column{Name: string(rune('a'+i)) + string(rune('a'+t.Kind)), Type: t})
		}
	}
	tab := newTable(s, 1, 0.1)
	for name, o := range map[string]WriterOptions{"one file": {}, "months": {Partition: []Partition{{By: "month", Of: s.Columns[6].Name}}}} {
		b.Run(name, func(b *testing.B) {
			o.Schema = s
			const pages, size = 24, 1000
			var recs []arrow.Record
			for i := range pages {
				recs = append(recs, tab.rows(i*size, (i+1)*size))
			}
			b.ReportAllocs()
			for b.Loop() {
				w, err := testStage(b).Writer(o)
				if err != nil {
					b.Fatal(err)
				}
				for _, rec := range recs {
					if err := w.Write(rec, nil); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*pages*size/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
