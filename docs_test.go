package etl_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tests of the documents read them as a user does: their tables, their
// blocks and their links must say what etl does today.

// A document is what tests need of a file in docs.
type document struct {
	name   string
	blocks []block
	rows   []row
}

// A block is fenced text, and a row that of a table; both know the heading that
// they stand under.
type block struct{ heading, info, text string }

type row struct {
	heading string
	columns []string // of the table, as its first row names them
	cells   []string
}

// cell returns what a row holds under a column, and whether there is one.
func (r row) cell(column string) (string, bool) {
	for i, c := range r.columns {
		if c == column && i < len(r.cells) {
			return r.cells[i], true
		}
	}
	return "", false
}

// isTable tells whether a row stands in a table with these columns.
func (r row) isTable(columns ...string) bool {
	return strings.Join(r.columns, "|") == strings.Join(columns, "|")
}

// readDocument takes a document apart.
func readDocument(t *testing.T, name string) document {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	d := document{name: name}
	heading, fence := "", (*block)(nil)
	var columns []string
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case fence != nil && strings.HasPrefix(line, "```"):
			d.blocks, fence = append(d.blocks, *fence), nil
		case fence != nil:
			fence.text += line + "\n"
		case strings.HasPrefix(line, "```"):
			fence = &block{heading: heading, info: strings.TrimPrefix(line, "```")}
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		case !strings.HasPrefix(line, "|"):
			columns = nil
		case columns == nil:
			columns = cells(line)
		case !tableRule.MatchString(line):
			d.rows = append(d.rows, row{heading, columns, cells(line)})
		}
	}
	return d
}

var tableRule = regexp.MustCompile(`^[-| :]+$`)

// cells splits a row of a table. A bar in a cell is written \|.
func cells(line string) []string {
	line = strings.ReplaceAll(strings.Trim(strings.TrimSpace(line), "|"), `\|`, "\x00")
	var all []string
	for cell := range strings.SplitSeq(line, "|") {
		all = append(all, strings.ReplaceAll(strings.TrimSpace(cell), "\x00", "|"))
	}
	return all
}

// code returns the texts that stand as code in a cell or a heading.
func code(text string) (all []string) {
	for _, m := range codeText.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

var codeText = regexp.MustCompile("`([^`]*)`")

// documents returns the names of what users read.
func documents(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("docs/*.md")
	if err != nil || len(names) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	return append(names, "README.md", "CONTRIBUTING.md")
}

var (
	linkText = regexp.MustCompile(`\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	testName = regexp.MustCompile(`^(?:Test|Fuzz)[A-Z]\w*$`)
)

// Links lead to files that exist, and a link with the name of a test leads to
// the file that has it.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, name := range documents(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range linkText.FindAllStringSubmatch(string(text), -1) {
			label, target := strings.Trim(m[1], "`"), m[2]
			if strings.Contains(target, "://") {
				continue
			}
			if target == "" { // within the page
				target = filepath.Base(name)
			}
			linked, err := os.ReadFile(filepath.Join(filepath.Dir(name), filepath.FromSlash(target)))
			if err != nil && !isFolder(filepath.Join(filepath.Dir(name), filepath.FromSlash(target))) {
				t.Errorf("%s: the link to %s leads nowhere", name, target)
				continue
			}
			if m[3] != "" && !hasHeading(string(linked), m[3][1:]) {
				t.Errorf("%s: %s has no heading for %s", name, target, m[3])
			}
			if testName.MatchString(label) && !strings.Contains(string(linked), "\nfunc "+label+"(") {
				t.Errorf("%s: there is no %s in %s", name, label, target)
			}
		}
	}
}

// hasHeading tells whether a document has the heading that a link names: its
// words in small letters, with hyphens between them.
func hasHeading(text, anchor string) bool {
	for line := range strings.Lines(text) {
		title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		title = notInAnchors.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
		if strings.ReplaceAll(title, " ", "-") == anchor {
			return true
		}
	}
	return false
}

var notInAnchors = regexp.MustCompile(`[^a-z0-9 _-]`)

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
