package load

import (
	"math"

	"github.com/parquet-go/parquet-go"

	"etl/internal/fault"
)

// store appends a value that was read from a file. What does not belong into
// the leaf is an error: the file is damaged.
func (v *vector) store(x *parquet.Value, l *leaf) error {
	def, rep := x.DefinitionLevel(), x.RepetitionLevel()
	if def > int(l.maxDef) || rep > int(l.maxRep) || v.rows == 0 && rep > 0 {
		return fault.New(fault.Storage, "reading column %s: levels out of range", l.path)
	}
	if rep == 0 {
		v.rows++
	}
	if l.maxDef > 0 {
		v.defs = append(v.defs, uint8(def))
	}
	if l.maxRep > 0 {
		v.reps = append(v.reps, uint8(rep))
	}
	if def < int(l.maxDef) {
		return nil
	}
	if x.Kind() != l.kind {
		return fault.New(fault.Storage, "reading column %s: a value of kind %s, not %s", l.path, x.Kind(), l.kind)
	}
	v.storeValue(x, l)
	return nil
}

func (v *vector) storeValue(x *parquet.Value, l *leaf) {
	switch l.kind {
	case parquet.Boolean:
		v.ints = append(v.ints, 0)
		if x.Boolean() {
			v.ints[len(v.ints)-1] = 1
		}
	case parquet.Int32:
		v.ints = append(v.ints, int64(x.Int32()))
	case parquet.Int64:
		v.ints = append(v.ints, x.Int64())
	case parquet.Double:
		v.ints = append(v.ints, int64(math.Float64bits(x.Double())))
	default:
		v.appendBytes(x.ByteArray())
	}
}
