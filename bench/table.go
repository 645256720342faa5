package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A table is one of Markdown.
type table struct{ rows [][]string }

func newTable(head ...string) *table { return &table{[][]string{head}} }

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// String returns the table with columns of even width.
func (t *table) String() string {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var b strings.Builder
	for n, row := range t.rows {
		for i, cell := range row {
			b.WriteString("| " + cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+1))
		}
		b.WriteString("|\n")
		for i := 0; n == 0 && i < len(widths); i++ {
			b.WriteString("|" + strings.Repeat("-", widths[i]+2))
		}
		if n == 0 {
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// section prints a heading, what stands below it, and a table.
func section(title, text string, t *table) {
	fmt.Printf("\n## %s\n\n%s\n\n%s", title, text, t)
}
