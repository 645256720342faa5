package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"etl/internal/fault"
	"etl/schemas"
)

// stagedFile returns the absolute name of a file with rows of a table.
func stagedFile(t *testing.T, s *schemas.Schema, rows int) string {
	t.Helper()
	st := testStage(t)
	files := writeRows(t, st, newTable(s, 1, 0.3), WriterOptions{Schema: s, RowGroupRows: 30}, rows, 100, nil)
	return filepath.Join(st.Folder(), files[0].Staged)
}

// TestInspectUnderstandsEveryType compares the types that are read from a file
// with those that the schema has. A uuid, a json, an enum and a duration are
// texts and integers in a file.
func TestInspectUnderstandsEveryType(t *testing.T) {
	s := everything()
	in, err := Inspect(stagedFile(t, s, 50))
	if err != nil {
		t.Fatal(err)
	}
	want := asInFiles(Describe(s, nil).Columns)
	if diff := cmp.Diff(want, in.Schema); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	if in.Rows != 50 || in.RowGroups != 2 || in.Files != 1 || in.Bytes == 0 || cmp.Diff([]string{"etl"}, in.CreatedBy) != "" {
		t.Errorf("%d rows in %d groups of %d files, %d bytes, by %q", in.Rows, in.RowGroups, in.Files, in.Bytes, in.CreatedBy)
	}
}

// asInFiles forgets what a file does not tell about types.
func asInFiles(columns []StoredColumn) []StoredColumn {
	plain := map[string]string{"uuid": "string", "json": "string", "duration": "int64"}
	var out []StoredColumn
	for _, c := range columns {
		if name, ok := plain[c.Type]; ok {
			c.Type = name
		}
		c.Fields = asInFiles(c.Fields)
		out = append(out, c)
	}
	return out
}

// TestInspectShowsBounds shows what is told of columns.
func TestInspectShowsBounds(t *testing.T) {
	type row struct {
		ID    int64    `parquet:"id"`
		Name  *string  `parquet:"name"`
		Share *float32 `parquet:"share"`
		Price int64    `parquet:"price,decimal(2:10)"`
	}
	text := func(s string) *string { return &s }
	name := filepath.Join(t.TempDir(), "foreign.parquet")
	if err := parquet.WriteFile(name, []row{{7, text("b"), nil, -150}, {-3, nil, nil, 25}, {5, text("ä"), nil, 1}}); err != nil {
		t.Fatal(err)
	}
	in, err := Inspect(name)
	if err != nil {
		t.Fatal(err)
	}
	type seen struct {
		Type          string
		Values, Nulls int64
		Min, Max      string
	}
	got := map[string]seen{}
	for _, c := range in.Columns {
		s := seen{Type: c.Type, Values: c.Values, Nulls: c.Nulls}
		if c.Min != nil {
			s.Min, s.Max = *c.Min, *c.Max
		}
		if c.Compressed == 0 || c.Uncompressed == 0 || len(c.Encodings) == 0 || len(c.Codec) != 1 {
			t.Errorf("%s has %d bytes, of %d, %q, %q", c.Path, c.Compressed, c.Uncompressed, c.Encodings, c.Codec)
		}
		got[c.Path] = s
	}
	want := map[string]seen{
		"id":    {"int64", 3, 0, "-3", "7"},
		"name":  {"string", 3, 1, "b", "ä"},
		"share": {"FLOAT", 3, 3, "", ""},
		"price": {"decimal(10,2)", 3, 0, "-1.50", "0.25"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

// TestInspectDataset adds up the files of a commit, and knows the types better
// than they do.
func TestInspectDataset(t *testing.T) {
	s := everything()
	c, st := commitRows(t, newTable(s, 3, 0.3), s, WriterOptions{Partition: []Partition{{By: "bucket", N: 3, Of: "zid"}}}, 100)
	c.Schema = Describe(s, []string{"zid"})
	in, err := st.data.Inspect(c)
	if err != nil {
		t.Fatal(err)
	}
	if in.Files != 3 || in.Rows != 100 {
		t.Errorf("%d rows in %d files, want 100 in 3", in.Rows, in.Files)
	}
	if diff := cmp.Diff(c.Schema.Columns, in.Schema); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	if zid := in.Columns[0]; zid.Min == nil || *zid.Min != "0" || *zid.Max != "99" {
		t.Errorf("column zid: %+v", zid)
	}
}

// TestInspectRefuses shows files that are none, and that damage never panics.
func TestInspectRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := Inspect(filepath.Join(dir, "missing"))
	wantClass(t, err, fault.Config, "missing")
	_, err = Inspect(dir)
	wantClass(t, err, fault.Config)

	whole, err := os.ReadFile(stagedFile(t, everything(), 10))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "x.parquet")
	footer := len(whole) * 2 / 3
	for at := footer; at < len(whole); at += 7 {
		broken := append([]byte{}, whole...)
		broken[at] ^= 0x55
		if err := os.WriteFile(name, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Inspect(name); err != nil && !strings.Contains(err.Error(), name) {
			t.Errorf("byte %d is broken: %q does not name the file", at, err)
		}
	}
	if err := os.WriteFile(name, whole[:footer], 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Inspect(name)
	wantClass(t, err, fault.Storage, name)
}
