package sample

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

type page struct {
	Count   int
	Next    *string
	Results []map[string]any
}

func parse(t *testing.T, text []byte) page {
	t.Helper()
	var p page
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// What is made twice is the same, and every form has the members of the schema.
func TestPagesAreTheSameForTheSameSeed(t *testing.T) {
	for _, schema := range []string{Flat, Nested} {
		s, err := Schema(schema, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []Form{Ordered, Other, Shuffled, Escaped, Numbers} {
			t.Run(schema+" "+string(form), func(t *testing.T) {
				body := func() []byte {
					m := &Maker{Schema: s, Form: form, Records: 20, Months: 12}
					return append(m.Page([]byte(Envelope(20, 1)), 1), "]}"...)
				}
				if !bytes.Equal(body(), body()) {
					t.Error("two makers differ")
				}
				p := parse(t, body())
				if p.Count != 20 || p.Next != nil || len(p.Results) != 20 {
					t.Fatalf("count %d, %d records", p.Count, len(p.Results))
				}
				for n, r := range p.Results {
					if len(r) != len(s.Columns) || r["id"] != float64(FirstID+n) {
						t.Fatalf("record %d has %d members and id %v", n, len(r), r["id"])
					}
				}
			})
		}
	}
}

func TestMonthsAreFilledEvenly(t *testing.T) {
	s, err := Schema(Flat, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, mixed := range []bool{false, true} {
		m := &Maker{Schema: s, Form: Ordered, Records: 1200, Months: 12, Mixed: mixed}
		months := map[string]int{}
		for n := range m.Records {
			at := m.createdAt
			if m.dice == nil {
				m.Record(nil, 0)
			}
			months[at(n).Format("2006-01")]++
		}
		for month := range 12 {
			if got := months[fmt.Sprintf("2025-%02d", month+1)]; got != 100 {
				t.Errorf("mixed %v: month %d has %d records of 100", mixed, month+1, got)
			}
		}
	}
}

// A list goes on with the ids, however it is read.
func TestListGoesOn(t *testing.T) {
	s, err := Schema(Nested, 0)
	if err != nil {
		t.Fatal(err)
	}
	const records = (templates + 2) * PageSize
	l := NewList(Maker{Schema: s, Months: 12}, records)
	for number := 1; number <= templates+2; number++ {
		body, length, ok := l.Page(number)
		if !ok {
			t.Fatalf("no page %d", number)
		}
		if number == templates+1 {
			body = iotest.OneByteReader(bufferedBy(body, 11))
		}
		text, err := io.ReadAll(body)
		if err != nil || int64(len(text)) != length {
			t.Fatalf("page %d: %d bytes of %d: %v", number, len(text), length, err)
		}
		for i, r := range parse(t, text).Results {
			if want := float64(FirstID + (number-1)*PageSize + i); r["id"] != want {
				t.Fatalf("page %d: record %d has id %v", number, i, r["id"])
			}
		}
	}
	if _, _, ok := l.Page(templates + 3); ok {
		t.Error("there is a page behind the end")
	}
}

// bufferedBy reads at most so many bytes at once, just more than an id.
func bufferedBy(r io.Reader, n int) io.Reader {
	var all bytes.Buffer
	_, err := io.CopyBuffer(&all, struct{ io.Reader }{r}, make([]byte, n))
	if err != nil {
		return iotest.ErrReader(err)
	}
	return &all
}

func TestFlatLeavesOutWhatHasColumnsInside(t *testing.T) {
	for columns, want := range map[int]int{0: 58, 10: 10, 2: 2} {
		s, err := Schema(Flat, columns)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range s.Columns {
			names = append(names, c.Name)
		}
		if len(names) != want || !slices.Contains(names, "id") || !slices.Contains(names, "created_at") {
			t.Errorf("%d columns: %s", columns, strings.Join(names, " "))
		}
	}
}
