package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"etl/schemas"
)

// A document is the text of a file, for excerpts.
type document struct {
	name  string
	lines []string
	quiet map[int]bool // lines that hold credentials
}

func newDocument(name string, text []byte) *document {
	text = []byte(strings.ReplaceAll(string(text), "\r\n", "\n"))
	d := &document{name: name, lines: strings.Split(string(text), "\n"), quiet: map[int]bool{}}
	d.hush(credentialURL)
	return d
}

// line returns a line from 1, or nothing if it must not be shown.
func (d *document) line(n int) string {
	if n < 1 || n > len(d.lines) || d.quiet[n] {
		return ""
	}
	return d.lines[n-1]
}

// A form says what a node is.
type form int

const (
	nullForm form = iota
	boolForm
	numberForm
	textForm
	listForm
	mapForm
)

// String names the form as messages do.
func (f form) String() string {
	return [...]string{"nothing", "true or false", "a number", "text", "a list", "a map"}[f]
}

// A node is a value of a YAML file with its place.
type node struct {
	doc          *document
	line, column int
	path         string
	form         form
	scalar       string // as written, without quotes
	items        []*node
	entries      []entry
}

// An entry is a member of a map.
type entry struct {
	key   string
	at    *node // place of the key
	value *node

	account *account // of the source or pipeline that this is; nil: none
	unset   []string // variables that its accounts need and that are not set
}

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// members returns the entries of a map, none of nil.
func (n *node) members() []entry {
	if n == nil {
		return nil
	}
	return n.entries
}

// has tells whether a map has a key. One with null is as good as not there.
func (n *node) has(key string) bool {
	value := n.get(key)
	return value != nil && value.form != nullForm
}

// parse reads the text of a YAML file as a tree. It returns nil if the text is
// no YAML or not a single document.
func (r *report) parse(doc *document, text []byte) *node {
	top := &node{doc: doc, line: 1, column: 1, form: mapForm}
	file, err := schemas.ParseYAML(text)
	if err != nil {
		doc.hush(credentialLine)
		if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok && syntax.Token != nil {
			top.line, top.column = syntax.Token.Position.Line, syntax.Token.Position.Column
			r.at(top, "", "no YAML: %s", syntax.Message)
		} else {
			r.at(top, "", "no YAML")
		}
		return nil
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		r.at(top, "", "one YAML document is expected")
		return nil
	}
	return r.tree(doc, file.Docs[0].Body, "", 0)
}

// maxDepth bounds how deep a file may nest.
const maxDepth = 100

func (r *report) tree(doc *document, from ast.Node, path string, depth int) *node {
	n := &node{doc: doc, path: path}
	if at := from.GetToken(); at != nil {
		n.line, n.column = at.Position.Line, at.Position.Column
	}
	if depth > maxDepth {
		r.at(n, "", "more than %d levels", maxDepth)
		return n
	}
	switch from := from.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		n.form, n.scalar = boolForm, from.Token.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		n.form, n.scalar = numberForm, from.GetToken().Value
	case *ast.StringNode:
		n.form, n.scalar = textForm, from.Value
		if from.Token.Type == token.StringType && jsonNumber.MatchString(from.Value) {
			n.form = numberForm // too large for an integer of the parser
		}
	case *ast.LiteralNode:
		n.form, n.scalar = textForm, from.Value.Value
	case *ast.SequenceNode:
		n.form = listForm
		for i, item := range from.Values {
			n.items = append(n.items, r.tree(doc, item, fmt.Sprintf("%s[%d]", path, i), depth+1))
		}
	case *ast.MappingNode:
		r.members(n, from.Values, depth)
	case *ast.MappingValueNode:
		r.members(n, []*ast.MappingValueNode{from}, depth)
	case *ast.AnchorNode, *ast.AliasNode:
		r.at(n, "what pipelines share belongs to their source", "anchors and aliases are not read")
	default:
		r.at(n, "", "%s is not read", strings.ToLower(from.Type().String()))
	}
	return n
}

func (r *report) members(n *node, pairs []*ast.MappingValueNode, depth int) {
	n.form = mapForm
	if len(pairs) > 0 && !n.flow() { // its token is a colon
		first := pairs[0].Key.GetToken().Position
		n.line, n.column = first.Line, first.Column
	}
	for _, pair := range pairs {
		at := pair.Key.GetToken()
		key := &node{doc: n.doc, line: at.Position.Line, column: at.Position.Column, path: join(n.path, at.Value)}
		if _, ok := pair.Key.(*ast.StringNode); !ok && !isPlainKey(pair.Key) {
			r.at(key, "", "a key is a name")
			continue
		}
		if n.get(at.Value) != nil {
			r.at(key, "", "the key is there twice")
			continue
		}
		value := r.tree(n.doc, pair.Value, key.path, depth+1)
		if value.form == nullForm {
			value.line, value.column = key.line, key.column
		}
		n.entries = append(n.entries, entry{key: at.Value, at: key, value: value})
	}
}

// flow tells whether a map is written with braces.
func (n *node) flow() bool {
	if n.line < 1 || n.line > len(n.doc.lines) {
		return false
	}
	line := []rune(n.doc.lines[n.line-1])
	return n.column >= 1 && n.column <= len(line) && line[n.column-1] == '{'
}

// isPlainKey tells whether a key that is no text is still a plain scalar.
func isPlainKey(key ast.MapKeyNode) bool {
	switch key.(type) {
	case *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode, *ast.NullNode:
		return true
	}
	return false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// merge returns what over says, filled up from base where both are maps: maps
// key by key, scalars and lists replaced.
func merge(base, over *node) *node {
	switch {
	case over == nil:
		return base
	case base == nil || base.form != mapForm || over.form != mapForm:
		return over
	}
	both := *over
	both.entries = nil
	for _, e := range base.entries {
		if mine := over.get(e.key); mine != nil {
			e.value = merge(e.value, mine)
		}
		both.entries = append(both.entries, e)
	}
	for _, e := range over.entries {
		if base.get(e.key) == nil {
			both.entries = append(both.entries, e)
		}
	}
	return &both
}

// with returns a copy of a map in which a key has another value.
func (n *node) with(key string, value *node) *node {
	changed := *n
	changed.entries = nil
	for _, e := range n.entries {
		if e.key != key {
			changed.entries = append(changed.entries, e)
		}
	}
	if value != nil {
		changed.entries = append(changed.entries, entry{key: key, at: value, value: value})
	}
	return &changed
}

// jsonNumber matches numbers as JSON writes them.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// hush keeps lines that look like they hold a credential out of messages.
func (d *document) hush(pattern *regexp.Regexp) {
	for i, line := range d.lines {
		if pattern.MatchString(line) {
			d.quiet[i+1] = true
		}
	}
}

var (
	credentialURL  = regexp.MustCompile(`://[^/\s]*@`)
	credentialLine = regexp.MustCompile(`(?i)passw|secret|token|authorization|api.?key`) // in a file that cannot be parsed
)

// hush keeps lines with literal credentials out of messages: scalars below auth
// that are no variables.
func (n *node) hush(auth bool) {
	for _, e := range n.entries {
		if !auth || !anyOf(e.key, "kind", "method", "path", "call", "token", "header", "param", "token_url", "scopes") {
			e.value.hush(auth || e.key == "auth")
		}
	}
	for _, item := range n.items {
		item.hush(auth)
	}
	if auth && n.scalar != "" && !n.filled() {
		n.doc.quiet[n.line] = true
	}
}
