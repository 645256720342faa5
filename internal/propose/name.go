package propose

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"etl/schemas"
)

// names gives the members of one object names of columns: their own where
// those will do.
type names struct{ taken map[string]bool }

func newNames() *names { return &names{taken: map[string]bool{}} }

// reachable tells whether a path of a schema file leads to a member.
func reachable(member string) bool {
	return member != "" && !strings.ContainsAny(member, ".@") && strings.IndexFunc(member, unprintable) < 0
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }

// give names a column after a member, and says where it is found if that is
// another name.
func (n *names) give(c *Column, member string) {
	name := cleanName(member)
	for i := 2; n.isTaken(name, c.Type); i++ {
		name = fmt.Sprintf("%s_%d", cleanName(member), i)
	}
	n.taken[strings.ToLower(name)] = true
	if c.Type.Kind == schemas.Enum {
		n.taken[strings.ToLower(name+schemas.LabelSuffix)] = true
	}
	if c.Name = name; name != member {
		c.From = member
	}
}

func (n *names) isTaken(name string, t schemas.Type) bool {
	return n.taken[strings.ToLower(name)] || t.Kind == schemas.Enum && n.taken[strings.ToLower(name+schemas.LabelSuffix)]
}

var foreign = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// cleanName makes a name that a schema takes of one that it may not.
func cleanName(member string) string {
	name := foreign.ReplaceAllString(member, "_")
	if len(name) > schemas.MaxName-20 { // leaves room for a number and for labels
		name = name[:schemas.MaxName-20]
	}
	if strings.Trim(name, "_") == "" {
		name = "field"
	}
	if !takes(name) {
		name = "x_" + strings.TrimLeft(name, "_")
	}
	return name
}

// takes tells whether a schema takes the name of a column.
func takes(name string) bool {
	_, err := schemas.Parse("", []byte("columns: [ { name: "+scalar(name)+", type: bool } ]"))
	return err == nil
}
