package pipeline_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	"pgregory.net/rapid"
)

// readTable reads the rows of a file with Arrow's own reader, as JSON.
func readTable(t *rapid.T, name string) (rows []string) {
	f, err := file.OpenParquetFile(name, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	reader, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1000}, memory.NewGoAllocator())
	if err != nil {
		t.Fatal(err)
	}
	all, err := reader.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer all.Release()
	records := array.NewTableReader(all, 0)
	defer records.Release()
	for records.Next() {
		rec := records.Record()
		for i := range int(rec.NumRows()) {
			rows = append(rows, structText(rec.Schema().Fields(), rec.Columns(), i))
		}
	}
	return rows
}

// structText writes a row, or a struct, as JSON.
func structText(fields []arrow.Field, columns []arrow.Array, i int) string {
	var parts []string
	for c, f := range fields {
		parts = append(parts, fmt.Sprintf("%q:%s", f.Name, arrowText(columns[c], i)))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// arrowText writes a value as JSON.
func arrowText(a arrow.Array, i int) string {
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
		return strconv.FormatFloat(a.Value(i), 'g', -1, 64)
	case *array.Decimal128:
		return quote(plain(a.Value(i).BigInt(), -int(a.DataType().(*arrow.Decimal128Type).Scale)))
	case *array.String:
		return quote(a.Value(i))
	case *array.Dictionary:
		return arrowText(a.Dictionary(), a.GetValueIndex(i))
	case *array.Date32:
		return quote(a.Value(i).ToTime().Format(time.DateOnly))
	case *array.Time64:
		return quote(time.UnixMicro(int64(a.Value(i))).UTC().Format("15:04:05.999999"))
	case *array.Timestamp:
		return quote(time.UnixMicro(int64(a.Value(i))).UTC().Format("2006-01-02T15:04:05.000000Z"))
	case *array.List:
		start, end := a.ValueOffsets(i)
		var parts []string
		for j := start; j < end; j++ {
			parts = append(parts, arrowText(a.ListValues(), int(j)))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case *array.Struct:
		var columns []arrow.Array
		for c := range a.NumField() {
			columns = append(columns, a.Field(c))
		}
		return structText(a.DataType().(*arrow.StructType).Fields(), columns, i)
	}
	return fmt.Sprintf("no text for %T", a)
}
