package load

import (
	"bytes"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"etl/internal/fault"
)

// An Inspection is what footers say of one Parquet file, or of all live files
// of a data set together.
type Inspection struct {
	Files     int
	Rows      int64
	Bytes     int64 // of the files
	RowGroups int
	CreatedBy []string       // programs, each once
	Schema    []StoredColumn // types as files of etl have them; of others what Parquet calls them, in capitals
	Columns   []InspectedColumn
}

// An InspectedColumn is what footers say of a leaf: a column, or a field
// somewhere in one.
type InspectedColumn struct {
	Path         string // dotted, as Parquet has it: "items.list.element.id"
	Type         string
	Values       int64    // nulls counted in
	Nulls        int64    // as far as the footers tell
	Compressed   int64    // bytes
	Uncompressed int64    // bytes
	Encodings    []string // of its pages, and of their levels
	Codec        []string
	Min, Max     *string // bounds as text; nil: the footers do not tell
	low, high    parquet.Value
	unbounded    bool // there are values without bounds
}

// Inspect looks into the footer of a Parquet file, of etl or of anyone. It reads
// none of the rows. A file that is damaged is an error, also where the library
// panics.
func Inspect(name string) (_ *Inspection, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.Config, "inspecting a file: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, fault.New(fault.Config, "inspecting %s: it is no file", name)
	}
	in := &Inspection{}
	return in, in.add(localBlob{file, info.Size()}, name)
}

// Inspect adds up what the footers of the live files of a commit say. The types
// are those of the commit, which tells more than the files: a uuid is a text
// there.
func (d *Dataset) Inspect(c *Commit) (*Inspection, error) {
	in := &Inspection{}
	for _, f := range c.Files {
		b, err := d.open(f)
		if err != nil {
			return nil, err
		}
		err = in.add(b, f.Path)
		_ = b.Close() // only read
		if err != nil {
			return nil, err
		}
	}
	in.Schema = c.Schema.Columns
	return in, nil
}

// add adds a file.
func (in *Inspection) add(b blob, name string) (err error) {
	r, err := newReader(b, name)
	if err != nil {
		return err
	}
	defer damaged(&err, name)
	meta := r.file.Metadata()
	if in.Files == 0 {
		in.Schema = nodeColumns(r.file.Schema().Fields())
		for _, path := range r.file.Schema().Columns() {
			found, _ := r.file.Schema().Lookup(path...)
			in.Columns = append(in.Columns, InspectedColumn{Path: strings.Join(path, "."), Type: nodeType(found.Node)})
		}
	}
	in.Files++
	in.Rows += r.file.NumRows()
	in.Bytes += b.Size()
	in.RowGroups += len(meta.RowGroups)
	in.CreatedBy = once(in.CreatedBy, meta.CreatedBy)
	paths := r.file.Schema().Columns()
	for i := range meta.RowGroups {
		columns := meta.RowGroups[i].Columns
		if len(columns) != len(in.Columns) || len(paths) != len(in.Columns) {
			return fault.New(fault.Storage, "inspecting %s: it has %d columns, others have %d", name, len(columns), len(in.Columns))
		}
		for j := range columns {
			found, _ := r.file.Schema().Lookup(paths[j]...)
			in.Columns[j].add(&columns[j].MetaData, found.Node.Type())
		}
	}
	return nil
}

// add adds a row group.
func (c *InspectedColumn) add(m *format.ColumnMetaData, t parquet.Type) {
	c.Values += m.NumValues
	c.Nulls += m.Statistics.NullCount
	c.Compressed += m.TotalCompressedSize
	c.Uncompressed += m.TotalUncompressedSize
	c.Codec = once(c.Codec, m.Codec.String())
	for _, e := range m.Encoding {
		c.Encodings = once(c.Encodings, e.String())
	}
	if m.NumValues == m.Statistics.NullCount {
		return
	}
	low, high, ok := boundsOf(m, t)
	switch {
	case !ok || c.unbounded:
		c.unbounded, c.Min, c.Max = true, nil, nil
		return
	case c.Min == nil:
		c.low, c.high = low, high
	default:
		if t.Compare(low, c.low) < 0 {
			c.low = low
		}
		if t.Compare(high, c.high) > 0 {
			c.high = high
		}
	}
	least, most := boundText(t, c.low), boundText(t, c.high)
	c.Min, c.Max = &least, &most
}

// boundsOf returns the bounds of a column chunk, if the footer tells them.
func boundsOf(m *format.ColumnMetaData, t parquet.Type) (low, high parquet.Value, ok bool) {
	width := map[parquet.Kind]int{
		parquet.Boolean: 1, parquet.Int32: 4, parquet.Float: 4, parquet.Int64: 8, parquet.Double: 8, parquet.Int96: 12,
		parquet.FixedLenByteArray: t.Length(),
	}
	for _, text := range [][]byte{m.Statistics.MinValue, m.Statistics.MaxValue} {
		if n, fixed := width[t.Kind()]; text == nil || fixed && len(text) != n {
			return low, high, false
		}
	}
	k := t.Kind()
	return k.Value(bytes.Clone(m.Statistics.MinValue)), k.Value(bytes.Clone(m.Statistics.MaxValue)), true
}

// once adds a word to a list if it is not in it. The list stays sorted.
func once(list []string, word string) []string {
	at, found := slices.BinarySearch(list, word)
	if found {
		return list
	}
	return slices.Insert(list, at, word)
}
