package compare

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// shown is how many mistakes a Report spells out.
const shown = 20

// A Report says how two tables differ.
type Report struct {
	Rows   int // rows that both tables have
	Values int // values compared: leaves of the rows that both tables have

	mistakes int
	examples []string
}

// Err is nil if the tables are equal.
func (r *Report) Err() error {
	if r.mistakes == 0 {
		return nil
	}
	return fmt.Errorf("%d differences, among them:\n  %s", r.mistakes, strings.Join(r.examples, "\n  "))
}

func (r *Report) add(format string, args ...any) {
	if r.mistakes++; r.mistakes <= shown {
		r.examples = append(r.examples, fmt.Sprintf(format, args...))
	}
}

// Diff compares tables in both directions: the columns and their order, the
// rows by their key, and every value of each row. The order of rows is free.
// Without a key, a row is its own key, and equal rows count.
func Diff(want, got *Table, key ...string) *Report {
	r := &Report{}
	if !slices.Equal(want.Columns, got.Columns) {
		r.add("columns are\n    %s\n  in place of\n    %s", strings.Join(got.Columns, " "), strings.Join(want.Columns, " "))
		return r
	}
	wanted := index(r, "truth", want, key)
	found := index(r, "data set", got, key)
	for k := range found {
		if _, ok := wanted[k]; !ok {
			r.add("row %s is not in the truth", k)
		}
	}
	for k, row := range wanted {
		other, ok := found[k]
		if !ok {
			r.add("row %s is missing", k)
			continue
		}
		r.Rows++
		for i, column := range want.Columns {
			r.value(k, column, row[i], other[i])
		}
	}
	return r
}

// index finds rows by the text of their key.
func index(r *Report, name string, t *Table, key []string) map[string][]any {
	if len(key) == 0 {
		return indexRows(t)
	}
	places := t.places(key)
	if i := slices.Index(places, -1); i >= 0 {
		r.add("the %s has no column %s", name, key[i])
		return nil
	}
	rows := make(map[string][]any, len(t.Rows))
	for _, row := range t.Rows {
		k := text(pick(row, places))
		if _, twice := rows[k]; twice {
			r.add("row %s is twice in the %s", k, name)
		}
		rows[k] = row
	}
	return rows
}

// indexRows finds rows by their own text and how often it came before.
func indexRows(t *Table) map[string][]any {
	rows := make(map[string][]any, len(t.Rows))
	before := map[string]int{}
	for _, row := range t.Rows {
		k := text(row)
		rows[fmt.Sprintf("%s #%d", k, before[k])] = row
		before[k]++
	}
	return rows
}

// value compares what stands at a path of two rows, leaf by leaf.
func (r *Report) value(key, path string, want, got any) {
	switch w := want.(type) {
	case []any:
		if g, ok := got.([]any); ok && len(w) == len(g) && len(w) > 0 {
			for i := range w {
				r.value(key, fmt.Sprintf("%s[%d]", path, i), w[i], g[i])
			}
			return
		}
	case map[string]any:
		if g, ok := got.(map[string]any); ok && len(w) == len(g) {
			for name := range w {
				field, there := g[name]
				if !there {
					r.add("row %s: %s.%s is missing", key, path, name)
					continue
				}
				r.value(key, path+"."+name, w[name], field)
			}
			return
		}
	}
	r.Values++
	if !same(want, got) {
		r.add("row %s: %s is %s in place of %s", key, path, text(got), text(want))
	}
}

// same tells whether two values are equal; most have a type that Go compares.
func same(want, got any) bool {
	switch want.(type) {
	case nil, bool, string, json.Number:
		return want == got
	}
	return text(want) == text(got)
}
