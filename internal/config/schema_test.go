package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// A schema beside the configuration may extend one in the binary, also that of
// its own name; a chain of files that comes back to itself is a mistake.
func TestSchemasExtend(t *testing.T) {
	const column = "{ name: id, type: int64, required: true }"
	binary := fstest.MapFS{
		"shop/order.yaml": {Data: []byte("columns: [ " + column + " ]")},
		"shop/loop.yaml":  {Data: []byte("extends: shop/loop")},
	}
	tests := []struct{ name, schema, beside, want string }{
		{"of the same name", "shop/order", "extends: shop/order\ncolumns: [ { name: note, type: string } ]", "id note"},
		{"a file", "./own.yaml", "extends: shop/order\ncolumns: [ { name: note, type: string } ]", "id note"},
		{"itself", "./own.yaml", "extends: ./own.yaml", `schema "./own.yaml" extends itself`},
		{"a loop below", "./own.yaml", "extends: shop/loop", `schema "shop/loop" extends itself`},
		{"none", "./own.yaml", "extends: shop/none", `there is no schema "shop/none"`},
		{"a misfit without place", "./own.yaml", "unknown: ignore\ncolumns: [ " + column + ", { name: a, type: bool, misfit: extra } ]", "column a: misfit: extra needs unknown: keep"},
		{"a masked key", "./own.yaml", "columns: [ { name: id, type: int64, required: true, pii: mask } ]", "a masked column is no key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, tt.schema)
			if !strings.HasPrefix(tt.schema, "./") {
				file = filepath.Join(dir, "schemas", tt.schema+".yaml")
			}
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(tt.beside), 0o644); err != nil {
				t.Fatal(err)
			}
			text := "version: 1\ndestination: ./lake\nsources: { s: { base_url: https://s.example } }\n" +
				"pipelines: { p: { source: s, request: { path: /x }, schema: " + tt.schema + ", key: [id] } }\n"
			c, err := Parse(filepath.Join(dir, "pipelines.yaml"), []byte(text), Options{Schemas: binary})
			if err != nil {
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %s", err, tt.want)
				}
				return
			}
			var names []string
			for _, column := range c.Pipelines[0].Schema.Columns {
				names = append(names, column.Name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("columns %s, want %s", got, tt.want)
			}
		})
	}
}
