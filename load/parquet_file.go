package load

import (
	"errors"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

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
	name    string
	stage   *Stage
	layout  *layout
	sink    *sink
	out     *parquet.GenericWriter[any]
	groups  []groupTally // closed row groups
	open    groupTally   // the open one
	written int64        // bytes up to the last row group
	values  []parquet.Value
}

// newParquetFile starts a file. The encodings are those of the leaves; a page
// ends when it has grown to pageBytes.
func newParquetFile(st *Stage, name string, l *layout, encodings []encoding.Encoding, pageBytes int) (*parquetFile, error) {
	s, err := st.create(name)
	if err != nil {
		return nil, err
	}
	out := parquet.NewGenericWriter[any](s, &parquet.WriterConfig{
		CreatedBy:          madeBy,
		Schema:             l.schema(encodings),
		Compression:        l.codec,
		PageBufferSize:     pageBytes,
		DictionaryMaxBytes: maxDictionary,
		SkipPageBounds:     l.unbounded(),
	}, parquet.DataPageStatistics(false)) // the column index has them
	return &parquetFile{name: name, stage: st, layout: l, sink: s, out: out, open: newGroupTally(l)}, nil
}

// write encodes a block.
func (f *parquetFile) write(b *block) error {
	if err := b.check(f.layout); err != nil {
		return err
	}
	writers := f.out.ColumnWriters()
	for i, leaf := range f.layout.leaves {
		v := &b.vectors[i]
		f.values = v.fill(f.values, leaf)
		rows, err := writers[i].WriteRowValues(f.values)
		if err != nil {
			return stored(err, "encoding column %s of %s", leaf.path, f.name)
		}
		if rows != b.rows {
			return fault.New(fault.Bug, "encoding column %s of %s: %d rows of %d taken", leaf.path, f.name, rows, b.rows)
		}
		f.open.leaves[i].add(v, leaf)
	}
	f.open.rows += int64(b.rows)
	return nil
}

// size is how much memory the open row group takes, in bytes.
func (f *parquetFile) size() int64 { return f.out.Size() - f.written }

// flush ends the row group. One without rows is none.
func (f *parquetFile) flush() error {
	if f.open.rows == 0 {
		return nil
	}
	if err := f.out.Flush(); err != nil {
		return stored(err, "writing %s", f.name)
	}
	f.groups = append(f.groups, f.open)
	f.open = newGroupTally(f.layout)
	f.written = f.out.Size()
	return nil
}

// close ends the file, brings it to disk and reads it back. Without an error
// from it there is no file.
func (f *parquetFile) close() (StagedFile, error) {
	if err := f.flush(); err != nil {
		return StagedFile{}, errors.Join(err, f.sink.Abort())
	}
	if err := f.out.Close(); err != nil {
		return StagedFile{}, errors.Join(stored(err, "writing %s", f.name), f.sink.Abort())
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

func (f *parquetFile) rows() (n int64) {
	for _, g := range f.groups {
		n += g.rows
	}
	return n
}

// abort ends and removes the file.
func (f *parquetFile) abort() error { return stored(f.sink.Abort(), "removing %s", f.name) }
