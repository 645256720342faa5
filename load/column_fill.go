package load

import (
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"etl/internal/fault"
)

// fill appends the leaf values of an array to the leaf's vector: those that
// the slots name, absent and null ones as levels only.
func (c *column) fill(v *vector, a arrow.Array, s slots) error {
	present, err := c.levels(v, a, s)
	if err != nil {
		return err
	}
	switch a := a.(type) {
	case *array.Boolean:
		for _, i := range present {
			v.ints = append(v.ints, 0)
			if a.Value(int(i)) {
				v.ints[len(v.ints)-1] = 1
			}
		}
	case *array.Int32:
		pick(v, a.Int32Values(), present)
	case *array.Int64:
		pick(v, a.Int64Values(), present)
	case *array.Date32:
		pick(v, a.Date32Values(), present)
	case *array.Time64:
		pick(v, a.Time64Values(), present)
	case *array.Timestamp:
		pick(v, a.TimestampValues(), present)
	case *array.Float64:
		values := a.Float64Values()
		for _, i := range present {
			v.ints = append(v.ints, int64(math.Float64bits(values[i])))
		}
	case *array.Decimal128:
		return c.fillDecimals(v, a.Values(), present)
	case *array.String:
		for _, i := range present {
			v.appendString(a.Value(int(i)))
		}
	case *array.Dictionary:
		return c.fillDictionary(v, a, present)
	default:
		return fault.New(fault.Bug, "encoding column %s: arrays of %s are not foreseen", c.leaf.path, a.DataType())
	}
	return nil
}

// pick appends the values at some places.
func pick[T ~int32 | ~int64](v *vector, values []T, at []int32) {
	for _, i := range at {
		v.ints = append(v.ints, int64(values[i]))
	}
}

func (v *vector) appendString(s string) {
	v.data = append(v.data, s...)
	v.ends = append(v.ends, len(v.data))
}

func (c *column) fillDictionary(v *vector, a *array.Dictionary, present []int32) error {
	labels, ok := a.Dictionary().(*array.String)
	if !ok {
		return fault.New(fault.Bug, "encoding column %s: a dictionary of %s is not foreseen", c.leaf.path, a.Dictionary().DataType())
	}
	for _, i := range present {
		v.appendString(labels.Value(a.GetValueIndex(int(i))))
	}
	return nil
}

// fillDecimals narrows decimals to the leaf's width. Those that do not fit
// were not checked by who made them.
func (c *column) fillDecimals(v *vector, values []decimal128.Num, present []int32) error {
	limit := decimal128.GetMaxValue(int32(c.source.Precision))
	for _, i := range present {
		d := values[i]
		if d.Abs().Cmp(limit) > 0 {
			return fault.New(fault.Bug, "encoding column %s: a decimal of more than %d digits", c.leaf.path, c.source.Precision)
		}
		if c.leaf.text {
			v.appendDecimal(d)
		} else {
			v.ints = append(v.ints, int64(d.LowBits()))
		}
	}
	return nil
}

// appendDecimal appends the big-endian bytes of a decimal.
func (v *vector) appendDecimal(d decimal128.Num) {
	high, low := uint64(d.HighBits()), d.LowBits()
	for shift := 56; shift >= 0; shift -= 8 {
		v.data = append(v.data, byte(high>>shift))
	}
	for shift := 56; shift >= 0; shift -= 8 {
		v.data = append(v.data, byte(low>>shift))
	}
	v.ends = append(v.ends, len(v.data))
}
