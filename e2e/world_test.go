package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
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
	file   string                    // the pipelines
	seen   *sync.Map                 // tables, by what was read, and which of them are right
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

// quick lets a process of etl end before it collects garbage.
var quick = env{"GOGC": "off"}

// disturbedOnly returns the shipped pipelines file, edited, without the pipelines
// that nobody runs here: to read them takes half the time of a small run.
func disturbedOnly(t *testing.T, edits ...edit) string {
	t.Helper()
	file := edited(t, edits...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, pipelines, _ := strings.Cut(string(text), "\npipelines:\n")
	pipelines = aPipeline.ReplaceAllStringFunc(pipelines, func(text string) string {
		if slices.Contains(disturbed, aPipeline.FindStringSubmatch(text)[1]) {
			return text
		}
		return ""
	})
	if err := os.WriteFile(file, []byte(head+"\npipelines:\n"+pipelines), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// aPipeline is one in the pipelines file, up to the next.
var aPipeline = regexp.MustCompile(`(?m)^  (\w+):.*\n(?:(?:    .*|  #.*|#.*|)\n)*`)

// newWorld makes the data sets, and then changes what the API has.
func newWorld(t *testing.T) *world {
	t.Helper()
	change := slices.Concat(small, []string{"--switch", "rental.changed=5"})
	w := &world{base: filepath.Join(memoryDir(t), "lake"), file: disturbedOnly(t), seen: new(sync.Map)}
	w.args = runOf(w.file, "2026-05-01")
	w.before, w.after = readTruths(t, small...), readTruths(t, change...)
	crm := startSim(t, small...)
	run(t, crm.env.with(env{"ETL_DESTINATION": w.base}), runOf(w.file, "2026-03-01")...).want(t, 0)
	crm.stop()
	w.env = startSim(t, append(change, "--listen", crm.listen)...).env.with(quick)
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
		got := w.viewed(t, lake, pipeline)
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

// viewed is byView, which reads the same text over the same files once.
func (w *world) viewed(t *testing.T, lake, pipeline string) *compare.Table {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(lake, "views", pipeline+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(lake), nil)
	text = viewFile.ReplaceAllFunc(text, func(name []byte) []byte {
		data, err := os.ReadFile(filepath.Join(lake, string(name)))
		return fmt.Appendf(nil, "%x %t", sha256.Sum256(data), err == nil)
	})
	return w.once(string(viewHead.ReplaceAll(text, nil)), func() *compare.Table { return w.byView(t, lake, pipeline) })
}

// viewFile is a file that a view reads, and viewHead the line that says of which
// commit it is.
var (
	viewFile = regexp.MustCompile(`data/[^']*\.parquet`)
	viewHead = regexp.MustCompile(`(?m)^-- commit .*\n`)
)

// globbed is byGlob, which reads the same files once.
func (w *world) globbed(t *testing.T, lake, pipeline string) *compare.Table {
	t.Helper()
	sums := slices.Sorted(maps.Values(filesBelow(t, filepath.Join(lake, "data", pipeline))))
	return w.once(pipeline+" "+strings.Join(sums, " "), func() *compare.Table { return w.byGlob(t, lake, pipeline) })
}

// once returns what was read under a key, or reads it.
func (w *world) once(key string, read func() *compare.Table) *compare.Table {
	table, known := w.seen.Load(key)
	if !known {
		table = read()
		w.seen.Store(key, table)
	}
	return table.(*compare.Table)
}

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
		for way, got := range map[string]*compare.Table{"view": w.viewed(t, lake, pipeline), "glob": w.globbed(t, lake, pipeline)} {
			if err := compare.Diff(w.after[pipeline], got, "id").Err(); err != nil {
				t.Errorf("%s by %s: %v", pipeline, way, err)
			}
		}
	}
	run(t, w.env.with(env{"ETL_DESTINATION": lake}), append([]string{"verify", "--deep", "-f", w.file}, disturbed...)...).want(t, 0)
}
