package propose

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/load"
	"etl/schemas"
)

func stored(t *testing.T, columns string) []load.StoredColumn {
	t.Helper()
	s, err := schemas.Parse("test", []byte("unknown: ignore\ncolumns:\n"+columns))
	if err != nil {
		t.Fatal(err)
	}
	return load.Describe(s, nil).Columns
}

func TestDiff(t *testing.T) {
	const id = "  - { name: id, type: int64, required: true }\n"
	column := func(rest string) string { return id + "  - { name: x, " + rest + " }\n" }
	tests := []struct {
		name, before, after string
		want                string // kind column: what [BQ] [DuckDB], a line each
	}{
		{"nothing", id, id, ""},
		{"how it is read", column("type: duration(django)"), column("type: duration(iso), doc: y"), ""},
		{"labels", column("type: enum(int32)"), column("type: enum(int32), labels: { 1: a }"), ""},
		{"added", id, column("type: string"), "added x: string"},
		{"added and required", id, column("type: string, required: true"), "added x: string [BQ]"},
		{"dropped", column("type: string"), id, "dropped x: string [BQ] [DuckDB]"},
		{"wider int", column("type: int32"), column("type: int64"), "retyped x: int32 → int64"},
		{"narrower int", column("type: int64"), column("type: int32"), "retyped x: int64 → int32 [DuckDB]"},
		{"other type", column("type: int64"), column("type: string"), "retyped x: int64 → string [BQ] [DuckDB]"},
		{"wider decimal", column(`type: "decimal(16,2)"`), column(`type: "decimal(18,2)"`), "retyped x: decimal(16,2) → decimal(18,2)"},
		{"narrower decimal", column(`type: "decimal(16,2)"`), column(`type: "decimal(16,4)"`), "retyped x: decimal(16,2) → decimal(16,4) [DuckDB]"},
		{"decimal that is no NUMERIC", column(`type: "decimal(16,2)"`), column(`type: "decimal(38,10)"`), "retyped x: decimal(16,2) → decimal(38,10) [BQ]"},
		{"json and text", column("type: json"), column("type: string"), "retyped x: json → string"},
		{"uuid and text", column("type: uuid"), column("type: string"), "retyped x: uuid → string [DuckDB]"},
		{"enum to text", column("type: enum(string)"), column("type: string"), "dropped x_label: string [BQ] [DuckDB]"},
		{"NULL", column("type: string, required: true"), column("type: string"), "nullability x: may be NULL now"},
		{"no NULL", column("type: string"), column("type: string, required: true"), "nullability x: never NULL any more"},
		{"dropped by pii", column("type: string"), column("type: string, pii: drop"), "dropped x: string [BQ] [DuckDB]"},
		{"masked", column("type: int64"), column("type: int64, pii: hash"), "retyped x: int64 → string [BQ] [DuckDB]"},
		{"order", column("type: string"), "  - { name: x, type: string }\n" + id, "reordered : x stands where id stood"},
		{
			"inside", column("type: list<struct>, fields: [ { name: a, type: int64 }, { name: b, type: bool } ]"),
			column("type: list<struct>, fields: [ { name: b, type: bool }, { name: a, type: string } ]"),
			"retyped x.a: int64 → string [BQ] [DuckDB]\nreordered x: b stands where a stood",
		},
		{"list of others", column("type: list<int64>"), column("type: list<string>"), "retyped x: int64 → string [BQ] [DuckDB]"},
		{"list or not", column("type: int64"), column("type: list<int64>"), "retyped x: int64 → list<int64> [BQ] [DuckDB]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			changes := Diff(stored(t, tt.before), stored(t, tt.after))
			for _, c := range changes {
				line := c.Kind + " " + c.Column + ": " + c.What
				for _, reader := range c.Breaks {
					line += map[string]string{BigQueryLoad: " [BQ]", DuckDBView: " [DuckDB]"}[reader]
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if Breaks(changes) != strings.Contains(tt.want, "[") {
				t.Errorf("Breaks is %v", Breaks(changes))
			}
		})
	}
}
