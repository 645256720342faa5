package propose

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/internal/jsonspan"
	"etl/schemas"
	"etl/transform"
)

// page makes a page of a list of records.
func page(t *testing.T, number int, text string) transform.Page {
	t.Helper()
	list, err := jsonspan.Whole([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return transform.Page{Number: number, Body: []byte(text), Records: slices.Collect(jsonspan.Elements([]byte(text), list))}
}

// Of each kind of values, what is proposed, and what is asked.
func TestInferOneColumn(t *testing.T) {
	many := func(values ...string) string { // enough of them to be an enum
		return strings.Repeat(strings.Join(values, "|")+"|", 24/len(values)+1)
	}
	tests := []struct {
		name, values, want string // values of the records; "-": none
		open               string // a question that is asked; "": none
	}{
		{"n", `1|-2|32767`, "int32", ""},
		{"n", `1|32768`, "int64", ""},
		{"parent_id", `1|2`, "int64", ""},
		{"n", `9223372036854775808|1`, "decimal(38,0)", ""},
		{"n", `1.25|-3.50`, "decimal(18,2)", ""},
		{"n", `1.5|-3.25`, "decimal(18,2)", "digits after the point: 1 to 2"},
		{"n", `1234567890123.25|0.10`, "decimal(38,2)", ""},
		{"n", `1e3|2`, "float64", "float64 rounds"},
		{"n", `0.1234567890123`, "float64", "float64 rounds"},
		{"n", `"12.50"|"-0.25"`, "decimal(18,2)", ""},
		{"n", `"12.50"|12.5`, "decimal(18,2)", "digits after the point"},
		{"n", `"1.2"|"1.10"`, "string", "all 2 are numbers in quotes"},
		{"n", `"12"|"7"`, "string", "all 2 are whole numbers in quotes"},
		{"n", `"12"|"007"`, "string", ""},
		{"n", `true|false|null`, "bool", ""},
		{"at", `"2026-01-02T03:04:05Z"|"2026-01-02T03:04:05.5+05:00"`, "timestamp", ""},
		{"at", `"2026-01-02 03:04:05"|"0000-00-00 00:00:00"`, "timestamp", ""},
		{"at", `"2026-02-31T03:04:05Z"`, "json", "timestamp did not hold"},
		{"day", `"2026-01-02"|""`, "date", ""},
		{"day", `"2026-01-02"|"2026-02-31"`, "json", "date did not hold"},
		{"day", strings.Repeat(`"2026-01-02"|`, 19) + `"soon"`, "string", "19 of 20 are dates (95 %), the others not, like xxxx"},
		{"clock", `"03:04"|"23:59:59"`, "time", "a time of day, or duration(django)?"},
		{"duration", `"03:04:05"|"23:59:59"`, "duration(django)", ""},
		{"clock", `"03:04:05"|"1 00:00:00"|"-1 23:00:00"`, "duration(django)", ""},
		{"span", `"PT1H30M"|"P2D"`, "duration(iso)", ""},
		{"u", `"6f9619ff-8b86-d011-b42d-00c04fc964ff"`, "uuid", ""},
		{"word", many(`"open"`, `"in_process"`), "enum(string)", "fill in labels: { in_process: …, open: … }"},
		{"word", many(`"Anna"`, `"Ivan"`), "string", ""},
		{"status", many(`0`, `1`, `5`), "enum(int32)", "fill in labels: { 0: …, 1: …, 5: … }"},
		{"tenant", many(`1`, `2`), "int32", ""},
		{"x", `null|null`, "json", "no value was seen"},
		{"x", `1|"a"|[2]`, "json", "values of several kinds (1 number, 1 string, 1 list)"},
		{"x", `[1,2]|[]`, "list<int32>", ""},
		{"x", `[]|[]`, "json", "only empty lists were seen"},
		{"x", `[1,null]`, "json", "a list with nulls in it"},
		{"x", `[[1],[2]]`, "json", "a list of lists"},
		{"x", `{"a":1}|{"a":2,"b":"x"}`, "struct", ""},
		{"x", `[{"a":1}]|[]`, "list<struct>", ""},
		{"x", `{"a":1}|[]`, "struct", ""},
		{"x", `{}`, "json", "objects of 0 members"},
		{"x", `{"17":1,"18":2}|{"19":1,"20":3}`, "json", "of which none is always there"},
		{"extra", `{"a":1}`, "json", "json by its name"},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.want, func(t *testing.T) {
			var records []string
			for i, value := range strings.Split(strings.TrimSuffix(tt.values, "|"), "|") {
				records = append(records, fmt.Sprintf(`{"id":%d,%q:%s}`, i, tt.name, value))
			}
			p, err := Infer("test", []transform.Page{page(t, 1, "["+strings.Join(records, ",")+"]")})
			if err != nil {
				t.Fatal(err)
			}
			c := p.Columns[1]
			if got := c.Type.String(); got != tt.want {
				t.Errorf("%s is proposed, want %s\n%s", got, tt.want, p.Schema())
			}
			asked := strings.Join(c.Open, "; ")
			if tt.open == "" && asked != "" || !strings.Contains(asked, tt.open) {
				t.Errorf("asked is %q, want %q", asked, tt.open)
			}
			if rejects, err := p.read([]transform.Page{page(t, 1, "["+strings.Join(records, ",")+"]")}); err != nil || len(rejects) > 0 {
				t.Errorf("the proposal does not read its own page: %v, %v\n%s", rejects, err, p.Schema())
			}
		})
	}
}

func TestInferKey(t *testing.T) {
	tests := []struct {
		records string
		want    []string
		open    string
	}{
		{`{"name":"a","id":1},{"name":"b","id":2}`, []string{"id"}, ""},
		{`{"name":"a","ext_id":"x1"},{"name":"b","ext_id":"x2"}`, []string{"ext_id"}, ""},
		{`{"name":"a"},{"name":"b"}`, []string{"name"}, ""},
		{`{"id":1,"n":1},{"id":1,"n":1}`, nil, "the key: no column is unique in 2 records"},
		{`{"id":1},{"id":null}`, nil, "the key: no column"},
		{`{"id":1},{"x":2}`, nil, "the key: no column"},
		{`{"id":1,"n":5}`, []string{"id"}, "one record tells nothing"},
		{`{"price":1.5},{"price":2.5}`, nil, "the key: no column"},
	}
	for _, tt := range tests {
		t.Run(tt.records, func(t *testing.T) {
			p, err := Infer("test", []transform.Page{page(t, 1, "["+tt.records+"]")})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, p.Key); diff != "" {
				t.Errorf("key (-want +got):\n%s", diff)
			}
			if asked := strings.Join(p.Open, "; "); tt.open == "" && asked != "" || !strings.Contains(asked, tt.open) {
				t.Errorf("asked is %q, want %q", asked, tt.open)
			}
		})
	}
}

