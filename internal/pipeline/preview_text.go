package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// rowText writes a row as a JSON object, with the columns in their order.
// Decimals are text with all digits of their scale, points in time are UTC.
func rowText(record arrow.Record, row int) []byte {
	text := []byte("{")
	for c, column := range record.Columns() {
		text = appendMember(text, c, record.ColumnName(c), column, row)
	}
	return append(text, '}')
}

func appendMember(text []byte, place int, name string, values arrow.Array, i int) []byte {
	if place > 0 {
		text = append(text, ',')
	}
	text = append(appendJSON(text, name), ':')
	return appendValue(text, values, i)
}

func appendValue(text []byte, values arrow.Array, i int) []byte {
	if values.IsNull(i) {
		return append(text, "null"...)
	}
	switch values := values.(type) {
	case *array.Struct:
		text = append(text, '{')
		for f, field := range values.DataType().(*arrow.StructType).Fields() {
			text = appendMember(text, f, field.Name, values.Field(f), i)
		}
		return append(text, '}')
	case *array.List:
		text = append(text, '[')
		from, to := values.ValueOffsets(i)
		for at := from; at < to; at++ {
			if at > from {
				text = append(text, ',')
			}
			text = appendValue(text, values.ListValues(), int(at))
		}
		return append(text, ']')
	case *array.Dictionary:
		return appendValue(text, values.Dictionary(), values.GetValueIndex(i))
	case *array.Decimal128:
		return appendJSON(text, values.Value(i).ToString(values.DataType().(*arrow.Decimal128Type).Scale))
	case *array.Timestamp:
		return appendJSON(text, values.Value(i).ToTime(arrow.Microsecond))
	}
	return appendJSON(text, values.GetOneForMarshal(i))
}

func appendJSON(text []byte, v any) []byte {
	var encoded bytes.Buffer
	e := json.NewEncoder(&encoded)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("writing a %T as JSON: %v", v, err)) // scalars that came from JSON go back
	}
	return append(text, bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))...)
}
