package warehouse

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"etl/internal/fault"
	"etl/load"
)

// A lake is a destination whose commits a test writes by hand. The files are
// only names.
type lake struct {
	t   *testing.T
	dir string
	n   map[string]int64 // newest commit of each pipeline
	now map[string]*load.Commit
}

func newLake(t *testing.T) *lake {
	return &lake{t: t, dir: t.TempDir(), n: map[string]int64{}, now: map[string]*load.Commit{}}
}

// requests is what the rows of the tests are.
var requests = load.SchemaRef{
	Name: "rental/request", Fingerprint: "f1", Key: []string{"id"},
	Columns: []load.StoredColumn{
		{Name: "id", Type: "int64", Required: true},
		{Name: "price", Type: "decimal(16,2)"},
		{Name: "services", Type: "list", Fields: []load.StoredColumn{
			{Name: "element", Type: "struct", Required: true, Fields: []load.StoredColumn{{Name: "name", Type: "string"}}},
		}},
	},
}

// commit publishes a commit that has these files: names below the folder of the
// data set, each with as many rows as its name ends in. A file in window=2026-01-01
// belongs to that slice, and all slices are months.
func (l *lake) commit(pipeline string, schema load.SchemaRef, files ...string) *load.Commit {
	l.t.Helper()
	l.n[pipeline]++
	c := &load.Commit{Format: load.Format, Number: l.n[pipeline], Pipeline: pipeline, Schema: schema, Files: []load.File{}, Added: []string{}, Dropped: []string{}}
	stream, _, _ := strings.Cut(pipeline, "@")
	for _, name := range files {
		rows, err := strconv.ParseInt(name[len(name)-4:], 10, 64)
		if err != nil {
			l.t.Fatal(err)
		}
		f := load.File{Path: "data/" + stream + "/" + name + ".parquet", SHA256: "sum of " + name, Rows: rows}
		if slice, ok := strings.CutPrefix(strings.Split(name, "/")[0], "window="); ok {
			since, err := time.Parse(time.DateOnly, slice)
			if err != nil {
				l.t.Fatal(err)
			}
			f.Slice = slice
			c.Slices = append(c.Slices, load.Slice{Since: since, Until: since.AddDate(0, 1, 0), State: load.SliceClosed, Commit: c.Number})
		}
		c.Files = append(c.Files, f)
	}
	slices.SortFunc(c.Files, func(a, b load.File) int { return strings.Compare(a.Path, b.Path) })
	text, err := json.Marshal(c)
	if err != nil {
		l.t.Fatal(err)
	}
	l.write(fmt.Sprintf("_etl/%s/commits/%012d.json", pipeline, c.Number), text)
	l.write(fmt.Sprintf("_etl/%s/published/%012d", pipeline, c.Number), nil)
	l.now[pipeline] = c
	return c
}

func (l *lake) write(name string, text []byte) {
	l.t.Helper()
	name = filepath.Join(l.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// stream returns a stream of the lake, with these accounts.
func (l *lake) stream(name string, accounts ...string) Stream {
	l.t.Helper()
	store, err := load.Open(l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	s := Stream{Name: name}
	for _, a := range accounts {
		s.Datasets = append(s.Datasets, store.Dataset(name+"@"+a))
	}
	if len(accounts) == 0 {
		s.Datasets = append(s.Datasets, store.Dataset(name))
	}
	return s
}

func wantClass(t *testing.T, err error, class fault.Class, text string) {
	t.Helper()
	if err == nil || fault.Of(err) != class || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v of class %v, want %q of class %v", err, fault.Of(err), text, class)
	}
}