// The whole file: order, evidence beside each column, examples masked.
func TestInferFile(t *testing.T) {
	p, err := Infer("clients", []transform.Page{
		page(t, 1, `[{"id":41,"name":"Anna Müller","phone":"+7 (705) 123-45-67","address":{"city":"Алматы","since":"2020-05-17"},"sum":"12.50","tags":["a b"]},
			{"id":42,"name":null,"address":{"city":"X"},"sum":"-3.00","tags":[],"a.b":1}]`),
		page(t, 2, `[{"id":43,"name":"Ivan","Name":"twice","first name":true,"sum":"0.75"}]`),
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "infer.yaml", p.Schema())
	for _, personal := range []string{"Anna", "705", "Алматы", "2020-05-17", "Ivan", "12.50"} {
		if strings.Contains(string(p.Schema()), personal) {
			t.Errorf("the proposal holds the value %q", personal)
		}
	}
}

func TestInferWithoutRecords(t *testing.T) {
	for _, text := range []string{`[]`, `[1, "a"]`, `[{}]`} {
		_, err := Infer("test", []transform.Page{page(t, 1, text)})
		if fault.Of(err) != fault.Data {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Whatever the records, the proposal is a schema, and reads them all or says
// that it does not.
func FuzzInfer(f *testing.F) {
	f.Add(`[{"id":1,"a":{"b":[1,null]}},{"id":2,"a":[]}]`)
	f.Add(`[{"id":1,"id":2,"":3,"a\u0000":"\ud800"},{"@x":1e999,"y":"0000-00-00"}]`)
	f.Add(`[{"a":"24:00:00"},{"a":123456789012345678901234567890123456789012},{"a_label":"2026-13-01"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := jsonspan.Whole([]byte(text))
		if err != nil || jsonspan.KindOf([]byte(text), list) != jsonspan.Array {
			t.Skip()
		}
		pages := []transform.Page{page(t, 1, text)}
		p, err := Infer("test", pages)
		if fault.Of(err) == fault.Data {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := schemas.Parse("test", p.Schema()); err != nil {
			t.Fatalf("%v\n%s", err, p.Schema())
		}
		rejects, err := p.read(pages)
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(strings.Join(p.Open, " "), "cannot be read"); len(rejects) > 0 != told {
			t.Errorf("%d rejects, told: %v\n%s", len(rejects), told, p.Schema())
		}
	})
}
