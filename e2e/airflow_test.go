package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"etl/e2e/compare"
)

// The environments with Airflow that tools/suites makes.
const (
	airflow3 = "../.cache/venv-airflow/bin"
	airflow2 = "../.cache/venv-airflow-2/bin"
)

// airflowDeadline bounds an installation, storyLimit each story that it is put
// through: what takes longer hangs.
const (
	airflowDeadline = 30 * time.Minute
	storyLimit      = 5 * time.Minute
)

// An airflow is an installation with a home of its own: a fresh database, no
// example DAGs, connections to a simulator, one lake for the example DAGs and
// one for each trial.
type airflow struct {
	bin, home, lakes string
	env              env
	until            time.Time // when the story must be over; zero outside of stories
}

// story runs a part of a test whose commands and waits end with its limit.
func (a *airflow) story(t *testing.T, name string, do func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		a.until = time.Now().Add(storyLimit)
		defer func() { a.until = time.Time{} }()
		do(t)
	})
}

// newAirflow prepares a home for the Airflow of an environment. DAGs are those
// of the folders; connections lead to the simulator.
func newAirflow(t *testing.T, bin string, crm *sim, folders ...string) *airflow {
	t.Helper()
	a := &airflow{bin: absolute(t, bin), home: t.TempDir(), lakes: t.TempDir()}
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dags := filepath.Join(a.home, "dags")
	for _, folder := range folders {
		if err := os.CopyFS(dags, os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
	}
	a.env = env{
		"AIRFLOW_HOME": a.home, "AIRFLOW__CORE__DAGS_FOLDER": dags, "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
		"AIRFLOW__OPENLINEAGE__TRANSPORT": `{"type":"file","log_file_path":"` + a.events() + `","append":true}`,
		"PATH":                            strings.Join([]string{a.bin, filepath.Dir(binary), absolute(t, "airflow"), os.Getenv("PATH")}, ":"),
		"PYTHONPATH":                      absolute(t, "../deploy/airflow"), "PYTHONDONTWRITEBYTECODE": "1",
		"ETL_LAKES": a.lakes, "AIRFLOW_VAR_ETL_DESTINATION": filepath.Join(a.lakes, "examples"), "AIRFLOW_VAR_ETL_FILE": edited(t, edit{`"\$\{RENTAL_REQUESTS[^"]*"`, "1000000"}),
		"AIRFLOW_CONN_CALLS":  connection(t, crm.env["CALLS_URL"], crm.env["CALLS_USER"], crm.env["CALLS_PASSWORD"], ""),
		"AIRFLOW_CONN_RENTAL": connection(t, crm.env["RENTAL_URL"], crm.env["RENTAL_USER"], crm.env["RENTAL_PASSWORD"], crm.env["RENTAL_TENANT"]),
	}
	a.run(t, "db", "migrate")
	return a
}

// events is the file that lineage goes to.
func (a *airflow) events() string { return filepath.Join(a.home, "lineage.ndjson") }

// lake is where a trial, or the examples, commit.
func (a *airflow) lake(name string) string { return filepath.Join(a.lakes, name) }

func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// connection is a connection as Airflow takes it from the environment.
func connection(t *testing.T, host, login, password, tenant string) string {
	t.Helper()
	return encoded(t, map[string]any{
		"conn_type": "http", "host": host, "login": login, "password": password, "extra": map[string]string{"tenant": tenant},
	})
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// command prepares a program of the environment that ends with the test, or with
// its story.
func (a *airflow) command(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	until := a.until
	if until.IsZero() {
		until = time.Now().Add(airflowDeadline)
	}
	ctx, cancel := context.WithDeadline(t.Context(), until)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, filepath.Join(a.bin, program), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Dir, cmd.Env = a.home, a.env.list()
	return cmd
}

// run runs airflow to its end, which must be a good one, and returns what it
// wrote.
func (a *airflow) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := a.command(t, "airflow", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("airflow %s: %v (make test-airflow prepares Python)\n%s", strings.Join(args, " "), err, tail(out))
	}
	return string(out)
}

// tail returns the end of an output.
func tail(out []byte) []byte { return out[max(0, len(out)-20_000):] }

// python has Python run a program in the environment of Airflow and returns what
// it prints.
func (a *airflow) python(t *testing.T, program string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := a.command(t, "python", append([]string{"-c", program}, args...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return string(out)
}

// states returns the states of the tasks of a DAG, over all its runs, as
// "task state" in order. airflow dags test leaves them in the database alone.
func (a *airflow) states(t *testing.T, dag string) []string {
	t.Helper()
	out := a.python(t, `
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(
        "SELECT task_id, state FROM task_instance WHERE dag_id = ? ORDER BY task_id, map_index, start_date", sys.argv[2:]):
    print(*row)`, filepath.Join(a.home, "airflow.db"), dag)
	return strings.Split(strings.TrimSpace(out), "\n")
}

// checkDays fails unless the calls of a lake are those of the truth on the days
// that its newest commit holds, among which wanted ones are.
func checkDays(t *testing.T, lake string, truth *compare.Table, wanted ...string) {
	t.Helper()
	days := committedDays(t, lake, "calls_report")
	for _, day := range wanted {
		if !slices.Contains(days, day) {
			t.Errorf("the days %v are committed, and not %s", days, day)
		}
	}
	want := &compare.Table{Columns: truth.Columns}
	place := slices.Index(truth.Columns, "start_time")
	for _, row := range truth.Rows {
		at, err := time.Parse(time.RFC3339, row[place].(string))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(days, at.In(moscow).Format(time.DateOnly)) {
			want.Rows = append(want.Rows, row)
		}
	}
	if len(want.Rows) == 0 {
		t.Fatalf("the days %v have no rows", days)
	}
	checkDataSet(t, lake, "calls_report", want)
}

// committedDays returns the slices of the newest commit of a data set.
func committedDays(t *testing.T, lake, pipeline string) (days []string) {
	t.Helper()
	records, err := filepath.Glob(filepath.Join(lake, "_etl", pipeline, "commits", "*.json"))
	if err != nil || len(records) == 0 {
		t.Fatalf("%s has %d commits: %v", pipeline, len(records), err)
	}
	slices.Sort(records)
	text, err := os.ReadFile(records[len(records)-1])
	if err != nil {
		t.Fatal(err)
	}
	var commit struct{ Slices []struct{ Since time.Time } }
	if err := json.Unmarshal(text, &commit); err != nil {
		t.Fatal(err)
	}
	for _, s := range commit.Slices {
		days = append(days, s.Since.In(moscow).Format(time.DateOnly))
	}
	return days
}
