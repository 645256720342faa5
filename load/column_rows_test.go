package load

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	alloc "github.com/apache/arrow/go/v15/arrow/memory"

	"etl/schemas"
)

// everything is a schema with each type, required and not, and nested ones.
func everything() *schemas.Schema {
	of := func(k schemas.Kind) schemas.Type { return schemas.Type{Kind: k} }
	decimal := func(p, s int) schemas.Type { return schemas.Type{Kind: schemas.Decimal, Precision: p, Scale: s} }
	enum := func(code schemas.Kind) schemas.Type {
		return schemas.Type{Kind: schemas.Enum, Code: code, Labels: []schemas.Label{{Code: "1", Text: "one"}}}
	}
	list := func(required bool, element schemas.Type) schemas.Type {
		return schemas.Type{Kind: schemas.List, Element: &schemas.Column{Name: "element", Type: element, Required: required}}
	}
	structure := func(fields ...schemas.Column) schemas.Type { return schemas.Type{Kind: schemas.Struct, Fields: fields} }
	col := func(name string, t schemas.Type) schemas.Column { return schemas.Column{Name: name, Type: t} }
	must := func(name string, t schemas.Type) schemas.Column {
		return schemas.Column{Name: name, Type: t, Required: true}
	}
	return &schemas.Schema{Name: "test/everything", Columns: []schemas.Column{
		must("zid", of(schemas.Int64)), col("flag", of(schemas.Bool)), must("sure", of(schemas.Bool)),
		col("small", of(schemas.Int32)), col("big", of(schemas.Int64)), col("ratio", of(schemas.Float64)),
		col("price", decimal(9, 2)), col("amount", decimal(16, 2)), must("huge", decimal(38, 10)), col("wide", decimal(20, 0)),
		col("name", of(schemas.String)), must("city", of(schemas.String)),
		col("status", enum(schemas.Int32)), col("level", enum(schemas.Int64)), col("color", enum(schemas.String)),
		col("born", of(schemas.Date)), col("opens", of(schemas.Time)), must("created_at", of(schemas.Timestamp)),
		col("lasts", of(schemas.Duration)), col("tag", of(schemas.UUID)), col("extra", of(schemas.JSON)),
		{Name: "secret", Type: of(schemas.String), PII: schemas.PIIDrop},
		col("numbers", list(false, of(schemas.Int64))), must("words", list(true, of(schemas.String))),
		col("client", structure(must("id", of(schemas.Int64)), col("name", of(schemas.String)), col("kind", enum(schemas.Int32)))),
		must("shop", structure(must("id", of(schemas.Int32)), col("rating", decimal(5, 1)))),
		col("items", list(false, structure(
			must("id", of(schemas.Int64)), col("price", decimal(30, 3)),
			col("tags", list(false, of(schemas.String))),
			col("owner", structure(col("name", of(schemas.String)), must("dates", list(true, of(schemas.Date)))))))),
		col("matrix", list(false, list(false, of(schemas.Int32)))),
	}, Rules: schemas.Rules{Unknown: schemas.KeepUnknown}}
}

// arrowFields returns the fields that records of a layout have.
func arrowFields(columns []*column) []arrow.Field {
	var fields []arrow.Field
	for _, c := range columns {
		fields = append(fields, arrow.Field{Name: c.name, Type: arrowType(c), Nullable: c.optional})
	}
	return fields
}

func arrowType(c *column) arrow.DataType {
	if c.list {
		element := arrow.Field{Name: "element", Type: arrowType(c.children[0]), Nullable: c.children[0].optional}
		return arrow.ListOfField(element)
	}
	if c.leaf == nil {
		return arrow.StructOf(arrowFields(c.children)...)
	}
	kind := c.source.Kind
	if kind == schemas.Enum {
		kind = c.source.Code
	}
	switch kind {
	case schemas.Bool:
		return arrow.FixedWidthTypes.Boolean
	case schemas.Int32:
		return arrow.PrimitiveTypes.Int32
	case schemas.Int64, schemas.Duration:
		return arrow.PrimitiveTypes.Int64
	case schemas.Float64:
		return arrow.PrimitiveTypes.Float64
	case schemas.Decimal:
		return &arrow.Decimal128Type{Precision: int32(c.source.Precision), Scale: int32(c.source.Scale)}
	case schemas.Date:
		return arrow.FixedWidthTypes.Date32
	case schemas.Time:
		return arrow.FixedWidthTypes.Time64us
	case schemas.Timestamp:
		return arrow.FixedWidthTypes.Timestamp_us
	}
	if strings.HasSuffix(c.name, schemas.LabelSuffix) {
		return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	}
	return arrow.BinaryTypes.String
}

