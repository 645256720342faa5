package etl_test

import (
	"strings"
	"testing"
)

const reliabilityGuide = "docs/reliability.md"

// Every cell of the matrix names the tests that inject its fault, says that it is
// open, or why there is none. That the tests exist TestLinksLeadSomewhere finds out.
func TestFaultsNameTheirTests(t *testing.T) {
	faults := 0
	for _, r := range readDocument(t, reliabilityGuide).rows {
		if len(r.columns) < 3 || r.columns[0] != "fault" {
			continue
		}
		faults++
		if len(r.cells) != len(r.columns) {
			t.Errorf("%q has %d cells, want %d", r.cells[0], len(r.cells), len(r.columns))
		}
		for i, cell := range r.cells[2:] {
			named := 0
			for _, m := range linkText.FindAllStringSubmatch(cell, -1) {
				if testName.MatchString(m[1]) {
					named++
				}
			}
			if named == 0 && !strings.HasPrefix(cell, "open") && !strings.HasPrefix(cell, "none: ") {
				t.Errorf("%q on %s names no test", r.cells[0], r.columns[i+2])
			}
		}
	}
	if faults < 20 {
		t.Errorf("only %d faults", faults)
	}
}
