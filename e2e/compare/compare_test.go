package compare

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// One row of every type, as DuckDB reads it from Parquet, and its truth.
const (
	everything = `SELECT
		1::BIGINT AS id, true AS flag, -2::INTEGER AS code, 'Успех' AS code_label,
		1.5::DECIMAL(16,2) AS price, -0.05::DECIMAL(5,2) AS change, 12345678901234567890123456789.012345679::DECIMAL(38,9) AS large, 7::DECIMAL(4,0) AS whole,
		TIMESTAMPTZ '2026-01-02 03:04:05.000006+05:00' AS at, DATE '2026-01-02' AS day, TIME '12:34:56.000001' AS clock,
		(-86399999995)::BIGINT AS span, '{"a": 1.0}'::JSON AS extra, 'AB54A98C-EB1F-0AD2-A35E-A64FFE1A3F2A'::UUID AS bag,
		[{'id': 1::BIGINT, 'json': '[ ]'::JSON, 'day': DATE '2026-02-03'}] AS children, []::BIGINT[] AS none, {'a': NULL::INTEGER} AS nested, NULL::VARCHAR AS nothing`
	everythingTruth = `{"id":1,"flag":true,"code":-2,"code_label":"Успех","price":"1.50","change":"-0.05","large":"12345678901234567890123456789.012345679","whole":"7",` +
		`"at":"2026-01-01T22:04:05.000006Z","day":"2026-01-02","clock":"12:34:56.000001","span":-86399999995,"extra":"{\"a\": 1.0}",` +
		`"bag":"ab54a98c-eb1f-0ad2-a35e-a64ffe1a3f2a","children":[{"id":1,"json":"[ ]","day":"2026-02-03"}],"none":[],"nested":{"a":null},"nothing":null}`
)

// read writes the rows of a query to Parquet and reads them back, durations as
// a view would show them.
func read(t *testing.T, query string) *Table {
	t.Helper()
	db, err := OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	file := filepath.Join(t.TempDir(), "rows.parquet")
	if _, err := db.ExecContext(t.Context(), "COPY ("+query+") TO '"+file+"' (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	table, err := Read(t.Context(), db, "(SELECT * REPLACE (to_microseconds(span) AS span) FROM "+Files(file)+")")
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func truth(t *testing.T, lines ...string) *Table {
	t.Helper()
	table, err := Truth(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// A type that is read wrong would make every comparison of it worthless.
func TestEveryTypeEqualsItsTruth(t *testing.T) {
	r := Diff(truth(t, everythingTruth), read(t, everything), "id")
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if r.Rows != 1 || r.Values != 20 {
		t.Errorf("compared %d values of %d rows, want 20 of 1", r.Values, r.Rows)
	}
}

func TestDiffFinds(t *testing.T) {
	want := []string{`{"id":1,"x":{"y":[1,2]}}`, `{"id":2,"x":null}`}
	tests := []struct {
		name, mistake string
		got           []string
	}{
		{"nothing in another order", "", []string{want[1], want[0]}},
		{"a missing row", "row [2] is missing", want[:1]},
		{"a row too many", "row [3] is not in the truth", append(want[:2:2], `{"id":3,"x":null}`)},
		{"a row twice", "row [2] is twice in the data set", append(want[:2:2], want[1])},
		{"another value deep inside", "row [1]: x.y[1] is 3 in place of 2", []string{`{"id":1,"x":{"y":[1,3]}}`, want[1]}},
		{"text in place of a number", `row [1]: x.y[1] is "2" in place of 2`, []string{`{"id":1,"x":{"y":[1,"2"]}}`, want[1]}},
		{"a shorter list", "row [1]: x.y is [1] in place of [1,2]", []string{`{"id":1,"x":{"y":[1]}}`, want[1]}},
		{"another field", "row [1]: x.y is missing", []string{`{"id":1,"x":{"z":[1,2]}}`, want[1]}},
		{"an empty struct for NULL", "row [2]: x is {} in place of null", []string{want[0], `{"id":2,"x":{}}`}},
		{"other columns", "columns are", []string{`{"x":null,"id":1}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Diff(truth(t, want...), truth(t, tt.got...), "id").Err()
			switch {
			case tt.mistake == "" && err != nil:
				t.Errorf("Diff found %v, want nothing", err)
			case tt.mistake != "" && (err == nil || !strings.Contains(err.Error(), tt.mistake)):
				t.Errorf("Diff found %v, want %q", err, tt.mistake)
			}
		})
	}
}

func TestElementsAreRowsOfTheirOwn(t *testing.T) {
	table := truth(t, `{"id":7,"list":[{"a":1,"b":"x"},{"a":1,"b":"x"}],"ids":[1]}`, `{"id":8,"list":null,"ids":null}`)
	if diff := cmp.Diff([]string{"list"}, table.Structs()); diff != "" {
		t.Errorf("Structs (-want +got):\n%s", diff)
	}
	got := table.Elements("list", []string{"id"}, "t_", []string{"a", "b"})
	want := truth(t, `{"t_id":7,"a":1,"b":"x"}`, `{"t_id":7,"a":1,"b":"x"}`)
	if err := Diff(want, got).Err(); err != nil {
		t.Error(err)
	}
	want.Rows = want.Rows[:1]
	if Diff(want, got).Err() == nil {
		t.Error("Diff takes two equal rows for one")
	}
}

func TestNeverSet(t *testing.T) {
	table := truth(t,
		`{"id":1,"gone":null,"list":[],"rows":[{"a":1,"b":null}],"full":[0]}`,
		`{"id":2,"gone":null,"list":null,"rows":[{"a":null,"b":null}],"full":null}`)
	want := []string{"gone", "list[]", "rows[].b"}
	if diff := cmp.Diff(want, table.NeverSet()); diff != "" {
		t.Errorf("NeverSet (-want +got):\n%s", diff)
	}
}

func TestTruthRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"rows of other columns": `{"a":1}` + "\n" + `{"b":1}`,
		"a list":                `[1]`,
		"half an object":        `{"a":1`,
	} {
		if _, err := Truth(strings.NewReader(in)); err == nil {
			t.Errorf("Truth takes %s", name)
		}
	}
}
