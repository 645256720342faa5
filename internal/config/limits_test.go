package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLimits refuses files that no person writes, soon and with the place.
func TestLimits(t *testing.T) {
	accounts := func(n, pipelines int) string {
		var b strings.Builder
		b.WriteString("version: 1\nsources:\n  shop:\n    accounts:\n")
		for i := range n {
			fmt.Fprintf(&b, "      a%d: {}\n", i)
		}
		b.WriteString("pipelines:\n")
		for i := range pipelines {
			fmt.Fprintf(&b, "  p%d: { source: shop }\n", i)
		}
		return b.String()
	}
	tests := []struct {
		name, text, want string
	}{
		{"a large file", "version: 1\n" + strings.Repeat(" ", 9<<20), "pipelines.yaml:1:1: no YAML: the file is larger than 8 MiB"},
		{"brackets", "version: 1\nsources: " + strings.Repeat("[", 100_000), "pipelines.yaml:2:110: no YAML: more than 100 levels"},
		{"entries in entries", "version: 1\nsources:\n" + strings.Repeat("- ", 50_000), "pipelines.yaml:3:201: no YAML: more than 100 levels"},
		{"aliases", "a: &a [x, x]\nb: &b [*a, *a]\nversion: 1\n", "pipelines.yaml:1:4: a: anchors and aliases are not read"},
		{"pipelines of many accounts", accounts(101, 100), "pipelines.yaml:107:3: pipelines: 10100 pipelines, and no more than 10000 are possible"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("pipelines.yaml", []byte(tt.text), Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("it ends with %.500v, want %q", err, tt.want)
			}
		})
	}
}

// TestALargeFileIsNotReadWhole of the configuration, nor of what it names.
func TestALargeFileIsNotReadWhole(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipelines.yaml")
	if err := os.WriteFile(name, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<40); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name, Options{}); err == nil || !strings.Contains(err.Error(), "larger than 8 MiB") {
		t.Errorf("it ends with %.500v", err)
	}
}
