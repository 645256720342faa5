package load

import (
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"etl/internal/fault"
	"etl/schemas"
)

// Scan passes on the named columns of all live rows of a commit, file by file in
// the order of its list; client.id is a column inside of a struct. It gives int64, bool, float64 and string; a
// timestamp as time.Time in UTC, a date, a time of day and a decimal as their
// text, a duration as int64 in microseconds; nil for NULL. The slice is valid
// until each returns, and its first error ends the scan. A column that is a
// list or a struct, or that there is not, is a mistake of the configuration.
func (d *Dataset) Scan(c *Commit, columns []string, each func(row []any) error) error {
	for _, f := range c.Files {
		err := d.read(f, func(r *reader) error {
			leaves, convert, err := r.named(columns)
			if err != nil {
				return err
			}
			return r.blocks(leaves, func(b *block) error { return scanBlock(b, leaves, convert, each) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Keys passes on key and version of all live rows of a commit. The version is
// math.MinInt64 if it is NULL or there is no such column.
func (d *Dataset) Keys(c *Commit, s *schemas.Schema, key []string, version string, each func(schemas.Key, int64) error) error {
	l := schemaLayout(s)
	k, err := newKeyReader(l, key, version)
	if err != nil {
		return err
	}
	for _, f := range c.Files {
		err := d.read(f, func(r *reader) error {
			if err := r.matches(l); err != nil {
				return err
			}
			return r.blocks(k.leaves(), func(b *block) error {
				return k.each(b, func(_ int, key schemas.Key, version int64) error { return each(key, version) })
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// read opens a live file, and closes it when the reading is done.
func (d *Dataset) read(f File, reading func(*reader) error) error {
	b, err := d.open(f)
	if err != nil {
		return err
	}
	return readBlob(b, f.Path, f.SHA256, reading)
}

// A conversion makes a Go value of the i-th value of a vector.
type conversion func(v *vector, i int) any

func scanBlock(b *block, leaves []*leaf, convert []conversion, each func(row []any) error) error {
	row := make([]any, len(leaves))
	next := make([]int, len(leaves))
	for n := range b.rows {
		for i, leaf := range leaves {
			v := &b.vectors[leaf.index]
			if leaf.maxDef > 0 && v.defs[n] < leaf.maxDef {
				row[i] = nil
				continue
			}
			row[i] = convert[i](v, next[i])
			next[i]++
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}

// named returns the leaves of columns of the file, by name.
func (r *reader) named(columns []string) (leaves []*leaf, convert []conversion, err error) {
	defer damaged(&err, r.name)
	for _, name := range columns {
		found, ok := r.file.Schema().Lookup(strings.Split(name, ".")...)
		if !ok || found.MaxRepetitionLevel > 0 {
			return nil, nil, fault.New(fault.Config, "reading %s: there is no column %s, or it is a list or a struct", r.name, name)
		}
		kind := found.Node.Type().Kind()
		text := kind == parquet.ByteArray || kind == parquet.FixedLenByteArray
		leaves = append(leaves, &leaf{
			index: found.ColumnIndex, path: name, kind: kind, text: text, maxDef: uint8(found.MaxDefinitionLevel),
		})
		convert = append(convert, conversionOf(found.Node.Type()))
	}
	return leaves, convert, nil
}

func conversionOf(t parquet.Type) conversion {
	switch l := t.LogicalType(); {
	case l == nil:
	default:
		switch of := l.Value.(type) {
		case *format.DecimalType:
			return decimals(t.Kind(), int(of.Scale))
		case *format.TimestampType:
			return func(v *vector, i int) any { return time.UnixMicro(v.ints[i]).UTC() }
		case *format.DateType:
			return func(v *vector, i int) any { return plainText(schemas.Date, v.ints[i]) }
		case *format.TimeType:
			return func(v *vector, i int) any { return plainText(schemas.Time, v.ints[i]) }
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return func(v *vector, i int) any { return v.ints[i] != 0 }
	case parquet.Double:
		return func(v *vector, i int) any { return math.Float64frombits(uint64(v.ints[i])) }
	case parquet.Int32, parquet.Int64:
		return func(v *vector, i int) any { return v.ints[i] }
	default:
		return func(v *vector, i int) any { return string(v.bytes(i)) }
	}
}

// decimals writes the decimals of a column as text.
func decimals(k parquet.Kind, scale int) conversion {
	if k == parquet.Int32 || k == parquet.Int64 {
		return func(v *vector, i int) any { return decimalText(big.NewInt(v.ints[i]), scale) }
	}
	return func(v *vector, i int) any {
		b := v.bytes(i)
		unscaled := new(big.Int).SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 { // two's complement
			unscaled.Sub(unscaled, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		return decimalText(unscaled, scale)
	}
}
