package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"etl/e2e/compare"
)

// A world is what runs are disturbed in: data sets as an earlier run has left
// them, and an API that has changed since.
type world struct {
	env    env
	args   []string // of the run that is disturbed
	base   string   // the destination before it
	first  bool     // there is nothing in it
	before map[string]*compare.Table
	after  map[string]*compare.Table // what the data sets must hold in the end
}

// disturbed are the pipelines of a world: one is replaced, one merged, and one
// has a window, of which the run reads the newest slices.
var disturbed = []string{"request_list", "requests", windowed}

// windowed is the one whose commits come slice by slice.
const windowed = "projects_filtered"

// small is a company that is soon read.
var small = []string{"--scale", "0.02"}

// runOf returns the arguments of a run of the disturbed pipelines up to a
// month, of which the slices from February on are read, also again.
func runOf(file, until string) []string {
	since := "2026-02-01"
	if until < "2026-05" {
		since = "2025-12-01"
	}
	return append([]string{"run", "-q", "--allow-shrink", "-f", file, "--since", since, "--until", until}, disturbed...)
}

// newWorld makes the data sets, and then changes what the API has.
func newWorld(t *testing.T) *world {
	t.Helper()
	change := slices.Concat(small, []string{"--switch", "rental.changed=5"})
	w := &world{base: filepath.Join(memoryDir(t), "lake"), args: runOf(shipped, "2026-05-01")}
	w.before, w.after = readTruths(t, small...), readTruths(t, change...)
	crm := startSim(t, small...)
	run(t, crm.env.with(env{"ETL_DESTINATION": w.base}), runOf(shipped, "2026-03-01")...).want(t, 0)
	crm.stop()
	w.env = startSim(t, append(change, "--listen", crm.listen)...).env
	return w
}

// fromNothing lets the run be the first, of all that the data sets hold in the
// end.
func (w *world) fromNothing(t *testing.T) *world {
	t.Helper()
	w.base, w.first, w.args = filepath.Join(memoryDir(t), "lake"), true, slices.Clone(w.args)
	w.args[slices.Index(w.args, "--since")+1] = "2025-12-01"
	if err := os.Mkdir(w.base, 0o750); err != nil {
		t.Fatal(err)
	}
	return w
}

// readTruths returns what the simulator serves to the disturbed pipelines.
func readTruths(t *testing.T, args ...string) map[string]*compare.Table {
	t.Helper()
	files, tables := truths(t, args...), map[string]*compare.Table{}
	for _, pipeline := range disturbed {
		tables[pipeline] = readTruth(t, files[pipeline])
	}
	months := cut(t, tables[windowed])
	tables[windowed].Rows = nil
	for _, month := range []string{"2025-12", "2026-01", "2026-02", "2026-03", "2026-04"} {
		if months[month] != nil {
			tables[windowed].Rows = append(tables[windowed].Rows, months[month].Rows...)
		}
	}
	return tables
}

// memoryDir returns a fresh folder, in memory where the system offers that: no
// power is cut here.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "etl-e2e")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// copy returns a destination of its own that is as the base.
func (w *world) copy(t *testing.T) string {
	t.Helper()
	lake := filepath.Join(memoryDir(t), "lake")
	if out, err := exec.Command("cp", "-a", w.base, lake).CombinedOutput(); err != nil {
		t.Fatalf("copying: %v\n%s", err, out)
	}
	return lake
}

// undisturbed returns the files that a run leaves that nothing happens to.
func (w *world) undisturbed(t *testing.T) map[string]string {
	t.Helper()
	lake := w.copy(t)
	run(t, w.env.with(env{"ETL_DESTINATION": lake}), w.args...).want(t, 0)
	w.checkEnd(t, lake)
	return tree(t, lake)
}

