package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGood reads files without mistakes. What they come to lies beside each.
func TestGood(t *testing.T) {
	files, _ := filepath.Glob("testdata/good/*.yaml")
	if len(files) == 0 {
		t.Fatal("no fixtures")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := load(t, file)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", explained(t, c))
		})
	}
}

// explained is all that a configuration explains.
func explained(t *testing.T, c *Config) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("destination " + c.Destination + "\n")
	for _, s := range c.Sources {
		b.WriteByte('\n')
		if err := s.Explain(&b); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range c.Pipelines {
		b.WriteByte('\n')
		if err := p.Explain(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

const twoSources = `version: 1
sources:
  a: { base_url: "${A_URL}", timezone: "${A_ZONE}", headers: { T: "${A_TENANT}" }, paging: { kind: page, send: { size: n }, size: "${A_SIZE|int}" }, records: $ }
  b: { base_url: "https://b.example.com" }
pipelines:
  list: { source: a, request: { path: "/${A_PATH}" }, schema: shop/order, key: [id], window: { every: day, start: 2020-01-01 } }
  child: { source: b, request: { path: "/{parent.id}" }, for_each: { pipeline: list }, schema: shop/order }
  other: { source: b, request: { path: /x }, schema: shop/order }
`

// Variables are needed only of what a command uses, and of its parents.
func TestOnly(t *testing.T) {
	text := strings.Replace(twoSources, "/${A_PATH}\"", "/${A_PATH}\", query: { at: \"{since:date}\" }", 1)
	parse := func(only ...string) (*Config, error) {
		return Parse("pipelines.yaml", []byte(text), Options{Schemas: os.DirFS("testdata/schemas"), Only: only})
	}
	for _, only := range [][]string{{"other"}, {"o*"}, {"source:b"}} {
		c, err := parse(only...)
		if err != nil {
			t.Fatalf("Parse(only %v): %v", only, err)
		}
		if diff := cmp.Diff([]string{"A_SIZE", "A_TENANT", "A_URL", "A_ZONE"}, c.Sources[0].Unset); diff != "" {
			t.Errorf("unset of source a (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"A_PATH", "A_SIZE", "A_TENANT", "A_URL", "A_ZONE"}, c.Pipelines[0].Unset); diff != "" {
			t.Errorf("unset of pipeline list (-want +got):\n%s", diff)
		}
		if _, err := c.Select([]string{"list"}); err == nil {
			t.Error("Select(list) gave a pipeline without its variables")
		}
		if got, err := c.Select([]string{"other"}); err != nil || len(got) != 1 {
			t.Errorf("Select(other) = %v, %v", got, err)
		}
	}
	for _, only := range [][]string{nil, {"list"}, {"child"}, {"*"}} {
		if _, err := parse(only...); err == nil || !strings.Contains(err.Error(), "A_PATH") || !strings.Contains(err.Error(), "A_URL") {
			t.Errorf("Parse(only %v) = %v, want the variables of list and a", only, err)
		}
	}
	if _, err := parse("source:a"); err == nil || strings.Contains(err.Error(), "A_PATH") || !strings.Contains(err.Error(), "A_URL") {
		t.Errorf("Parse(only source:a) = %v, want the variables of a alone", err)
	}
}

func TestSelect(t *testing.T) {
	c, err := load(t, "testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ patterns, want string }{
		{"", "orders by_month lines fresh feed found all listed"},
		{"lines orders", "orders lines"},
		{"f*", "fresh feed found"},
		{"orders orders", "orders"},
	} {
		got, err := c.Select(strings.Fields(test.patterns))
		if err != nil {
			t.Errorf("Select(%s): %v", test.patterns, err)
			continue
		}
		var names []string
		for _, p := range got {
			names = append(names, p.Name)
		}
		if strings.Join(names, " ") != test.want {
			t.Errorf("Select(%s) = %v, want %s", test.patterns, names, test.want)
		}
	}
	for _, pattern := range []string{"ordes", "x*", "source:shop", "[", ""} {
		if got, err := c.Select([]string{pattern}); err == nil {
			t.Errorf("Select(%q) = %v, want an error", pattern, got)
		}
	}
}

// FuzzParse: no text brings the reader down, and it gives a configuration or
// mistakes, never both.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	schemas := os.DirFS("testdata/schemas")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") {
			t.Skip("reads files")
		}
		c, err := Parse("x/pipelines.yaml", []byte(text), Options{Lookup: environment, Schemas: schemas})
		if (c == nil) == (err == nil) {
			t.Fatalf("Parse = %v, %v", c, err)
		}
		if err != nil && err.Error() == "" {
			t.Fatal("no mistake is told")
		}
	})
}
