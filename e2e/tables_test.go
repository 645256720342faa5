package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"etl/e2e/compare"
)

var tables = flag.Int("tables", 300, "how many random tables DuckDB reads")

// tablesPerDatabase is how many tables DuckDB holds at once.
const tablesPerDatabase = 300

// TestRandomTables has DuckDB load random tables, of any types and values, that
// transform and load made of random spellings, and compares every value with
// what was meant.
func TestRandomTables(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "./internal/pipeline", "-run", "^TestTables$",
		"-tables="+dir, fmt.Sprintf("-rapid.checks=%d", *tables), "-rapid.nofailfile")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making tables: %v\n%s", err, out)
	}
	truths, err := filepath.Glob(filepath.Join(dir, "*.ndjson"))
	if err != nil || len(truths) != *tables {
		t.Fatalf("%d tables, %v, want %d", len(truths), err, *tables)
	}
	rows, values := 0, 0
	for start := 0; start < len(truths); start += tablesPerDatabase {
		r, v := loadTables(t, truths[start:min(start+tablesPerDatabase, len(truths))])
		rows, values = rows+r, values+v
	}
	t.Logf("%d tables, %d rows, %d values are equal", len(truths), rows, values)
}

// loadTables loads tables into one database and compares them.
func loadTables(t *testing.T, truths []string) (rows, values int) {
	t.Helper()
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, truth := range truths {
		name := strings.TrimSuffix(filepath.Base(truth), ".ndjson")
		from := compare.Files(strings.TrimSuffix(truth, ".ndjson") + ".parquet")
		if _, err := db.ExecContext(t.Context(), fmt.Sprintf(`CREATE TABLE "%s" AS SELECT * FROM %s`, name, from)); err != nil {
			t.Errorf("loading table %s: %v", name, err)
			continue
		}
		got, err := compare.Read(t.Context(), db, `"`+name+`"`)
		if err != nil {
			t.Errorf("table %s: %v", name, err)
			continue
		}
		report := compare.Diff(readTruth(t, truth), got)
		if err := report.Err(); err != nil {
			text, _ := os.ReadFile(truth)
			t.Errorf("table %s: %v\nof %.2000s", name, err, text)
		}
		rows, values = rows+report.Rows, values+report.Values
	}
	return rows, values
}
