package schemas

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, err := Parse("crm/deal", []byte(`
doc: One deal.
unknown: ignore
drift: fail
duplicate_keys: last
text: replace
columns:
  - { name: id, type: int64, required: true, doc: its id }
  - { name: sum, from: [sum, totals.sum], type: "decimal(16,2)", round: half_even, min: 0, max: 99.5 }
  - { name: account, from: "@parent.id", type: string, pii: drop }
  - { name: at, type: timestamp, layouts: [datetime, "02.01.2006 15:04"], null_if: ["", "0000-00-00"] }
  - { name: status, type: enum(int32), labels: { 0: Новый, 1: "closed" }, misfit: extra }
  - { name: took, type: "duration(hms, seconds)", loose: true }
  - { name: tags, type: list<string>, loose: true }
  - name: lines
    type: list<struct>
    fields:
      - { name: id, type: uuid }
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &Schema{
		Name: "crm/deal", Doc: "One deal.",
		Rules: Rules{Unknown: IgnoreUnknown, FailOnDrift: true, DuplicateKeys: Last, Text: Replace},
		Columns: []Column{
			{Name: "id", From: []Path{{"id"}}, Type: Type{Kind: Int64}, Required: true, Doc: "its id"},
			{Name: "sum", From: []Path{{"sum"}, {"totals", "sum"}}, Type: Type{Kind: Decimal, Precision: 16, Scale: 2}, Round: true, Min: "0", Max: "99.5"},
			{Name: "account", From: []Path{{"@parent.id"}}, Type: Type{Kind: String}, PII: PIIDrop},
			{Name: "at", From: []Path{{"at"}}, Type: Type{Kind: Timestamp, Layouts: []string{"2006-01-02 15:04:05", "02.01.2006 15:04"}}, NullIf: []string{"", "0000-00-00"}},
			{Name: "status", From: []Path{{"status"}}, Type: Type{Kind: Enum, Code: Int32, Labels: []Label{{"0", "Новый"}, {"1", "closed"}}}, Misfit: ExtraMisfit},
			{Name: "took", From: []Path{{"took"}}, Type: Type{Kind: Duration, Forms: []DurationForm{HMSDuration, SecondsDuration}}, Loose: true},
			{Name: "tags", From: []Path{{"tags"}}, Type: Type{Kind: List, Element: &Column{Name: "element", Type: Type{Kind: String}, Required: true, Loose: true}}, Loose: true},
			{Name: "lines", From: []Path{{"lines"}}, Type: Type{Kind: List, Element: &Column{Name: "element", Required: true,
				Type: Type{Kind: Struct, Fields: []Column{{Name: "id", From: []Path{{"id"}}, Type: Type{Kind: UUID}}}}}}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

// Every mistake of a file is told at once, each with its place and a hint.
func TestMistakes(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "1:1: expected one YAML document"},
		{"two documents", "a: 1\n---\nb: 2", "1:1: expected one YAML document"},
		{"no map", "- a", "1:1: expected a map, found sequence\n1:1: a schema needs columns (add columns:)"},
		{"no columns", "columns: []", "1:10: columns: expected a list of columns, found sequence (- { name: id, type: int64 })"},
		{"not YAML", "a: [", "1:4: sequence end token ']' not found"},
		{"unknown words", "unknown: kep\ntext: last\nextend: x\ncolumns: [ { name: a, type: bool, requird: true } ]", `
1:10: unknown: unknown word "kep" (write one of keep, ignore)
2:7: text: unknown word "last" (write one of reject, replace)
3:1: unknown key "extend" (known are doc, extends, unknown, drift, duplicate_keys, text, bigquery, columns)
4:35: columns[0]: unknown key "requird" (known are name, from, type, required, doc, null_if, loose, min, max, pii, misfit, round, labels, layouts, fields)`},
		{"a key twice", "columns:\n  - { name: a, type: bool, type: int32 }", `2:28: columns[0]: key "type" is given twice`},
		{"no name, no type", "columns:\n  - { type: bool }\n  - { name: a }\n  - 12\n  - {}\n", `
2:5: columns[0]: a column needs a name (add name:)
3:7: columns[1]: a column needs a type (add type:)
4:5: columns[2]: expected a map, found integer
5:5: columns[3]: a column needs a name (add name:)`},
		{"names", `columns:
  - { name: x-y, type: bool }
  - { name: 1x, type: bool }
  - { name: _PARTITIONTIME, type: bool }
  - { name: _extra, type: json }
  - { name: ID, type: int32 }
  - { name: id, type: int32 }
  - { name: state, type: enum(string) }
  - { name: state_label, type: string }
  - { name: ` + strings.Repeat("n", 301) + `, type: bool }
  - { name: ` + strings.Repeat("e", 295) + `, type: enum(int32) }`, `
2:13: columns[0].name: name "x-y": letters a–z, digits and _ only, no digit first (name the field of the API under from:)
3:13: columns[1].name: name "1x": letters a–z, digits and _ only, no digit first (name the field of the API under from:)
4:13: columns[2].name: name "_PARTITIONTIME" begins with what BigQuery keeps for itself
5:13: columns[3].name: name "_extra" is taken by etl
7:13: columns[5].name: the column "id" is there twice: ID and id (names differ in more than case)
9:13: columns[7].name: the column "state_label" is there twice: the labels of state and state_label (names differ in more than case)
10:13: columns[8].name: a name has at most 300 letters
11:13: columns[9].name: the name of the labels of ` + strings.Repeat("e", 295) + ` has more than 300 letters`},
		{"a comma inside braces", "columns:\n  - { name: a, type: decimal(16,2) }", `
2:22: columns[0].type: type "decimal(16" has no closing bracket (inside { } a type with a comma needs quotes: type: "decimal(16,2)")
2:33: columns[0]: unknown key "2)" (inside { } a type with a comma needs quotes: type: "decimal(16,2)")`},
		{"lists", `columns:
  - { name: a, type: list<list<int64>> }
  - { name: b, type: list<int64?> }
  - { name: c, type: list<enum(int32)> }
  - { name: d, type: list<struct> }`, `
2:22: columns[0].type: BigQuery takes no list inside a list (add bigquery: no to the schema)
3:22: columns[1].type: BigQuery takes no nulls in a list (add bigquery: no to the schema)
4:22: columns[2].type: elements of a list have no labels (list the codes, or structs with an enum inside)
5:22: columns[3].type: a struct needs fields (add fields:)`},
		{"keys of other types", `columns:
  - { name: a, type: int32, labels: { 1: x }, fields: [], layouts: date, round: half_even, required: maybe, null_if: { a: 1 } }
  - { name: b, type: string, min: 1 }
  - { name: c, type: int64, min: 1.5, max: 99999999999999999999 }
  - { name: d, type: date, min: yesterday }
  - { name: e, type: enum(int32), labels: { 01: a, 3000000000: b } }
  - { name: f, type: timestamp, layouts: [hours, "2006 MST"] }
  - { name: g, type: bool, misfit: extra, required: true }
  - { name: h, type: "decimal(5,2)", min: 0.001, max: 1000 }
  - { name: i, type: int32, min: 5, max: 4 }
  - { name: j, type: timestamp, min: "2026-01-01T00:00:00.0000001Z" }`, `
2:29: columns[0].labels: goes with enum only, the type is int32
2:47: columns[0].fields: goes with struct only, the type is int32
2:59: columns[0].layouts: goes with timestamp only, the type is int32
2:74: columns[0].round: goes with decimal only, the type is int32
2:102: columns[0].required: expected true or false (write true or false)
2:118: columns[0].null_if: expected text, found mapping
3:30: columns[1].min: goes with numbers, dates and timestamps only
4:34: columns[2].min: "1.5" is no int64
4:44: columns[2].max: "99999999999999999999" is no int64
5:33: columns[3].min: "yesterday" is no date
6:45: columns[4].labels: code "01" is no int32
6:52: columns[4].labels: code "3000000000" is no int32
7:42: columns[5].layouts: layout "hours" has no year (write datetime, date, or a layout of Go such as "02.01.2006 15:04")
7:42: columns[5].layouts: names of zones such as MST stand for several offsets (write -0700 for the offset, or leave the zone to the source)
8:36: columns[6]: a required column cannot become NULL (drop required or misfit)
9:43: columns[7].min: "0.001" is no decimal(5,2)
9:55: columns[7].max: "1000" is no decimal(5,2)
10:42: columns[8].max: max is less than min
11:38: columns[9].min: "2026-01-01T00:00:00.0000001Z" is no timestamp`},
		{"personal data", `columns:
  - { name: a, type: list<string>, pii: hash }
  - { name: b, type: string, pii: mask, misfit: extra }
  - { name: c, type: struct, fields: [ { name: d, type: bool, pii: drop } ] }
  - { name: e, type: string, pii: secret }`, `
2:41: columns[0].pii: a list has no hash as a whole (pii: drop, or mark fields of the struct)
3:49: columns[1].misfit: personal data has no place in _extra (drop misfit or pii)
4:38: columns[2].fields: every field is dropped (pii: drop for the struct)
5:35: columns[3].pii: unknown word "secret" (write one of hash, mask, drop)`},
		{"places", `columns:
  - { name: a, from: a..b, type: bool }
  - { name: b, from: "@account.x", type: bool }
  - { name: c, from: [], type: bool }
  - { name: d, type: struct, fields: [ { name: e, from: "@parent.id", type: bool } ] }`, `
2:22: columns[0].from: empty name in path "a..b" (write names with single dots between them)
3:22: columns[1].from: unknown place "@account.x" (write @parent.<field>)
4:22: columns[2].from: an empty list of paths
5:57: columns[3].fields[0].from: a field of a struct takes no value of the parent (make it a column of its own)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("a/b", []byte(tt.text))
			all, ok := errors.AsType[Mistakes](err)
			if !ok || fault.Of(err) != fault.Config {
				t.Fatalf("got %v of class %v, want mistakes", err, fault.Of(err))
			}
			if diff := cmp.Diff(strings.Split(strings.TrimSpace(tt.want), "\n"), strings.Split(all.Error(), "\n")); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBigQueryNoAllowsAnyList(t *testing.T) {
	s, err := Parse("a/b", []byte("bigquery: no\ncolumns: [ { name: a, type: list<list<int64?>?> } ]"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Columns[0].Type.String(); got != "list<list<int64?>?>" {
		t.Errorf("type %s", got)
	}
}

// A type is written as it is read.
func TestTypeString(t *testing.T) {
	for _, text := range []string{"bool", "int32", "int64", "float64", "decimal(38,9)", "string", "enum(int32)", "enum(int64)", "enum(string)",
		"date", "time", "timestamp", "duration(django)", "duration(iso, hms, seconds)", "uuid", "json", "list<struct>", "list<decimal(1,0)?>", "struct"} {
		got, err := parseType(text)
		if err != nil || got.String() != text {
			t.Errorf("%s is read as %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "int", "list", "list<>", "list<int64", "decimal", "decimal(39,0)", "decimal(2,3)", "decimal(0,0)", "decimal(5)", "decimal(a,b)",
		"enum", "enum(bool)", "duration", "duration(days)", "duration(iso, iso)", "string(5)", "bool()"} {
		if got, err := parseType(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

// Reading a schema ends, with a schema or with mistakes that have a place.
func FuzzParse(f *testing.F) {
	f.Add([]byte("columns:\n  - { name: a, type: list<struct>, fields: [ { name: b, type: enum(int32), labels: { 1: x } } ] }"))
	f.Add([]byte("a: &x [*x]\ncolumns: *x"))
	f.Add([]byte("columns:\n- name: [a]\n  type: {a: b}\n  null_if: |\n    x\n"))
	f.Add([]byte("? a\n: b\n<<: c\n!!str d: ~"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("a/b", text)
		if err == nil && len(s.Columns) == 0 {
			t.Error("a schema without columns")
		}
		all, _ := errors.AsType[Mistakes](err)
		if err != nil && len(all) == 0 {
			t.Errorf("an error without mistakes: %v", err)
		}
		for _, m := range all {
			if m.Line < 1 || m.Column < 1 || m.Message == "" {
				t.Errorf("mistake without place: %+v", m)
			}
		}
	})
}

const base = `
doc: One deal.
drift: fail
columns:
  - { name: id, type: int64, required: true }
  - { name: status, type: enum(int32) }
`

// A file may extend another: with own columns, and with other types for those
// that are there.
func TestExtends(t *testing.T) {
	got, err := ParseOver("own", []byte(`
extends: crm/deal
unknown: ignore
columns:
  - { name: shade, type: string }
  - { name: status, type: string, doc: as text }
`), func(name string) (*Schema, error) { return Parse(name, []byte(base)) })
	if err != nil {
		t.Fatal(err)
	}
	want := mustParse(t, `
doc: One deal.
drift: fail
unknown: ignore
columns:
  - { name: id, type: int64, required: true }
  - { name: status, type: string, doc: as text }
  - { name: shade, type: string }
`)
	want.Name = "own"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

func TestMistakesOfExtending(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"none to extend", "extends: crm/none", `1:10: extends: there is no schema "crm/none"`},
		{"names", "extends: crm/deal\ncolumns: [ { name: ID, type: bool }, { name: status_label, type: string } ]", `
2:20: columns[0].name: the column "ID" is there twice: id and ID (names differ in more than case)
2:46: columns[1].name: the column "status_label" is there twice: the labels of status and status_label (names differ in more than case)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseOver("own", []byte(tt.text), func(name string) (*Schema, error) {
				if name != "crm/deal" {
					return nil, fmt.Errorf("there is no schema %q", name)
				}
				return Parse(name, []byte(base))
			})
			all, _ := errors.AsType[Mistakes](err)
			if diff := cmp.Diff(strings.TrimSpace(tt.want), all.Error()); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := Parse("own", []byte("extends: crm/deal")); err == nil {
		t.Error("a schema that stands alone extends another")
	}
}
