package load

import "etl/schemas"

// A SchemaRef says what the rows of a data set are, so that views can be
// written from a commit alone.
type SchemaRef struct {
	Name        string         `json:"name"`
	Fingerprint string         `json:"fingerprint" jsonschema:"hash of the columns and their types in hex"`
	Key         []string       `json:"key,omitempty" jsonschema:"columns whose values make a row unique"`
	Columns     []StoredColumn `json:"columns" jsonschema:"as they lie in the files"`
}

// A StoredColumn is a column, or a field of a struct, as it lies in the files:
// an enum is a code and a label, what the schema does not know is _extra.
type StoredColumn struct {
	Name     string         `json:"name"`
	Type     string         `json:"type" jsonschema:"bool, int32, int64, float64, decimal(p,s), string, date, time, timestamp, duration, uuid, json, list or struct"`
	Required bool           `json:"required,omitempty"`
	Fields   []StoredColumn `json:"fields,omitempty" jsonschema:"fields of a struct; of a list one, its element"`
}

// Describe returns what a commit says about a schema and its key.
func Describe(s *schemas.Schema, key []string) SchemaRef {
	columns := storedColumns(s.Columns)
	if s.Extra() {
		columns = append(columns, StoredColumn{Name: schemas.ExtraColumn, Type: "json"})
	}
	return SchemaRef{Name: s.Name, Fingerprint: s.Fingerprint(), Key: key, Columns: columns}
}

func storedColumns(columns []schemas.Column) []StoredColumn {
	stored := []StoredColumn{}
	for _, c := range columns {
		if c.PII == schemas.PIIDrop {
			continue
		}
		c = c.Written()
		stored = append(stored, storedColumn(c))
		if c.Type.Kind == schemas.Enum {
			stored = append(stored, StoredColumn{Name: c.Name + schemas.LabelSuffix, Type: "string"})
		}
	}
	return stored
}

func storedColumn(c schemas.Column) StoredColumn {
	col := StoredColumn{Name: c.Name, Type: typeName(c.Type), Required: c.Required}
	switch c.Type.Kind {
	case schemas.Struct:
		col.Fields = storedColumns(c.Type.Fields)
	case schemas.List:
		col.Fields = []StoredColumn{storedColumn(*c.Type.Element)}
	}
	return col
}

// typeName returns the type of a column as it lies in the files.
func typeName(t schemas.Type) string {
	switch t.Kind {
	case schemas.Decimal:
		return t.String()
	case schemas.Enum:
		return t.Code.String()
	}
	return t.Kind.String()
}
