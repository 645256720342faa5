package schemas

import (
	"fmt"
	"slices"
	"strings"
)

// A Mistake is one thing that is wrong in a schema file.
type Mistake struct {
	Line, Column int    // from 1
	Path         string // "columns[3].type"; empty: the file as a whole
	Message      string
	Hint         string // what to write instead; may be empty
}

func (m Mistake) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:%d: ", m.Line, m.Column)
	if m.Path != "" {
		b.WriteString(m.Path + ": ")
	}
	b.WriteString(m.Message)
	if m.Hint != "" {
		b.WriteString(" (" + m.Hint + ")")
	}
	return b.String()
}

// Mistakes are all that is wrong in a schema file, in the order of the file.
type Mistakes []Mistake

func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

func (ms Mistakes) sort() {
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}
