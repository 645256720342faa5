package load

import (
	"bufio"
	"errors"
	"math"

	"etl/internal/fault"
)

// blockRows is at how many rows a file's columns are given to its encoder:
// pages end at whole blocks, so how rows came in does not show in the bytes.
const blockRows = 1024

// madeBy is what files name as their maker. It tells no version, so that a
// new one that writes the same makes the same bytes.
const madeBy = "etl"

// A parquetFile is a file of a stage that is being written. What it writes is
// a function of the blocks and of where flush was called.
type parquetFile struct {
	name     string
	stage    *Stage
	layout   *layout
	sink     *sink
	out      *bufio.Writer
	set      *chunkSet
	groups   []groupTally   // closed row groups
	ends     []writtenGroup // what the footer will say of them
	openRows int64          // of the open one
	written  int64          // bytes up to the last row group
}

// newParquetFile starts a file, whose first block decides how its columns are
// encoded.
func newParquetFile(st *Stage, name string, l *layout, first *block) (*parquetFile, error) {
	s, err := st.create(name)
	if err != nil {
		return nil, err
	}
	set := st.data.store.workshop.take()
	set.begin(l, first)
	f := &parquetFile{name: name, stage: st, layout: l, sink: s, out: bufio.NewWriterSize(s, 32<<10), set: set, written: int64(len(magic))}
	_, err = f.out.WriteString(magic)
	return f, stored(err, "writing %s", name)
}

// write encodes a block.
func (f *parquetFile) write(b *block) error {
	if err := b.check(f.layout); err != nil {
		return err
	}
	for i := range f.set.chunks {
		c := &f.set.chunks[i]
		if err := c.add(&b.vectors[i], &f.set.packing); err != nil {
			return fault.New(fault.Bug, "encoding column %s of %s: %w", c.leaf.path, f.name, err)
		}
	}
	f.openRows += int64(b.rows)
	return nil
}

// size is how much memory the open row group takes, in bytes.
func (f *parquetFile) size() (n int64) {
	for i := range f.set.chunks {
		n += f.set.chunks[i].size()
	}
	return n
}

// flush ends the row group. One without rows is none.
func (f *parquetFile) flush() error {
	if f.openRows == 0 {
		return nil
	}
	if len(f.groups) == math.MaxInt16 {
		return fault.New(fault.Bug, "writing %s: more row groups than a file can have", f.name)
	}
	tally, at, chunks := groupTally{rows: f.openRows}, f.written, f.set.written[:0]
	for i := range f.set.chunks {
		c := &f.set.chunks[i]
		w, size, err := c.write(f.out, f.written, &f.set.packing)
		if err != nil {
			return stored(err, "writing column %s of %s", c.leaf.path, f.name)
		}
		if c.paged != f.openRows {
			return fault.New(fault.Bug, "writing column %s of %s: %d rows of %d", c.leaf.path, f.name, c.paged, f.openRows)
		}
		f.written += size
		chunks, tally.leaves = append(chunks, w), append(tally.leaves, c.tally)
	}
	group, err := newWrittenGroup(f.openRows, at, chunks)
	if err != nil {
		return fault.New(fault.Bug, "writing the indexes of %s: %w", f.name, err)
	}
	for i := range f.set.chunks {
		c := &f.set.chunks[i]
		c.reset(c.leaf, c.chosen)
	}
	f.set.written = chunks
	f.set.packing.shelf.clear()
	f.groups, f.ends, f.openRows = append(f.groups, tally), append(f.ends, group), 0
	return nil
}

// close ends the file, brings it to disk and reads it back. Without an error
// from it there is no file.
func (f *parquetFile) close() (StagedFile, error) {
	err := f.flush()
	f.stage.data.store.workshop.give(f.set)
	f.set = nil
	if err == nil {
		err = f.end()
	}
	if err != nil {
		return StagedFile{}, errors.Join(err, f.sink.Abort())
	}
	bytes, sum, err := f.sink.Close()
	if err == nil {
		err = f.verify()
	}
	if err != nil {
		return StagedFile{}, errors.Join(stored(err, "writing %s", f.name), f.stage.discard(f.name))
	}
	return StagedFile{Staged: f.name, Rows: f.rows(), Bytes: bytes, SHA256: sum}, nil
}

// end writes what stands behind the row groups.
func (f *parquetFile) end() error {
	footer, err := f.layout.appendFooter(f.written, f.ends)
	if err != nil {
		return fault.New(fault.Bug, "writing the footer of %s: %w", f.name, err)
	}
	_, err = f.out.Write(footer)
	return stored(errors.Join(err, f.out.Flush()), "writing %s", f.name)
}

func (f *parquetFile) rows() (n int64) {
	for _, g := range f.groups {
		n += g.rows
	}
	return n
}

// abort ends and removes the file.
func (f *parquetFile) abort() error { return stored(f.sink.Abort(), "removing %s", f.name) }
