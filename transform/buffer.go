package transform

import (
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
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
	// join appends all values of a buffer of the same column on another sheet.
	join(of buffer)
	// reserve makes room for so many values.
	reserve(n int)
	// size is about how many bytes the values take.
	size() int
	// arrays appends the arrays of the column, which share memory with it. An
	// enum makes two, a dropped column none.
	arrays(*wrapper, []arrow.ArrayData) []arrow.ArrayData
	// key adds value i to a key.
	key(b *schemas.KeyBuilder, i int)
}

// A fixed buffer holds values of one width.
type fixed[T int32 | int64 | float64 | decimal128.Num] struct {
	dtype  arrow.DataType
	read   func(*node) (T, error)
	within func(T) error // checks bounds; nil: there are none
	valid  bitmap
	values []T
}

func (f *fixed[T]) add(n *node) error {
	v, err := f.read(n)
	if err == nil && f.within != nil {
		err = f.within(v)
	}
	if err != nil {
		return err
	}
	f.append(v)
	return nil
}

func (f *fixed[T]) append(v T) {
	f.valid.add(true)
	f.values = append(f.values, v)
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

func (f *fixed[T]) arrays(w *wrapper, out []arrow.ArrayData) []arrow.ArrayData {
	return append(out, w.wrap(f.dtype, &f.valid, nil, bytesOf(f.values)))
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

// place returns the place of the label of code i.
func (f *fixed[T]) place(l *labels, i int) (int32, bool) {
	switch v := any(f.values[i]).(type) {
	case int32:
		return l.ofInt(int64(v))
	case int64:
		return l.ofInt(v)
	}
	return 0, false
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
	f.append(v)
	return nil
}

func (f *boolean) append(v bool) {
	f.valid.add(true)
	f.values.add(v)
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

func (f *boolean) arrays(w *wrapper, out []arrow.ArrayData) []arrow.ArrayData {
	return append(out, w.wrap(arrow.FixedWidthTypes.Boolean, &f.valid, nil, f.values.bytes()))
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