// A table makes rows of a schema from a seed: row n is the same whatever was
// made before it.
type table struct {
	layout *layout
	schema *arrow.Schema
	seed   uint64
	nulls  float64 // share of what may be null
}

func newTable(s *schemas.Schema, seed uint64, nulls float64) *table {
	l := schemaLayout(s)
	return &table{layout: l, schema: arrow.NewSchema(arrowFields(l.columns), nil), seed: seed, nulls: nulls}
}

// rows makes a record of the rows from one to before another.
func (t *table) rows(from, to int) arrow.Record {
	b := array.NewRecordBuilder(alloc.NewGoAllocator(), t.schema)
	defer b.Release()
	for n := from; n < to; n++ {
		r := rand.New(rand.NewPCG(t.seed, uint64(n)))
		for i, c := range t.layout.columns {
			if c.name == "zid" {
				b.Field(i).(*array.Int64Builder).Append(int64(n))
				continue
			}
			t.value(r, c, b.Field(i))
		}
	}
	return b.NewRecord()
}

func (t *table) value(r *rand.Rand, c *column, b array.Builder) {
	if c.optional && r.Float64() < t.nulls {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.ListBuilder:
		b.Append(true)
		for range r.IntN(4) {
			t.value(r, c.children[0], b.ValueBuilder())
		}
	case *array.StructBuilder:
		b.Append(true)
		for i, child := range c.children {
			t.value(r, child, b.FieldBuilder(i))
		}
	case *array.BooleanBuilder:
		b.Append(r.IntN(2) == 0)
	case *array.Int32Builder:
		b.Append(pickOne(r, int32(r.Uint32()), int32(r.IntN(4)), -1<<31, 1<<31-1))
	case *array.Int64Builder:
		b.Append(pickOne(r, int64(r.Uint64()), int64(r.IntN(4)), -1<<63, 1<<63-1))
	case *array.Float64Builder:
		b.Append(pickOne(r, r.NormFloat64(), 0.1, math.Copysign(0, -1), 1e300))
	case *array.Date32Builder:
		b.Append(arrow.Date32(r.IntN(40000) - 10000))
	case *array.Time64Builder:
		b.Append(arrow.Time64(r.Int64N(86400e6)))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(1767225600e6 + r.Int64N(90*86400e6))) // the first quarter of 2026
	case *array.Decimal128Builder:
		b.Append(someDecimal(r, c.source.Precision))
	case *array.StringBuilder:
		b.Append(pickOne(r, fmt.Sprint("text ", r.Uint64()), "", "Алматы", "{}", strings.Repeat("x", r.IntN(200))))
	case *array.BinaryDictionaryBuilder:
		if err := b.AppendString(pickOne(r, "one", "two", "Запрос")); err != nil {
			panic(err)
		}
	default:
		panic(fmt.Sprintf("no values for %T", b))
	}
}

func pickOne[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// someDecimal returns a decimal of any number of digits up to the precision.
func someDecimal(r *rand.Rand, precision int) decimal128.Num {
	limit := decimal128.GetMaxValue(int32(precision))
	d := pickOne(r, limit, decimal128.FromI64(0), decimal128.FromI64(7), decimal128.New(r.Int64(), r.Uint64()))
	for d.Cmp(limit) > 0 {
		d, _ = d.Div(decimal128.FromI64(1000))
	}
	if r.IntN(2) == 0 {
		d = d.Negate()
	}
	return d
}

// testStage returns a stage in an empty destination.
func testStage(t testing.TB) *Stage {
	t.Helper()
	s, err := Open(tempDir(t))
	if err != nil {
		t.Fatal(err)
	}
	s.objects.(*folder).around = memory // no power is cut here
	st, err := s.Dataset("things").Stage("slice", "run")
	if err != nil {
		t.Fatal(err)
	}
	return st
}
