package schemas

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLimits refuses files that no person writes, soon and with the place.
func TestLimits(t *testing.T) {
	column := "  - { name: c%d, type: int64 }\n"
	many := func(n int) string {
		var b strings.Builder
		b.WriteString("columns:\n")
		for i := range n {
			fmt.Fprintf(&b, column, i)
		}
		return b.String()
	}
	brackets := func(n int) string { return "columns: " + strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct {
		name, text string
		line       int // 0: it is no matter of limits
		want       string
	}{
		{"a large file", "doc: x\n" + strings.Repeat(" ", MaxFile), 1, "the file is larger than 8 MiB"},
		{"brackets", brackets(maxDepth + 1), 1, "more than 100 levels"},
		{"as many as may be", brackets(maxDepth), 0, ""},
		{"many brackets", "doc: x\n" + brackets(100_000), 2, "more than 100 levels"},
		{"brackets that nobody closes", "doc: x\ncolumns: " + strings.Repeat("{a: ", 50_000), 2, "more than 100 levels"},
		{"entries in entries", "doc: x\n" + strings.Repeat("- ", 50_000), 2, "more than 100 levels"},
		{"keys in keys", "doc: x\n" + strings.Repeat("? ", 50_000), 2, "more than 100 levels"},
		{"brackets in text", "doc: '" + strings.Repeat("[", 1000) + "'\n" + many(1), 0, ""},
		{"colons in a line of a flow", "columns: [" + strings.TrimSuffix(strings.Repeat("{ name: a, type: int64 }, ", 200), ", ") + "]", 0, ""},
		{"many columns", many(maxColumns + 1), 1, "10001 columns and fields, and no more than 10000 are possible"},
		{"fields count too", "columns:\n  - name: a\n    type: list<struct>\n    fields:\n" + strings.ReplaceAll(strings.TrimPrefix(many(maxColumns), "columns:\n"), "  -", "      -"), 1, "10001 columns and fields"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("x/y", []byte(tt.text))
			mistakes, _ := errors.AsType[Mistakes](err)
			of := Mistakes{}
			for _, m := range mistakes {
				if strings.Contains(m.Message, "levels") || strings.Contains(m.Message, "possible") || strings.Contains(m.Message, "larger") {
					of = append(of, m)
				}
			}
			switch {
			case tt.line == 0 && len(of) > 0:
				t.Errorf("it is refused: %v", of)
			case tt.line > 0 && (len(of) != 1 || of[0].Line != tt.line || !strings.Contains(of[0].Message, tt.want)):
				t.Errorf("it ends with %v, want %q in line %d", mistakes, tt.want, tt.line)
			}
		})
	}
}

// TestReadFile reads no more of a file than what it takes to refuse it.
func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<40); err != nil {
		t.Fatal(err)
	}
	text, err := ReadFile(name)
	if err != nil || len(text) != MaxFile+1 {
		t.Errorf("%d bytes are read (%v)", len(text), err)
	}
}
