package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files anew")

// environment is what the fixtures see.
func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"SHOP_USER":  "someone",
		"SHOP_EMPTY": "",
		"SHOP_SIZE":  "50",
		"SHOP_JSON":  `{"b": [1, 2.50], "a": "{since:date} ${SHOP_USER}"}`,
		"SHOP_YAML":  "x, y: { z: 1 }\nkey: [oops]",
		"SHOP_PATH":  "a/b {parent.id}",
	}[name]
	return value, ok
}

func load(t *testing.T, file string) (*Config, error) {
	t.Helper()
	return Load(filepath.FromSlash(file), Options{Lookup: environment, Schemas: os.DirFS("testdata/schemas")})
}

// golden compares text with a file, or writes the file with -update.
func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestMistakes reads files with mistakes. What is expected lies beside each.
func TestMistakes(t *testing.T) {
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	if len(files) == 0 {
		t.Fatal("no fixtures")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := load(t, file)
			if _, ok := errors.AsType[*Mistakes](err); !ok {
				t.Fatalf("Load(%s) = %v, want mistakes", file, err)
			}
			if fault.Of(err) != fault.Config {
				t.Errorf("class %s, want config", fault.Of(err))
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}
