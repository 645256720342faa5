package transform

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"etl/internal/fault"
	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/google/go-cmp/cmp"
)

const orders = `
  - { name: id, type: int64, required: true }
  - { name: name, type: string }
  - { name: status, type: enum(int32), labels: { 0: new, 1: done } }
  - { name: total, type: "decimal(16,2)", misfit: extra }
  - { name: company, from: [id_comapny, id_company], type: string }
  - { name: city, from: address.city, type: string }
  - { name: tags, type: list<string> }
  - { name: extra, type: json }
  - name: client
    type: struct
    fields:
      - { name: id, type: int64, required: true }
      - { name: active, type: bool }
  - name: lines
    type: list<struct>
    fields:
      - { name: id, type: int64 }
      - { name: price, from: prcie, type: "decimal(16,2)" }
      - { name: parts, type: list<int64> }
`

// lines splits a text into lines for comparison.
func lines(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }

func TestPage(t *testing.T) {
	b := decode(t, parse(t, orders), Options{}, `[
		{"id":1,"name":"a","status":1,"total":"1.50","address":{"city":"Almaty"},"tags":["x","y"],"client":{"id":7,"active":true},
		 "lines":[{"id":1,"prcie":2,"parts":[1,2]},{"id":2,"prcie":null,"parts":[]}], "extra": {"k" : 1}},
		{"id":2},
		{"id":3,"tags":[],"lines":[],"client":null,"address":null,"extra":null}
	]`)
	want := `
{"id":1,"name":"a","status":1,"status_label":"done","total":"1.50","company":null,"city":"Almaty","tags":["x","y"],"extra":"{\"k\" : 1}","client":{"id":7,"active":true},"lines":[{"id":1,"price":"2.00","parts":[1,2]},{"id":2,"price":null,"parts":[]}],"_extra":null}
{"id":2,"name":null,"status":null,"status_label":null,"total":null,"company":null,"city":null,"tags":null,"extra":null,"client":null,"lines":null,"_extra":null}
{"id":3,"name":null,"status":null,"status_label":null,"total":null,"company":null,"city":null,"tags":[],"extra":null,"client":null,"lines":[],"_extra":null}
`
	if diff := cmp.Diff(lines(want), lines(rows(b.Record))); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if len(b.Rejects) > 0 || len(b.Unknown) > 0 || b.Counts != (Counts{}) || b.Keys != nil || b.Versions != nil {
		t.Errorf("rejects %v, unknown %v, counts %v, keys %v, versions %v", b.Rejects, b.Unknown, b.Counts, b.Keys, b.Versions)
	}
}

// A record that does not fit is set aside as a whole, wherever it fails; the
// rows around it are as if it had not been there.
func TestRejects(t *testing.T) {
	tests := []struct{ name, record, path, column, reason string }{
		{"no object", `[1]`, "", "", "not an object"},
		{"first column", `{"id":"x"}`, "id", "id", "not a number"},
		{"required is missing", `{"name":"b"}`, "id", "id", "a required value is missing"},
		{"required is null", `{"id":null}`, "id", "id", "a required value is null"},
		{"required in a struct", `{"id":2,"client":{"active":true}}`, "client.id", "client.id", "a required value is missing"},
		{"in a struct", `{"id":2,"name":"b","client":{"id":1,"active":2}}`, "client.active", "client.active", "not a bool"},
		{"deep in a list", `{"id":2,"name":"b","tags":["p"],"lines":[{"id":1,"parts":[1]},{"id":2,"parts":[1,2.5]}]}`, "lines[1].parts[1]", "lines.parts", "not a whole number"},
		{"wire name in the path", `{"id":2,"lines":[{"prcie":"x"}]}`, "lines[0].prcie", "lines.price", "not a number"},
		{"null in a list", `{"id":2,"tags":["p",null]}`, "tags[1]", "tags", "null in a list"},
		{"struct where a list should be", `{"id":2,"lines":{}}`, "lines", "lines", "not a list"},
		{"list where a struct should be", `{"id":2,"client":[]}`, "client", "client", "not an object"},
		{"element of another kind", `{"id":2,"lines":[1]}`, "lines[0]", "lines", "not an object"},
		{"no way to a column", `{"id":2,"address":"Almaty"}`, "address", "city", "not an object, and the column is inside"},
		{"duplicate name", `{"id":2,"name":"b","name":"c"}`, "", "", "a name is there twice in one object"},
		{"duplicate name by an escape", `{"id":2,"\u0069d":2}`, "", "", "a name is there twice in one object"},
		{"duplicate name inside", `{"id":2,"client":{"id":1,"id":1}}`, "client", "client", "a name is there twice in one object"},
		{"name that is no text", `{"id":2,"\ud800":1}`, "", "", "half of a surrogate pair"},
		{"unknown value that is no text", "{\"id\":2,\"new\":\"\xff\"}", "new", "", "invalid UTF-8"},
	}
	s := parse(t, orders)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first := `{"id":1,"name":"a","tags":["x"],"client":{"id":7},"lines":[{"id":1,"parts":[1]}],"new":1}`
			last := `{"id":3,"name":"c","tags":["z"],"lines":[{"id":3,"parts":[3]}]}`
			o := Options{Key: []string{"id"}}
			b := decode(t, s, o, `[`+first+`, `+tt.record+`,`+last+`]`)
			start := len(first) + 3
			want := []Reject{{7, 1, start, start + len(tt.record), tt.path, tt.column, tt.reason}}
			if diff := cmp.Diff(want, b.Rejects); diff != "" {
				t.Errorf("rejects (-want +got):\n%s", diff)
			}
			clean := decode(t, s, o, `[`+first+`,`+last+`]`)
			if diff := cmp.Diff(lines(rows(clean.Record)), lines(rows(b.Record))); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]any{clean.Keys, clean.Unknown, clean.Counts, []int{0, 2}}, []any{b.Keys, b.Unknown, b.Counts, b.Ordinals}); diff != "" {
				t.Errorf("keys, unknown, counts, ordinals (-want +got):\n%s", diff)
			}
		})
	}
}

