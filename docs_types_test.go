package etl_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	arrow15 "github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"

	"etl/internal/jsonspan"
	"etl/load"
	"etl/schemas"
	"etl/transform"
)

const typesGuide = "docs/types.md"

// oneColumn reads a schema of the one column x, of a type and what else is said
// of it.
func oneColumn(t *testing.T, column string) *schemas.Schema {
	t.Helper()
	s, err := schemas.Parse("x", []byte("unknown: ignore\ncolumns:\n  - { name: x, type: "+column+" }\n"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// decodeOne turns the value of a column x into a batch.
func decodeOne(t *testing.T, s *schemas.Schema, value string) *transform.Batch {
	t.Helper()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	d, err := transform.New(s, transform.Options{Zone: warsaw})
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"x":` + value + `}`)
	b, err := d.Decode(transform.Page{Number: 1, Body: body, Records: []jsonspan.Span{{Start: 0, End: len(body)}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// became tells what a value became: the values of its columns, or why its record
// was set aside.
func became(b *transform.Batch) string {
	if len(b.Rejects) > 0 {
		return "rejected: " + b.Rejects[0].Reason
	}
	var all []string
	for _, c := range b.Record.Columns() {
		text := c.ValueStr(0)
		if d, ok := c.(*array.Decimal128); ok { // else it would go through a float
			text = d.Value(0).ToString(d.DataType().(*arrow15.Decimal128Type).Scale)
		}
		switch {
		case c.IsNull(0):
			text = "NULL"
		case text == "":
			text = `""`
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// Every example of the guide is read as it says, and every type has some that
// are taken and some that are not.
func TestTypesAreReadAsTold(t *testing.T) {
	taken, refused := map[string]int{}, map[string]int{}
	for _, r := range readDocument(t, typesGuide).rows {
		if !r.isTable("column", "in the reply", "becomes") {
			continue
		}
		column, value, want := code(r.cells[0])[0], code(r.cells[1])[0], code(r.cells[2])[0]
		if got := became(decodeOne(t, oneColumn(t, column), value)); got != want {
			t.Errorf("%s: %s becomes %s, the guide says %s", column, value, got, want)
		}
		kind := regexp.MustCompile(`[a-z0-9]+`).FindString(column)
		if strings.HasPrefix(want, "rejected") {
			refused[kind]++
		} else {
			taken[kind]++
		}
	}
	for kind := schemas.Bool; kind <= schemas.Struct; kind++ {
		if taken[kind.String()] == 0 || refused[kind.String()] == 0 && kind != schemas.JSON {
			t.Errorf("the guide has %d examples of %s that are taken, %d that are not", taken[kind.String()], kind, refused[kind.String()])
		}
	}
}

// Every type is stored as the guide says: its types in Arrow, in Parquet as
// another library reads it, and in the view for DuckDB.
func TestTypesAreStoredAsTold(t *testing.T) {
	told := map[string]bool{}
	for _, r := range readDocument(t, typesGuide).rows {
		if !r.isTable("type", "Arrow", "Parquet", "DuckDB", "BigQuery") {
			continue
		}
		column := code(r.cells[0])[0]
		told[regexp.MustCompile(`[a-z0-9]+`).FindString(column)] = true
		s := oneColumn(t, column)
		got := []string{arrowTypes(s), parquetTypes(t, s), duckTypes(t, s)}
		for i, want := range r.cells[1:4] {
			if text := strings.Join(code(want), ", "); text != got[i] {
				t.Errorf("%s in %s is %s, the guide says %s", column, r.columns[i+1], got[i], text)
			}
		}
	}
	for kind := schemas.Bool; kind <= schemas.Struct; kind++ {
		if !told[kind.String()] {
			t.Errorf("the guide does not say how %s is stored", kind)
		}
	}
}

func arrowTypes(s *schemas.Schema) string {
	var all []string
	for _, f := range transform.ArrowSchema(s).Fields() {
		all = append(all, f.Type.String())
	}
	return strings.Join(all, ", ")
}

// parquetTypes writes a file of no rows and returns the types of its columns.
func parquetTypes(t *testing.T, s *schemas.Schema) string {
	t.Helper()
	store, err := load.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stage, err := store.Dataset("x").Stage("slice", "run")
	if err != nil {
		t.Fatal(err)
	}
	w, err := stage.Writer(load.WriterOptions{Schema: s})
	if err != nil {
		t.Fatal(err)
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, transform.ArrowSchema(s))
	for _, field := range builder.Fields() {
		field.AppendNull()
	}
	if err := w.Write(builder.NewRecord(), nil); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	return columnsOf(t, filepath.Join(stage.Folder(), files[0].Staged))
}

// shorter leaves out of a type what goes without saying.
var shorter = strings.NewReplacer("None", "", "Int(bitWidth=32, isSigned=true)", "", "Int(bitWidth=64, isSigned=true)", "",
	", is_from_converted_type=false, force_set_converted_type=false", "", "timeUnit=microseconds", "µs", "isAdjustedToUTC=true", "UTC", "isAdjustedToUTC=false", "local")

// columnsOf returns the types of the leaves of a Parquet file, with the groups
// that they lie in.
func columnsOf(t *testing.T, name string) string {
	t.Helper()
	f, err := file.OpenParquetFile(name, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []string
	for i := range f.MetaData().Schema.NumColumns() {
		c := f.MetaData().Schema.Column(i)
		text := c.PhysicalType().String()
		if logical := shorter.Replace(c.LogicalType().String()); logical != "" {
			text += " " + logical
		}
		if path := strings.TrimPrefix(c.Path(), "x"); strings.HasPrefix(path, ".") {
			text = path + " " + text
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

var duckType = regexp.MustCompile(`CAST\(NULL AS (.*)\) AS`)

func duckTypes(t *testing.T, s *schemas.Schema) string {
	t.Helper()
	store, err := load.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	text, err := store.Dataset("x").ViewSQL(&load.Commit{Pipeline: "x", Schema: load.Describe(s, nil)})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range duckType.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return strings.Join(all, ", ")
}

// The guide names every key of a schema file and of a column: schemas lists them
// where a file has another.
func TestGuideNamesEveryKeyOfSchemas(t *testing.T) {
	told := map[string]bool{}
	for _, r := range readDocument(t, typesGuide).rows {
		if r.isTable("key", "example", "what it says") {
			told[code(r.cells[0])[0]] = true
		}
	}
	known := map[string]bool{}
	for _, text := range []string{"nothing: 1\n", "columns:\n  - { nothing: 1 }\n"} {
		_, err := schemas.Parse("x", []byte(text))
		m := regexp.MustCompile(`known are ([a-z_, ]+)`).FindStringSubmatch(strings.Join(hintsOf(err), "\n"))
		if m == nil {
			t.Fatalf("no list of keys: %v", err)
		}
		for key := range strings.SplitSeq(m[1], ", ") {
			known[key] = true
			if !told[key] {
				t.Errorf("the guide tells nothing of the key %s", key)
			}
		}
	}
	for key := range told {
		if !known[key] {
			t.Errorf("there is no key %s", key)
		}
	}
}

// The example of each key is right: at the top of a file, or in a column of some
// type.
func TestGuideExamplesOfSchemas(t *testing.T) {
	for _, r := range readDocument(t, typesGuide).rows {
		if !r.isTable("key", "example", "what it says") {
			continue
		}
		example := code(r.cells[1])[0]
		tries := []string{example, example + "\ncolumns: [{ name: x, type: int64 }]", "columns: [{ name: x, " + example + " }]", "columns: [{ type: int64, " + example + " }]"}
		for _, typ := range []string{"int64", "string", "enum(int32)", "timestamp", `"decimal(9,2)"`, "struct"} {
			tries = append(tries, "columns: [{ name: x, type: "+typ+", "+example+" }]")
		}
		if !slices.ContainsFunc(tries, func(text string) bool { return isSchema(t, text) }) {
			t.Errorf("%s is right nowhere", example)
		}
	}
}

// isSchema tells whether a pipeline can have a schema file of that text.
func isSchema(t *testing.T, text string) bool {
	t.Helper()
	s := newStand(t)
	if err := os.WriteFile(filepath.Join(s.dir, "own.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.parse(whole("pipeline", "schema: ./own.yaml\nkey: []\n"))
	return err == nil
}

// hintsOf returns the hints of what is wrong in a schema.
func hintsOf(err error) (hints []string) {
	all, _ := errors.AsType[schemas.Mistakes](err)
	for _, m := range all {
		hints = append(hints, m.Hint)
	}
	return hints
}

// The schema files that the guide shows are right.
func TestGuideSchemasAreRight(t *testing.T) {
	tried := 0
	for _, b := range readDocument(t, typesGuide).blocks {
		if b.info != "yaml" {
			continue
		}
		tried++
		if _, err := schemas.Parse("example", []byte(b.text)); err != nil {
			t.Errorf("under %q: %v", b.heading, err)
		}
	}
	if tried == 0 {
		t.Error("no schema was tried")
	}
}
