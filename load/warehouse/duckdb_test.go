package warehouse

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/load"
	"etl/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds a text against a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", name, diff)
	}
}

// words are what a schema has to say about the rows of the tests.
var words = &schemas.Schema{Columns: []schemas.Column{
	{Name: "id", Doc: "id of the request"}, {Name: "price", Doc: "what the client's rent costs"},
	{Name: "services", Type: schemas.Type{Kind: schemas.List, Element: &schemas.Column{Type: schemas.Type{Kind: schemas.Struct, Fields: []schemas.Column{
		{Name: "name", Doc: "as the screen shows it"},
	}}}}},
}}

// The SQL of a load, as people see it with --print.
func TestScripts(t *testing.T) {
	l := newLake(t)
	s := l.stream("requests")
	s.Schema = words
	l.commit("requests", requests, "day=1/000001-0001", "day=2/000001-0002")
	script := func(name string, w interface {
		Script(context.Context, Stream) (string, error)
	}) {
		t.Helper()
		text, err := w.Script(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, strings.ReplaceAll(text, l.dir, "/lake"))
	}
	script("duckdb.sql", DuckDB{})
	script("duckdb_view.sql", DuckDB{Views: true})
	script("bigquery.sql", BigQuery{Project: "acme", Dataset: "crm", Root: "gs://bucket"})
	l.commit("requests", requests, "window=2026-01-01/000002-0001", "window=2026-02-01/000002-0002", "window=2026-02-01/000002-0003")
	script("bigquery_window.sql", BigQuery{Project: "acme", Dataset: "crm", Root: l.dir})
}

// Only files that came or went since the loaded commit are touched.
func TestDuckDBExchangesFiles(t *testing.T) {
	l := newLake(t)
	s := l.stream("requests")
	held := duckBooks{There: kindTable}
	for _, f := range l.commit("requests", requests, "000001-0001", "000001-0002").Files {
		held.Files = append(held.Files, duckFile{"requests", fileName(f), f.SHA256})
	}
	held.Loads = append(held.Loads, duckHeld{Pipeline: "requests", Commit: 1, Schema: "f1", Elements: []string{"requests__services"}})
	if !(DuckDB{}).plan(s, []*load.Commit{l.now["requests"]}, held).done() {
		t.Error("a commit that is loaded is loaded again")
	}
	l.commit("requests", requests, "000001-0001", "000002-0001")
	text, err := DuckDB{}.plan(s, []*load.Commit{l.now["requests"]}, held).script()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "duckdb_exchange.sql", strings.ReplaceAll(text, l.dir, "/lake"))
}

// Other columns, other accounts or a view in the place of a table make the
// table anew.
func TestDuckDBMakesTablesAnew(t *testing.T) {
	l := newLake(t)
	c := l.commit("requests", requests, "000001-0001")
	file := duckFile{"requests", "000001-0001", c.Files[0].SHA256}
	for name, test := range map[string]struct {
		held duckBooks
		want string
	}{
		"other columns":  {duckBooks{There: kindTable, Loads: []duckHeld{{Pipeline: "requests", Commit: 1, Schema: "f0", Elements: []string{"requests__old"}}}, Files: []duckFile{file}}, `DROP VIEW IF EXISTS "requests__old";`},
		"other accounts": {duckBooks{There: kindTable, Loads: []duckHeld{{Pipeline: "requests@south", Commit: 1, Schema: "f1"}}, Files: []duckFile{file}}, `INSERT INTO "requests"`},
		"a view":         {duckBooks{There: kindView, Loads: []duckHeld{{Pipeline: "requests", Commit: 1, Schema: "f1"}}}, `DROP VIEW "requests";`},
		"dropped":        {duckBooks{Loads: []duckHeld{{Pipeline: "requests", Commit: 1, Schema: "f1"}}, Files: []duckFile{file}}, `INSERT INTO "requests"`},
	} {
		text, err := DuckDB{}.plan(l.stream("requests"), []*load.Commit{c}, test.held).script()
		if err != nil || !strings.Contains(text, `CREATE OR REPLACE TABLE "requests"`) || !strings.Contains(text, test.want) {
			t.Errorf("%s: %v, no %q in\n%s", name, err, test.want, text)
		}
	}
}

func TestDuckDBComplains(t *testing.T) {
	w := DuckDB{Database: "w.duckdb"}
	for stderr, want := range map[string]struct {
		class fault.Class
		text  string
	}{
		`IO Error: Could not set lock on file "/w.duckdb": Conflicting lock is held in PID 7`: {fault.Conflict, "another process has it open"},
		"Invalid Input Error: " + raiseCounts:                                                 {fault.Data, "would not have the rows"},
		"Error: near line 3: Catalog Error: Table with name x does not exist!\nLINE 1: x":     {fault.Storage, "Table with name x does not exist!"},
		"Conversion Error: Could not convert string 'secret' to INT32":                        {fault.Storage, "Conversion Error (the text is left out"},
		"": {fault.Storage, "without a word"},
	} {
		err := w.complaint(stderr)
		wantClass(t, err, want.class, want.text)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("a value in %v", err)
		}
	}
	if err := w.complaint("Error: " + raiseOvertaken); !errors.Is(err, errOvertaken) {
		t.Errorf("%v, want %v", err, errOvertaken)
	}
}

func TestDuckDBNeedsItsProgram(t *testing.T) {
	l := newLake(t)
	l.commit("requests", requests, "000001-0001")
	_, err := DuckDB{Program: "./nothing", Database: "w.duckdb"}.Load(t.Context(), l.stream("requests"))
	wantClass(t, err, fault.Config, "running DuckDB")
	_, err = DuckDB{Program: "true", Database: "w.duckdb"}.Load(t.Context(), l.stream("requests"))
	wantClass(t, err, fault.Config, "does not answer as DuckDB does")
	_, err = DuckDB{}.Load(t.Context(), l.stream("nothing"))
	wantClass(t, err, fault.Config, "has no commit yet")
	_, err = DuckDB{}.Script(t.Context(), func() Stream {
		other := requests
		other.Columns = append(other.Columns[:1:1], load.StoredColumn{Name: "_ETL_file", Type: "string"})
		l.commit("files", other, "000001-0001")
		return l.stream("files")
	}())
	wantClass(t, err, fault.Config, "a column has the name of the one that etl adds")
}

// TestDuckDBIsBeingCreated has the program meet a file that another process is
// making a database of: it is opened again, and given up if it stays none.
func TestDuckDBIsBeingCreated(t *testing.T) {
	program := filepath.Join(t.TempDir(), "duckdb")
	text := `#!/bin/sh
echo x >> "$0.calls"
[ "$(wc -l < "$0.calls")" -gt %d ] && echo "etl-answer 1" && exit 0
echo 'IO Error: The file "w.duckdb" exists, but it is not a valid DuckDB database file!' >&2
exit 1
`
	for bad, want := range map[int]string{0: "1", openings - 1: "1", openings: ""} {
		if err := errors.Join(os.WriteFile(program, fmt.Appendf(nil, text, bad), 0o700), os.RemoveAll(program+".calls")); err != nil {
			t.Fatal(err)
		}
		got, err := DuckDB{Program: program, Database: "w.duckdb"}.ask(t.Context(), "")
		if got != want || (err == nil) != (want != "") {
			t.Errorf("after %d such answers: %q, %v", bad, got, err)
		}
	}
}
