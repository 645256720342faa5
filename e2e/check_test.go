package e2e

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/e2e/compare"
)

var update = flag.Bool("update", false, "write the golden files anew")

// checkNeverSet fails if the truth leaves something out: a column that is NULL
// everywhere would pass any comparison.
func checkNeverSet(t *testing.T, want *compare.Table) {
	t.Helper()
	if never := want.NeverSet(); len(never) > 0 {
		t.Errorf("the truth has no value at %s: nothing is shown about them", strings.Join(never, ", "))
	}
}

// checkDataSet reads a data set in both ways that users read it, by its view
// and by a glob, and compares types and values.
func checkDataSet(t *testing.T, lake, pipeline, key string, want *compare.Table) {
	t.Helper()
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	view, err := os.ReadFile(filepath.Join(lake, "views", pipeline+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), string(view)); err != nil {
		t.Fatalf("making the view: %v\n%s", err, view)
	}
	checkElements(t, db, pipeline, key, want)
	glob := compare.Files(filepath.Join(lake, "data", pipeline, "**", "*.parquet"))
	for way, from := range map[string]string{"view": pipeline, "glob": glob} {
		got, err := compare.Read(t.Context(), db, from)
		if err != nil {
			t.Errorf("by %s: %v", way, err)
			continue
		}
		report := compare.Diff(want, got, key)
		if err := report.Err(); err != nil {
			t.Errorf("by %s: %v", way, err)
		}
		t.Logf("%s by %s: compared %d values of %d rows", pipeline, way, report.Values, report.Rows)
		checkTypes(t.Context(), t, db, from, filepath.Join("testdata", "types", pipeline+"."+way+".txt"))
	}
}

// checkElements compares the views that have a row for each element of a list.
func checkElements(t *testing.T, db *sql.DB, pipeline, key string, want *compare.Table) {
	t.Helper()
	for _, column := range want.Structs() {
		view := pipeline + "__" + column
		got, err := compare.Read(t.Context(), db, view)
		if err != nil {
			t.Errorf("by view: %v", err)
			continue
		}
		report := compare.Diff(want.Elements(column, key, pipeline+"_"+key, got.Columns[1:]), got)
		if err := report.Err(); err != nil {
			t.Errorf("by view %s: %v", view, err)
		}
		t.Logf("%s by view: compared %d values of %d rows", view, report.Values, report.Rows)
	}
}

// checkTypes holds the columns as DuckDB sees them against a golden file.
func checkTypes(ctx context.Context, t *testing.T, db *sql.DB, from, golden string) {
	t.Helper()
	columns, err := compare.Columns(ctx, db, from)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, c := range columns {
		fmt.Fprintf(&got, "%s %s\n", c.Name, c.Type)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("columns and types differ from %s (-want +got):\n%s", golden, diff)
	}
}

// checkCounts holds the accounting of a first run against the truth.
func checkCounts(t *testing.T, o outcome, want *compare.Table) {
	t.Helper()
	if o.Served != o.Written+o.Duplicates+o.Rejected {
		t.Errorf("served %d, written %d, duplicates %d, rejected %d: the sum is wrong", o.Served, o.Written, o.Duplicates, o.Rejected)
	}
	if rows := int64(len(want.Rows)); o.Written != rows || o.Rejected != 0 {
		t.Errorf("written %d and rejected %d, want %d and 0", o.Written, o.Rejected, rows)
	}
	if o.Proof == "" || o.Commit == 0 {
		t.Errorf("proof %q, commit %d: nothing says how complete the data set is", o.Proof, o.Commit)
	}
}

// checkServed fails if a row of the truth was never served: then the ledger and
// the truth are not about the same data.
func checkServed(t *testing.T, requests []request, ours *regexp.Regexp, key string, want *compare.Table) {
	t.Helper()
	served := map[string]bool{}
	for _, r := range requests {
		if ours.MatchString(r.Path) {
			for _, k := range r.Keys {
				served[strings.Trim(string(k), `"`)] = true
			}
		}
	}
	missing := 0
	for _, k := range want.Keys(key) {
		if !served[k] {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d rows of the truth are not in the ledger", missing, len(want.Rows))
	}
}
