package load

import (
	"math"
	"slices"

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
		v.appendBits(a, present)
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
		v.ints = slices.Grow(v.ints, len(present))
		for _, i := range present {
			v.ints = append(v.ints, int64(math.Float64bits(values[i])))
		}
	case *array.Decimal128:
		return c.fillDecimals(v, a.Values(), present)
	case *array.String:
		v.appendTexts(a, present)
	case *array.Dictionary:
		return c.fillDictionary(v, a, present)
	default:
		return fault.New(fault.Bug, "encoding column %s: arrays of %s are not foreseen", c.leaf.path, a.DataType())
	}
	return nil
}

// pick appends the values at some places.
func pick[T ~int32 | ~int64](v *vector, values []T, at []int32) {
	n := len(v.ints)
	v.ints = slices.Grow(v.ints, len(at))[:n+len(at)]
	out := v.ints[n:]
	if consecutive(at) {
		for i, x := range values[at[0]:][:len(at)] {
			out[i] = int64(x)
		}
		return
	}
	for i, place := range at {
		out[i] = int64(values[place])
	}
}

// consecutive tells whether places, which ascend, lie side by side.
func consecutive(at []int32) bool {
	return len(at) > 0 && int(at[len(at)-1]-at[0]) == len(at)-1
}

// appendBits appends the booleans at some places.
func (v *vector) appendBits(a *array.Boolean, at []int32) {
	if len(at) == 0 {
		return
	}
	bits, offset := a.Data().Buffers()[1].Bytes(), a.Data().Offset()
	v.ints = slices.Grow(v.ints, len(at))
	for _, i := range at {
		n := uint(offset) + uint(i)
		v.ints = append(v.ints, int64(bits[n/8]>>(n%8)&1))
	}
}

// appendTexts appends the texts at some places.
func (v *vector) appendTexts(a *array.String, at []int32) {
	if len(at) == 0 {
		return
	}
	buffers := a.Data().Buffers()
	offsets := arrow.Int32Traits.CastFromBytes(buffers[1].Bytes())[a.Data().Offset():]
	var data []byte
	if buffers[2] != nil {
		data = buffers[2].Bytes()
	}
	v.ends = slices.Grow(v.ends, len(at))
	if consecutive(at) {
		offsets = offsets[at[0] : int(at[0])+len(at)+1]
		moved := len(v.data) - int(offsets[0])
		v.data = append(v.data, data[offsets[0]:offsets[len(at)]]...)
		for _, end := range offsets[1:] {
			v.ends = append(v.ends, int(end)+moved)
		}
		return
	}
	v.gatherTexts(data, offsets, at)
}

// shortText is how many bytes are copied of a short text, whatever its length: to
// copy always as many takes least.
const shortText = 16

func (v *vector) gatherTexts(data []byte, offsets, at []int32) {
	size, end := shortText, len(v.data)
	for _, i := range at {
		size += int(offsets[i+1] - offsets[i])
	}
	out := slices.Grow(v.data, size)[:end+size]
	for _, i := range at {
		from, to := int(offsets[i]), int(offsets[i+1])
		if to-from <= shortText && from+shortText <= len(data) {
			*(*[shortText]byte)(out[end:]) = *(*[shortText]byte)(data[from:])
		} else {
			copy(out[end:], data[from:to])
		}
		end += to - from
		v.ends = append(v.ends, end)
	}
	v.data = out[:end]
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
	v.ends = slices.Grow(v.ends, len(present))
	if codes, ok := a.Indices().(*array.Int32); ok {
		for _, i := range present {
			v.appendString(labels.Value(int(codes.Value(int(i)))))
		}
		return nil
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
	if !c.leaf.text {
		return c.fillNarrow(v, values, present, int64(limit.LowBits()))
	}
	for _, i := range present {
		d := values[i]
		if d.Abs().Cmp(limit) > 0 {
			return c.tooLong()
		}
		v.appendDecimal(d)
	}
	return nil
}

// fillNarrow narrows decimals to integers, of at most limit without their sign.
func (c *column) fillNarrow(v *vector, values []decimal128.Num, present []int32, limit int64) error {
	v.ints = slices.Grow(v.ints, len(present))
	for _, i := range present {
		d := &values[i]
		x := int64(d.LowBits())
		if d.HighBits() != x>>63 || x > limit || x < -limit {
			return c.tooLong()
		}
		v.ints = append(v.ints, x)
	}
	return nil
}

func (c *column) tooLong() error {
	return fault.New(fault.Bug, "encoding column %s: a decimal of more than %d digits", c.leaf.path, c.source.Precision)
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
