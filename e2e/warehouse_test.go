package e2e

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/e2e/compare"
)

// duckdbProgram is the program duckdb of this machine, or the one of this module
// that stands in for it.
var duckdbProgram = sync.OnceValues(func() (string, error) {
	if found, err := exec.LookPath("duckdb"); err == nil {
		return found, nil
	}
	binary, err := filepath.Abs(filepath.Join("..", ".cache", "e2e", "duckdbsql"))
	if err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-o", binary, "./duckdbsql").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building duckdbsql: %w\n%s", err, out)
	}
	return binary, nil
})

// A warehouse is a lake and a database that its data sets are loaded into.
type warehouse struct {
	t              *testing.T
	env            env
	lake, database string
	pipelines      []string // all that the lake has
}

func newWarehouse(t *testing.T, lake string) *warehouse {
	t.Helper()
	w := &warehouse{t: t, env: env{"ETL_DESTINATION": lake, "ETL_FILE": shipped}, lake: lake, database: filepath.Join(t.TempDir(), "w.duckdb")}
	views, err := filepath.Glob(filepath.Join(lake, "views", "*.sql"))
	if err != nil || len(views) == 0 {
		t.Fatalf("%d views: %v", len(views), err)
	}
	for _, view := range views {
		w.pipelines = append(w.pipelines, strings.TrimSuffix(filepath.Base(view), ".sql"))
	}
	return w
}

// args is the command line that loads pipelines; none are all.
func (w *warehouse) args(pipelines ...string) []string {
	w.t.Helper()
	program, err := duckdbProgram()
	if err != nil {
		w.t.Fatal(err)
	}
	if len(pipelines) == 0 {
		pipelines = w.pipelines
	}
	return append([]string{"load", "duckdb", "--json", "--database", w.database, "--duckdb", program}, pipelines...)
}

// A loaded is a line that etl load writes.
type loaded struct {
	Pipeline       string
	Commit, Rows   int64
	Added, Dropped int
}

// load loads pipelines and returns what was done, by pipeline.
func (w *warehouse) load(pipelines ...string) map[string]loaded {
	w.t.Helper()
	r := run(w.t, w.env, w.args(pipelines...)...)
	r.want(w.t, 0)
	all := map[string]loaded{}
	for line := range strings.Lines(r.stdout) {
		var l loaded
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			w.t.Fatalf("%v: %s", err, line)
		}
		all[l.Pipeline] = l
	}
	return all
}

