package transform

import (
	"slices"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// What stands here puts the values of one sheet behind those of another for the
// same schema.

// join puts the rows of a sheet behind those of h.
func (h *sheet) join(of *sheet) {
	h.row.join(of.row)
	if h.extras != nil {
		h.extras.join(of.extras)
	}
}

// size is about how many bytes the rows take.
func (h *sheet) size() int {
	n := h.row.size()
	if h.extras != nil {
		n += h.extras.size()
	}
	return n
}

func (f *fixed[T]) join(of buffer) {
	from := of.(*fixed[T])
	f.valid.join(&from.valid)
	f.values = append(f.values, from.values...)
}

func (f *fixed[T]) reserve(n int) { f.valid.reserve(n); f.values = slices.Grow(f.values, n) }

func (f *fixed[T]) size() int { return f.valid.size() + len(f.values)*widthOf[T]() }

func widthOf[T int32 | int64 | float64 | decimal128.Num]() int {
	var v T
	switch any(v).(type) {
	case int32:
		return 4
	case decimal128.Num:
		return 16
	}
	return 8
}

func (f *boolean) join(of buffer) {
	from := of.(*boolean)
	f.valid.join(&from.valid)
	f.values.join(&from.values)
}

func (f *boolean) reserve(n int) { f.valid.reserve(n); f.values.reserve(n) }

func (f *boolean) size() int { return f.valid.size() + f.values.size() }

func (f *text) join(of buffer) { f.gather(of.(*text)) }

func (f *text) gather(from *text) {
	f.valid.join(&from.valid)
	f.ends.join(from.ends, len(f.data))
	f.data = append(f.data, from.data...)
}

func (f *text) reserve(n int) {
	const short = 16
	f.valid.reserve(n)
	f.ends = slices.Grow(f.ends, n+1)
	f.data = slices.Grow(f.data, short*n)
}

func (f *text) size() int { return f.valid.size() + f.ends.size() + len(f.data) }

func (f *personal) join(of buffer) { f.gather(&of.(*personal).text) }

func (f *enum) join(of buffer) {
	from := of.(*enum)
	f.codes.join(from.codes)
	f.valid.join(&from.valid)
	f.places = append(f.places, from.places...)
}

func (f *enum) reserve(n int) {
	f.codes.reserve(n)
	f.valid.reserve(n)
	f.places = slices.Grow(f.places, n)
}

func (f *enum) size() int { return f.codes.size() + f.valid.size() + 4*len(f.places) }

func (f *list) join(of buffer) {
	from := of.(*list)
	f.valid.join(&from.valid)
	f.ends.join(from.ends, f.elements.len())
	f.elements.join(from.elements)
}

func (f *list) reserve(n int) { f.valid.reserve(n); f.ends = slices.Grow(f.ends, n+1) }

func (f *list) size() int { return f.valid.size() + f.ends.size() + f.elements.size() }

func (f *structure) join(of buffer) {
	from := of.(*structure)
	for i, field := range f.fields {
		field.join(from.fields[i].buffer)
	}
	f.valid.join(&from.valid)
}

func (f *structure) reserve(n int) {
	f.valid.reserve(n)
	for _, field := range f.fields {
		field.reserve(n)
	}
}

func (f *structure) size() int {
	n := f.valid.size()
	for _, field := range f.fields {
		n += field.size()
	}
	return n
}

func (f *dropped) join(of buffer) { f.n += of.len() }
func (f *dropped) reserve(int)    {}
func (f *dropped) size() int      { return 0 }

// join puts ends behind those of e, of values whose first begins at start.
func (e *ends) join(from ends, start int) {
	if from.len() == 0 {
		return
	}
	if len(*e) == 0 {
		*e = append(*e, 0)
	}
	for _, end := range from[1:] {
		*e = append(*e, end+int32(start))
	}
}

func (e ends) size() int { return 4 * len(e) }

// join puts bits behind those of m.
func (m *bitmap) join(from *bitmap) {
	if from.zeros > 0 {
		for len(m.bits) < (m.n+7)/8 {
			m.bits = append(m.bits, 0xff)
		}
		m.append(from.bits)
	}
	m.n, m.zeros = m.n+from.n, m.zeros+from.zeros
	m.bits = m.bits[:min(len(m.bits), (m.n+7)/8)]
}

// append puts bits behind those of m, where all that have their place are
// written. What stands behind the last of both is 1.
func (m *bitmap) append(bits []byte) {
	shift := m.n % 8
	if shift == 0 {
		m.bits = append(m.bits, bits...)
		return
	}
	for _, b := range bits {
		m.bits[len(m.bits)-1] &= b<<shift | (1<<shift - 1)
		m.bits = append(m.bits, b>>(8-shift)|0xff<<shift)
	}
}

func (m *bitmap) reserve(n int) { m.bits = slices.Grow(m.bits, n/8+1) }

func (m *bitmap) size() int { return len(m.bits) }
