package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"etl/internal/fault"
)

// A Mistake is one thing that is wrong in a configuration file, and where.
type Mistake struct {
	File         string // as it was named
	Line, Column int    // from 1; columns count characters
	Path         string // "pipelines.requests.paging.kind"; empty: the file as a whole
	Message      string
	Hint         string // what to do about it; may be empty
	Excerpt      string // the line; empty where it holds credentials
}

// Error returns the message with its place in the first line, then the line of
// the file with a caret under the column, then the hint.
func (m Mistake) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", m.File, m.Line, m.Column)
	if m.Path != "" {
		b.WriteString(m.Path + ": ")
	}
	b.WriteString(m.Message)
	if m.Excerpt != "" {
		line, caret := clip(m.Excerpt, m.Column)
		number := fmt.Sprintf("%5d", m.Line)
		fmt.Fprintf(&b, "\n%s | %s\n%5s | %s^", number, line, "", caret)
	}
	if m.Hint != "" {
		b.WriteString("\n  hint: " + m.Hint)
	}
	return b.String()
}

// clip cuts a long line to what is around a column, and returns the space that
// leads to the column. Tabs stay, so that the caret stands right below them.
func clip(text string, column int) (line, space string) {
	const before, after = 60, 40
	runes := []rune(text)
	from, to, dots := 0, len(runes), ""
	if len(runes) > before+after {
		from, to = max(0, column-1-before), min(len(runes), column-1+after)
	}
	if from > 0 {
		dots = "… "
	}
	lead := runes[from:min(to, max(from, column-1))]
	space = strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, dots+string(lead))
	line = dots + string(runes[from:to])
	if to < len(runes) {
		line += " …"
	}
	return line, space
}

// Mistakes are all that is wrong in a configuration, in the order of the files.
// It is an error of class fault.Config.
type Mistakes []Mistake

// Error returns the mistakes one after the other.
func (ms *Mistakes) Error() string {
	all := make([]string, len(*ms))
	for i, m := range *ms {
		all[i] = m.Error()
	}
	return strings.Join(all, "\n")
}

// Unwrap gives the class of the mistakes.
func (ms *Mistakes) Unwrap() error {
	return fault.New(fault.Config, "%d mistakes in the configuration", len(*ms))
}

// tidy brings mistakes into the order of their files and leaves each in once:
// what a source says is read again for each pipeline that inherits it.
func (ms Mistakes) tidy() Mistakes {
	files := map[string]int{}
	for _, m := range ms {
		if _, known := files[m.File]; !known {
			files[m.File] = len(files)
		}
	}
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(files[a.File]-files[b.File], a.Line-b.Line, a.Column-b.Column)
	})
	type place struct {
		file         string
		line, column int
		message      string
	}
	seen := map[place]bool{}
	return slices.DeleteFunc(ms, func(m Mistake) bool {
		p := place{m.File, m.Line, m.Column, m.Message}
		known := seen[p]
		seen[p] = true
		return known
	})
}

// A report gathers mistakes.
type report struct{ mistakes Mistakes }

// told tells whether there is a mistake at a node already.
func (r *report) told(n *node) bool {
	return n != nil && slices.ContainsFunc(r.mistakes, func(m Mistake) bool {
		return m.File == n.doc.name && m.Line == n.line && m.Column == n.column
	})
}

// at adds a mistake at a node.
func (r *report) at(n *node, hint, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{
		File: n.doc.name, Line: n.line, Column: n.column, Path: n.path,
		Message: fmt.Sprintf(format, args...), Hint: hint, Excerpt: n.doc.line(n.line),
	})
}