// What no column takes goes into _extra, in the order of the text and in its
// exact bytes, and is counted.
func TestExtra(t *testing.T) {
	tests := []struct {
		name, record, extra string
		unknown             map[string]int64
	}{
		{"nothing", `{"id":1}`, ``, map[string]int64{}},
		{"exact bytes", `{"loyalty":{"tier": 2, "x":1.50}, "id":1, "a\"b":"\u0041"}`,
			`{"loyalty":{"tier": 2, "x":1.50},"a\"b":"\u0041"}`, map[string]int64{"loyalty": 1, `a"b`: 1}},
		{"null", `{"id":1,"new":null}`, `{"new":null}`, map[string]int64{"new": 1}},
		{"in a struct, a list, and on the way to a column",
			`{"id":1,"address":{"street":"s","city":"c"},"client":{"id":1,"n":[ ]},"lines":[{"id":1},{"note":"x"},{"note":"y"}]}`,
			`{"address.street":"s","client.n":[ ],"lines[1].note":"x","lines[2].note":"y"}`,
			map[string]int64{"address.street": 1, "client.n": 1, "lines[].note": 2}},
		{"inside of json nothing is unknown", `{"id":1,"extra":{"a":1}}`, ``, map[string]int64{}},
		{"other names of a column: the same", `{"id":1,"id_comapny":"5","id_company":"5"}`, ``, map[string]int64{}},
		{"other names of a column: null", `{"id":1,"id_comapny":null,"id_company":"5"}`, ``, map[string]int64{}},
		{"other names of a column: what differs is kept", `{"id":1,"id_comapny":"5","id_company":"6"}`, `{"id_company":"6"}`, map[string]int64{"id_company": 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := decode(t, parse(t, orders), Options{}, `[`+tt.record+`]`)
			extra := b.Record.Column(int(b.Record.NumCols()) - 1)
			if got := extra.ValueStr(0); tt.extra == "" && extra.IsValid(0) || tt.extra != "" && got != tt.extra {
				t.Errorf("_extra is %s, want %s", got, tt.extra)
			}
			if diff := cmp.Diff(tt.unknown, b.Unknown); diff != "" {
				t.Errorf("unknown (-want +got):\n%s", diff)
			}
		})
	}
}

