package load

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"

	"etl/internal/fault"
)

// A reader reads a file of a stage or a data set. A damaged file is an error,
// also where the library panics.
type reader struct {
	name string
	file *parquet.File
}

// readBlob makes sure that a file has the bytes that it was written with, passes
// on a reader of it, and closes it. The sum is the SHA-256 in hex.
//
// Checksums of pages are not enough: a page's header has none, and one that is
// broken makes the library ask for any amount of memory.
func readBlob(b blob, name, sum string, reading func(*reader) error) error {
	err := checkSum(b, name, sum)
	if err == nil {
		var r *reader
		if r, err = newReader(b, name); err == nil {
			err = reading(r)
		}
	}
	return errors.Join(err, stored(b.Close(), "reading %s", name))
}

func checkSum(b blob, name, sum string) error {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(b, 0, b.Size())); err != nil {
		return stored(err, "reading %s", name)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		return fault.New(fault.Storage, "reading %s: it is damaged: its SHA-256 is %s, not %s", name, got, sum)
	}
	return nil
}

// newReader reads the footer of a file. The blob stays the caller's.
func newReader(b blob, name string) (r *reader, err error) {
	defer damaged(&err, name)
	file, err := parquet.OpenFile(b, b.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fault.New(fault.Storage, "reading %s: %w", name, err)
	}
	return &reader{name: name, file: file}, nil
}

// damaged turns a panic over the contents of a file into an error.
func damaged(err *error, name string) {
	if p := recover(); p != nil {
		*err = fault.New(fault.Storage, "reading %s: damaged: %v", name, p)
	}
}

// matches makes sure that the file has the columns of a layout.
func (r *reader) matches(l *layout) (err error) {
	defer damaged(&err, r.name)
	if !sameSchema(r.file.Schema(), l.schema()) {
		return fault.New(fault.Storage, "reading %s: its schema is not that of the pipeline", r.name).
			WithHint("files of another schema are written anew by etl schema apply")
	}
	return nil
}

// blocks reads some leaves, which the file must have, in blocks of at most
// blockRows rows. The vectors of other leaves stay empty. A block is valid until
// each returns.
func (r *reader) blocks(leaves []*leaf, each func(*block) error) error {
	size := 0
	for _, leaf := range leaves {
		size = max(size, leaf.index+1)
	}
	b := newBlock(size)
	for _, group := range r.file.RowGroups() {
		chunks, err := r.chunks(group, leaves)
		for err == nil && chunks.left > 0 {
			b.reset()
			b.rows = int(min(blockRows, chunks.left))
			if err = chunks.read(&b); err == nil {
				err = each(&b)
			}
		}
		if err := errors.Join(err, chunks.close()); err != nil {
			return err
		}
	}
	return nil
}

// chunks are the leaves of one row group that are being read.
type chunks struct {
	name    string
	left    int64 // rows
	columns []*chunk
}

// A chunk is one leaf of a row group that is being read.
type chunk struct {
	leaf   *leaf
	values parquet.ColumnChunkValueReader
	buffer [256]parquet.Value
	next   []parquet.Value // part of the buffer
}

func (r *reader) chunks(group parquet.RowGroup, leaves []*leaf) (c *chunks, err error) {
	c = &chunks{name: r.name, left: group.NumRows()}
	defer damaged(&err, r.name)
	stored := group.ColumnChunks()
	known := map[int]bool{} // a leaf may be asked for twice
	for _, leaf := range leaves {
		if known[leaf.index] {
			continue
		}
		known[leaf.index] = true
		if leaf.index >= len(stored) {
			return c, fault.New(fault.Storage, "reading %s: no column %s", r.name, leaf.path)
		}
		c.columns = append(c.columns, &chunk{leaf: leaf, values: parquet.NewColumnChunkValueReader(stored[leaf.index])})
	}
	return c, nil
}

// read fills the block with its number of rows of each leaf.
func (c *chunks) read(b *block) (err error) {
	defer damaged(&err, c.name)
	for _, chunk := range c.columns {
		if err := chunk.read(&b.vectors[chunk.leaf.index], b.rows); err != nil {
			return stored(err, "reading %s", c.name)
		}
	}
	c.left -= int64(b.rows)
	if c.left > 0 {
		return nil
	}
	for _, chunk := range c.columns {
		if len(chunk.next) > 0 {
			return fault.New(fault.Storage, "reading %s: column %s has more rows than the others", c.name, chunk.leaf.path)
		}
	}
	return nil
}

// read appends whole rows. That a row has ended shows only in the value after
// it.
func (c *chunk) read(v *vector, rows int) error {
	for {
		if len(c.next) == 0 {
			n, err := c.values.ReadValues(c.buffer[:])
			c.next = c.buffer[:n]
			if n == 0 && errors.Is(err, io.EOF) {
				break
			}
			if n == 0 && err != nil {
				return err
			}
		}
		for len(c.next) > 0 {
			if v.rows == rows && c.next[0].RepetitionLevel() == 0 {
				return nil
			}
			if err := v.store(&c.next[0], c.leaf); err != nil {
				return err
			}
			c.next = c.next[1:]
		}
	}
	if v.rows != rows {
		return fault.New(fault.Storage, "column %s ends after %d rows of %d", c.leaf.path, v.rows, rows)
	}
	return nil
}

func (c *chunks) close() (err error) {
	defer damaged(&err, c.name)
	for _, chunk := range c.columns {
		err = errors.Join(err, chunk.values.Close())
	}
	return stored(err, "reading %s", c.name)
}
