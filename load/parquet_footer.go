package load

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/parquet-go/parquet-go"
	compact "github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// magic is what a file begins and ends with.
const magic = "PAR1"

// emptyFooter returns the footer of a file of the layout without rows, as the
// library has it: so types are spelled in one place.
func (l *layout) emptyFooter() *format.FileMetaData {
	w := parquet.NewGenericWriter[any](io.Discard, &parquet.WriterConfig{CreatedBy: madeBy, Schema: l.schema()})
	if err := w.Close(); err != nil {
		panic("load: " + err.Error()) // nothing is written anywhere
	}
	return w.File().Metadata()
}

// A writtenGroup is what the end of a file says of a row group. The indexes are
// encoded at once: a file may have many row groups, and they take far less then.
type writtenGroup struct {
	rows    int64
	at      int64
	chunks  []format.ColumnChunk // the offsets of their indexes count from those of the row group
	columns []byte               // column indexes
	offsets []byte               // offset indexes
}

// encoder encodes what Parquet has in the form of Thrift.
func encoder(out *bytes.Buffer) *compact.Encoder {
	return compact.NewEncoder(new(compact.CompactProtocol).NewWriter(out))
}

// newWrittenGroup sums up a row group.
func newWrittenGroup(rows, at int64, chunks []writtenChunk) (writtenGroup, error) {
	var columns, offsets bytes.Buffer
	g := writtenGroup{rows: rows, at: at, chunks: make([]format.ColumnChunk, len(chunks))}
	column, offset := encoder(&columns), encoder(&offsets)
	for i := range chunks {
		w, c := &chunks[i], &g.chunks[i]
		*c = w.chunk
		c.ColumnIndexOffset, c.OffsetIndexOffset = int64(columns.Len()), int64(offsets.Len())
		if err := column.Encode(&w.column); err != nil {
			return g, err
		}
		if err := offset.Encode(&w.offsets); err != nil {
			return g, err
		}
		c.ColumnIndexLength = int32(int64(columns.Len()) - c.ColumnIndexOffset)
		c.OffsetIndexLength = int32(int64(offsets.Len()) - c.OffsetIndexOffset)
	}
	g.columns, g.offsets = bytes.Clone(columns.Bytes()), bytes.Clone(offsets.Bytes())
	return g, nil
}

// appendFooter appends what stands behind the row groups of a file: the column
// indexes, the offset indexes, and the footer. They come to stand at some place
// of the file.
func (l *layout) appendFooter(at int64, groups []writtenGroup) ([]byte, error) {
	var out bytes.Buffer
	for _, g := range groups {
		for i := range g.chunks {
			g.chunks[i].ColumnIndexOffset += at + int64(out.Len())
		}
		out.Write(g.columns)
	}
	for _, g := range groups {
		for i := range g.chunks {
			g.chunks[i].OffsetIndexOffset += at + int64(out.Len())
		}
		out.Write(g.offsets)
	}
	footer := *l.footer()
	for i := range groups {
		g := groups[i].summary(i)
		footer.NumRows += g.NumRows
		footer.RowGroups = append(footer.RowGroups, g)
	}
	start := out.Len()
	if err := encoder(&out).Encode(&footer); err != nil {
		return nil, err
	}
	return append(binary.LittleEndian.AppendUint32(out.Bytes(), uint32(out.Len()-start)), magic...), nil
}

// summary is what the footer says of a row group by its number.
func (g *writtenGroup) summary(n int) format.RowGroup {
	group := format.RowGroup{NumRows: g.rows, FileOffset: g.at, Ordinal: int16(n), Columns: g.chunks}
	for i := range g.chunks {
		m := &g.chunks[i].MetaData
		group.TotalByteSize += m.TotalUncompressedSize
		group.TotalCompressedSize += m.TotalCompressedSize
	}
	return group
}
