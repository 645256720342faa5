package transform

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/google/go-cmp/cmp"
)

// told is all that a batch says, but for the record itself.
func toldOf(b *Batch) []any {
	return []any{b.Rejects, b.Ordinals, b.Keys, b.Versions, b.Counts, b.Unknown, b.Seen, b.Breaches}
}

// bothWays makes a decoder that reads straight from the text, and one that goes
// through nodes alone.
func bothWays(t testing.TB, s *schemas.Schema, o Options) (fast, plain *Decoder) {
	t.Helper()
	fast, err := New(s, o)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err = newPlain(s, o); err != nil {
		t.Fatal(err)
	}
	return fast, plain
}

// compare decodes pages both ways: some to a batch for the one, each by itself
// for the other.
func compare(t testing.TB, fast, plain *Decoder, pages ...Page) {
	t.Helper()
	want := ""
	for _, p := range pages {
		got, err := fast.Append(p)
		if err != nil {
			t.Fatal(err)
		}
		b, err := plain.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(toldOf(b), toldOf(got)); diff != "" {
			t.Fatalf("rejects, ordinals, keys, versions, counts, unknown, seen, breaches (-plain +fast):\n%s\nof %s", diff, p.Body)
		}
		want += rows(b.Record)
		b.Record.Release()
	}
	flushed(t, fast, want)
	for _, p := range pages {
		if compareScan(t, fast, plain, p) {
			continue
		}
		if _, err := fast.Append(p); err != nil { // its records are no list
			t.Fatal(err)
		}
	}
	flushed(t, fast, want)
}

// flushed holds the rows of a decoder to those wanted.
func flushed(t testing.TB, d *Decoder, want string) {
	t.Helper()
	rec := d.Flush()
	checkRecord(t, rec)
	if diff := cmp.Diff(lines(want), lines(rows(rec))); diff != "" {
		t.Fatalf("rows (-plain +fast):\n%s", diff)
	}
	rec.Release()
}

// randomly compares both ways over a random schema and random pages.
func randomly(t testing.TB, seed uint64) {
	c := newChance(seed, []float64{0.02, 0.1, 0.3}[seed%3])
	s := c.schema()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Zone: oneOf(c, warsaw, warsaw, nil), Key: []string{"id"}, Version: "id", PIIKey: piiKey}
	fast, plain := bothWays(t, s, o)
	for range 3 {
		var pages []Page
		for range 1 + c.IntN(3) {
			p := page(t, orEmpty(c.page(s, c.IntN(12))))
			if c.often(0.5) {
				p.Parent = map[string]any{"k": oneOf[any](c, int64(1), "x", nil, true), "l": oneOf[any](c, "2026-01-02", "1", nil, 1.5)}
			}
			pages = append(pages, p)
		}
		compare(t, fast, plain, pages...)
	}
}

// orEmpty makes a page JSON, if it is none, by leaving out what is none.
func orEmpty(body string) string {
	if _, err := jsonspan.Whole([]byte(body)); err != nil {
		return "[]"
	}
	return body
}

// Records are the same rows, or rejects for the same reasons, whichever way they
// are read.
func TestBothWays(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { randomly(t, seed) })
	}
}

func FuzzBothWays(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { randomly(t, seed) })
}

// Any bytes are read the same both ways, JSON or not, and without a panic.
func FuzzAnyBytes(f *testing.F) {
	for i, columns := range []string{fuzzed, orders, people} {
		f.Add(uint64(i), []byte(`{"i":1,"id":1,"s":"x","o":[{"i":1}],"phone":"1","unknown":[1,{"a":"b"}]}`))
		s := parse(f, columns)
		for range 5 {
			f.Add(uint64(i), []byte(newChance(uint64(i), 0.1).record(s.Columns)))
		}
	}
	f.Add(uint64(0), []byte(`{"s":"`))
	f.Add(uint64(1), []byte(`{"client":{"id":1`))
	f.Fuzz(func(t *testing.T, schema uint64, body []byte) {
		if len(body) == 0 {
			return
		}
		s := parse(t, []string{fuzzed, orders, people}[schema%3])
		s.Unknown = schemas.KeepUnknown
		if schema%2 == 1 {
			s.Text, s.DuplicateKeys = schemas.Replace, schemas.Last
		}
		fast, plain := bothWays(t, s, Options{PIIKey: piiKey, Zone: time.UTC})
		p := Page{Body: body, Records: []jsonspan.Span{{Start: 0, End: len(body)}, {Start: len(body) / 2, End: len(body)}}}
		compare(t, fast, plain, p)
		compare(t, fast, plain, p)
	})
}

// Wall times around changes of clocks, one after the other.
func TestWallTimesBothWays(t *testing.T) {
	for _, name := range []string{"Europe/Warsaw", "Asia/Almaty", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		fast, plain := bothWays(t, one(t, "timestamp, layouts: [datetime, date]"), Options{Zone: zone})
		var records []string
		for at := time.Date(2011, 12, 20, 0, 0, 0, 0, time.UTC); at.Year() < 2013; at = at.Add(37 * time.Minute) {
			records = append(records, at.Format(`{"x":"2006-01-02 15:04:05"}`), at.Format(`{"x":"2006-01-02"}`))
		}
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(records)/2, func(i, j int) { records[i], records[j] = records[j], records[i] })
		compare(t, fast, plain, page(t, "["+strings.Join(records, ",")+"]"))
	}
}

// More names than an object learns, and longer ones, are read all the same.
func TestManyNames(t *testing.T) {
	var b strings.Builder
	b.WriteString(`[`)
	for record := range 3 {
		fmt.Fprintf(&b, `{"x":%d`, record)
		for i := range mostNames {
			fmt.Fprintf(&b, `,"%d":%d`, i*(record+1), i)
		}
		fmt.Fprintf(&b, `,"%s":1},`, strings.Repeat("n", longestName+record))
	}
	fast, plain := bothWays(t, one(t, "int64"), Options{})
	compare(t, fast, plain, page(t, b.String()+`{"x":4}]`))
}
