package transform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"etl/schemas"

	"github.com/google/go-cmp/cmp"
)

var piiKey = []byte("a key of tests")

// hashOf is what a text is written as under piiKey.
func hashOf(text string) string {
	mac := hmac.New(sha256.New, piiKey)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// A hash is made from the one spelling of a value in its type, so that the same
// value gives the same hash however it was sent.
func TestHashIsOfTheValue(t *testing.T) {
	tests := []struct{ typ, value, spelling string }{
		{"string", `"Анна\u0020B"`, "Анна B"},
		{"string", `""`, ""},
		{"bool, loose: true", `"1"`, "true"},
		{"int32", `"7"`, "7"},
		{"int64", `7.0`, "7"},
		{"float64", `1e1`, "10"},
		{`"decimal(16,2)"`, `"-1.5"`, "-1.50"},
		{"enum(int32)", `"3"`, "3"},
		{"enum(string), labels: { a: A }", `"a"`, "a"},
		{"date", `"1990-01-02"`, "1990-01-02"},
		{"time", `"09:08"`, "09:08:00.000000"},
		{"timestamp", `"1990-01-02T03:04:05+05:00"`, "1990-01-01T22:04:05.000000Z"},
		{"duration(iso)", `"PT1S"`, "1000000"},
		{"uuid", `"3C90C3CC-0d44-4b50-8888-8dd25736052a"`, "3c90c3cc-0d44-4b50-8888-8dd25736052a"},
		{"json", `{"a": 1}`, `{"a": 1}`},
	}
	for _, tt := range tests {
		t.Run(tt.typ, func(t *testing.T) {
			b := decode(t, one(t, tt.typ+", pii: hash"), Options{PIIKey: piiKey}, `[{"x":`+tt.value+`},{"x":null}]`)
			want := `{"x":"` + hashOf(tt.spelling) + `"}` + "\n" + `{"x":null}` + "\n"
			if got := rows(b.Record); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"+7 (701) 123-45-67": "+* (***) ***-**-67",
		"anna@example.com":   "****@*******.*om",
		"Анна Иванова":       "**** *****ва",
		"abcde":              "***de",
		"abcd":               "****",
		"1":                  "*",
		"":                   "",
		"--":                 "--",
	} {
		if got := string(masked([]byte(text))); got != want {
			t.Errorf("%q is masked as %q, want %q", text, got, want)
		}
	}
}

const people = `
  - { name: id, type: int64, required: true }
  - { name: phone, from: [phone, mobile], type: string, pii: hash }
  - { name: born, from: card.born, type: date, pii: mask }
  - { name: city, from: card.city, type: string, misfit: extra }
  - name: friends
    type: list<struct>
    misfit: extra
    fields:
      - { name: name, type: string, pii: drop }
      - { name: since, type: date }
`

// Personal data comes into no column as it is, nor into _extra, rejects or the
// keys of drift.
func TestPersonalDataGoesNowhere(t *testing.T) {
	s := parse(t, people)
	s.Unknown = schemas.KeepUnknown
	o := Options{PIIKey: piiKey, Key: []string{"phone"}}
	b := decode(t, s, o, `[
		{"id":1,"phone":"SECRET1","mobile":"SECRET2","card":{"born":"1990-01-02","city":"A"},"friends":[{"name":"SECRET3","since":"2020-01-01"}]},
		{"id":2,"friends":[{"name":"SECRET4","since":"SECRET?"}, "SECRET5"],"new":1},
		{"id":3,"phone":7,"card":{"born":"SECRET6"}},
		{"id":4,"card":"SECRET7"}
	]`)
	want := `
{"id":1,"phone":"` + hashOf("SECRET1") + `","born":"****-**-02","city":"A","friends":[{"since":"2020-01-01"}],"_extra":null}
{"id":2,"phone":null,"born":null,"city":null,"friends":null,"_extra":"{\"friends\":[{\"name\":\"***\",\"since\":\"SECRET?\"}, \"***\"],\"new\":1}"}
`
	if diff := cmp.Diff(lines(want), lines(rows(b.Record))); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	var kb schemas.KeyBuilder
	kb.Text([]byte(hashOf("SECRET1")))
	if len(b.Keys) != 2 || b.Keys[0] != kb.Sum() {
		t.Errorf("keys %v", b.Keys)
	}
	if len(b.Rejects) != 2 {
		t.Errorf("rejects %+v", b.Rejects)
	}
	if diff := cmp.Diff(map[string]int64{"new": 1}, b.Unknown); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
}

func TestRedact(t *testing.T) {
	s := parse(t, people)
	for raw, want := range map[string]string{
		`{ "id" : 1, "phone": "x", "mobile":[1,2], "card":{"born":{"a":1},"city":"A"} }`: `{ "id" : 1, "phone": "***", "mobile":"***", "card":{"born":"***","city":"A"} }`,
		`{"friends":[{"name":"x","since":1},{"name":null},"y",[{"name":"z"}],null]}`:     `{"friends":[{"name":"***","since":1},{"name":null},"***",[{"name":"***"}],null]}`,
		`{"card":"x","friends":{"name":"y"},"\u0070hone":1,"\ud800":2,"id":3}`:           `{"card":"***","friends":{"name":"***"},"\u0070hone":"***","\ud800":"***","id":3}`,
		`"x"`:        `"***"`,
		`[{"id":1}]`: `[{"id":1}]`,
		`{"phone":1`: `"***"`,
	} {
		if got := string(Redact(s, []byte(raw))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := string(Redact(one(t, "int64"), []byte(`{"x":1`))); got != `{"x":1` {
		t.Errorf("without personal columns: %s", got)
	}
}

// PHP writes an object without members as a list without elements.
func TestLooseEmptyList(t *testing.T) {
	const columns = `
  - name: a
    type: struct
    loose: true
    fields: [ { name: b, type: int64 } ]
  - { name: c, from: d.c, type: string, loose: true }
  - { name: j, type: json, loose: true }
  - name: l
    type: list<struct>
    loose: true
    fields: [ { name: m, type: int64, required: true } ]
`
	b := decode(t, parse(t, columns), Options{}, `[{"a":[ ],"d":[],"j":[],"l":[]},{"a":[1]},{"d":[{}]},{"l":[[]]}]`)
	if got, want := rows(b.Record), `{"a":{"b":null},"c":null,"j":"[]","l":[],"_extra":null}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var reasons []string
	for _, r := range b.Rejects {
		reasons = append(reasons, r.Path+": "+r.Reason)
	}
	want := "a: not an object\nd: not an object, and the column is inside\nl[0].m: a required value is missing"
	if diff := cmp.Diff(want, strings.Join(reasons, "\n")); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
}
