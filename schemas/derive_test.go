package schemas

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustParse(t *testing.T, text string) *Schema {
	t.Helper()
	s, err := Parse("a/b", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A fingerprint tells what files hold, not how it is read.
func TestFingerprint(t *testing.T) {
	const base = "columns: [ { name: a, type: \"decimal(5,2)\" }, { name: b, type: struct, fields: [ { name: c, type: enum(int32) }, { name: d, type: timestamp } ] }, { name: e, type: duration(iso) } ]"
	same := map[string]string{
		"where, doc, limits, null_if, rounding": "columns: [ { name: a, from: x, type: \"decimal(5,2)\", doc: x, min: 1, max: 2, null_if: x, loose: true, round: half_even, misfit: extra }, { name: b, type: struct, fields: [ { name: c, type: enum(int32) }, { name: d, type: timestamp } ] }, { name: e, type: duration(iso) } ]",
		"labels, layouts, forms":                "columns: [ { name: a, type: \"decimal(5,2)\" }, { name: b, type: struct, fields: [ { name: c, type: enum(int32), labels: { 1: x } }, { name: d, type: timestamp, layouts: date } ] }, { name: e, type: duration(hms) } ]",
		"rules":                                 "unknown: keep\ndrift: fail\ntext: replace\nduplicate_keys: last\n" + base,
	}
	other := map[string]string{
		"no _extra":     "unknown: ignore\n" + base,
		"digits":        "columns: [ { name: a, type: \"decimal(5,1)\" }, { name: b, type: struct, fields: [ { name: c, type: enum(int32) }, { name: d, type: timestamp } ] }, { name: e, type: duration(iso) } ]",
		"nullability":   "columns: [ { name: a, type: \"decimal(5,2)\", required: true }, { name: b, type: struct, fields: [ { name: c, type: enum(int32) }, { name: d, type: timestamp } ] }, { name: e, type: duration(iso) } ]",
		"inside":        "columns: [ { name: a, type: \"decimal(5,2)\" }, { name: b, type: struct, fields: [ { name: c, type: enum(int64) }, { name: d, type: timestamp } ] }, { name: e, type: duration(iso) } ]",
		"order":         "columns: [ { name: b, type: struct, fields: [ { name: c, type: enum(int32) }, { name: d, type: timestamp } ] }, { name: a, type: \"decimal(5,2)\" }, { name: e, type: duration(iso) } ]",
		"name":          "columns: [ { name: A, type: \"decimal(5,2)\" }, { name: b, type: struct, fields: [ { name: c, type: enum(int32) }, { name: d, type: timestamp } ] }, { name: e, type: duration(iso) } ]",
		"personal data": "unknown: keep\ncolumns: [ { name: a, type: \"decimal(5,2)\", pii: drop }, { name: b, type: struct, fields: [ { name: c, type: enum(int32) }, { name: d, type: timestamp } ] }, { name: e, type: duration(iso) } ]",
		"a list":        "columns: [ { name: a, type: \"decimal(5,2)\" }, { name: b, type: list<struct>, fields: [ { name: c, type: enum(int32) }, { name: d, type: timestamp } ] }, { name: e, type: duration(iso) } ]",
		"int for time":  "columns: [ { name: a, type: \"decimal(5,2)\" }, { name: b, type: struct, fields: [ { name: c, type: enum(int32) }, { name: d, type: timestamp } ] }, { name: e, type: int64 } ]",
	}
	want := mustParse(t, base).Fingerprint()
	if len(want) != 64 {
		t.Errorf("fingerprint %q", want)
	}
	for name, text := range same {
		if got := mustParse(t, text).Fingerprint(); got != want {
			t.Errorf("%s changed the fingerprint", name)
		}
	}
	for name, text := range other {
		if got := mustParse(t, text).Fingerprint(); got == want {
			t.Errorf("%s left the fingerprint as it was", name)
		}
	}
	if got := mustParse(t, base).WithDefaults(Defaults{Loose: true, NullIf: []string{""}, Layouts: []string{"2006"}}).Fingerprint(); got != want {
		t.Error("defaults changed the fingerprint")
	}
}

func TestWithDefaults(t *testing.T) {
	s := mustParse(t, `
text: replace
columns:
  - { name: a, type: string }
  - { name: b, type: timestamp, layouts: date, null_if: [] }
  - { name: c, type: list<timestamp> }
  - { name: d, type: struct, fields: [ { name: e, type: bool } ] }
`)
	before := mustParse(t, "columns: [ { name: a, type: string } ]")
	d := Defaults{Loose: true, NullIf: []string{"-"}, Layouts: []string{"2006", "datetime"}, FailOnDrift: true, DuplicateKeys: Last}
	got := s.WithDefaults(d)
	if diff := cmp.Diff(Rules{Unknown: KeepUnknown, FailOnDrift: true, DuplicateKeys: Last, Text: Replace}, got.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	a, b, c, e := got.Columns[0], got.Columns[1], got.Columns[2], got.Columns[3].Type.Fields[0]
	if diff := cmp.Diff([][]string{{"-"}, {}, {"-"}, {"-"}}, [][]string{a.NullIf, b.NullIf, c.NullIf, e.NullIf}); diff != "" {
		t.Errorf("null_if (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"2006-01-02"}, {"2006", "2006-01-02 15:04:05"}}, [][]string{b.Type.Layouts, c.Type.Element.Type.Layouts}); diff != "" {
		t.Errorf("layouts (-want +got):\n%s", diff)
	}
	if !a.Loose || !c.Type.Element.Loose || !e.Loose {
		t.Error("a column is not loose")
	}
	if s.Columns[2].Type.Element.Loose || s.Columns[3].Type.Fields[0].Loose || s.Text != Replace || s.Unknown != "" {
		t.Error("the schema itself was changed")
	}
	if got := before.WithDefaults(Defaults{Unknown: IgnoreUnknown}); got.Unknown != IgnoreUnknown {
		t.Errorf("unknown is %q", got.Unknown)
	}
}

// Where a column is personal data, what is unknown may be too.
func TestExtraIsOffForPersonalData(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"columns: [ { name: a, type: string } ]", true},
		{"columns: [ { name: a, type: string, pii: drop } ]", false},
		{"columns: [ { name: a, type: list<struct>, fields: [ { name: b, type: string, pii: mask } ] } ]", false},
		{"unknown: keep\ncolumns: [ { name: a, type: string, pii: drop } ]", true},
		{"unknown: ignore\ncolumns: [ { name: a, type: string } ]", false},
	}
	for _, tt := range tests {
		s := mustParse(t, tt.text)
		d := s.WithDefaults(Defaults{})
		if s.Extra() != tt.want || d.Extra() != tt.want || (d.Unknown == KeepUnknown) != tt.want {
			t.Errorf("%s: _extra %v, with defaults %v", tt.text, s.Extra(), d.Unknown)
		}
	}
}

func TestColumn(t *testing.T) {
	s := mustParse(t, "columns: [ { name: a, type: string }, { name: b, type: bool } ]")
	if c := s.Column("b"); c == nil || c.Type.Kind != Bool {
		t.Errorf("column b is %v", c)
	}
	if c := s.Column("B"); c != nil {
		t.Errorf("column B is %v", c)
	}
}

// What the defaults of a source break is found without a page.
func TestCheck(t *testing.T) {
	s := mustParse(t, "columns: [ { name: a, type: struct, fields: [ { name: b, type: list<timestamp> }, { name: c, type: bool, misfit: extra } ] } ]")
	if err := s.WithDefaults(Defaults{}).Check(); err != nil {
		t.Error(err)
	}
	err := s.WithDefaults(Defaults{Unknown: IgnoreUnknown, Layouts: []string{"2006 MST"}}).Check()
	want := "column a.b: layout \"2006 MST\": names of zones stand for several offsets; column a.c: misfit: extra needs unknown: keep"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestHashes(t *testing.T) {
	if !mustParse(t, "columns: [ { name: a, type: list<struct>, fields: [ { name: b, type: date, pii: hash } ] } ]").Hashes() {
		t.Error("a field in a list is hashed, but not told")
	}
	if mustParse(t, "columns: [ { name: a, type: date, pii: mask }, { name: b, type: bool, pii: drop } ]").Hashes() {
		t.Error("no column is hashed")
	}
}
