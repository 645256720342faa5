package load

import (
	"bytes"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"etl/schemas"
)

// decimalBytes is the width of decimals that fit no integer: one width for all
// of them, so that a higher precision is no other type.
const decimalBytes = 16

// leafType returns how a type without children is stored.
func leafType(t *schemas.Type) parquet.Type {
	switch t.Kind {
	case schemas.Bool:
		return parquet.BooleanType
	case schemas.Int32:
		return parquet.Int32Type
	case schemas.Int64, schemas.Duration: // a duration counts microseconds: Parquet's own interval holds no more than milliseconds
		return parquet.Int64Type
	case schemas.Float64:
		return parquet.DoubleType
	case schemas.Decimal:
		return decimalType(t.Precision, t.Scale)
	case schemas.Enum:
		return leafType(&schemas.Type{Kind: t.Code})
	case schemas.Date:
		return parquet.Date().Type()
	case schemas.Time:
		return parquet.TimeAdjusted(parquet.Microsecond, false).Type()
	case schemas.Timestamp:
		return parquet.TimestampAdjusted(parquet.Microsecond, true).Type()
	case schemas.JSON:
		return jsonType()
	default: // String, UUID
		return textType()
	}
}

func decimalType(precision, scale int) parquet.Type {
	switch {
	case precision <= 9:
		return parquet.Decimal(scale, precision, parquet.Int32Type).Type()
	case precision <= 18:
		return parquet.Decimal(scale, precision, parquet.Int64Type).Type()
	}
	typ := parquet.Decimal(scale, precision, parquet.FixedLenByteArrayType(decimalBytes)).Type()
	lowest, highest := bytes.Repeat([]byte{0}, decimalBytes), bytes.Repeat([]byte{0xff}, decimalBytes)
	lowest[0], highest[0] = 0x80, 0x7f
	return unorderedType{typ, lowest, highest}
}

func textType() parquet.Type { return parquet.String().Type() }

// jsonType is a text without bounds: nobody searches by the order of JSON
// texts, and whole documents would stand in the footer. "~" is above any of
// them.
func jsonType() parquet.Type { return unorderedType{textType(), nil, []byte("~")} }

// An unorderedType has no minimum and maximum in the statistics of a file, and
// in its column index, which cannot do without, the widest.
//
// parquet-go compares decimals of 16 bytes without their sign. With its bounds
// a reader would skip rows that it looks for.
type unorderedType struct {
	parquet.Type
	lowest, highest []byte
}

// NewColumnIndexer returns an indexer that knows of nulls only.
func (t unorderedType) NewColumnIndexer(int) parquet.ColumnIndexer { return &nullIndexer{typ: t} }

// A nullIndexer counts the nulls of pages.
type nullIndexer struct {
	typ   unorderedType
	pages []bool // of nulls only
	nulls []int64
}

// Reset forgets the pages.
func (x *nullIndexer) Reset() { x.pages, x.nulls = nil, nil }

// IndexPage adds a page.
func (x *nullIndexer) IndexPage(values, nulls int64, _, _ parquet.Value) {
	x.pages = append(x.pages, values == nulls)
	x.nulls = append(x.nulls, nulls)
}

// ColumnIndex returns the pages with the widest bounds; those of nulls only
// have none, as the format asks for.
func (x *nullIndexer) ColumnIndex() format.ColumnIndex {
	index := format.ColumnIndex{
		NullPages: x.pages, NullCounts: x.nulls, BoundaryOrder: format.Unordered,
		MinValues: make([][]byte, len(x.pages)), MaxValues: make([][]byte, len(x.pages)),
	}
	for i, null := range x.pages {
		index.MinValues[i], index.MaxValues[i] = x.typ.lowest, x.typ.highest
		if null {
			index.MinValues[i], index.MaxValues[i] = nil, nil
		}
	}
	return index
}
