package etl_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"
)

var withMutants = flag.Bool("mutants", false, "build every mutant, and see the tests find it")

// A mutant is a mistake that somebody might make: one piece of a file has
// another in its place. The tests that are named must not overlook it.
type mutant struct {
	name     string
	file     string // without .go
	old, new string
	tests    string // pattern of tests in the package of the file
}

// dir returns the folder of the package that a mutant is in.
func (m mutant) dir() string { return filepath.Dir(m.file) }

// source returns the file of a mutant with the mistake in it. The piece must
// stand there exactly once.
func (m mutant) source(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(m.file + ".go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte(m.old)); n != 1 {
		t.Fatalf("%s.go has this %d times, want once: mend the mutant %q\n%s", m.file, n, m.name, m.old)
	}
	return bytes.Replace(text, []byte(m.old), []byte(m.new), 1)
}

// outcome builds the tests with the mistake and runs those that are named. It
// returns the first test that found it.
func (m mutant) outcome(t *testing.T) (foundBy string) {
	t.Helper()
	temp := t.TempDir()
	changed := filepath.Join(temp, "changed.go")
	if err := os.WriteFile(changed, m.source(t), 0o600); err != nil {
		t.Fatal(err)
	}
	original, err := filepath.Abs(m.file + ".go")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		t.Fatal(err)
	}
	overlays, binary := filepath.Join(temp, "overlay.json"), filepath.Join(temp, "mutant.test")
	if err := os.WriteFile(overlays, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlays, "-ldflags", "-s -w", "-o", binary, "./"+m.dir()).CombinedOutput(); err != nil {
		t.Fatalf("%s does not build: %v\n%s", m.name, err, out)
	}
	cmd := exec.Command(binary, "-test.run", "^("+m.tests+")$", "-test.timeout", "5m", "-test.failfast")
	cmd.Dir = m.dir()
	out, err := cmd.CombinedOutput()
	switch found := failedTest.FindSubmatch(out); {
	case bytes.Contains(out, []byte("no tests to run")):
		t.Fatalf("%s names no test: %s", m.name, m.tests)
	case err == nil:
	case found != nil:
		return string(found[1])
	case bytes.Contains(out, []byte("panic:")):
		return "a panic"
	default:
		t.Fatalf("the tests of %s end with %v\n%s", m.name, err, out)
	}
	return ""
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// TestMutantsApply keeps the mutants in step with the code.
func TestMutantsApply(t *testing.T) {
	for _, m := range mutants {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) { m.source(t) })
	}
}

// TestMutants builds every mutant, and fails for each that no test finds.
func TestMutants(t *testing.T) {
	if !*withMutants {
		t.Skip("SKIPPED: make mutants builds each, which takes minutes")
	}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	died := 0
	for _, m := range mutants {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
			by := m.outcome(t)
			if by == "" {
				by = "SURVIVES"
				t.Errorf("%s: nothing is found by %s", m.name, m.tests)
			} else {
				died++
			}
			_, _ = w.Write([]byte(m.name + "\t" + m.file + ".go\t" + by + "\n"))
		})
	}
	_ = w.Flush()
	t.Logf("%d of %d mutants died\n%s", died, len(mutants), &table)
}