// open opens the database as its users do, with the views of the lake beside
// its tables in a database named lake.
func (w *warehouse) open() *sql.DB {
	w.t.Helper()
	db, err := sql.Open("duckdb", w.database)
	if err != nil {
		w.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	w.exec(db, "ATTACH ':memory:' AS lake; USE lake")
	for _, p := range w.pipelines {
		view, err := os.ReadFile(filepath.Join(w.lake, "views", p+".sql"))
		if err != nil {
			w.t.Fatal(err)
		}
		w.exec(db, string(view))
	}
	w.exec(db, "USE w")
	return db
}

func (w *warehouse) exec(db *sql.DB, text string) {
	w.t.Helper()
	if _, err := db.ExecContext(w.t.Context(), text); err != nil {
		w.t.Fatalf("%v\n%s", err, text)
	}
}

// texts returns the rows of a query of one column.
func (w *warehouse) texts(db *sql.DB, query string) (all []string) {
	w.t.Helper()
	rows, err := db.QueryContext(w.t.Context(), query)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, query)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// check holds every table, and every view over a list, against the views of the
// lake: columns, types and rows, those that are equal counted too.
func (w *warehouse) check() {
	w.t.Helper()
	db := w.open()
	defer db.Close()
	names := w.texts(db, "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'lake' ORDER BY ALL")
	if len(names) <= len(w.pipelines) {
		w.t.Errorf("%d tables and views of %d pipelines: no list has a view", len(names), len(w.pipelines))
	}
	for _, name := range names {
		const columns = "SELECT column_name || ' ' || column_type FROM (DESCRIBE %s.main.%q) WHERE column_name <> '_etl_file'"
		want, got := w.texts(db, fmt.Sprintf(columns, "lake", name)), w.texts(db, fmt.Sprintf(columns, "w", name))
		if diff := cmp.Diff(want, got); diff != "" {
			w.t.Errorf("columns of %s (-lake +database):\n%s", name, diff)
			continue
		}
		held := fmt.Sprintf("SELECT COLUMNS(c -> c <> '_etl_file') FROM w.main.%q", name)
		differ := w.texts(db, fmt.Sprintf("SELECT count(*)::VARCHAR FROM ((%[1]s EXCEPT ALL FROM lake.main.%[2]q) UNION ALL (FROM lake.main.%[2]q EXCEPT ALL %[1]s))", held, name))
		if differ[0] != "0" {
			w.t.Errorf("%s: %s rows differ between the lake and the database", name, differ[0])
		}
	}
}

// checkTruth holds the tables against what was served.
func (w *warehouse) checkTruth(truth string) {
	w.t.Helper()
	db := w.open()
	defer db.Close()
	values := 0
	for _, p := range w.pipelines {
		got, err := compare.Read(w.t.Context(), db, fmt.Sprintf("(SELECT * EXCLUDE (_etl_file) FROM w.main.%q)", p))
		if err != nil {
			w.t.Fatal(err)
		}
		report := compare.Diff(readTruth(w.t, filepath.Join(truth, p+".ndjson")), got, w.key(p)...)
		if err := report.Err(); err != nil {
			w.t.Errorf("%s: %v", p, err)
		}
		values += report.Values
	}
	w.t.Logf("compared %d values of %d tables", values, len(w.pipelines))
}

// key returns the key of a data set, as its commit says.
func (w *warehouse) key(pipeline string) []string {
	w.t.Helper()
	commits, err := filepath.Glob(filepath.Join(w.lake, "_etl", pipeline, "commits", "*.json"))
	if err != nil || len(commits) == 0 {
		w.t.Fatalf("%d commits of %s: %v", len(commits), pipeline, err)
	}
	text, err := os.ReadFile(commits[0])
	if err != nil {
		w.t.Fatal(err)
	}
	var c struct{ Schema struct{ Key []string } }
	if err := json.Unmarshal(text, &c); err != nil {
		w.t.Fatal(err)
	}
	return c.Schema.Key
}

// parts adds up what a load has done.
func parts(all map[string]loaded) (added, dropped int) {
	for _, l := range all {
		added, dropped = added+l.Added, dropped+l.Dropped
	}
	return added, dropped
}

// TestWarehouseDuckDB loads every pipeline that there is, and holds all tables
// against the lake, and against what was served.
func TestWarehouseDuckDB(t *testing.T) {
	lake, scale := t.TempDir(), []string{"--seed", "7", "--scale", "0.03"}
	crm := startSim(t, scale...)
	r, _ := runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	truth := t.TempDir()
	run(t, nil, append([]string{"sim", "--truth", truth}, scale...)...).want(t, 0)
	w := newWarehouse(t, lake)

	t.Run("by several at once", func(t *testing.T) {
		w.t = t
		w.race(4)
		w.load()
		w.check()
		w.checkTruth(truth)
	})
	t.Run("again", func(t *testing.T) {
		w.t = t
		before := w.state()
		if added, dropped := parts(w.load()); added+dropped != 0 {
			t.Errorf("%d parts added and %d dropped by the second load", added, dropped)
		}
		if diff := cmp.Diff(before, w.state()); diff != "" {
			t.Errorf("the second load wrote the books (-before +after):\n%s", diff)
		}
	})

	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(lake)); err != nil {
		t.Fatal(err)
	}
	crm.stop()
	crm = startSim(t, "--seed", "8", "--scale", "0.03", "--listen", crm.listen) // other rows
	anew := []string{"--new-source", "--allow-shrink", "--fresh"}

	t.Run("a replaced slice", func(t *testing.T) {
		w.t = t
		r, _ := runPipelines(t, crm.env, shipped, lake, append(anew, "--since", "2025-03-01", "--until", "2025-04-01", "calls_report")...)
		r.want(t, 0)
		if l := w.load()["calls_report"]; l.Added != 1 || l.Dropped != 1 {
			t.Errorf("%d parts added and %d dropped, want 1 and 1", l.Added, l.Dropped)
		}
		w.check()
	})
	t.Run("crashes between commit and load", func(t *testing.T) {
		w.t = t
		r, _ := runPipelines(t, crm.env, shipped, lake, append(anew, "request_list", "requests", "workshop_resources", "sales_funnels")...)
		r.want(t, 0)
		for lines := range 3 {
			w.crash(lines)
		}
		w.load()
		w.check()
	})
	t.Run("an older commit", func(t *testing.T) {
		w.t = t
		before := w.state()
		r := run(t, w.env.with(env{"ETL_DESTINATION": old}), w.args("calls_report")...)
		r.want(t, 2)
		if want := "the warehouse holds commit 25, the newest of the destination is 24"; !strings.Contains(r.stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, r.stderr)
		}
		if diff := cmp.Diff(before, w.state()); diff != "" {
			t.Errorf("a refused load wrote the books (-before +after):\n%s", diff)
		}
	})
	t.Run("verified", func(t *testing.T) {
		w.t = t
		w.verify(0)
		w.change("UPDATE w.main.requests SET price = price + 1 WHERE id = (SELECT max(id) FROM w.main.requests)")
		if r := w.verify(4); !strings.Contains(r.stderr, "verifying requests: these differ from the commit: the sum of price\n") {
			t.Errorf("verify told\n%s", r.stderr)
		}
		w.change("DELETE FROM w.main.users")
		if r := w.verify(4); !strings.Contains(r.stderr, "verifying users: these differ from the commit: the number of rows,") {
			t.Errorf("verify told\n%s", r.stderr)
		}
		w.change("DROP TABLE w.main.users; DROP TABLE w.main.requests")
		w.load()
		w.verify(0)
		w.check()
	})
	t.Run("types that BigQuery takes", func(t *testing.T) {
		w.t = t
		w.checkFooters()
	})
	t.Run("as views and back", func(t *testing.T) {
		w.t = t
		run(t, w.env, append(w.args(), "--mode", "view")...).want(t, 0)
		w.check()
		w.load()
		w.check()
	})
}

