package transform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seenIn says what a batch saw at each place where it saw anything: column,
// times, kinds.
func seenIn(d *Decoder, b *Batch) (lines []string) {
	for i, p := range d.Places() {
		if s := b.Seen[i]; s != 0 {
			lines = append(lines, fmt.Sprintf("%s: %d %s", p.Column, s.Times(), strings.Join(s.Kinds().Names(), " ")))
		}
	}
	return lines
}

// What records hold is told for each column, whether they were accepted or not:
// how often, and as which kinds of JSON values. Missing is not null.
func TestSeen(t *testing.T) {
	loose := strings.ReplaceAll(orders, "- { name: id, type: int64 }", `- { name: id, type: int64, null_if: [""] }`)
	tests := []struct {
		name, columns, records string
		want                   []string
	}{
		{"kinds", orders, `{"id":1,"name":"a","total":1.5},{"id":"2","name":null,"total":"1.5"}`,
			[]string{": 2 object", "id: 2 number string", "name: 2 string", "total: 2 number string"}},
		{"null alone", orders, `{"id":1,"name":null},{"id":2}`, []string{": 2 object", "id: 2 number", "name: 1 null"}},
		{"other names", orders, `{"id":1,"id_company":"x","address":{"city":"Almaty"}},{"id":1,"id_comapny":null,"id_company":"y","address":null}`,
			[]string{": 2 object", "id: 2 number", "company: 3 string", "city: 2 string"}},
		{"nested", orders, `{"id":1,"client":{"id":1},"lines":[{"id":1,"prcie":"2"},{"id":null}]}`,
			[]string{": 1 object", "id: 1 number", "client: 1 object", "lines: 1 list", "client: 1 object", "client.id: 1 number",
				"lines: 2 object", "lines.id: 2 number", "lines.price: 1 string"}},
		{"a text that means NULL", loose, `{"id":1,"lines":[{"id":""}]}`,
			[]string{": 1 object", "id: 1 number", "lines: 1 list", "lines: 1 object", "lines.id: 1 null"}},
		{"rejects", orders, `{"id":1,"name":"a"},{"id":[1],"name":"b"},{"id":2,"client":{"id":true}},{"name":"c"}`,
			[]string{": 4 object", "id: 3 number list", "name: 3 string", "client: 1 object", "client: 1 object", "client.id: 1 bool"}},
		{"misfits", orders, `{"id":1,"total":"x"},{"id":2,"total":{}}`, []string{": 2 object", "id: 2 number", "total: 2 string object"}},
		{"the way is no object", orders, `{"id":1,"address":"x"}`, []string{": 1 object", "id: 1 number"}},
		{"an empty list for an object", "  - { name: x, type: struct, loose: true, fields: [{ name: y, type: bool }] }\n", `{"x":[]},{"x":{"y":true}},{"x":[1]}`,
			[]string{": 3 object", "x: 3 list object", "x: 2 object", "x.y: 1 bool"}},
		{"a value of the parent", "  - { name: x, from: \"@parent.x\", type: string }\n", `{"x":1}`, []string{": 1 object"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := New(parse(t, tt.columns), Options{})
			if err != nil {
				t.Fatal(err)
			}
			b := decode(t, parse(t, tt.columns), Options{}, "["+tt.records+"]")
			if diff := cmp.Diff(tt.want, seenIn(d, b)); diff != "" {
				t.Errorf("seen (-want +got):\n%s", diff)
			}
		})
	}
}

// Each value that does not stand a check is counted for it, in rejects and where
// its column becomes NULL.
func TestBreaches(t *testing.T) {
	s := parse(t, `
  - { name: id, type: int64, required: true, min: 1 }
  - { name: share, type: float64, max: 1, misfit: extra }
  - name: lines
    type: list<struct>
    fields:
      - { name: price, type: "decimal(16,2)", required: true, min: 0 }
`)
	b := decode(t, s, Options{}, `[{"id":1,"share":2},{"id":0,"share":3},{"share":1},{"id":null},{"id":2,"share":9,"lines":[{"price":1},{"price":-1}]},
		{"id":3,"lines":[{}]},{"id":"x"},{"id":4,"share":[]}]`)
	want := map[Breach]int64{
		{CheckMax, "share"}: 1, {CheckMin, "id"}: 1, {CheckRequired, "id"}: 2,
		{CheckMin, "lines.price"}: 1, {CheckRequired, "lines.price"}: 1,
	}
	if diff := cmp.Diff(want, b.Breaches); diff != "" {
		t.Errorf("breaches (-want +got):\n%s", diff)
	}
	if clean := decode(t, s, Options{}, `[{"id":1}]`); clean.Breaches != nil {
		t.Errorf("without a breach: %v", clean.Breaches)
	}
}

// Places name the columns of the schema, and those inside.
func TestPlaces(t *testing.T) {
	d, err := New(parse(t, orders), Options{})
	if err != nil {
		t.Fatal(err)
	}
	inside := map[string][]string{}
	for _, p := range d.Places() {
		if p.Type != "" {
			of := d.Places()[p.Object].Column
			inside[of] = append(inside[of], p.Column+" "+p.Type)
		}
	}
	want := map[string][]string{
		"":       {"id int64", "name string", "status enum(int32)", "total decimal(16,2)", "company string", "city string", "tags list", "extra json", "client struct", "lines list"},
		"client": {"client.id int64", "client.active bool"},
		"lines":  {"lines.id int64", "lines.price decimal(16,2)", "lines.parts list"},
	}
	if diff := cmp.Diff(want, inside); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}
