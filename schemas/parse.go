package schemas

import (
	"errors"
	"fmt"

	"etl/internal/fault"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Parse reads the text of a schema file. The name is that of the schema,
// "rental/request". What is wrong in the file comes as one error of class
// Config around Mistakes, all at once (errors.As).
func Parse(name string, text []byte) (*Schema, error) {
	r := &reader{bigquery: true}
	s := r.file(text)
	if len(r.mistakes) > 0 {
		r.mistakes.sort()
		return nil, fault.New(fault.Config, "reading schema %s: %w", name, r.mistakes)
	}
	s.Name = name
	return s, nil
}

func (r *reader) file(text []byte) *Schema {
	start := &token.Position{Line: 1, Column: 1}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err, start)
		return nil
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		r.add(start, "", "", "expected one YAML document")
		return nil
	}
	top := r.entries(file.Docs[0].Body, "", []string{"doc", "unknown", "drift", "duplicate_keys", "text", "bigquery", "columns"})
	s := &Schema{Doc: r.text(pick(top, "doc"))}
	s.Unknown = Unknown(r.choice(pick(top, "unknown"), string(KeepUnknown), string(IgnoreUnknown)))
	s.FailOnDrift = r.choice(pick(top, "drift"), "report", "fail") == "fail"
	s.DuplicateKeys = policy(r.choice(pick(top, "duplicate_keys"), "reject", string(Last)))
	s.Text = policy(r.choice(pick(top, "text"), "reject", string(Replace)))
	r.bigquery = r.choice(pick(top, "bigquery"), "yes", "no") != "no"
	columns := pick(top, "columns")
	if !columns.given() {
		r.add(start, "", "add columns:", "a schema needs columns")
		return s
	}
	s.Columns = r.columns(columns, true)
	return s
}

func policy(word string) Policy {
	if word == "reject" {
		return Reject
	}
	return Policy(word)
}

func (r *reader) syntax(err error, start *token.Position) {
	if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok && syntax.Token != nil {
		r.add(syntax.Token.Position, "", "", "%s", syntax.Message)
		return
	}
	r.add(start, "", "", "%v", err)
}

// columns reads a list of columns. At the top a column may take a value of the
// parent, and some names are taken.
func (r *reader) columns(e entry, top bool) []Column {
	list, ok := e.value.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		r.add(e.position(), e.path, "- { name: id, type: int64 }", "expected a list of columns, found %s", kindOf(e.value))
		return nil
	}
	names := names{reader: r, seen: map[string]string{}, top: top}
	var all []Column
	for i, n := range list.Values {
		c, at := r.column(n, fmt.Sprintf("%s[%d]", e.path, i), top)
		names.check(c, at)
		all = append(all, c)
	}
	return all
}

var columnKeys = []string{"name", "from", "type", "required", "doc", "null_if", "loose", "min", "max",
	"pii", "misfit", "round", "labels", "layouts", "fields"}

// column reads one column and returns it with the entry of its name.
func (r *reader) column(n ast.Node, path string, top bool) (Column, entry) {
	m := r.entries(n, path, columnKeys)
	name := pick(m, "name")
	if m == nil {
		return Column{}, name // told already
	}
	if !name.given() || r.text(name) == "" {
		r.add(n.GetToken().Position, path, "add name:", "a column needs a name")
		return Column{}, name
	}
	c := Column{
		Name:     r.text(name),
		Required: r.bool(pick(m, "required")),
		Doc:      r.text(pick(m, "doc")),
		NullIf:   r.texts(pick(m, "null_if")),
		Loose:    r.bool(pick(m, "loose")),
		PII:      PII(r.choice(pick(m, "pii"), string(PIIHash), string(PIIMask), string(PIIDrop))),
		Misfit:   misfit(r.choice(pick(m, "misfit"), "reject", string(ExtraMisfit))),
	}
	c.From = r.from(pick(m, "from"), c.Name, top)
	c.Type = r.typeOf(pick(m, "type"), path, name.at)
	r.details(&c, m)
	if c.Misfit == ExtraMisfit && c.Required {
		r.add(pick(m, "misfit").position(), path, "drop required or misfit", "a required column cannot become NULL")
	}
	return c, name
}

func misfit(word string) Misfit {
	if word == "reject" {
		return RejectMisfit
	}
	return Misfit(word)
}
