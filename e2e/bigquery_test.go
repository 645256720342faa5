package e2e

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"etl/e2e/compare"
	"etl/internal/bigsim"
)

// loadedPipelines have a list of rows, rows with lists and decimals, slices, and
// a key of two columns.
var loadedPipelines = []string{"request_list", "requests", "calls_report", "deals_history"}

// A bigQuery stands in for BigQuery. What verify asks of it DuckDB computes, from
// the files that it was given.
type bigQuery struct {
	t       *testing.T
	sim     *bigsim.Server
	url     string
	servers env    // where it reads gs:// from
	dir     string // its copies of files
	db      *sql.DB
	files   int
}

func startBigQuery(t *testing.T, servers env) *bigQuery {
	t.Helper()
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	b := &bigQuery{t: t, sim: bigsim.New(t.Errorf), servers: servers, dir: t.TempDir(), db: db}
	b.sim.Read, b.sim.Figures = b.read, b.figures
	var one sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		if r.Header.Get("Authorization") != "" {
			t.Error("a server that only stands in for BigQuery gets credentials")
		}
		b.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		db.Close()
	})
	b.url = server.URL
	return b
}

// read keeps a copy of a file, and has DuckDB count its rows.
func (b *bigQuery) read(address string, content []byte) (name string, rows int64, err error) {
	if address != "" {
		if content, err = object(b.servers, address); err != nil {
			return "", 0, err
		}
	}
	b.files++
	name = filepath.Join(b.dir, fmt.Sprintf("%d.parquet", b.files))
	if err := os.WriteFile(name, content, 0o600); err != nil {
		return "", 0, err
	}
	err = b.db.QueryRow("SELECT count(*) FROM " + compare.Files(name)).Scan(&rows)
	return name, rows, err
}

// figures computes a list of figures of files.
func (b *bigQuery) figures(list string, files []string) (answer string) {
	list = regexp.MustCompile(`TO_JSON_STRING\(STRUCT\(([^()]*)\)\)`).ReplaceAllString(list, "row($1)")
	list = strings.NewReplacer("`", `"`, " AS STRING)", " AS VARCHAR)", " AS BIGNUMERIC)", " AS DECIMAL(38,9))").Replace(list)
	query := fmt.Sprintf("SELECT to_json([%s])::VARCHAR FROM read_parquet(['%s'], hive_partitioning = false)", list, strings.Join(files, "', '"))
	if err := b.db.QueryRow(query).Scan(&answer); err != nil {
		b.t.Errorf("%v", err)
	}
	return answer
}

// args is a command line that speaks of the dataset.
func (b *bigQuery) args(command ...string) []string {
	return append(command, "--project", "my-project", "--dataset", "lake", "--endpoint", b.url)
}

