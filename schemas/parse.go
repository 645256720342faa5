package schemas

import (
	"errors"
	"fmt"
	"slices"

	"etl/internal/fault"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Parse reads the text of a schema file. The name is that of the schema,
// "rental/request". What is wrong in the file comes as one error of class
// Config around Mistakes, all at once (errors.As).
func Parse(name string, text []byte) (*Schema, error) { return ParseOver(name, text, nil) }

// ParseOver reads a schema file that may extend another: base returns the schema
// of a name. Columns of the file take the place of those of the same name, the
// others follow behind, and what the file says of records as a whole counts.
// An error of base is one of the mistakes, and base sees to it that no file
// extends itself.
func ParseOver(name string, text []byte, base func(name string) (*Schema, error)) (*Schema, error) {
	r := &reader{bigquery: true, base: base}
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
	file, err := ParseYAML(text)
	if err != nil {
		r.syntax(err, start)
		return nil
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		r.add(start, "", "", "expected one YAML document")
		return nil
	}
	top := r.entries(file.Docs[0].Body, "", fileKeys)
	s := r.extended(pick(top, "extends"))
	r.rules(s, top)
	columns := pick(top, "columns")
	if columns.given() {
		s.Columns = r.columns(columns, s.Columns, true)
		r.limit(s, columns.at)
	} else if !pick(top, "extends").given() {
		r.add(start, "", "add columns:", "a schema needs columns")
	}
	return s
}

var fileKeys = []string{"doc", "extends", "unknown", "drift", "duplicate_keys", "text", "bigquery", "columns"}

// extended returns a copy of the schema that the file extends, or an empty one.
func (r *reader) extended(e entry) *Schema {
	if !e.given() {
		return &Schema{}
	}
	if r.base == nil {
		r.add(e.at, e.path, "", "this schema stands alone, it cannot extend another")
		return &Schema{}
	}
	s, err := r.base(r.text(e))
	if err != nil {
		r.add(e.position(), e.path, "", "%v", err)
		return &Schema{}
	}
	extended := *s
	return &extended
}

// rules reads what the file says of records as a whole.
func (r *reader) rules(s *Schema, top []entry) {
	if e := pick(top, "doc"); e.given() {
		s.Doc = r.text(e)
	}
	if e := pick(top, "unknown"); e.given() {
		s.Unknown = Unknown(r.choice(e, string(KeepUnknown), string(IgnoreUnknown)))
	}
	if e := pick(top, "drift"); e.given() {
		s.FailOnDrift = r.choice(e, "report", "fail") == "fail"
	}
	if e := pick(top, "duplicate_keys"); e.given() {
		s.DuplicateKeys = policy(r.choice(e, "reject", string(Last)))
	}
	if e := pick(top, "text"); e.given() {
		s.Text = policy(r.choice(e, "reject", string(Replace)))
	}
	r.bigquery = r.choice(pick(top, "bigquery"), "yes", "no") != "no"
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

// columns reads a list of columns, which extend others. At the top a column may
// take a value of the parent, and some names are taken.
func (r *reader) columns(e entry, extended []Column, top bool) []Column {
	list, ok := e.value.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		r.add(e.position(), e.path, "- { name: id, type: int64 }", "expected a list of columns, found %s", kindOf(e.value))
		return extended
	}
	var own []Column
	var places []entry
	for i, n := range list.Values {
		c, at := r.column(n, fmt.Sprintf("%s[%d]", e.path, i), top)
		own, places = append(own, c), append(places, at)
	}
	names := names{reader: r, seen: map[string]string{}, top: top}
	names.pass(extended, own)
	for i := range own {
		names.check(own[i], places[i])
	}
	all := extend(extended, own)
	if !top && !slices.ContainsFunc(all, func(c Column) bool { return c.PII != PIIDrop }) {
		r.add(e.position(), e.path, "pii: drop for the struct", "every field is dropped")
	}
	return all
}

// extend puts columns in the place of those of the same name, the others behind.
func extend(extended, own []Column) []Column {
	all := slices.Clone(extended)
	for _, c := range own {
		if i := slices.IndexFunc(extended, func(x Column) bool { return x.Name == c.Name }); i >= 0 {
			all[i] = c
		} else {
			all = append(all, c)
		}
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
	r.personal(c, m)
	return c, name
}

// personal checks what hides personal data: a hash or a mask stands for a single
// value, and no copy of it goes elsewhere.
func (r *reader) personal(c Column, m []entry) {
	e := pick(m, "pii")
	if c.PII == "" {
		return
	}
	if kind := c.Type.Kind; c.PII != PIIDrop && (kind == List || kind == Struct) {
		r.add(e.position(), e.path, "pii: drop, or mark fields of the struct", "a %s has no %s as a whole", kind, c.PII)
	}
	if c.Misfit == ExtraMisfit {
		r.add(pick(m, "misfit").position(), pick(m, "misfit").path, "drop misfit or pii", "personal data has no place in %s", ExtraColumn)
	}
}

func misfit(word string) Misfit {
	if word == "reject" {
		return RejectMisfit
	}
	return Misfit(word)
}
