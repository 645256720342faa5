package load

import (
	"strings"
	"testing"

	"etl/internal/fault"
	"etl/schemas"
)

// viewOf returns the views of a commit with files, in a destination whose
// folder has a name that wants quoting.
func viewOf(t *testing.T, schema SchemaRef, paths ...string) string {
	t.Helper()
	s := &Store{path: "/lake [of] 'mine'?"}
	c := &Commit{Number: 42, Pipeline: "every", Schema: schema}
	for _, path := range paths {
		c.Files = append(c.Files, File{Path: "data/every/" + path})
	}
	text, err := s.Dataset("every").ViewSQL(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestViewSQL(t *testing.T) {
	schema := Describe(everyType(), []string{"id"})
	golden(t, "testdata/view.sql", viewOf(t, schema, "day=2026-01-01/000041-0001.parquet", "name=a%20b/000042-0001.parquet"))
	golden(t, "testdata/view_empty.sql", viewOf(t, schema))
}

func TestViewsQuoteNames(t *testing.T) {
	columns := []StoredColumn{{Name: `say "hi"; DROP TABLE x; --`, Type: "struct", Fields: []StoredColumn{{Name: `it's "b"`, Type: "uuid"}}}}
	view := viewOf(t, SchemaRef{Columns: columns}, "f.parquet")
	for _, want := range []string{
		`"say ""hi""; DROP TABLE x; --"`,
		`struct_pack("it's ""b""" := CAST(struct_extract("say ""hi""; DROP TABLE x; --", 'it''s "b"') AS UUID))`,
		`'/lake [[]of] ''mine''[?]/data/every/f.parquet'`,
	} {
		if !strings.Contains(view, want) {
			t.Errorf("the view lacks %s:\n%s", want, view)
		}
	}
}

func TestViewsRefuseNUL(t *testing.T) {
	d := open(t).Dataset("p")
	for _, columns := range [][]StoredColumn{
		{{Name: "a\x00b", Type: "int64"}},
		{{Name: "s", Type: "struct", Fields: []StoredColumn{{Name: "a\x00b", Type: "uuid"}}}},
		{{Name: "l", Type: "list", Fields: []StoredColumn{{Type: "struct", Fields: []StoredColumn{{Name: "a\x00b", Type: "int64"}}}}}},
	} {
		_, err := d.ViewSQL(&Commit{Pipeline: "p", Schema: SchemaRef{Columns: columns}})
		wantClass(t, err, fault.Config, "NUL")
	}
}

func TestKeysOfElementsKeepTheirNamesApart(t *testing.T) {
	for _, test := range []struct {
		fields []string
		want   string
	}{
		{[]string{"id", "name"}, "requests_id"},
		{[]string{"Requests_ID"}, "_requests_id"},
		{[]string{"requests_id", "_requests_id"}, "__requests_id"},
	} {
		var fields []StoredColumn
		for _, name := range test.fields {
			fields = append(fields, StoredColumn{Name: name, Type: "int64"})
		}
		if got := keyName("requests", "id", fields); got != test.want {
			t.Errorf("beside %v the key is %s, want %s", test.fields, got, test.want)
		}
	}
}

func TestViewsOfEmptyDataSetsAreWritten(t *testing.T) {
	d := open(t).Dataset("p")
	job{}.commit(t, d, "run1", 0, files{}, nil)
	view, err := d.store.objects.read("views/p.sql")
	want := "-- commit 1 of p; written anew with every commit\nCREATE OR REPLACE VIEW \"p\" AS\nSELECT\n" +
		"  CAST(NULL AS BIGINT) AS \"id\",\n  CAST(NULL AS INTERVAL) AS \"wait\",\n  CAST(NULL AS JSON) AS \"_extra\"\nWHERE false;\n"
	if string(view) != want || err != nil {
		t.Errorf("the view is %s, %v, want %s", view, err, want)
	}
}

func TestEveryTypeHasATypeInSQL(t *testing.T) {
	for kind := schemas.Bool; kind <= schemas.JSON; kind++ {
		c := schemas.Column{Name: "c", Type: schemas.Type{Kind: kind, Code: schemas.Int64, Precision: 9, Scale: 2}}
		got := (&sqlWriter{}).typeOf(storedColumn(c))
		if _, ok := sqlTypes[strings.ToLower(got)]; !ok && strings.ToUpper(got) != got {
			t.Errorf("%v is %s in SQL", kind, got)
		}
		if _, known := sqlTypes[storedColumn(c).Type]; !known && kind != schemas.Decimal {
			t.Errorf("%v has no type in SQL", kind)
		}
	}
}

// A query over files tells which of them a row lies in, also where there is none.
func TestFilesSQL(t *testing.T) {
	d := (&Store{path: "/lake"}).Dataset("p@south")
	c := &Commit{Pipeline: "p@south", Schema: SchemaRef{Columns: []StoredColumn{{Name: "id", Type: "int64"}}}}
	for want, files := range map[string][]File{
		`SELECT
  "id",
  'south' AS "_account",
  parse_filename("of", true) AS "of"
FROM read_parquet([
  '/lake/f.parquet'
], hive_partitioning = false, filename = 'of')`: {{Path: "f.parquet"}},
		`SELECT
  CAST(NULL AS BIGINT) AS "id",
  'south' AS "_account",
  CAST(NULL AS VARCHAR) AS "of"
WHERE false`: nil,
	} {
		if got, err := d.FilesSQL(c, files, "of"); got != want || err != nil {
			t.Errorf("of %d files: %v\n%s", len(files), err, got)
		}
	}
}
