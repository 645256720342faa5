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

// index gives a page the numbers of the values of a vector. If the dictionary
// would get too large it takes none of them, and no others either.
func (d *dictionary) index(p *dataPage, v *vector) bool {
	indexes, values, ok := len(p.indexes), d.len(), true
	if d.leaf.text {
		p.indexes, ok = d.texts.index(p.indexes, v.data, v.ends)
	} else {
		p.indexes, ok = d.ints.index(p.indexes, v.ints, maxDictionary/d.width())
	}
	if ok {
		return true
	}
	p.indexes = p.indexes[:indexes]
	if d.leaf.text {
		d.texts.cut(values)
	} else {
		d.ints.values = d.ints.values[:values]
	}
	return false
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
