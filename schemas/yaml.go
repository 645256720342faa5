package schemas

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// A reader walks the nodes of a YAML file and gathers what is wrong in it.
type reader struct {
	mistakes Mistakes
	bigquery bool // lists may hold neither lists nor nulls
	base     func(name string) (*Schema, error)
}

func (r *reader) add(at *token.Position, path, hint, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{
		Line: at.Line, Column: at.Column, Path: path,
		Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// An entry is a member of a YAML map. The zero entry is one that is not there.
type entry struct {
	key   string
	path  string
	at    *token.Position // of the key
	value ast.Node
}

func (e entry) given() bool { return e.value != nil }

// position is where the value stands, or the key if it has none.
func (e entry) position() *token.Position {
	if t := e.value.GetToken(); t != nil && t.Position.Line > 0 {
		return t.Position
	}
	return e.at
}

// entries returns the members of a map in their order. Names that are given
// twice, and such as are not known, are mistakes; nil known takes any name.
func (r *reader) entries(n ast.Node, path string, known []string) []entry {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		r.add(n.GetToken().Position, path, "", "expected a map, found %s", kindOf(n))
		return nil
	}
	found := []entry{}
	for _, pair := range pairs {
		key, at := pair.Key.GetToken().Value, pair.Key.GetToken().Position
		e := entry{key, joinPath(path, key), at, pair.Value}
		switch {
		case known != nil && !slices.Contains(known, key):
			r.add(at, path, unknownHint(key, known), "unknown key %q", key)
		case slices.ContainsFunc(found, func(f entry) bool { return f.key == key }):
			r.add(at, path, "", "key %q is given twice", key)
		default:
			found = append(found, e)
		}
	}
	return found
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func unknownHint(key string, known []string) string {
	if strings.HasSuffix(key, ")") {
		return `inside { } a type with a comma needs quotes: type: "decimal(16,2)"`
	}
	return "known are " + strings.Join(known, ", ")
}

func pick(entries []entry, key string) entry {
	for _, e := range entries {
		if e.key == key {
			return e
		}
	}
	return entry{}
}

// scalar returns the text of a scalar as it is written, and whether it is one.
// A null is none.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func kindOf(n ast.Node) string { return strings.ToLower(n.Type().String()) }

// text reads a scalar; empty if the entry is not given.
func (r *reader) text(e entry) string {
	if !e.given() {
		return ""
	}
	s, ok := scalar(e.value)
	if !ok {
		r.add(e.position(), e.path, "", "expected text, found %s", kindOf(e.value))
	}
	return s
}

// bool reads true or false; false if the entry is not given.
func (r *reader) bool(e entry) bool {
	switch s := r.text(e); s {
	case "true":
		return true
	case "false", "":
	default:
		r.add(e.position(), e.path, "write true or false", "expected true or false")
	}
	return false
}

// choice reads one of the given words; the empty string if the entry is not
// given or is none of them.
func (r *reader) choice(e entry, words ...string) string {
	s := r.text(e)
	if s != "" && !slices.Contains(words, s) {
		r.add(e.position(), e.path, "write one of "+strings.Join(words, ", "), "unknown word %q", s)
		return ""
	}
	return s
}

// texts reads a scalar or a list of scalars. It is nil if the entry is not
// given, and not nil if it is.
func (r *reader) texts(e entry) []string {
	if !e.given() {
		return nil
	}
	list, ok := e.value.(*ast.SequenceNode)
	if !ok {
		return []string{r.text(e)}
	}
	all := []string{}
	for i, n := range list.Values {
		all = append(all, r.text(entry{path: fmt.Sprintf("%s[%d]", e.path, i), at: e.at, value: n}))
	}
	return all
}
