package load

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// boundText writes a value as Scan would give it.
func boundText(t parquet.Type, v parquet.Value) string {
	switch t.Kind() {
	case parquet.Int96:
		return v.Int96().String()
	case parquet.Float:
		return fmt.Sprint(v.Float())
	}
	var one vector
	text := t.Kind() == parquet.ByteArray || t.Kind() == parquet.FixedLenByteArray
	one.storeValue(&v, &leaf{kind: t.Kind(), text: text})
	switch x := conversionOf(t)(&one, 0).(type) {
	case time.Time:
		return x.Format("2006-01-02T15:04:05.999999Z07:00")
	case string:
		return strings.ToValidUTF8(x, "�")
	default:
		return fmt.Sprint(x)
	}
}

// nodeColumns describes the columns of a file, or the fields of a group.
func nodeColumns(fields []parquet.Field) []StoredColumn {
	columns := []StoredColumn{}
	for _, f := range fields {
		columns = append(columns, nodeColumn(f.Name(), f))
	}
	return columns
}

func nodeColumn(name string, n parquet.Node) StoredColumn {
	c := StoredColumn{Name: name, Type: nodeType(n), Required: n.Required()}
	switch {
	case n.Leaf():
	case c.Type == "list":
		element := n.Fields()[0].Fields()[0]
		c.Fields = []StoredColumn{nodeColumn("element", element)}
	default:
		c.Fields = nodeColumns(n.Fields())
	}
	return c
}

// nodeType names the type of a column as schemas do, and one that they do not
// know as Parquet does.
func nodeType(n parquet.Node) string {
	if !n.Leaf() {
		if isList(n) {
			return "list"
		}
		if n.Repeated() || logical(n.Type()) != "" {
			return strings.TrimSpace(strings.ToUpper(logical(n.Type())) + " GROUP")
		}
		return "struct"
	}
	t := n.Type()
	if n.Repeated() {
		return "REPEATED " + t.String()
	}
	plain := map[parquet.Kind]string{
		parquet.Boolean: "bool", parquet.Int32: "int32", parquet.Int64: "int64", parquet.Double: "float64", parquet.ByteArray: "BYTE_ARRAY",
	}
	l := t.LogicalType()
	if l == nil {
		return cmp.Or(plain[t.Kind()], strings.ToUpper(t.String()))
	}
	switch of := l.Value.(type) {
	case *format.StringType:
		return "string"
	case *format.DateType:
		return "date"
	case *format.DecimalType:
		return fmt.Sprintf("decimal(%d,%d)", of.Precision, of.Scale)
	case *format.IntType:
		if of.IsSigned && of.BitWidth >= 32 {
			return plain[t.Kind()]
		}
	case *format.TimestampType:
		if of.IsAdjustedToUTC && t.String() == parquet.TimestampAdjusted(parquet.Microsecond, true).Type().String() {
			return "timestamp"
		}
	case *format.TimeType:
		if !of.IsAdjustedToUTC && t.String() == parquet.TimeAdjusted(parquet.Microsecond, false).Type().String() {
			return "time"
		}
	}
	return strings.ToUpper(t.String())
}

// isList tells whether a group has the form of a list: one repeated group with
// one element.
func isList(n parquet.Node) bool {
	fields := n.Fields()
	return !n.Repeated() && len(fields) == 1 && fields[0].Repeated() && !fields[0].Leaf() && len(fields[0].Fields()) == 1 &&
		n.Type().LogicalType() != nil
}