// A member may have several columns, and columns further in. Where one takes all
// of it, nothing inside is unknown.
func TestSeveralColumnsOfOneMember(t *testing.T) {
	b := decode(t, parse(t, `
  - { name: client, type: json }
  - { name: client_id, from: client.id, type: int64 }
  - { name: code, type: string, loose: true }
  - { name: code_number, from: code, type: int64 }
  - { name: city, from: address.city, type: string }
  - { name: place, from: address, type: struct, fields: [ { name: street, type: string } ] }
`), Options{}, `[
		{"client":{"id":1,"name":"x"},"code":7,"address":{"city":"A","street":"B","zip":1}},
		{"client":{"id":2,"name":"y"},"code":9},
		{"client":[1],"code":7},
		{"client":null,"code":"x"},
		{"address":null,"code":"8"}
	]`)
	want := `
{"client":"{\"id\":1,\"name\":\"x\"}","client_id":1,"code":"7","code_number":7,"city":"A","place":{"street":"B"},"_extra":"{\"address.zip\":1}"}
{"client":"{\"id\":2,\"name\":\"y\"}","client_id":2,"code":"9","code_number":9,"city":null,"place":null,"_extra":null}
{"client":null,"client_id":null,"code":"8","code_number":8,"city":null,"place":null,"_extra":null}
`
	if diff := cmp.Diff(lines(want), lines(rows(b.Record))); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if len(b.Rejects) != 2 || b.Rejects[0].Column != "client_id" || b.Rejects[1].Column != "code_number" {
		t.Errorf("rejects %+v", b.Rejects)
	}
}

func TestIgnoreUnknown(t *testing.T) {
	s := one(t, "int64")
	s.Unknown = schemas.IgnoreUnknown
	b := decode(t, s, Options{}, `[{"x":1,"new":2}]`)
	if got := strings.TrimSpace(rows(b.Record)); got != `{"x":1}` {
		t.Errorf("got %s", got)
	}
	if diff := cmp.Diff(map[string]int64{"new": 1}, b.Unknown); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
}

func TestMisfitGoesToExtra(t *testing.T) {
	s := parse(t, `
  - { name: a, type: int32, misfit: extra }
  - { name: b, type: list<int32>, misfit: extra }
  - name: c
    type: struct
    misfit: extra
    fields:
      - { name: d, type: uuid }
      - { name: e, type: "decimal(4,1)", round: half_even }
`)
	b := decode(t, s, Options{}, `[{"a":"many","b":[1,"x"],"c":{"e":0.25,"d":5,"new":1}},{"a":1,"b":[2],"c":{}}]`)
	want := `
{"a":null,"b":null,"c":null,"_extra":"{\"a\":\"many\",\"b\":[1,\"x\"],\"c\":{\"e\":0.25,\"d\":5,\"new\":1}}"}
{"a":1,"b":[2],"c":{"d":null,"e":null},"_extra":null}
`
	if diff := cmp.Diff(lines(want), lines(rows(b.Record))); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if b.Counts != (Counts{Misfit: 3}) || len(b.Unknown) > 0 {
		t.Errorf("counts %+v, unknown %v", b.Counts, b.Unknown)
	}
}

