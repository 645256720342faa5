package transform

import (
	"errors"
	"math"
	"unicode/utf8"

	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
)

// A text buffer holds texts end to end.
type text struct {
	*scanner
	read  func(*node) ([]byte, error)
	quick func(f *text, text []byte, pos int) int // appends the usual spellings, and returns the end; nil: there is none
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

func (f *text) scan(text []byte, pos int) int {
	if f.quick != nil {
		if end := f.quick(f, text, pos); end > 0 {
			return end
		}
	}
	return f.value(f, text, pos)
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
	f.valid.add(true)
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
	place, labelled := l.texts[string(f.at(i))]
	return place, labelled
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

// quickString appends the text of a string.
func quickString(f *text, text []byte, pos int) int {
	end, holds := jsonspan.StringEnd(text, pos)
	if end < 0 || end-pos > math.MaxInt32-len(f.data) {
		return none
	}
	inside := text[pos+1 : end-1]
	switch {
	case holds&jsonspan.Escapes != 0:
		data, err := jsonspan.AppendText(f.data, text[pos:end])
		if err != nil {
			return none
		}
		f.data = data
	case holds&jsonspan.Wide != 0 && !utf8.Valid(inside):
		return none
	default:
		f.data = append(f.data, inside...)
	}
	f.end()
	return end
}

// quickJSON appends the text of a value as it was sent.
func quickJSON(f *text, text []byte, pos int) int {
	end := jsonspan.Skip(text, pos)
	if end < 0 || end-pos > math.MaxInt32-len(f.data) || !utf8.Valid(text[pos:end]) {
		return none
	}
	f.data = append(f.data, text[pos:end]...)
	f.end()
	return end
}

// quickUUID appends a UUID in lower case.
func quickUUID(f *text, text []byte, pos int) int {
	const size = len(`"3c90c3cc-0d44-4b50-8888-8dd25736052a"`)
	if len(text)-pos < size || text[pos] != '"' || text[pos+size-1] != '"' || size > math.MaxInt32-len(f.data) {
		return none
	}
	start := len(f.data)
	f.data = append(f.data, text[pos+1:pos+size-1]...)
	if !lowerUUID(f.data[start:]) {
		f.data = f.data[:start]
		return none
	}
	f.end()
	return pos + size
}
