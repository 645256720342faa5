package extract

import (
	"strings"
	"testing"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
)

func recordPath(text string) config.RecordPath {
	text, list := strings.CutSuffix(text, "[]")
	if text == "$" {
		return config.RecordPath{List: list}
	}
	return config.RecordPath{Path: strings.Split(text, "."), List: list}
}

func TestFindRecords(t *testing.T) {
	tests := []struct {
		name, body, at string
		missingEmpty   bool
		want           string
		wrong          string // in the error
	}{
		{name: "list", body: `{"results": [ {"a":1} , {"a":2} ]}`, at: "results", want: `{"a":1} {"a":2}`},
		{name: "deep", body: `{"result":{"meta":{},"data":[{}]}}`, at: "result.data", want: `{}`},
		{name: "first that exists", body: `[{"a":1}]`, at: "results $[]", want: `{"a":1}`},
		{name: "object is one record", body: `{"a":1}`, at: "$", want: `{"a":1}`},
		{name: "empty list", body: `{"results":[]}`, at: "results", want: ""},
		{name: "list wanted", body: `{"data":{"a":1},"rows":[{"b":2}]}`, at: "data[] rows", want: `{"b":2}`},
		{name: "null is missing", body: `{"payload":null}`, at: "payload", wrong: "no records at payload"},
		{name: "missing", body: `{"detail":"x"}`, at: "results $[]", wrong: "no records at results or $"},
		{name: "missing is empty", body: `{"payload":null}`, at: "payload", missingEmpty: true, want: ""},
		{name: "text", body: `{"results":"none"}`, at: "results", missingEmpty: true, wrong: "a string stands at results"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := config.Records{MissingEmpty: tt.missingEmpty}
			for at := range strings.FieldsSeq(tt.at) {
				r.At = append(r.At, recordPath(at))
			}
			found, _, err := findRecords(newDocument([]byte(tt.body)), r)
			if tt.wrong != "" {
				wantFault(t, err, fault.Data, tt.wrong)
				return
			}
			if got := records(&Page{Reply: Reply{Body: []byte(tt.body)}, Records: found}); err != nil || got != tt.want {
				t.Errorf("records %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestCount(t *testing.T) {
	tests := []struct {
		body string
		want int64
		ok   bool
	}{
		{`{"n":12}`, 12, true},
		{`{"n":"12"}`, 12, true},
		{`{"n":0}`, 0, true},
		{`{"n":null}`, -1, true},
		{`{}`, -1, true},
		{`[]`, -1, true},
		{`{"n":-1}`, 0, false},
		{`{"n":1.5}`, 0, false},
		{`{"n":"many"}`, 0, false},
		{`{"n":[]}`, 0, false},
	}
	for _, tt := range tests {
		got, ok := newDocument([]byte(tt.body)).count(config.Path{"n"})
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("count in %s = %d, %v; want %d, %v", tt.body, got, ok, tt.want, tt.ok)
		}
	}
}

// The index of a document finds what a search through the text finds.
func FuzzFind(f *testing.F) {
	f.Add(`{"a":{"b":[1,2]},"a":3}`, "a.b")
	f.Add(`{"\u0061":{"":null}}`, "a.")
	f.Add("\xef\xbb\xbf [1]", "x")
	f.Fuzz(func(t *testing.T, text, path string) {
		d := newDocument([]byte(text))
		steps := strings.Split(path, ".")
		for range 2 { // the second time from the index
			got, ok := d.follow(d.root, steps)
			root, err := jsonspan.Whole([]byte(text))
			if err != nil {
				if ok {
					t.Fatalf("found %v in what is no JSON", got)
				}
				return
			}
			want, found := jsonspan.Find([]byte(text), root, steps)
			if ok != found || ok && got != want {
				t.Fatalf("follow = %v, %v; want %v, %v", got, ok, want, found)
			}
		}
	})
}
