package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"etl"
	"etl/internal/crmsim"
)

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n\\$ ([^\n]*)\n(.*?)```")
	namedBlock   = regexp.MustCompile("(?s)```yaml\n# (\\w+\\.yaml)\n(.*?)```")
)

// TestSchemaGuide runs the commands of docs/schemas.md: what they print, stdout
// before stderr, is what the guide shows. A line … stands for any lines.
func TestSchemaGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/schemas.md")
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../internal/propose/testdata/shop.openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	lookup := simulatorVariables(t)
	t.Chdir(t.TempDir())
	files := map[string][]byte{"openapi.json": document, "pipelines.yaml": etl.Pipelines()}
	for _, m := range namedBlock.FindAllSubmatch(guide, -1) {
		files[string(m[1])] = m[2]
	}
	for name, text := range files {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	blocks := consoleBlock.FindAllStringSubmatch(string(guide), -1)
	if len(blocks) < 4 {
		t.Fatalf("the guide has %d examples", len(blocks))
	}
	for _, m := range blocks {
		t.Run(m[1], func(t *testing.T) {
			var stdout, stderr strings.Builder
			words := strings.Fields(strings.ReplaceAll(m[1], `"`, ""))
			got := ""
			if code := run(t.Context(), words[1:], lookup, &stdout, &stderr); code != 0 {
				got = fmt.Sprintf("exit %d\n", code)
			}
			if got = stdout.String() + stderr.String() + got; !shows(m[2], got) {
				t.Errorf("the guide shows\n%s\nit printed\n%s", m[2], got)
			}
		})
	}
}

// shows tells whether a text with lines … is what was printed.
func shows(text, printed string) bool {
	pattern := strings.ReplaceAll("\n"+regexp.QuoteMeta(text), "\n…\n", "\n(.*\n)*")
	return regexp.MustCompile("^" + pattern + "$").MatchString("\n" + printed)
}

func simulatorVariables(t *testing.T) func(string) (string, bool) {
	t.Helper()
	sim, err := crmsim.New(crmsim.Options{Seed: 1, Scale: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	env := sim.Env(server.URL)
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}
