package load

import (
	"github.com/apache/arrow/go/v15/arrow"

	"etl/internal/fault"
	"etl/schemas"
)

// matches makes sure that records of an Arrow schema fit the columns.
func (l *layout) matches(s *arrow.Schema) error {
	return matchFields("", l.columns, s.Fields())
}

func matchFields(prefix string, columns []*column, fields []arrow.Field) error {
	if len(columns) != len(fields) {
		return fault.New(fault.Bug, "writing rows: %d columns at %q of the schema, %d of the records", len(columns), prefix, len(fields))
	}
	for i, c := range columns {
		f := fields[i]
		if f.Name != c.name {
			return fault.New(fault.Bug, "writing rows: column %s%s of the schema is %s in the records", prefix, c.name, f.Name)
		}
		if err := c.match(prefix+c.name, f.Type); err != nil {
			return err
		}
	}
	return nil
}

func (c *column) match(path string, t arrow.DataType) error {
	switch t := t.(type) {
	case *arrow.ListType:
		if c.list {
			return c.children[0].match(path+".element", t.Elem())
		}
	case *arrow.StructType:
		if c.leaf == nil && !c.list {
			return matchFields(path+".", c.children, t.Fields())
		}
	default:
		if c.leaf != nil && c.accepts(t) {
			return nil
		}
	}
	return fault.New(fault.Bug, "writing rows: column %s has the Arrow type %s, which is not that of the schema", path, t)
}

// accepts tells whether a leaf takes arrays of a type.
func (c *column) accepts(t arrow.DataType) bool {
	kind := c.source.Kind
	if kind == schemas.Enum {
		kind = c.source.Code
	}
	switch kind {
	case schemas.Bool:
		return t.ID() == arrow.BOOL
	case schemas.Int32:
		return t.ID() == arrow.INT32
	case schemas.Int64, schemas.Duration:
		return t.ID() == arrow.INT64
	case schemas.Float64:
		return t.ID() == arrow.FLOAT64
	case schemas.Decimal:
		d, ok := t.(*arrow.Decimal128Type)
		return ok && d.Scale == int32(c.source.Scale)
	case schemas.Date:
		return t.ID() == arrow.DATE32
	case schemas.Time:
		return arrow.TypeEqual(t, arrow.FixedWidthTypes.Time64us)
	case schemas.Timestamp:
		ts, ok := t.(*arrow.TimestampType)
		return ok && ts.Unit == arrow.Microsecond
	}
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	return t.ID() == arrow.STRING
}