func TestPolicies(t *testing.T) {
	s := parse(t, `
  - { name: a, type: string }
  - { name: b, type: json }
`)
	s.DuplicateKeys, s.Text = schemas.Last, schemas.Replace
	b := decode(t, s, Options{}, "[{\"a\":\"x\",\"b\":\"\xff\",\"a\":\"\\ud800!\",\"\xfe\":1}]")
	want := `{"a":"` + "\uFFFD" + `!","b":"\"` + "\uFFFD" + `\"","_extra":"{\"` + "\uFFFD" + `\":1}"}`
	if got := strings.TrimSpace(rows(b.Record)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if b.Counts != (Counts{Replaced: 3, Duplicates: 1}) {
		t.Errorf("counts %+v", b.Counts)
	}
}

func TestRoundingIsCounted(t *testing.T) {
	s := one(t, `"decimal(5,2)", round: half_even`)
	b := decode(t, s, Options{}, `[{"x":1.005},{"x":1.50},{"x":99999.001}]`)
	if b.Counts != (Counts{Rounded: 1}) || len(b.Rejects) != 1 {
		t.Errorf("counts %+v, %d rejects", b.Counts, len(b.Rejects))
	}
}

func TestParentColumns(t *testing.T) {
	s := parse(t, `
  - { name: request, from: "@parent.id", type: int64, required: true }
  - { name: code, from: [code, "@parent.code"], type: string }
  - { name: paid, from: "@parent.paid", type: bool }
  - { name: price, from: "@parent.price", type: "decimal(5,2)" }
`)
	d, err := New(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := page(t, `[{"code":"own"},{}]`)
	p.Parent = map[string]any{"id": int64(9), "code": "a\"b\n", "paid": true, "price": json.Number("1.5"), "rest": nil}
	b, err := d.Decode(p)
	if err != nil {
		t.Fatal(err)
	}
	// The other name differs from what was taken, but is no member of the record.
	want := `
{"request":9,"code":"own","paid":true,"price":"1.50","_extra":null}
{"request":9,"code":"a\"b\n","paid":true,"price":"1.50","_extra":null}
`
	if diff := cmp.Diff(lines(want), lines(rows(b.Record))); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	p.Parent = nil
	if b, err = d.Decode(p); err != nil || len(b.Rejects) != 2 || b.Rejects[0].Path != "@parent.id" {
		t.Errorf("without parent: %v, %+v", err, b.Rejects)
	}
}

func TestPersonalDataIsDropped(t *testing.T) {
	s := parse(t, `
  - { name: id, type: int64 }
  - { name: phone, type: string, pii: drop }
  - { name: client, type: struct, pii: drop, fields: [ { name: name, type: string } ] }
`)
	s.Unknown = schemas.KeepUnknown
	b := decode(t, s, Options{}, `[{"id":1,"phone":"+7 700","client":{"name":"x","more":1}}]`)
	if got := strings.TrimSpace(rows(b.Record)); got != `{"id":1,"_extra":null}` {
		t.Errorf("got %s", got)
	}
}

// Keys are those that load takes from the stored row.
func TestKeys(t *testing.T) {
	s := parse(t, `
  - { name: i, type: int32 }
  - { name: b, type: bool }
  - { name: t, type: uuid }
  - { name: d, type: "decimal(38,2)" }
  - { name: e, type: enum(string) }
  - { name: v, type: timestamp }
`)
	b := decode(t, s, Options{Key: []string{"d", "i", "b", "t", "e", "v"}, Version: "v"}, `[
		{"i":"7","b":true,"t":"3C90C3CC-0d44-4b50-8888-8dd25736052a","d":-1,"e":"x","v":"1970-01-01T00:00:00.000005Z"},
		{"b":false}]`)
	var kb schemas.KeyBuilder
	kb.Decimal(-1, math.MaxUint64-99)
	kb.Int(7)
	kb.Int(1)
	kb.Text([]byte("3c90c3cc-0d44-4b50-8888-8dd25736052a"))
	kb.Text([]byte("x"))
	kb.Int(5)
	full := kb.Sum()
	kb.Null()
	kb.Null()
	kb.Int(0)
	for range 3 {
		kb.Null()
	}
	if diff := cmp.Diff([]schemas.Key{full, kb.Sum()}, b.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{5, math.MinInt64}, b.Versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name, columns string
		options       Options
		want          string
	}{
		{"unknown key", "  - { name: x, type: int64 }\n", Options{Key: []string{"y"}}, "schema test has no column y"},
		{"key of floats", "  - { name: x, type: float64 }\n", Options{Key: []string{"x"}}, "schema test: a float64 such as x cannot be a key"},
		{"version of text", "  - { name: x, type: string }\n", Options{Version: "x"}, "schema test: a string such as x cannot be a version"},
		{"hash without a key", "  - { name: x, type: string, pii: hash }\n", Options{}, "schema test: pii: hash needs a key"},
		{"key of masks", "  - { name: x, type: string, pii: mask }\n", Options{Key: []string{"x"}}, "schema test: a masked column such as x cannot be a key"},
		{"version that is dropped", "  - { name: x, type: int64, pii: drop }\n", Options{Version: "x"}, "schema test has no column x"},
		{"misfit without _extra", "  - { name: x, type: int64, misfit: extra }\n  - { name: y, type: int64, pii: drop }\n", Options{}, "schema test: column x: misfit: extra needs unknown: keep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(parse(t, tt.columns), tt.options)
			if err == nil || err.Error() != tt.want || fault.Of(err) != fault.Config {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestTimestampWithoutZone(t *testing.T) {
	b := decode(t, one(t, "timestamp, layouts: [datetime]"), Options{}, `[{"x":"2026-01-02 03:04:05"}]`)
	if len(b.Rejects) != 1 || b.Rejects[0].Reason != "a timestamp without zone, and the source has no timezone" {
		t.Errorf("rejects %+v", b.Rejects)
	}
}

func TestDecodeRefusesSpansOutsideOfTheBody(t *testing.T) {
	d, err := New(one(t, "int64"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Decode(Page{Number: 3, Body: []byte(`{}`), Records: []jsonspan.Span{{Start: 0, End: 9}}})
	if fault.Of(err) != fault.Bug || err == nil || err.Error() != "decoding page 3: record 0 lies outside of the body" {
		t.Errorf("got %v", err)
	}
}

// A decoder keeps nothing from one page to the next.
func TestPagesAreIndependent(t *testing.T) {
	d, err := New(parse(t, orders), Options{Key: []string{"id"}})
	if err != nil {
		t.Fatal(err)
	}
	body := `[{"id":1,"tags":["x"],"status":9,"new":1,"lines":[{"id":1}]},{"id":"x"}]`
	var got []string
	for range 2 {
		b, err := d.Decode(page(t, body))
		if err != nil {
			t.Fatal(err)
		}
		checkRecord(t, b.Record)
		keys, _ := json.Marshal([]any{b.Keys, b.Counts, b.Unknown, b.Rejects, rows(b.Record)})
		got = append(got, string(keys))
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Errorf("second page (-first +second):\n%s", diff)
	}
}

// A batch that was released leaves nothing to the next one but its memory.
func TestMemoryIsUsedAgain(t *testing.T) {
	d, err := New(parse(t, orders), Options{Key: []string{"id"}})
	if err != nil {
		t.Fatal(err)
	}
	const first = `[{"id":1,"name":"a longer name","status":1,"tags":["x"],"lines":[{"id":1,"parts":[1]}],"new":1},{"id":2,"client":{"id":1}}]`
	const second = `[{"id":3,"tags":["y","z"],"client":null},{"id":4,"status":0,"name":"b","lines":[{"parts":[2]}]}]`
	want := rows(decode(t, parse(t, orders), Options{}, second).Record)
	b, err := d.Decode(page(t, first))
	if err != nil {
		t.Fatal(err)
	}
	var memory [][]byte
	for _, c := range b.Record.Columns() {
		memory = append(memory, buffersOf(c.Data())...)
	}
	b.Record.Release()
	for _, m := range memory {
		for i := range m {
			m[i] = 0xee
		}
	}
	if b, err = d.Decode(page(t, second)); err != nil {
		t.Fatal(err)
	}
	checkRecord(t, b.Record)
	if diff := cmp.Diff(lines(want), lines(rows(b.Record))); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if again := buffersOf(b.Record.Column(0).Data()); &again[0][0] != &memory[0][0] {
		t.Error("the memory is not used again")
	}
}

// buffersOf returns the memory of an array, but not that of labels, which all
// batches share.
func buffersOf(data arrow.ArrayData) [][]byte {
	var all [][]byte
	for _, b := range data.Buffers() {
		if b != nil {
			all = append(all, b.Bytes())
		}
	}
	for _, c := range data.Children() {
		all = append(all, buffersOf(c)...)
	}
	return all
}

// Pages may be gathered into one batch; each tells what became of its records.
func TestAppend(t *testing.T) {
	d, err := New(one(t, "int64"), Options{Key: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	var told [][]any
	for _, body := range []string{`[{"x":1},{"x":"no"}]`, `[]`, `[{"x":2,"new":1},{"x":3}]`} {
		b, err := d.Append(page(t, body))
		if err != nil || b.Record != nil {
			t.Fatal(b.Record, err)
		}
		told = append(told, []any{len(b.Ordinals), len(b.Keys), len(b.Rejects), b.Unknown["new"]})
	}
	if diff := cmp.Diff([][]any{{1, 1, 1, int64(0)}, {0, 0, 0, int64(0)}, {2, 2, 0, int64(1)}}, told); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if _, err := d.Decode(page(t, `[]`)); fault.Of(err) != fault.Bug {
		t.Errorf("a page between those of a batch: %v", err)
	}
	if d.Rows() != 3 || d.Full() {
		t.Errorf("%d rows, full: %v", d.Rows(), d.Full())
	}
	rec := d.Flush()
	checkRecord(t, rec)
	if got, want := rows(rec), `{"x":1,"_extra":null}`+"\n"+`{"x":2,"_extra":"{\"new\":1}"}`+"\n"+`{"x":3,"_extra":null}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if d.Rows() != 0 || d.Flush().NumRows() != 0 {
		t.Error("rows are left")
	}
}

func TestFull(t *testing.T) {
	d, err := New(one(t, "int64"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	records := strings.Repeat(`{"x":1},`, fullRows-2)
	for _, p := range []struct {
		body string
		full bool
	}{{"[" + records + `{"x":1}]`, false}, {`[{"x":1}]`, true}} {
		if _, err := d.Append(page(t, p.body)); err != nil || d.Full() != p.full {
			t.Errorf("%d rows, full: %v, %v", d.Rows(), d.Full(), err)
		}
	}
	d.Flush().Release()
	big := page(t, `[{"x":1}`+strings.Repeat(" ", fullBytes)+`]`)
	if !d.Room(len(big.Body)) {
		t.Error("an empty batch has no room")
	}
	if _, err := d.Append(big); err != nil || !d.Full() || d.Room(1) {
		t.Errorf("a page of %d bytes does not fill a batch", len(big.Body))
	}
}
