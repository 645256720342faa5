package etl_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The page about BigQuery lists what tools/test-bigquery tries, and the other way
// round.
func TestBigQueryTrialIsDocumented(t *testing.T) {
	steps, err := exec.Command("tools/test-bigquery", "-n", "acme", "crm", "my-company-lake").Output()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("docs/bigquery.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for line := range strings.Lines(string(steps)) {
		what, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !ok {
			continue
		}
		shown++
		if !strings.Contains(string(page), "| "+what+" | `make test-bigquery`") {
			t.Errorf("the page does not say that this is tried: %s", what)
		}
	}
	if rows := strings.Count(string(page), "| `make test-bigquery`"); rows != shown || shown == 0 {
		t.Errorf("the page has %d rows for what is tried, the program tries %d things", rows, shown)
	}
}

// Without a project the program says what it needs, and does nothing.
func TestBigQueryTrialNeedsAProject(t *testing.T) {
	out, err := exec.Command("tools/test-bigquery").CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 2 || !strings.Contains(string(out), "make test-bigquery PROJECT=") {
		t.Errorf("%v: %s", err, out)
	}
}
