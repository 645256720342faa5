package transform

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/google/go-cmp/cmp"
)

// compareScan joins a page to the rows of fast that is scanned while it is
// checked, and tells whether it could be. The page and the check say what they do
// apart: of text that is no JSON too.
func compareScan(t testing.TB, fast, plain *Decoder, p Page, lists ...[]string) bool {
	t.Helper()
	s := fast.Scan(p.Number, p.Parent)
	got, err := jsonspan.NewOutline(p.Body, &jsonspan.Aside{Lists: append(lists, nil), Element: s.Scan})
	want, wantErr := jsonspan.NewOutline(p.Body, nil)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("scanned: %v, checked: %v\nof %q", err, wantErr, p.Body)
	}
	if err != nil {
		return false
	}
	list := want.Root
	for _, path := range lists {
		for _, step := range path {
			list, _ = want.Member(list, step)
		}
	}
	if !got.Read(list) {
		if jsonspan.KindOf(p.Body, list) == jsonspan.Array {
			t.Fatalf("a page of JSON was not scanned\nof %q", p.Body)
		}
		return false
	}
	p.Records = want.Elements(list)
	if !slices.Equal(got.Elements(list), p.Records) {
		t.Fatalf("records at %v, want %v\nof %q", got.Elements(list), p.Records, p.Body)
	}
	wanted, err := plain.Decode(p)
	if err != nil {
		t.Fatal(err)
	}
	defer wanted.Record.Release()
	if s.Rejects() != len(wanted.Rejects) {
		t.Errorf("%d rejects, want %d", s.Rejects(), len(wanted.Rejects))
	}
	if diff := cmp.Diff(toldOf(wanted), toldOf(fast.Join(s))); diff != "" {
		t.Fatalf("rejects, ordinals, keys, versions, counts, unknown, seen, breaches (-plain +scanned):\n%s\nof %q", diff, p.Body)
	}
	return true
}

// Whatever a body is, a scan takes what the check takes, makes the rows of it
// that Append makes, and finds the same first error at the same place.
func FuzzScan(f *testing.F) {
	for i, with := range []string{``, `"`, `\`, `,`, `]`, `}`, `{`, `[`, `:`, `0`, `-`, `.`, `e`, `null`, "\x00", "\xff", ` `, `""1" 0`, `"x":1,`,
		strings.Repeat("[", 240), `"x":` + strings.Repeat("[", 130) + strings.Repeat("]", 130) + `,`} {
		for seed := range uint64(8) {
			f.Add(seed, uint16(i*37+int(seed)*101), uint8(i%3), with)
		}
	}
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, seed uint64, at uint16, drop uint8, with string) {
		c := newChance(seed%4096, []float64{0.005, 0.02, 0.2}[seed%3])
		s := c.schema()
		if seed%2 == 0 {
			s = parse(t, fuzzed)
		}
		o := Options{Zone: warsaw, PIIKey: piiKey, Key: []string{s.Columns[0].Name}}
		fast, plain := bothWays(t, s, o)
		if fast == nil {
			return
		}
		body := `{"n":null,"results":` + orEmpty(c.page(s, 1+c.IntN(3))) + `,"next":[]}`
		from := int(at) % len(body)
		to := min(len(body), from+int(drop))
		p := Page{Number: 3, Body: []byte(body[:from] + with + body[to:])}
		compareScan(t, fast, plain, p, []string{"results"})
		fast.Flush().Release()
	})
}

