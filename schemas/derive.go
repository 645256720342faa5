package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Column returns the column of a name at the top level, or nil.
func (s *Schema) Column(name string) *Column {
	for i := range s.Columns {
		if s.Columns[i].Name == name {
			return &s.Columns[i]
		}
	}
	return nil
}

// Extra tells whether rows have the column _extra: unless unknown members are
// ignored, which is the default where a column is marked as personal data.
func (s *Schema) Extra() bool {
	if s.Unknown == "" {
		return !marksPII(s.Columns)
	}
	return s.Unknown == KeepUnknown
}

// Hashes tells whether a column is hashed, so that a key is needed.
func (s *Schema) Hashes() bool {
	return anyColumn(s.Columns, func(c Column) bool { return c.PII == PIIHash })
}

func marksPII(columns []Column) bool {
	return anyColumn(columns, func(c Column) bool { return c.PII != "" })
}

// anyColumn tells whether a column, at any depth, is such a one. What is inside
// a dropped column is none.
func anyColumn(columns []Column, such func(Column) bool) bool {
	return slices.ContainsFunc(columns, func(c Column) bool {
		return such(c) || c.PII != PIIDrop && anyColumn(c.Type.leaf().Fields, such)
	})
}

// Written returns the column as it lies in batches and files: personal data that
// is hashed or masked is a string.
func (c Column) Written() Column {
	if c.PII != "" {
		c.Type = Type{Kind: String}
	}
	return c
}

// WithDefaults returns a copy of s in which what the file leaves open is filled
// with d, and after that with the defaults of Rules, at every depth. Texts that
// mean NULL count for columns, not for elements of lists.
func (s *Schema) WithDefaults(d Defaults) *Schema {
	t := *s
	if t.Unknown == "" {
		t.Unknown = d.Unknown
	}
	if t.Unknown == "" && !s.Extra() {
		t.Unknown = IgnoreUnknown
	} else if t.Unknown == "" {
		t.Unknown = KeepUnknown
	}
	t.FailOnDrift = t.FailOnDrift || d.FailOnDrift
	if t.DuplicateKeys == "" {
		t.DuplicateKeys = d.DuplicateKeys
	}
	if t.Text == "" {
		t.Text = d.Text
	}
	t.Columns = withDefaults(s.Columns, d)
	return &t
}

func withDefaults(columns []Column, d Defaults) []Column {
	columns = slices.Clone(columns)
	for i := range columns {
		c := &columns[i]
		if c.NullIf == nil {
			c.NullIf = slices.Clone(d.NullIf)
		}
		defaultValue(c, d)
	}
	return columns
}

// defaultValue fills what concerns the value of a column, or of an element.
func defaultValue(c *Column, d Defaults) {
	c.Loose = c.Loose || d.Loose
	switch t := &c.Type; t.Kind {
	case Timestamp:
		if t.Layouts == nil {
			for _, l := range d.Layouts {
				t.Layouts = append(t.Layouts, layoutOf(l))
			}
		}
	case List:
		element := *t.Element
		defaultValue(&element, d)
		t.Element = &element
	case Struct:
		t.Fields = withDefaults(t.Fields, d)
	}
}

// Fingerprint returns a SHA-256, in hex, of what makes the columns and types of
// files: names, types, digits of decimals, nullability, order, how personal
// data is written, and whether there is a column _extra. Files of schemas with
// equal fingerprints can stand side by side in one data set.
func (s *Schema) Fingerprint() string {
	var b strings.Builder
	writeShape(&b, s.Columns)
	if s.Extra() {
		b.WriteString(ExtraColumn)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

func writeShape(b *strings.Builder, columns []Column) {
	for _, c := range columns {
		if c.PII == PIIDrop {
			continue
		}
		b.WriteString(c.Name + " ")
		writeTypeShape(b, c.Type)
		if !c.Required {
			b.WriteByte('?')
		}
		if c.PII != "" {
			b.WriteString(" " + string(c.PII))
		}
		b.WriteByte(';')
	}
}

func writeTypeShape(b *strings.Builder, t Type) {
	switch t.Kind {
	case Duration:
		b.WriteString(t.Kind.String()) // the form is how it is read, not how it is written
	case List:
		b.WriteByte('[')
		writeShape(b, []Column{*t.Element})
		b.WriteByte(']')
	case Struct:
		b.WriteByte('{')
		writeShape(b, t.Fields)
		b.WriteByte('}')
	default:
		b.WriteString(t.String())
	}
}
