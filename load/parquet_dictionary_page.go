package load

import (
	"io"

	"github.com/parquet-go/parquet-go"
	compact "github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// A dictionary holds the different values of a leaf in a row group.
type dictionary struct {
	leaf  *leaf
	ints  intDictionary  // of values that are no bytes
	texts textDictionary // of those that are
	seen  []bool         // scratch
}

func (d *dictionary) reset(l *leaf) {
	d.leaf = l
	if l.text {
		d.texts.reset()
	} else {
		d.ints.reset()
	}
}

// copy makes the dictionary what another is, in its own memory.
func (d *dictionary) copy(other *dictionary) {
	d.leaf = other.leaf
	if d.leaf.text {
		to, from := &d.texts, &other.texts
		to.data, to.ends = append(to.data[:0], from.data...), append(to.ends[:0], from.ends...)
		to.table, to.seed, to.salt = append(to.table[:0], from.table...), from.seed, from.salt
		return
	}
	to, from := &d.ints, &other.ints
	to.values, to.table, to.shift = append(to.values[:0], from.values...), append(to.table[:0], from.table...), from.shift
}

// len is how many values there are.
func (d *dictionary) len() int {
	if d.leaf.text {
		return len(d.texts.ends)
	}
	return len(d.ints.values)
}

// size is how many bytes they take in a file.
func (d *dictionary) size() int {
	if d.leaf.text {
		return d.texts.size()
	}
	return len(d.ints.values) * d.width()
}

// width is how many bytes a value takes that is no text.
func (d *dictionary) width() int {
	if d.leaf.kind == parquet.Int32 {
		return 4
	}
	return 8
}

// index appends the numbers of the values of a vector. If the dictionary would
// get too large it takes none of them, and no others either.
func (d *dictionary) index(out []uint16, v *vector) (_ []uint16, ok bool) {
	first, values := len(out), d.len()
	if d.leaf.text {
		out, ok = d.texts.index(out, v.data, v.ends)
	} else {
		out, ok = d.ints.index(out, v.ints, maxDictionary/d.width())
	}
	if ok {
		return out, true
	}
	if d.leaf.text {
		d.texts.cut(values)
	} else {
		d.ints.values = d.ints.values[:values]
	}
	return out[:first], false
}

// addBounds widens the bounds of a page to the texts that it uses.
func (d *dictionary) addBounds(p *dataPage) {
	d.seen = append(d.seen[:0], make([]bool, d.len())...)
	for _, n := range p.indexes {
		d.seen[n] = true
	}
	for n, seen := range d.seen {
		if seen {
			p.bounds.addText(d.texts.text(n))
		}
	}
}

// write writes the page of the dictionary of a chunk, and returns its size.
func (d *dictionary) write(out io.Writer, c *columnChunk, s *packing) (int64, error) {
	plain := s.plain[:0]
	if d.leaf.text {
		plain = appendPlainTexts(plain, d.texts.data, d.texts.ends, d.leaf.kind)
	} else {
		plain = appendPlainInts(plain, d.ints.values, d.leaf.kind)
	}
	body, err := s.pack(plain, false)
	if err != nil {
		return 0, err
	}
	header := format.PageHeader{
		Type: format.DictionaryPage, UncompressedPageSize: int32(len(plain)), CompressedPageSize: int32(len(body)),
		CRC:                  int32(checksum(body)),
		DictionaryPageHeader: compact.New(format.DictionaryPageHeader{NumValues: int32(d.len()), Encoding: format.Plain}),
	}
	if err := s.encode(&header); err != nil {
		return 0, err
	}
	head := s.header.Len()
	c.count(format.DictionaryPage, format.Plain, int64(head+len(plain)), head+len(body))
	if _, err := out.Write(s.header.Bytes()); err != nil {
		return 0, err
	}
	_, err = out.Write(body)
	return int64(head + len(body)), err
}