// Pages are scanned side by side, and joined in their order.
func TestScanSideBySide(t *testing.T) {
	s := fileSchema(t, "rental/request")
	o := Options{Zone: time.UTC, Key: []string{"id"}, Version: "updated_at"}
	fast, plain := bothWays(t, s, o)
	c := newChance(1, 0.05)
	var pages []Page
	for i := range 8 {
		pages = append(pages, page(t, c.page(s, []int{50, fullRows + 10}[i%3/2])))
	}
	scans := make([]*Scan, len(pages))
	var all sync.WaitGroup
	for i, p := range pages {
		all.Go(func() {
			scans[i] = fast.Scan(p.Number, nil)
			if _, err := jsonspan.NewOutline(p.Body, &jsonspan.Aside{Lists: [][]string{nil}, Element: scans[i].Scan}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	want := ""
	for i, p := range pages {
		if len(p.Records) > fullRows { // a batch by itself
			flushed(t, fast, want)
			want = ""
		}
		b, err := plain.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		want += rows(b.Record)
		if diff := cmp.Diff(toldOf(b), toldOf(fast.Join(scans[i]))); diff != "" {
			t.Fatalf("page %d (-plain +scanned):\n%s", i, diff)
		}
		b.Record.Release()
	}
	flushed(t, fast, want)
}

// A schema that reaches deeper than a page may nest is read through nodes.
func TestDeepSchema(t *testing.T) {
	s := parse(t, "  - { name: x, from: "+strings.Repeat("a.", deepest)+"b, type: json }\n")
	fast, plain := bothWays(t, s, Options{})
	if !fast.plain {
		t.Error("it is read as usual")
	}
	for _, depth := range []int{10, jsonspan.MaxDepth - deepest - 3, jsonspan.MaxDepth - deepest, jsonspan.MaxDepth} {
		value := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		record := strings.Repeat(`{"a":`, deepest) + `{"b":` + value + `}` + strings.Repeat("}", deepest)
		compareScan(t, fast, plain, Page{Body: []byte(`{"results":[` + record + `]}`)}, []string{"results"})
	}
	if got := depthOf([]schemas.Column{{From: []schemas.Path{{"a", "b"}}, Type: schemas.Type{Kind: schemas.List, Element: &schemas.Column{}}}}); got != 3 {
		t.Errorf("the depth of a list in an object is %d, want 3", got)
	}
}

// Whatever byte comes into a value or takes the place of one, no type takes what
// is no JSON.
func TestScanOfEveryByte(t *testing.T) {
	for typ, values := range map[string][]string{
		"bool":                                  {"true", "false"},
		"int64":                                 {"-120", `"12"`, "1.0", "1e2", "123456789012"},
		"int32":                                 {"7", `"-70"`},
		"float64":                               {"-0.5e-1", "12"},
		`"decimal(16,2)"`:                       {`"120.50"`, "-3.5", "12345678.25"},
		"date":                                  {`"2026-01-02"`},
		"time":                                  {`"03:04:05.678"`},
		"timestamp, layouts: [datetime, date]":  {`"2026-01-02T03:04:05.678901+05:30"`, `"2026-01-02T03:04:05Z"`, `"2026-01-02 03:04:05"`, `"2026-01-02"`},
		`"duration(django, iso, hms, seconds)"`: {`"-1 10:00:00.5"`, `"1 00:00:00"`, `"100:00:00"`, `"P1DT2H"`, "5.5", `""1 00:00:00"`},
		"string":                                {`"a\u00e9\n\"é"`},
		"uuid":                                  {`"3c90c3cc-0d44-4b50-8888-8dd25736052A"`},
		"json":                                  {`{"a":[1,"x",null]}`},
		"enum(int32), labels: { 1: a }":         {"1", `"1"`},
		"list<int64>":                           {"[1,2]", "[]"},
		"string, pii: drop":                     {`"x"`},
		"int64, null_if: ['']":                  {`""`, "5"},
	} {
		t.Run(typ, func(t *testing.T) {
			fast, plain := bothWays(t, one(t, typ), Options{Zone: time.UTC})
			for _, value := range values {
				for i := range value {
					for _, c := range []byte("\",:[]{}\\0-. eT\x00\xff") {
						for _, rest := range []string{value[i:], value[i+1:]} {
							text := `[{"x":` + value[:i] + string([]byte{c}) + rest + `},{"x":` + value + `}]`
							compareScan(t, fast, plain, Page{Body: []byte(text)})
						}
					}
				}
			}
			fast.Flush().Release()
		})
	}
}

// A batch of many small pages ends before it is full, so that those who wait for
// them hear of it.
func TestManyPagesFillABatch(t *testing.T) {
	d, err := New(one(t, "int64"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= fullPages; n++ {
		if d.Full() {
			t.Fatalf("%d pages fill a batch", n-1)
		}
		if _, err := d.Append(page(t, `[{"x":1}]`)); err != nil {
			t.Fatal(err)
		}
	}
	if !d.Full() {
		t.Errorf("%d pages do not fill a batch", fullPages)
	}
	d.Flush().Release()
	if d.Full() {
		t.Error("an empty batch is full")
	}
}
