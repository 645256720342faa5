package transform

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// parse reads a schema of columns, given as the lines below "columns:".
func parse(t testing.TB, columns string) *schemas.Schema {
	t.Helper()
	s, err := schemas.Parse("test", []byte("columns:\n"+columns))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// one reads a schema of the one column x, of a type and what else is said of it.
func one(t testing.TB, typ string) *schemas.Schema {
	t.Helper()
	return parse(t, "  - { name: x, type: "+typ+" }\n")
}

// decode decodes a page whose body is a list of records, and sees to it that
// both ways to read them agree.
func decode(t testing.TB, s *schemas.Schema, o Options, body string) *Batch {
	t.Helper()
	d, plain := bothWays(t, s, o)
	compare(t, d, plain, page(t, body))
	b, err := d.Decode(page(t, body))
	if err != nil {
		t.Fatal(err)
	}
	checkRecord(t, b.Record)
	return b
}

func page(t testing.TB, body string) Page {
	t.Helper()
	p := Page{Number: 7, Body: []byte(body)}
	whole, err := jsonspan.Whole(p.Body)
	if err != nil {
		t.Fatal(err)
	}
	for r := range jsonspan.Elements(p.Body, whole) {
		p.Records = append(p.Records, r)
	}
	return p
}

// rows writes a record as lines of JSON, one per row: the spelling of exported
// truth, by way of Arrow's own accessors.
func rows(rec arrow.Record) string {
	var b strings.Builder
	for i := range int(rec.NumRows()) {
		b.WriteByte('{')
		for c, field := range rec.Schema().Fields() {
			if c > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", field.Name, value(rec.Column(c), i))
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// value writes a value as JSON.
func value(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return "null"
	}
	switch a := a.(type) {
	case *array.Boolean:
		return fmt.Sprint(a.Value(i))
	case *array.Int32:
		return fmt.Sprint(a.Value(i))
	case *array.Int64:
		return fmt.Sprint(a.Value(i))
	case *array.Float64:
		return quoteJSON(a.Value(i))
	case *array.Decimal128:
		return quoteJSON(decimalText(a.Value(i).BigInt(), int(a.DataType().(*arrow.Decimal128Type).Scale)))
	case *array.String:
		return quoteJSON(a.Value(i))
	case *array.Dictionary:
		return value(a.Dictionary(), a.GetValueIndex(i))
	case *array.Date32:
		return quoteJSON(a.Value(i).ToTime().Format(time.DateOnly))
	case *array.Time64:
		return quoteJSON(time.UnixMicro(int64(a.Value(i))).UTC().Format("15:04:05.000000"))
	case *array.Timestamp:
		return quoteJSON(time.UnixMicro(int64(a.Value(i))).UTC().Format("2006-01-02T15:04:05.000000Z"))
	case *array.List:
		start, end := a.ValueOffsets(i)
		var parts []string
		for j := start; j < end; j++ {
			parts = append(parts, value(a.ListValues(), int(j)))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case *array.Struct:
		var parts []string
		for f, field := range a.DataType().(*arrow.StructType).Fields() {
			parts = append(parts, fmt.Sprintf("%q:%s", field.Name, value(a.Field(f), i)))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return fmt.Sprintf("unknown array %T", a)
}

// quoteJSON writes v as JSON, letters as they are.
func quoteJSON(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func decimalText(unscaled *big.Int, scale int) string {
	return new(big.Rat).SetFrac(unscaled, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FloatString(scale)
}

// checkRecord holds a record to the rules of Arrow's layout: lengths of
// buffers, counts of NULLs, offsets that do not fall, zero in NULL slots.
func checkRecord(t testing.TB, rec arrow.Record) {
	t.Helper()
	for i, column := range rec.Columns() {
		field := rec.Schema().Field(i)
		if !arrow.TypeEqual(field.Type, column.DataType()) {
			t.Errorf("column %s: type %s, the schema says %s", field.Name, column.DataType(), field.Type)
		}
		if column.Len() != int(rec.NumRows()) {
			t.Errorf("column %s: %d values in %d rows", field.Name, column.Len(), rec.NumRows())
		}
		if !field.Nullable && column.NullN() > 0 {
			t.Errorf("column %s: %d NULLs in a required column", field.Name, column.NullN())
		}
		checkData(t, field.Name, column.Data())
	}
}

func checkData(t testing.TB, name string, data arrow.ArrayData) {
	t.Helper()
	a := array.MakeFromData(data)
	nulls := 0
	for i := range a.Len() {
		if a.IsNull(i) {
			nulls++
		}
	}
	if nulls != data.NullN() {
		t.Errorf("column %s: %d NULLs, counted %d", name, nulls, data.NullN())
	}
	switch a := a.(type) {
	case *array.String:
		checkOffsets(t, name, a.ValueOffsets(), len(a.ValueBytes()))
	case *array.List:
		checkOffsets(t, name, a.Offsets(), a.ListValues().Len())
		checkData(t, name+"[]", a.ListValues().Data())
	case *array.Struct:
		for f := range a.NumField() {
			if a.Field(f).Len() != a.Len() {
				t.Errorf("column %s: field %d has %d values in %d structs", name, f, a.Field(f).Len(), a.Len())
			}
			for i := range a.Len() {
				if a.IsNull(i) && a.Field(f).IsValid(i) {
					t.Errorf("column %s: field %d has a value in a NULL struct", name, f)
				}
			}
			checkData(t, name+"."+a.DataType().(*arrow.StructType).Field(f).Name, a.Field(f).Data())
		}
	case *array.Dictionary:
		checkZeros(t, name, a, data.Buffers()[1].Bytes(), 4)
	case *array.Boolean:
	default:
		checkZeros(t, name, a, data.Buffers()[1].Bytes(), a.DataType().(arrow.FixedWidthDataType).Bytes())
	}
}

func checkOffsets(t testing.TB, name string, offsets []int32, size int) {
	t.Helper()
	for i := 1; i < len(offsets); i++ {
		if offsets[i] < offsets[i-1] {
			t.Errorf("column %s: offset %d falls", name, i)
		}
	}
	if len(offsets) == 0 || offsets[0] != 0 || int(offsets[len(offsets)-1]) != size {
		t.Errorf("column %s: offsets %v over %d", name, offsets, size)
	}
}

func checkZeros(t testing.TB, name string, a arrow.Array, values []byte, width int) {
	t.Helper()
	if len(values) != a.Len()*width {
		t.Errorf("column %s: %d bytes for %d values of %d", name, len(values), a.Len(), width)
		return
	}
	for i := range a.Len() {
		if a.IsNull(i) && strings.Trim(string(values[i*width:(i+1)*width]), "\x00") != "" {
			t.Errorf("column %s: the slot of NULL %d is not zero", name, i)
		}
	}
}
