package propose

import (
	"fmt"

	"etl/schemas"
)

// A Proposal is a schema that a person looks over before it is used.
type Proposal struct {
	From    string // what it was made of, for the first line of the file
	Doc     string
	Columns []Column
	Key     []string // columns that make a row unique; empty: none was found
	Open    []string // what could not be decided about the rows as a whole
	List    List     // how the rows are asked for; only of Import
}

// A Column is a column of a proposal, or a field of a struct.
type Column struct {
	Name     string
	From     string       // name in the object; empty: Name
	Type     schemas.Type // what is inside of it stands in Fields and Labels
	Required bool
	Doc      string
	NullIf   []string
	Loose    bool
	Layouts  []string // as schema files write them
	Labels   []schemas.Label
	Fields   []Column // of a struct, or of the structs in a list
	Notes    []string // what is known of it
	Open     []string // what could not be decided
}

// Undecided returns what could not be decided, a line each: first about the
// rows as a whole, then by column.
func (p *Proposal) Undecided() []string {
	all := append([]string(nil), p.Open...)
	for _, c := range p.Columns {
		all = append(all, c.undecided("")...)
	}
	return all
}

func (c *Column) undecided(path string) (all []string) {
	path += c.Name
	for _, open := range c.Open {
		all = append(all, path+": "+open)
	}
	for _, f := range c.Fields {
		all = append(all, f.undecided(path+".")...)
	}
	return all
}

func (c *Column) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

func (c *Column) ask(format string, args ...any) {
	c.Open = append(c.Open, fmt.Sprintf(format, args...))
}

// toJSON makes a column one that takes anything.
func (c *Column) toJSON(format string, args ...any) {
	c.Type = schemas.Type{Kind: schemas.JSON}
	c.Fields, c.Labels, c.Layouts, c.Loose = nil, nil, nil, false
	c.ask(format, args...)
}

// leaf returns the type inside all lists.
func leaf(t schemas.Type) schemas.Type {
	for t.Kind == schemas.List {
		t = t.Element.Type
	}
	return t
}

// listOf returns the type of a list without nulls in it.
func listOf(t schemas.Type) schemas.Type {
	return schemas.Type{Kind: schemas.List, Element: &schemas.Column{Name: schemas.ElementName, Type: t, Required: true}}
}

func decimal(precision, scale int) schemas.Type {
	return schemas.Type{Kind: schemas.Decimal, Precision: precision, Scale: scale}
}

func enum(code schemas.Kind) schemas.Type { return schemas.Type{Kind: schemas.Enum, Code: code} }

func duration(forms ...schemas.DurationForm) schemas.Type {
	return schemas.Type{Kind: schemas.Duration, Forms: forms}
}
