package transform

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// The columns that the independent reading knows.
const read2 = `
  - { name: id, type: int64, required: true }
  - { name: s, type: string }
  - { name: b, type: bool }
  - { name: f, type: float64 }
  - { name: d, type: "decimal(12,3)" }
  - { name: t, type: date }
  - { name: z, type: timestamp }
  - { name: u, type: uuid }
  - { name: j, type: json }
  - { name: l, type: list<int64> }
  - { name: o, type: struct, fields: [ { name: a, type: int32 }, { name: s, type: string } ] }
`

// A page is read as by encoding/json/v2 (its package jsontext, and math/big, time
// and strconv for values): the same records, rows, members that no column names,
// and rejects, for a reason that it finds too. Where several are wrong with a
// record, either may tell of another. It differs in this:
//
//   - we pass over a byte order mark, and refuse what is nested more than 256 deep;
//   - bytes that are no UTF-8 set one record aside, where v2 refuses the page;
//   - names that come twice are refused in objects with columns alone;
//   - time.Time takes commas, hours of one digit and offsets of 24 hours.
func FuzzSecondReading(f *testing.F) {
	s := parse(f, read2)
	for seed := range uint64(60) {
		c := newChance(seed, []float64{0.02, 0.1, 0.3}[seed%3])
		f.Add([]byte(c.page(s, 4)))
	}
	for _, v := range vectors(f) {
		if len(v.text) < 1000 {
			f.Add([]byte("[" + v.text + "]"))
			f.Add([]byte(`[{"id":1,"j":` + v.text + `},{"id":2,"new":` + v.text + `,"l":` + v.text + `}]`))
		}
	}
	f.Add([]byte(`[{"id":"00A"},{"id":"-"},{"id":"+-1"},{"id":1,"o":{"a":1,"a":2}},{"id":1,"o":{"x":[1],"a":1e2}}]`))
	s.Unknown = schemas.KeepUnknown
	f.Fuzz(func(t *testing.T, body []byte) {
		whole, err := jsonspan.Whole(body)
		elements, err2 := secondPage(body)
		if bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) || err != nil && strings.HasSuffix(err.Error(), "too deep") {
			return
		}
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%q: %v, v2 says %v", body, err, err2)
		}
		if err != nil || jsonspan.KindOf(body, whole) != jsonspan.Array {
			return
		}
		p := Page{Body: body, Records: slices.Collect(jsonspan.Elements(body, whole))}
		var got []string
		for _, r := range p.Records {
			got = append(got, string(r.Of(body)))
		}
		if diff := cmp.Diff(elements, got); diff != "" {
			t.Fatalf("records (-v2 +ours):\n%s", diff)
		}
		fast, plain := bothWays(t, s, Options{})
		compare(t, fast, plain, p)
		b, err := plain.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		checkSecond(t, b, elements)
	})
}

// checkSecond holds a batch to what the second reading makes of each record.
func checkSecond(t *testing.T, b *Batch, records []string) {
	t.Helper()
	row, all := 0, lines(rows(b.Record))
	rejects := map[int]Reject{}
	for _, r := range b.Rejects {
		rejects[r.Record] = r
	}
	for i, record := range records {
		want := readSecond([]byte(record))
		if want.unsure {
			if _, rejected := rejects[i]; !rejected {
				row++
			}
			continue
		}
		r, rejected := rejects[i]
		if rejected != (len(want.wrong) > 0) {
			t.Fatalf("%q: rejected %v (%s), v2 finds %v", record, rejected, r.Reason, want.wrong)
		}
		if rejected {
			if !slices.Contains(want.wrong, r.Column+": "+r.Reason) && !slices.Contains(want.wrong, "*: "+r.Reason) && !slices.Contains(want.wrong, r.Column+": *") {
				t.Errorf("%q: %s: %s, v2 finds %v", record, r.Column, r.Reason, want.wrong)
			}
			continue
		}
		extra := b.Record.Column(int(b.Record.NumCols()) - 1).(*array.String)
		text, _, _ := strings.Cut(all[row], `,"_extra":`)
		if text != "{"+strings.Join(want.row, ",") {
			t.Errorf("%q is %s, v2 reads %s", record, text, want.row)
		}
		if diff := cmp.Diff(want.extra, membersOf([]byte(extra.Value(row)))); diff != "" {
			t.Errorf("_extra of %q (-v2 +ours):\n%s", record, diff)
		}
		row++
	}
	if row != int(b.Record.NumRows()) {
		t.Errorf("%d rows, v2 reads %d", b.Record.NumRows(), row)
	}
}

// secondPage reads a page; of a list it returns the elements.
func secondPage(body []byte) (elements []string, err error) {
	d := second2(body)
	value, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	value = value.Clone()
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("text behind the value")
	}
	if value.Kind() != '[' {
		return nil, nil
	}
	for _, e := range elementsOf2(value) {
		elements = append(elements, string(e))
	}
	return elements, nil
}

func second2(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

func elementsOf2(list jsontext.Value) (all []jsontext.Value) {
	d := second2(list)
	_, _ = d.ReadToken()
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil {
			panic(err) // it was read before
		}
		all = append(all, v.Clone())
	}
	return all
}

// A member2 is a member of an object: its quoted name, or its path, and its text.
type member2 struct{ Name, Value string }

func membersOf(object []byte) (all []member2) {
	if len(object) == 0 {
		return nil
	}
	d := second2(object)
	_, _ = d.ReadToken()
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			panic(err) // it was read before
		}
		quoted := string(name)
		value, err := d.ReadValue()
		if err != nil {
			panic(err)
		}
		if text, err := jsontext.AppendUnquote(nil, quoted); err == nil {
			quoted = string(text)
		}
		all = append(all, member2{quoted, string(value)})
	}
	return all
}
