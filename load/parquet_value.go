package load

import (
	"math"
	"slices"

	"github.com/parquet-go/parquet-go"

	"etl/internal/fault"
)

// fill turns the vector into values for the writer of a column, in the memory of
// out. They point into the vector.
func (v *vector) fill(out []parquet.Value, l *leaf) []parquet.Value {
	slots := v.slots(l)
	out = slices.Grow(out[:0], slots)[:slots]
	next := v.fillValues(out, l)
	if l.maxDef == 0 {
		return out
	}
	if l.maxRep == 0 && next == slots { // no nulls
		for i := range out {
			out[i].SetDefinitionLevel(int(l.maxDef))
		}
		return out
	}
	for slot := slots - 1; slot >= 0; slot-- { // from the end, where the values move to
		def := v.defs[slot]
		if def == l.maxDef {
			next--
			out[slot] = out[next]
		} else {
			out[slot] = parquet.Value{}
		}
		out[slot].SetDefinitionLevel(int(def))
		if l.maxRep > 0 {
			out[slot].SetRepetitionLevel(int(v.reps[slot]))
		}
	}
	return out
}

// fillValues puts what is not null at the start of out, without levels, and
// returns how many values there are. There is a loop for each kind: to choose for
// each value takes longer than to make it.
func (v *vector) fillValues(out []parquet.Value, l *leaf) int {
	switch l.kind {
	case parquet.Boolean:
		for i, x := range v.ints {
			out[i] = parquet.BooleanValue(x != 0)
		}
	case parquet.Int32:
		for i, x := range v.ints {
			out[i] = parquet.Int32Value(int32(x))
		}
	case parquet.Int64:
		for i, x := range v.ints {
			out[i] = parquet.Int64Value(x)
		}
	case parquet.Double:
		for i, x := range v.ints {
			out[i] = parquet.DoubleValue(math.Float64frombits(uint64(x)))
		}
	case parquet.FixedLenByteArray:
		start := 0
		for i, end := range v.ends {
			out[i] = parquet.FixedLenByteArrayValue(v.data[start:end])
			start = end
		}
	default:
		start := 0
		for i, end := range v.ends {
			out[i] = parquet.ByteArrayValue(v.data[start:end])
			start = end
		}
	}
	return v.values(l)
}

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