// verify holds the database against the lake with etl verify.
func (w *warehouse) verify(exit int) result {
	w.t.Helper()
	args := append([]string{"verify", "--against", "duckdb"}, w.args()[3:]...) // without load, duckdb and --json
	r := run(w.t, w.env, args...)
	r.want(w.t, exit)
	return r
}

// race loads everything by several processes at the same time. Each loads or
// finds the database taken.
func (w *warehouse) race(n int) {
	w.t.Helper()
	cmds, errs := make([]*exec.Cmd, n), make([]bytes.Buffer, n)
	for i := range cmds {
		cmds[i] = command(w.t, w.env, w.args()...)
		cmds[i].Stderr = &errs[i]
		if err := cmds[i].Start(); err != nil {
			w.t.Fatal(err)
		}
	}
	for i, cmd := range cmds {
		err := cmd.Wait()
		if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
			w.t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != 0 && code != 8 {
			w.t.Errorf("exit %d, want 0 or 8\n%s", code, &errs[i])
		}
	}
}

// crash loads everything and kills all processes of it when so many pipelines
// are loaded.
func (w *warehouse) crash(lines int) {
	w.t.Helper()
	cmd := command(w.t, w.env, w.args()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	buffer := make([]byte, 1)
	for range lines {
		for n, err := out.Read(buffer); n == 1 && err == nil && buffer[0] != '\n'; n, err = out.Read(buffer) {
		}
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// change runs SQL as somebody would who works on the database.
func (w *warehouse) change(text string) {
	w.t.Helper()
	db := w.open()
	defer db.Close()
	w.exec(db, text)
}

// loadable are the columns of Parquet that BigQuery's load jobs take: physical
// type and annotation, as DuckDB shows them
// (https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet).
// TIME is not in that table but is taken.
var loadable = regexp.MustCompile(`^(BOOLEAN |INT32 (INT_32|DATE|DECIMAL)?|INT64 (INT_64|TIMESTAMP_MICROS|TIME_MICROS|DECIMAL)?|FIXED_LEN_BYTE_ARRAY DECIMAL|DOUBLE |BYTE_ARRAY UTF8)$`)

// checkFooters holds the columns of every live file against what BigQuery takes.
// Lists must have its names for their parts, and every file of a data set the
// same columns in the same order.
func (w *warehouse) checkFooters() {
	w.t.Helper()
	db, err := compare.OpenDuckDB()
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	seen := map[string]int{}
	for _, p := range w.pipelines {
		glob := strings.ReplaceAll(filepath.Join(w.lake, "data", p, "**", "*.parquet"), "'", "''")
		columns := w.texts(db, "SELECT DISTINCT coalesce(type || ' ' || coalesce(converted_type, ''), '') FROM parquet_schema('"+glob+"') WHERE num_children IS NULL OR num_children = 0")
		for _, c := range columns {
			if !loadable.MatchString(c) {
				w.t.Errorf("%s has a column of the type %s", p, c)
			}
			seen[c]++
		}
		names := w.texts(db, "SELECT DISTINCT name FROM parquet_schema('"+glob+"') WHERE repetition_type = 'REPEATED'")
		if len(names) > 1 || len(names) == 1 && names[0] != "list" {
			w.t.Errorf("%s has lists of the names %q, want list", p, names)
		}
		orders := w.texts(db, "SELECT DISTINCT string_agg(name || coalesce(type, '') || coalesce(repetition_type, ''), ',' ORDER BY i) FROM (SELECT *, row_number() OVER () AS i FROM parquet_schema('"+glob+"')) GROUP BY file_name")
		if len(orders) != 1 {
			w.t.Errorf("the files of %s have %d schemas", p, len(orders))
		}
	}
	w.t.Logf("types of columns, by the number of data sets that have them: %v", seen)
}

// state returns the books of the database.
func (w *warehouse) state() []string {
	w.t.Helper()
	db := w.open()
	defer db.Close()
	return append(w.texts(db, "SELECT l::VARCHAR FROM w.main._etl_loads l ORDER BY ALL"), w.texts(db, "SELECT f::VARCHAR FROM w.main._etl_files f ORDER BY ALL")...)
}
