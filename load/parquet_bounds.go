package load

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go"
)

// Bounds are the least and the greatest of some values.
type bounds struct {
	known     bool // there are values
	low, high int64
	lowText   []byte // its own memory
	highText  []byte
}

func (b *bounds) reset() { b.known, b.lowText, b.highText = false, b.lowText[:0], b.highText[:0] }

// addInts widens the bounds to some integers between a least and a greatest one.
func (b *bounds) addInts(low, high int64) {
	if !b.known {
		b.low, b.high, b.known = low, high, true
		return
	}
	b.low, b.high = min(b.low, low), max(b.high, high)
}

// addDoubles widens the bounds to doubles, which are given by their bits. NaN
// counts only where there is nothing else.
func (b *bounds) addDoubles(values []int64) {
	for _, bits := range values {
		x := math.Float64frombits(uint64(bits))
		switch {
		case !b.known || math.IsNaN(math.Float64frombits(uint64(b.low))):
			b.low, b.high, b.known = bits, bits, true
		case x < math.Float64frombits(uint64(b.low)):
			b.low = bits
		case x > math.Float64frombits(uint64(b.high)):
			b.high = bits
		}
	}
}

// addText widens the bounds to a text.
func (b *bounds) addText(text []byte) {
	if !b.known {
		b.known = true
		b.lowText, b.highText = append(b.lowText[:0], text...), append(b.highText[:0], text...)
		return
	}
	if bytes.Compare(text, b.lowText) < 0 {
		b.lowText = append(b.lowText[:0], text...)
	} else if bytes.Compare(text, b.highText) > 0 {
		b.highText = append(b.highText[:0], text...)
	}
}

// addTexts widens the bounds to texts. Most lie between them by their first
// bytes already.
func (b *bounds) addTexts(data []byte, ends []int) {
	start := 0
	low, high := head(b.lowText), head(b.highText)
	for _, end := range ends {
		text := data[start:end]
		start = end
		if first := head(text); b.known && low < first && first < high {
			continue
		}
		b.addText(text)
		low, high = head(b.lowText), head(b.highText)
	}
}

// head is the first eight bytes of a text as a number that has their order.
func head(text []byte) (n uint64) {
	if len(text) >= 8 {
		return binary.BigEndian.Uint64(text)
	}
	for i := range 8 {
		n <<= 8
		if i < len(text) {
			n |= uint64(text[i])
		}
	}
	return n
}

// add widens the bounds to others of the same leaf.
func (b *bounds) add(other *bounds, l *leaf) {
	switch {
	case !other.known:
	case l.text:
		b.addText(other.lowText)
		b.addText(other.highText)
	case l.kind == parquet.Double:
		b.addDoubles([]int64{other.low, other.high})
	default:
		b.addInts(other.low, other.high)
	}
}

// values returns the bounds as values of the library; null if there are none.
func (b *bounds) values(l *leaf) (low, high parquet.Value) {
	switch {
	case !b.known:
		return low, high
	case l.text:
		return parquet.ByteArrayValue(b.lowText), parquet.ByteArrayValue(b.highText)
	case l.kind == parquet.Boolean:
		return parquet.BooleanValue(b.low != 0), parquet.BooleanValue(b.high != 0)
	case l.kind == parquet.Int32:
		return parquet.Int32Value(int32(b.low)), parquet.Int32Value(int32(b.high))
	case l.kind == parquet.Double:
		return parquet.DoubleValue(math.Float64frombits(uint64(b.low))), parquet.DoubleValue(math.Float64frombits(uint64(b.high)))
	}
	return parquet.Int64Value(b.low), parquet.Int64Value(b.high)
}

// limits returns the least and the greatest of integers.
func limits(ints []int64) (low, high int64) {
	low, high = math.MaxInt64, math.MinInt64
	for _, x := range ints {
		low, high = min(low, x), max(high, x)
	}
	return low, high
}