// spoil writes a file of a table anew, with the rows of a query of it.
func (b *bigQuery) spoil(t *testing.T, table, rows string) (restore func()) {
	t.Helper()
	files := b.sim.Tables[table].Files()
	name := files[len(files)-1]
	saved, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	query := fmt.Sprintf("COPY (%s) TO '%s' (FORMAT parquet)", strings.ReplaceAll(rows, "FILE", "read_parquet('"+name+".old')"), name)
	if err := os.Rename(name, name+".old"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Exec(query); err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	return func() {
		if err := os.WriteFile(name, saved, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// TestWarehouseBigQuery loads data sets of a folder and of buckets, and holds
// the tables against them, all by the command line.
func TestWarehouseBigQuery(t *testing.T) {
	crm := startSim(t, "--seed", "7", "--scale", "0.03")
	servers := startBuckets(t)
	for _, destination := range []string{t.TempDir(), "gs://lake/big/query", "s3://lake/big/query"} {
		t.Run(destination[:2], func(t *testing.T) {
			e := crm.env.with(servers).with(env{
				"ETL_DESTINATION": destination, "ETL_FILE": shipped, "GOOGLE_APPLICATION_CREDENTIALS": filepath.Join(t.TempDir(), "none"),
			})
			run(t, e, append([]string{"run", "-q"}, loadedPipelines...)...).want(t, 0)
			b := startBigQuery(t, servers)
			verify := append(b.args("verify", "--against", "bigquery"), loadedPipelines...)
			run(t, e, verify...).want(t, 4) // nothing is loaded yet
			for i := range 2 {
				r := run(t, e, append(b.args("load", "bigquery", "--json"), loadedPipelines...)...)
				r.want(t, 0)
				if added := addedBy(t, r.stdout); i == 0 == (added == 0) {
					t.Errorf("load %d has added %d parts", i+1, added)
				}
			}
			r := run(t, e, verify...)
			r.want(t, 0)
			if n := strings.Count(r.stdout, " rows, as in commit "); n != len(loadedPipelines) {
				t.Errorf("verify told of %d tables:\n%s", n, r.stdout)
			}
			b.byUploads(strings.HasPrefix(destination, "gs://"))
			b.spoilt(t, e)
		})
	}
}

// byUploads holds how the files have come.
func (b *bigQuery) byUploads(addresses bool) {
	b.t.Helper()
	loads := 0
	for _, job := range b.sim.Jobs {
		load, ok := job["configuration"].(map[string]any)["load"].(map[string]any)
		if !ok {
			continue
		}
		loads++
		if _, uris := load["sourceUris"]; uris != addresses {
			b.t.Errorf("a load job by addresses: %t, want %t", uris, addresses)
		}
	}
	if loads < len(loadedPipelines) {
		b.t.Errorf("%d load jobs", loads)
	}
}

// spoilt has verify find rows that are not those of the commit.
func (b *bigQuery) spoilt(t *testing.T, e env) {
	for _, test := range []struct{ name, table, rows, told string }{
		{"a sum", "requests", "SELECT * REPLACE (CASE WHEN price = (SELECT max(price) FROM FILE) THEN price + 0.01 ELSE price END::DECIMAL(16,2) AS price) FROM FILE", "the sum of price\n"},
		{"a missing value", "requests", "SELECT * REPLACE (nullif(status_label, (SELECT max(status_label) FROM FILE)) AS status_label) FROM FILE", "the number of values of status_label\n"},
		{"a key that comes twice", "request_list", "SELECT * REPLACE (CASE WHEN id = (SELECT max(id) FROM FILE) THEN (SELECT min(id) FROM FILE) ELSE id END AS id) FROM FILE", "the number of different keys, the sum of id\n"},
		{"a missing row", "calls_report", "SELECT * FROM FILE OFFSET 1", "the number of rows, the number of different keys, "},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer b.spoil(t, test.table, test.rows)()
			r := run(t, e, append(b.args("verify", "--against", "bigquery"), loadedPipelines...)...)
			r.want(t, 4)
			told := "verifying " + test.table + ": these differ from the commit: " + test.told
			if !strings.Contains(r.stderr, told) || strings.Count(r.stdout, "\n") != len(loadedPipelines)-1 {
				t.Errorf("verify told, and not %q:\n%s%s", told, r.stdout, r.stderr)
			}
			if regexp.MustCompile(`\d`).MatchString(regexp.MustCompile(`and \d+ more`).ReplaceAllString(r.stderr, "")) {
				t.Errorf("a value in the message:\n%s", r.stderr)
			}
		})
	}
}

// addedBy adds up the parts that a load has added.
func addedBy(t *testing.T, stdout string) (added int) {
	t.Helper()
	for line := range strings.Lines(stdout) {
		var l loaded
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		added += l.Added
	}
	return added
}

// TestWarehouseBigQueryTrial holds that the steps of tools/test-bigquery follow
// from each other: all but those in a bucket, with a program bq that says what
// is hoped for.
func TestWarehouseBigQueryTrial(t *testing.T) {
	b := startBigQuery(t, nil)
	bin := t.TempDir()
	const bq = `#!/bin/sh
echo '"managed_by": "etl" "type": "NUMERIC" "mode": "REPEATED" "type": "MONTH"'
`
	if err := os.WriteFile(filepath.Join(bin, "bq"), []byte(bq), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "../tools/test-bigquery", "my-project", "lake")
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "ETL_ENDPOINT="+b.url, "ETL_SCALE=0.03")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\nbq rm -r -f --dataset my-project:lake\n") {
		t.Errorf("%v\n%s", err, out)
	}
}
