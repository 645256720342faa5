package etl_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"etl/internal/fault"
)

const guaranteesGuide = "docs/guarantees.md"

// Every claim names a test; that the test exists TestLinksLeadSomewhere finds out.
func TestClaimsNameTheirTests(t *testing.T) {
	claims := 0
	for _, r := range readDocument(t, guaranteesGuide).rows {
		held, ok := r.cell("held by")
		if !ok {
			continue
		}
		claims++
		named := 0
		for _, m := range linkText.FindAllStringSubmatch(held, -1) {
			if testName.MatchString(m[1]) {
				named++
			}
		}
		if named == 0 {
			t.Errorf("under %q: nothing holds %q", r.heading, r.cells[0])
		}
	}
	if claims < 30 {
		t.Errorf("only %d claims", claims)
	}
}

// Every class of failure has its exit code in the guide and in the README.
func TestExitCodesAreThoseTold(t *testing.T) {
	byClass := map[string]string{}
	for _, r := range readDocument(t, guaranteesGuide).rows {
		if r.isTable("exit", "class", "meaning", "try again?") && len(code(r.cells[1])) > 0 {
			byClass[code(r.cells[1])[0]] = r.cells[0]
		}
	}
	meanings := map[string]string{}
	for _, r := range readDocument(t, guaranteesGuide).rows {
		if r.isTable("exit", "class", "meaning", "try again?") {
			meanings[r.cells[0]] = r.cells[2]
		}
	}
	for class := fault.Bug; class <= fault.Interrupted; class++ {
		exit := regexp.MustCompile(`\d+`).FindString(byClass[class.String()])
		if want := fault.Exit(fault.New(class, "x")); exit != strconv.Itoa(want) {
			t.Errorf("%s ends with %d, the guide says %q", class, want, exit)
		}
	}
	for _, r := range readDocument(t, "README.md").rows {
		if r.isTable("exit", "meaning", "try again?") && !strings.HasSuffix(r.cells[1], meanings[r.cells[0]]) {
			t.Errorf("exit %s: the README says %q, the guide %q", r.cells[0], r.cells[1], meanings[r.cells[0]])
		}
	}
}
