package e2e

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// checkDataSet reads a data set in all ways that users read it, by its views
// and by a glob, and compares types and values.
func checkDataSet(t *testing.T, lake, pipeline string, want *compare.Table) {
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
	key := keyOf(t, lake, pipeline)
	checkElements(t, db, pipeline, key, want)
	glob := compare.Files(filepath.Join(lake, "data", pipeline, "**", "*.parquet"))
	for way, from := range map[string]string{"view": pipeline, "glob": glob} {
		checkTable(t, db, from, pipeline+"."+way, want, key)
	}
}

// checkTable compares a table expression, whose golden file of types is named.
func checkTable(t *testing.T, db *sql.DB, from, golden string, want *compare.Table, key []string) {
	t.Helper()
	got, err := compare.Read(t.Context(), db, from)
	if err != nil {
		t.Errorf("by %s: %v", golden, err)
		return
	}
	report := compare.Diff(want, got, key...)
	if err := report.Err(); err != nil {
		t.Errorf("by %s: %v", golden, err)
	}
	t.Logf("by %s: compared %d values of %d rows", golden, report.Values, report.Rows)
	checkTypes(t.Context(), t, db, from, filepath.Join("testdata", "types", golden+".txt"))
}

// checkElements compares the views that have a row for each element of a list.
func checkElements(t *testing.T, db *sql.DB, pipeline string, key []string, want *compare.Table) {
	t.Helper()
	var views []string
	for _, column := range want.Structs() {
		view := pipeline + "__" + column
		views = append(views, view)
		columns, err := compare.Columns(t.Context(), db, view)
		if err != nil {
			t.Errorf("by view: %v", err)
			continue
		}
		var fields []string
		for _, c := range columns[min(len(key), len(columns)):] {
			fields = append(fields, c.Name)
		}
		checkTable(t, db, view, view+".view", want.Elements(column, key, pipeline+"_", fields), nil)
	}
	all, err := compare.Read(t.Context(), db, "(SELECT view_name FROM duckdb_views() WHERE NOT internal)")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sorted(append(views, pipeline)), sorted(all.Keys("view_name"))); diff != "" {
		t.Errorf("views differ (-want +got):\n%s", diff)
	}
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

// keyOf returns the key of a data set as its newest commit names it.
func keyOf(t *testing.T, lake, pipeline string) []string {
	t.Helper()
	commits, err := filepath.Glob(filepath.Join(lake, "_etl", pipeline, "commits", "*.json"))
	if err != nil || len(commits) == 0 {
		t.Fatalf("%s has %d commits: %v", pipeline, len(commits), err)
	}
	text, err := os.ReadFile(slices.Max(commits))
	if err != nil {
		t.Fatal(err)
	}
	var commit struct{ Schema struct{ Key []string } }
	if err := json.Unmarshal(text, &commit); err != nil || len(commit.Schema.Key) == 0 {
		t.Fatalf("the newest commit of %s names the key %q: %v", pipeline, commit.Schema.Key, err)
	}
	return commit.Schema.Key
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
// the truth are not about the same data. The keys of the ledger begin with the
// values of the given columns.
func checkServed(t *testing.T, requests []request, ours *regexp.Regexp, columns []string, want *compare.Table) {
	t.Helper()
	served := map[string]bool{}
	for _, r := range requests {
		if ours.MatchString(r.Path) {
			for _, k := range r.Keys {
				served[k.begin(len(columns))] = true
			}
		}
	}
	missing := 0
	for _, k := range want.Keys(columns...) {
		if !served[k] {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d rows of the truth are not in the ledger", missing, len(want.Rows))
	}
}
