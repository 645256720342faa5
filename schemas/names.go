package schemas

import (
	"regexp"
	"slices"
	"strings"
)

// MaxName is the length of the longest name that BigQuery takes for a column.
const MaxName = 300

// What BigQuery keeps for itself, in any case of letters; a table with such a
// column is refused when it is loaded.
var reservedPrefixes = []string{"_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier", "_change_"}

// What load and views add to rows.
var reservedNames = []string{ExtraColumn, "_account"}

var nameText = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// names checks the names of the columns of one struct, or of the row.
type names struct {
	*reader
	seen map[string]string // name in lower case → what took it
	top  bool
}

// pass notes the names of columns that were checked before and stay.
func (n names) pass(extended, own []Column) {
	for _, c := range extended {
		if slices.ContainsFunc(own, func(o Column) bool { return o.Name == c.Name }) {
			continue
		}
		n.seen[strings.ToLower(c.Name)] = c.Name
		if c.Written().Type.Kind == Enum {
			n.seen[strings.ToLower(c.Name+LabelSuffix)] = "the labels of " + c.Name
		}
	}
}

func (n names) check(c Column, at entry) {
	if c.Name == "" {
		return // told already
	}
	lower := strings.ToLower(c.Name)
	switch {
	case !nameText.MatchString(c.Name):
		n.add(at.position(), at.path, "name the field of the API under from:", "name %q: letters a–z, digits and _ only, no digit first", c.Name)
	case len(c.Name) > MaxName:
		n.add(at.position(), at.path, "", "a name has at most %d letters", MaxName)
	case slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(lower, p) }):
		n.add(at.position(), at.path, "", "name %q begins with what BigQuery keeps for itself", c.Name)
	case n.top && slices.Contains(reservedNames, lower):
		n.add(at.position(), at.path, "", "name %q is taken by etl", c.Name)
	}
	n.take(c.Name, c.Name, at)
	if c.Written().Type.Kind == Enum {
		n.take(c.Name+LabelSuffix, "the labels of "+c.Name, at)
	}
}

func (n names) take(name, by string, at entry) {
	lower := strings.ToLower(name)
	if other, taken := n.seen[lower]; taken {
		n.add(at.position(), at.path, "names differ in more than case", "the column %q is there twice: %s and %s", name, other, by)
		return
	}
	n.seen[lower] = by
	if name != by && len(name) > MaxName {
		n.add(at.position(), at.path, "", "the name of %s has more than %d letters", by, MaxName)
	}
}
