package schemas

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every schema file is read without a mistake, says what each column is, and
// requires its key, the first column.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("*/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("found %d schema files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(strings.TrimSuffix(file, ".yaml"), text)
			if err != nil {
				t.Fatal(err)
			}
			if !s.Columns[0].Required {
				t.Errorf("the key %s is not required", s.Columns[0].Name)
			}
			checkDocs(t, "", s.Columns)
		})
	}
}

func checkDocs(t *testing.T, path string, columns []Column) {
	for _, c := range columns {
		if c.Doc == "" {
			t.Errorf("%s%s has no doc", path, c.Name)
		}
		for c.Type.Kind == List {
			c.Type = c.Type.Element.Type
		}
		checkDocs(t, path+c.Name+".", c.Type.Fields)
	}
}
