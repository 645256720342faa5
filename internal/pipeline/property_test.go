package pipeline_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"etl/internal/jsonspan"
	"etl/load"
	"etl/schemas"
	"etl/transform"
)

// Tables are kept for others to read when the test is run with -tables=FOLDER:
// <number>.parquet, and what must be in it as <number>.ndjson.
var tables = flag.String("tables", "", "folder in which TestTables keeps its tables")

// defaultTables is how many tables TestTables makes, unless -rapid.checks says
// otherwise; make properties has it make 10,000.
const defaultTables = "300"

// A table is a schema of any types, pages of records that fit it, spelled in any
// way, and the rows that they must become.
type table struct {
	schema *schemas.Schema
	pages  []transform.Page
	rows   []string // as JSON
}

// Whatever the types, the values and their spelling: what was meant is what
// Arrow's own reader finds in the Parquet.
func TestTables(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set(defaultTables); err != nil {
			t.Fatal(err)
		}
	}
	dir, count, rows, met := t.TempDir(), 0, 0, map[string]int{}
	if *tables != "" {
		dir = *tables
	}
	store, err := load.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		made := maker{t}.table()
		file := filepath.Join(dir, fmt.Sprintf("%05d.parquet", count))
		count, rows = count+1, rows+len(made.rows)
		kinds(made.schema.Columns, "", met)
		stage, err := store.Dataset("tables").Stage("slice", fmt.Sprintf("run-%d", count))
		if err != nil {
			t.Fatal(err)
		}
		writeTable(t, stage, made, file)
		got := readTable(t, file)
		if diff := cmp.Diff(made.rows, got); diff != "" {
			t.Fatalf("rows read back differ (-want +got):\n%s", diff)
		}
		if *tables != "" {
			keepRows(t, strings.TrimSuffix(file, ".parquet")+".ndjson", made.rows)
		}
	})
	t.Logf("%d tables of %d rows are equal; columns met: %v", count, rows, met)
	for kind := schemas.Bool; kind <= schemas.Struct && count >= 100; kind++ {
		k := kind.String()
		if met[k] == 0 || count >= 1000 && (met["struct "+k] == 0 || met["list "+k] == 0 && kind != schemas.Enum) {
			t.Errorf("no %s came up", k)
		}
	}
}

// writeTable decodes the pages of a table and writes them into a file.
func writeTable(t *rapid.T, stage *load.Stage, made table, file string) {
	d, err := transform.New(made.schema, transform.Options{Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	w, err := stage.Writer(load.WriterOptions{Schema: made.schema, RowGroupRows: rapid.IntRange(1, 5).Draw(t, "rows of a group")})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range made.pages {
		b, err := d.Append(p)
		if err != nil || len(b.Rejects) > 0 {
			t.Fatalf("rejects %v, %v in %s", b.Rejects, err, p.Body)
		}
		if i < len(made.pages)-1 && rapid.Bool().Draw(t, "wait") {
			continue
		}
		record := d.Flush()
		if err := w.Write(record, nil); err != nil {
			t.Fatal(err)
		}
		record.Release()
	}
	files, err := w.Close()
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if err := os.Rename(filepath.Join(stage.Folder(), files[0].Staged), file); err != nil {
		t.Fatal(err)
	}
}

// page finds the records of a list.
func page(t *rapid.T, number int, body string) transform.Page {
	p := transform.Page{Number: number, Body: []byte(body)}
	whole, err := jsonspan.Whole(p.Body)
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	for r := range jsonspan.Elements(p.Body, whole) {
		p.Records = append(p.Records, r)
	}
	return p
}

func keepRows(t *rapid.T, file string, rows []string) {
	if err := os.WriteFile(file, []byte(strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
