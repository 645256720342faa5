package warehouse

import (
	"etl/load"
	"etl/schemas"
)

// doc returns what a schema says about a column of the files; s may be nil.
func doc(s *schemas.Schema, column string) string {
	if s == nil {
		return ""
	}
	return docIn(s.Columns, column)
}

func docIn(columns []schemas.Column, name string) string {
	for _, c := range columns {
		switch name {
		case c.Name:
			return c.Doc
		case c.Name + schemas.LabelSuffix:
			return "Label of " + c.Name + "."
		}
	}
	if name == schemas.ExtraColumn {
		return "What the schema does not know, by path."
	}
	return ""
}

// fieldsOf returns the columns of the schema inside a column: the fields of a
// struct, or of the structs in a list.
func fieldsOf(columns []schemas.Column, of load.StoredColumn) []schemas.Column {
	for _, c := range columns {
		if c.Name != of.Name {
			continue
		}
		t := c.Type
		for t.Kind == schemas.List {
			t = t.Element.Type
		}
		return t.Fields
	}
	return nil
}
