package transform

import (
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
)

// labelType is the type of the labels of an enum. Each batch holds them all.
var labelType = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}

var timestampType = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}

// ArrowSchema returns the columns of batches: those of the schema, in its order;
// behind each enum its labels, a dictionary of texts, as <name>_label; at the
// end _extra, if the schema has it. Required columns are not nullable. An enum
// inside a struct has its labels there. What is hashed or masked is a text.
func ArrowSchema(s *schemas.Schema) *arrow.Schema {
	fields := arrowFields(s.Columns)
	if s.Extra() {
		fields = append(fields, arrow.Field{Name: schemas.ExtraColumn, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

func arrowFields(columns []schemas.Column) []arrow.Field {
	var fields []arrow.Field
	for _, c := range columns {
		if c.PII == schemas.PIIDrop {
			continue
		}
		c = c.Written()
		fields = append(fields, arrowField(c))
		if c.Type.Kind == schemas.Enum {
			fields = append(fields, arrow.Field{Name: c.Name + schemas.LabelSuffix, Type: labelType, Nullable: true})
		}
	}
	return fields
}

func arrowField(c schemas.Column) arrow.Field {
	return arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: !c.Required}
}

func arrowType(t schemas.Type) arrow.DataType {
	switch t.Kind {
	case schemas.Bool:
		return arrow.FixedWidthTypes.Boolean
	case schemas.Int32:
		return arrow.PrimitiveTypes.Int32
	case schemas.Int64, schemas.Duration:
		return arrow.PrimitiveTypes.Int64
	case schemas.Float64:
		return arrow.PrimitiveTypes.Float64
	case schemas.Decimal:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
	case schemas.Enum:
		return arrowType(schemas.Type{Kind: t.Code})
	case schemas.Date:
		return arrow.FixedWidthTypes.Date32
	case schemas.Time:
		return arrow.FixedWidthTypes.Time64us
	case schemas.Timestamp:
		return timestampType
	case schemas.List:
		return arrow.ListOfField(arrowField(*t.Element))
	case schemas.Struct:
		return arrow.StructOf(arrowFields(t.Fields)...)
	}
	return arrow.BinaryTypes.String // string, uuid, json
}
