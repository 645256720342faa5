package transform

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the rows of testdata/wire anew")

// Bodies as the APIs send them, testdata/wire/<system>-<stream>-<case>.json,
// give the rows beside them, one per line.
func TestWire(t *testing.T) {
	bodies, err := filepath.Glob("testdata/wire/*.json")
	if err != nil || len(bodies) == 0 {
		t.Fatal("no bodies", err)
	}
	for _, file := range bodies {
		t.Run(filepath.Base(file), func(t *testing.T) {
			parts := strings.Split(filepath.Base(file), "-")
			p := Page{Body: read(t, file)}
			p.Records = recordsOf(t, p.Body)
			d, err := New(fileSchema(t, parts[0]+"/"+parts[1]), Options{})
			if err != nil {
				t.Fatal(err)
			}
			b, err := d.Decode(p)
			if err != nil {
				t.Fatal(err)
			}
			checkRecord(t, b.Record)
			for _, r := range b.Rejects {
				t.Errorf("reject %+v", r)
			}
			golden := strings.TrimSuffix(file, ".json") + ".ndjson"
			if *update {
				if err := os.WriteFile(golden, []byte(rows(b.Record)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(lines(string(read(t, golden))), lines(rows(b.Record))); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func fileSchema(t testing.TB, name string) *schemas.Schema {
	t.Helper()
	s, err := schemas.Parse(name, read(t, filepath.Join("../schemas", name+".yaml")))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recordsOf finds the records of a body as the sources of these streams declare
// them: a list, a list inside the envelope, or the body itself.
func recordsOf(t testing.TB, body []byte) []jsonspan.Span {
	t.Helper()
	whole, err := jsonspan.Whole(body)
	if err != nil {
		t.Fatal(err)
	}
	list := whole
	for _, path := range [][]string{{"results"}, {"result", "data"}} {
		if at, ok := jsonspan.Find(body, whole, path); ok {
			list = at
		}
	}
	if jsonspan.KindOf(body, list) != jsonspan.Array {
		return []jsonspan.Span{list}
	}
	var all []jsonspan.Span
	for r := range jsonspan.Elements(body, list) {
		all = append(all, r)
	}
	return all
}
