package transform

import (
	"errors"
	"math"
	"strconv"

	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// A buffer gathers the values of one column in Arrow's layout.
type buffer interface {
	// add appends a value that is not null. After an error the buffer may have
	// grown inside; truncate undoes that.
	add(*node) error
	// null appends a NULL; its slot is zero.
	null()
	len() int
	// truncate takes back everything after the first n values.
	truncate(n int)
	// take appends the arrays of the column, and starts the next batch. An enum
	// makes two, a dropped column none.
	take([]arrow.ArrayData) []arrow.ArrayData
	// key adds value i to a key.
	key(b *schemas.KeyBuilder, i int)
}

// A bitmap holds a bit per value, least significant first.
type bitmap struct {
	bits []byte
	n    int
	set  int
}

func (m *bitmap) add(bit bool) {
	if m.n%8 == 0 {
		m.bits = append(m.bits, 0)
	}
	if bit {
		m.bits[m.n/8] |= 1 << (m.n % 8)
		m.set++
	}
	m.n++
}

func (m *bitmap) at(i int) bool { return m.bits[i/8]>>(i%8)&1 == 1 }

func (m *bitmap) truncate(n int) {
	for m.n > n {
		m.n--
		if m.at(m.n) {
			m.bits[m.n/8] &^= 1 << (m.n % 8)
			m.set--
		}
	}
	m.bits = m.bits[:(n+7)/8]
}

// validity returns the buffer of a validity bitmap, nil if nothing is NULL, and
// the number of NULLs.
func (m *bitmap) validity() (*memory.Buffer, int) {
	if m.set == m.n {
		return nil, 0
	}
	return memory.NewBufferBytes(m.bits), m.n - m.set
}

// A fixed buffer holds values of one width.
type fixed[T int32 | int64 | float64 | decimal128.Num] struct {
	dtype  arrow.DataType
	read   func(*node) (T, error)
	valid  bitmap
	values []T
}

func (f *fixed[T]) add(n *node) error {
	v, err := f.read(n)
	if err != nil {
		return err
	}
	f.valid.add(true)
	f.values = append(f.values, v)
	return nil
}

func (f *fixed[T]) null() {
	var zero T
	f.valid.add(false)
	f.values = append(f.values, zero)
}

func (f *fixed[T]) len() int { return len(f.values) }

func (f *fixed[T]) truncate(n int) {
	f.valid.truncate(n)
	f.values = f.values[:n]
}

func (f *fixed[T]) take(out []arrow.ArrayData) []arrow.ArrayData {
	valid, nulls := f.valid.validity()
	values := memory.NewBufferBytes(bytesOf(f.values))
	data := array.NewData(f.dtype, len(f.values), []*memory.Buffer{valid, values}, nil, nulls, 0)
	f.valid, f.values = bitmap{}, nil
	return append(out, data)
}

func bytesOf(values any) []byte {
	switch v := values.(type) {
	case []int32:
		return arrow.Int32Traits.CastToBytes(v)
	case []int64:
		return arrow.Int64Traits.CastToBytes(v)
	case []float64:
		return arrow.Float64Traits.CastToBytes(v)
	case []decimal128.Num:
		return arrow.Decimal128Traits.CastToBytes(v)
	}
	return nil
}

func (f *fixed[T]) key(b *schemas.KeyBuilder, i int) {
	if !f.valid.at(i) {
		b.Null()
		return
	}
	switch v := any(f.values[i]).(type) {
	case int32:
		b.Int(int64(v))
	case int64:
		b.Int(v)
	case decimal128.Num:
		b.Decimal(v.HighBits(), v.LowBits())
	}
}

// code returns the code of an enum as labels name it.
func (f *fixed[T]) code(i int) string {
	switch v := any(f.values[i]).(type) {
	case int32:
		return strconv.FormatInt(int64(v), 10)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// A boolean buffer holds bits.
type boolean struct {
	read   func(*node) (bool, error)
	valid  bitmap
	values bitmap
}

func (f *boolean) add(n *node) error {
	v, err := f.read(n)
	if err != nil {
		return err
	}
	f.valid.add(true)
	f.values.add(v)
	return nil
}

func (f *boolean) null() {
	f.valid.add(false)
	f.values.add(false)
}

func (f *boolean) len() int { return f.valid.n }

func (f *boolean) truncate(n int) {
	f.valid.truncate(n)
	f.values.truncate(n)
}

func (f *boolean) take(out []arrow.ArrayData) []arrow.ArrayData {
	valid, nulls := f.valid.validity()
	values := memory.NewBufferBytes(f.values.bits)
	data := array.NewData(arrow.FixedWidthTypes.Boolean, f.values.n, []*memory.Buffer{valid, values}, nil, nulls, 0)
	f.valid, f.values = bitmap{}, bitmap{}
	return append(out, data)
}

func (f *boolean) key(b *schemas.KeyBuilder, i int) {
	switch {
	case !f.valid.at(i):
		b.Null()
	case f.values.at(i):
		b.Int(1)
	default:
		b.Int(0)
	}
}

// A text buffer holds texts end to end.
type text struct {
	read  func(*node) ([]byte, error)
	valid bitmap
	ends  []int32 // of each text in data
	data  []byte
}

var errTooMuchText = errors.New("a page holds more than 2 GiB of text in one column")

func (f *text) add(n *node) error {
	v, err := f.read(n)
	if err != nil {
		return err
	}
	return f.append(v)
}

func (f *text) append(v []byte) error {
	if len(v) > math.MaxInt32-len(f.data) {
		return errTooMuchText
	}
	f.valid.add(true)
	f.data = append(f.data, v...)
	f.ends = append(f.ends, int32(len(f.data)))
	return nil
}

func (f *text) null() {
	f.valid.add(false)
	f.ends = append(f.ends, int32(len(f.data)))
}

func (f *text) len() int { return len(f.ends) }

func (f *text) truncate(n int) {
	f.valid.truncate(n)
	f.ends = f.ends[:n]
	f.data = f.data[:f.start(n)]
}

// start is where text i begins.
func (f *text) start(i int) int32 {
	if i == 0 {
		return 0
	}
	return f.ends[i-1]
}

func (f *text) at(i int) []byte { return f.data[f.start(i):f.ends[i]] }

func (f *text) code(i int) string { return string(f.at(i)) }

func (f *text) take(out []arrow.ArrayData) []arrow.ArrayData {
	valid, nulls := f.valid.validity()
	buffers := []*memory.Buffer{valid, offsets(f.ends), memory.NewBufferBytes(f.data)}
	data := array.NewData(arrow.BinaryTypes.String, len(f.ends), buffers, nil, nulls, 0)
	f.valid, f.ends, f.data = bitmap{}, nil, nil
	return append(out, data)
}

// offsets makes Arrow's offsets, which begin with 0, from ends.
func offsets(ends []int32) *memory.Buffer {
	return memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(append([]int32{0}, ends...)))
}

func (f *text) key(b *schemas.KeyBuilder, i int) {
	if !f.valid.at(i) {
		b.Null()
		return
	}
	b.Text(f.at(i))
}
