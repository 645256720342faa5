package schemas

import (
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// MaxFile is how many bytes a schema or configuration file may have.
const MaxFile = 8 << 20

// maxDepth bounds how deep a file may nest: the time that the parser takes grows
// with the square of it.
const maxDepth = 100

// maxColumns bounds the columns of a schema, fields of structs too: as many as a
// table of BigQuery may have.
const maxColumns = 10_000

// ReadFile reads a schema or configuration file, and of one that is too large no
// more than ParseYAML needs to refuse it.
func ReadFile(name string) (text []byte, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(file, MaxFile+1))
}

// ParseYAML parses a text, unless it is larger or nests deeper than any that
// makes sense. An error that has a place is a *yaml.SyntaxError.
func ParseYAML(text []byte) (*ast.File, error) {
	if len(text) > MaxFile {
		first := &token.Token{Position: &token.Position{Line: 1, Column: 1}}
		return nil, &yaml.SyntaxError{Message: fmt.Sprintf("the file is larger than %d MiB", MaxFile>>20), Token: first}
	}
	tokens := lexer.Tokenize(string(text))
	if at := tooDeep(tokens); at != nil {
		return nil, &yaml.SyntaxError{Message: fmt.Sprintf("more than %d levels", maxDepth), Token: at}
	}
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// tooDeep returns the first token that nests too deep on its line, or nil:
// brackets that are open, and entries within entries. Levels of indentation
// alone are counted once they are parsed: they take a file of their square.
func tooDeep(tokens token.Tokens) *token.Token {
	brackets, entries, line := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			if t.Position.Line != line {
				entries, line = 0, t.Position.Line
			}
			if brackets == 0 {
				entries++
			}
		}
		if brackets > maxDepth || entries > maxDepth {
			return t
		}
	}
	return nil
}

// limit refuses a schema of more columns than a table can have.
func (r *reader) limit(s *Schema, at *token.Position) {
	if n := countColumns(s.Columns); n > maxColumns {
		r.add(at, "columns", "", "%d columns and fields, and no more than %d are possible", n, maxColumns)
	}
}

func countColumns(columns []Column) (n int) {
	for _, c := range columns {
		n += 1 + countColumns(c.Type.Fields)
		for of := c.Type.Element; of != nil; of = of.Type.Element {
			n += countColumns(of.Type.Fields)
		}
	}
	return n
}