// checkCommitted fails if a glob could see anything but files of commits.
func (w *world) checkCommitted(t *testing.T, lake string) {
	t.Helper()
	committed := map[string]string{}
	records, err := filepath.Glob(filepath.Join(lake, "_etl", "*", "commits", "*.json"))
	if err != nil || len(records) == 0 && !w.first {
		t.Fatalf("%d commits: %v", len(records), err)
	}
	for _, record := range records {
		text, err := os.ReadFile(record)
		if err != nil {
			t.Fatal(err)
		}
		var commit struct {
			Files []struct{ Path, SHA256 string }
		}
		if err := json.Unmarshal(text, &commit); err != nil {
			t.Errorf("%s: %v", record, err)
		}
		for _, f := range commit.Files {
			committed[strings.TrimPrefix(f.Path, "data/")] = f.SHA256
		}
	}
	for name, sum := range dataFiles(t, lake) {
		if committed[name] != sum {
			t.Errorf("data/%s is in no commit: its SHA-256 is %s, that of commits %q", name, sum, committed[name])
		}
	}
}

// checkViews fails unless each view shows a commit: the state before the run,
// or that after it; of a window, some slices of that.
func (w *world) checkViews(t *testing.T, lake string) {
	t.Helper()
	for _, pipeline := range disturbed {
		if _, err := os.Stat(filepath.Join(lake, "views", pipeline+".sql")); w.first && errors.Is(err, os.ErrNotExist) {
			continue
		}
		got := w.byView(t, lake, pipeline)
		if pipeline == windowed {
			if err := compare.Diff(having(w.after[pipeline], got), got, "id").Err(); err != nil {
				t.Errorf("the view %s: %v", pipeline, err)
			}
			continue
		}
		before := compare.Diff(w.before[pipeline], got, "id").Err()
		after := compare.Diff(w.after[pipeline], got, "id").Err()
		if before != nil && after != nil {
			t.Errorf("the view %s shows neither the state before nor that after: %v\n%v", pipeline, before, after)
		}
	}
}

// having returns the rows of a truth whose keys are in a data set.
func having(truth, got *compare.Table) *compare.Table {
	keys := got.Keys("id")
	some := &compare.Table{Columns: truth.Columns}
	for i, key := range truth.Keys("id") {
		if slices.Contains(keys, key) {
			some.Rows = append(some.Rows, truth.Rows[i])
		}
	}
	return some
}

// cut returns the rows of each month of creation, as the window has them, and
// all rows under no name where a list is not cut.
func cut(t *testing.T, table *compare.Table) map[string]*compare.Table {
	t.Helper()
	place := slices.Index(table.Columns, "created")
	if place < 0 {
		return map[string]*compare.Table{"": table}
	}
	months := map[string]*compare.Table{}
	for _, row := range table.Rows {
		created, err := time.Parse(time.RFC3339, row[place].(string))
		if err != nil {
			t.Fatal(err)
		}
		month := created.In(moscow).Format("2006-01")
		if months[month] == nil {
			months[month] = &compare.Table{Columns: table.Columns}
		}
		months[month].Rows = append(months[month].Rows, row)
	}
	return months
}

// moscow is the zone of the window.
var moscow = time.FixedZone("MSK", 3*60*60)

// byView reads a data set by its view.
func (w *world) byView(t *testing.T, lake, pipeline string) *compare.Table {
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
		t.Fatalf("making the view: %v", err)
	}
	got, err := compare.Read(t.Context(), db, pipeline)
	if err != nil {
		t.Fatalf("by the view %s: %v", pipeline, err)
	}
	return got
}

// byGlob reads a data set by its files.
func (w *world) byGlob(t *testing.T, lake, pipeline string) *compare.Table {
	t.Helper()
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got, err := compare.Read(t.Context(), db, compare.Files(filepath.Join(lake, "data", pipeline, "**", "*.parquet")))
	if err != nil {
		t.Fatalf("by a glob over %s: %v", pipeline, err)
	}
	return got
}

// checkEnd fails unless every data set holds, by view and by glob, what the API
// has, and verify finds nothing.
func (w *world) checkEnd(t *testing.T, lake string) {
	t.Helper()
	for _, pipeline := range disturbed {
		for way, got := range map[string]*compare.Table{"view": w.byView(t, lake, pipeline), "glob": w.byGlob(t, lake, pipeline)} {
			if err := compare.Diff(w.after[pipeline], got, "id").Err(); err != nil {
				t.Errorf("%s by %s: %v", pipeline, way, err)
			}
		}
	}
	run(t, w.env.with(env{"ETL_DESTINATION": lake}), append([]string{"verify", "--deep", "-f", shipped}, disturbed...)...).want(t, 0)
}
