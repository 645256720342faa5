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

// A writtenGroup is what the end of a file says of a row group.
type writtenGroup struct {
	rows   int64
	at     int64
	chunks []writtenChunk
}

// appendFooter appends what stands behind the row groups of a file: the column
// indexes, the offset indexes, and the footer. They come to stand at some place
// of the file.
func (l *layout) appendFooter(at int64, groups []writtenGroup) ([]byte, error) {
	var out bytes.Buffer
	encoder := compact.NewEncoder(new(compact.CompactProtocol).NewWriter(&out))
	for _, g := range groups {
		for i := range g.chunks {
			c := &g.chunks[i]
			start := out.Len()
			if err := encoder.Encode(&c.column); err != nil {
				return nil, err
			}
			c.chunk.ColumnIndexOffset, c.chunk.ColumnIndexLength = at+int64(start), int32(out.Len()-start)
		}
	}
	for _, g := range groups {
		for i := range g.chunks {
			c := &g.chunks[i]
			start := out.Len()
			if err := encoder.Encode(&c.offsets); err != nil {
				return nil, err
			}
			c.chunk.OffsetIndexOffset, c.chunk.OffsetIndexLength = at+int64(start), int32(out.Len()-start)
		}
	}
	footer := *l.footer()
	for i := range groups {
		g := groups[i].summary(i)
		footer.NumRows += g.NumRows
		footer.RowGroups = append(footer.RowGroups, g)
	}
	start := out.Len()
	if err := encoder.Encode(&footer); err != nil {
		return nil, err
	}
	return append(binary.LittleEndian.AppendUint32(out.Bytes(), uint32(out.Len()-start)), magic...), nil
}

// summary is what the footer says of a row group by its number.
func (g *writtenGroup) summary(n int) format.RowGroup {
	group := format.RowGroup{NumRows: g.rows, FileOffset: g.at, Ordinal: int16(n)}
	for i := range g.chunks {
		m := &g.chunks[i].chunk.MetaData
		group.TotalByteSize += m.TotalUncompressedSize
		group.TotalCompressedSize += m.TotalCompressedSize
		group.Columns = append(group.Columns, g.chunks[i].chunk)
	}
	return group
}
