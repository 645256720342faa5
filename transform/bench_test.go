package transform

import (
	"fmt"
	"testing"
	"time"

	"etl/internal/jsonspan"
	"etl/schemas"
)

// benchPage makes a page of records as a server sends them: all members, always
// in the order of the schema.
func benchPage(b *testing.B, s *schemas.Schema, records int) Page {
	b.Helper()
	return page(b, newChance(1, 0).page(s, records))
}

// measure decodes a page over and over, and reports bytes per second and
// allocations per record.
func measure(b *testing.B, d *Decoder, p Page) {
	b.SetBytes(int64(len(p.Body)))
	b.ReportAllocs()
	for b.Loop() {
		batch, err := d.Decode(p)
		if err != nil || len(batch.Rejects) > 0 {
			b.Fatal(err, batch.Rejects[:1])
		}
		batch.Record.Release()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(p.Records)), "ns/record")
}

// plainly measures the plain way beside the fast one.
func bothMeasured(b *testing.B, s *schemas.Schema, p Page) {
	fast, plain := bothWays(b, s, Options{Zone: time.UTC, Key: []string{s.Columns[0].Name}})
	b.Run("fast", func(b *testing.B) { measure(b, fast, p) })
	b.Run("plain", func(b *testing.B) { measure(b, plain, p) })
}

// Pages of the shipped schemas: a flat list, and nested details.
func BenchmarkPages(b *testing.B) {
	for _, name := range []string{"rental/request_list", "rental/workshop_resource", "rental/request", "calls/sales_funnel"} {
		b.Run(name, func(b *testing.B) {
			s := fileSchema(b, name)
			bothMeasured(b, s, benchPage(b, s, 1000))
		})
	}
}

// What is not as usual costs: members that no column names, in any order, names
// with escapes, white space, and texts that mean NULL in every column.
func BenchmarkOddPages(b *testing.B) {
	for _, odd := range []string{"unknown", "shuffled", "escaped", "spaced", "nulls"} {
		b.Run(odd, func(b *testing.B) {
			s := fileSchema(b, "rental/request_list")
			if odd == "nulls" {
				s = s.WithDefaults(schemas.Defaults{Loose: true, NullIf: []string{"", "0000-00-00", "0000-00-00 00:00:00"}})
			}
			c := newChance(1, 0)
			var body []byte
			for i := range 1000 {
				body = append(body, fmt.Sprintf("%c", "[,"[min(i, 1)])...)
				body = append(body, c.oddRecord(s.Columns, odd)...)
			}
			bothMeasured(b, s, page(b, string(body)+"]"))
		})
	}
}

func (c *chance) oddRecord(columns []schemas.Column, odd string) string {
	o := &tree{}
	for _, col := range columns {
		o.put(col.From[0], c.value(col))
	}
	text := ""
	for n, i := range c.order(len(o.names), odd == "shuffled") {
		if n > 0 {
			text += ","
		}
		name := `"` + o.names[i] + `"`
		if odd == "escaped" {
			name = fmt.Sprintf(`"\u%04x%s"`, o.names[i][0], o.names[i][1:])
		}
		if odd == "spaced" {
			text, name = text+"\n  ", name+" "
		}
		text += name + ": " + o.values[i].(string)
	}
	if odd == "unknown" {
		text += `,"loyalty":{"tier":2,"points":[1,2,3]},"new_flag":true`
	}
	return "{" + text + "}"
}

func (c *chance) order(n int, shuffled bool) []int {
	order := c.Perm(n)
	for i := range order {
		if !shuffled {
			order[i] = i
		}
	}
	return order
}

// One column each: what a type costs.
func BenchmarkTypes(b *testing.B) {
	for _, typ := range []string{"int64", "float64", `"decimal(16,2)"`, "string", "json", "uuid", "timestamp", "timestamp, layouts: datetime",
		"duration(django)", "duration(iso)", `"duration(seconds, hms)"`, "enum(int32), labels: { 0: a, 1: b, 17: c }", "date", "list<int64>", "string, pii: hash"} {
		b.Run(typ, func(b *testing.B) {
			s := one(b, typ)
			fast, plain := bothWays(b, s, Options{Zone: time.UTC, PIIKey: piiKey})
			p := benchPage(b, s, 1000)
			b.Run("fast", func(b *testing.B) { measure(b, fast, p) })
			b.Run("plain", func(b *testing.B) { measure(b, plain, p) })
		})
	}
}

// Pages of a single nested record, as details are asked for: each a batch, or
// some of them one.
func BenchmarkDetails(b *testing.B) {
	s := fileSchema(b, "rental/request")
	c := newChance(1, 0)
	var pages []Page
	bytes := 0
	for range 3000 {
		body := []byte(c.record(s.Columns))
		pages = append(pages, Page{Body: body, Records: []jsonspan.Span{{End: len(body)}}})
		bytes += len(body)
	}
	d, plain := bothWays(b, s, Options{Zone: time.UTC, Key: []string{"id"}, Version: "updated_at"})
	for name, d := range map[string]*Decoder{"decode": d, "plain": plain} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(bytes))
			b.ReportAllocs()
			for b.Loop() {
				for _, p := range pages {
					batch, err := d.Decode(p)
					if err != nil || len(batch.Rejects) > 0 {
						b.Fatal(err, batch.Rejects)
					}
					batch.Record.Release()
				}
			}
		})
	}
	b.Run("append", func(b *testing.B) {
		b.SetBytes(int64(bytes))
		b.ReportAllocs()
		for b.Loop() {
			for _, p := range pages {
				if _, err := d.Append(p); err != nil {
					b.Fatal(err)
				}
				if d.Full() {
					d.Flush().Release()
				}
			}
		}
	})
}

// What the check of a whole body costs beside decoding it.
func BenchmarkWhole(b *testing.B) {
	p := benchPage(b, fileSchema(b, "rental/request"), 1000)
	b.SetBytes(int64(len(p.Body)))
	for b.Loop() {
		if _, err := jsonspan.Whole(p.Body); err != nil {
			b.Fatal(err)
		}
	}
}
