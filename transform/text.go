package transform

import (
	"errors"
	"math"

	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
)

// A text buffer holds texts end to end.
type text struct {
	read  func(*node) ([]byte, error)
	valid bitmap
	ends  ends
	data  []byte
}

// An ends holds where each of some values ends, behind a zero for the start of
// the first.
type ends []int32

func (e *ends) add(end int) {
	if len(*e) == 0 {
		*e = append(*e, 0)
	}
	*e = append(*e, int32(end))
}

func (e ends) len() int { return max(len(e)-1, 0) }

// last is where the newest value ends.
func (e ends) last() int {
	if len(e) == 0 {
		return 0
	}
	return int(e[len(e)-1])
}

func (e *ends) truncate(n int) {
	if n == 0 { // the memory may be another's by now
		*e = (*e)[:0]
	}
	if len(*e) > n+1 {
		*e = (*e)[:n+1]
	}
}

// bytes returns the ends as Arrow's offsets.
func (e *ends) bytes() []byte {
	if len(*e) == 0 {
		*e = append(*e, 0)
	}
	return arrow.Int32Traits.CastToBytes(*e)
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
	f.data = append(f.data, v...)
	f.end()
	return nil
}

// end ends a text that was appended to data.
func (f *text) end() {
	f.valid.n++
	f.ends.add(len(f.data))
}

func (f *text) null() {
	f.valid.add(false)
	f.ends.add(len(f.data))
}

func (f *text) len() int { return f.ends.len() }

func (f *text) truncate(n int) {
	f.valid.truncate(n)
	f.ends.truncate(n)
	f.data = f.data[:f.ends.last()]
}

func (f *text) at(i int) []byte { return f.data[f.ends[i]:f.ends[i+1]] }

// place returns the place of the label of code i.
func (f *text) place(l *labels, i int) (int32, bool) {
	return l.ofText(f.at(i))
}

func (f *text) arrays(w *wrapper, out []arrow.ArrayData) []arrow.ArrayData {
	return append(out, w.wrap(arrow.BinaryTypes.String, &f.valid, nil, f.ends.bytes(), f.data))
}

func (f *text) key(b *schemas.KeyBuilder, i int) {
	if !f.valid.at(i) {
		b.Null()
		return
	}
	b.Text(f.at(i))
}
