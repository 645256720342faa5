package load

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go"
	compact "github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// A page ends with the block by which it has so many rows or about so many bytes:
// readers skip by pages, and a page is held in memory until it is full.
const (
	pageRows  = 8 * blockRows
	pageBytes = 64 << 10
)

// maxPage is the most bytes of a page: sizes have 31 bits, and what cannot be
// packed grows a little.
const maxPage = math.MaxInt32 - 1<<20

// indexedBytes is how many bytes of a bound stand in the column index.
const indexedBytes = 16

// A columnChunk is one leaf of a row group that is being written. Its pages that
// are full are packed and wait on the shelf of the file.
type columnChunk struct {
	leaf      *leaf
	chosen    format.Encoding // what each row group begins with
	page      dataPage
	dict      dictionary
	numbered  bool // the values of the block that comes first have their numbers already
	indexed   bool // there are pages that use the dictionary
	pages     []shelved
	paged     int64 // their rows
	tally     leafTally
	bounds    bounds
	indexer   parquet.ColumnIndexer
	meta      format.ColumnMetaData
	offsets   format.OffsetIndex
	repCounts []int64 // by page and level
	defCounts []int64
}

// reset starts a row group.
func (c *columnChunk) reset(l *leaf, chosen format.Encoding) {
	if c.leaf == l {
		c.indexer.Reset()
	} else {
		c.indexer = l.typ.NewColumnIndexer(indexedBytes)
	}
	c.leaf, c.chosen, c.numbered, c.indexed, c.pages, c.paged = l, chosen, false, false, c.pages[:0], 0
	c.page.reset(l, chosen)
	if chosen == format.RLEDictionary {
		c.dict.reset(l)
	}
	c.tally = leafTally{}
	c.bounds.reset()
	c.meta = format.ColumnMetaData{Type: format.Type(l.kind), PathInSchema: l.parts, Codec: format.Zstd}
	c.offsets.PageLocations = c.offsets.PageLocations[:0]
	c.repCounts, c.defCounts = c.repCounts[:0], c.defCounts[:0]
}

// size is about how many bytes the chunk takes in memory.
func (c *columnChunk) size() (n int64) {
	n = c.meta.TotalCompressedSize + int64(c.page.size())
	if c.chosen == format.RLEDictionary {
		n += int64(c.dict.size())
	}
	return n
}

// add adds the values of a block. Pages end at blocks alone, so that their bytes
// tell nothing of how rows came in. A column whose dictionary gets too large goes
// on without, from this block on.
func (c *columnChunk) add(v *vector, s *packing) error {
	if !c.index(v) {
		if err := c.endPage(s); err != nil {
			return err
		}
		c.page.reset(c.leaf, format.Plain)
	}
	c.page.addLevels(v)
	if c.page.encoding != format.RLEDictionary {
		c.page.addValues(v)
	}
	low, high := limits(v.ints)
	if n := v.values(c.leaf); n > 0 && !c.leaf.text {
		if c.leaf.kind == parquet.Double {
			c.page.bounds.addDoubles(v.ints)
		} else {
			c.page.bounds.addInts(low, high)
		}
	}
	c.tally.add(v, c.leaf, low, high)
	if c.page.size() < pageBytes && c.page.rows < pageRows {
		return nil
	}
	return c.endPage(s)
}

// index gives the values of a block their numbers, if the page has a dictionary,
// and tells whether that could take them.
func (c *columnChunk) index(v *vector) (ok bool) {
	if c.numbered || c.page.encoding != format.RLEDictionary {
		c.numbered = false
		return true
	}
	c.page.indexes, ok = c.dict.index(c.page.indexes, v)
	return ok
}

// endPage packs the open page and starts another of the same encoding.
func (c *columnChunk) endPage(s *packing) error {
	p := &c.page
	if p.rows == 0 {
		return nil
	}
	if p.encoding == format.RLEDictionary {
		c.indexed = true
		if c.leaf.text && c.leaf.bounds {
			c.dict.addBounds(p)
		}
	}
	reps, defs := p.reps.end(), p.defs.end()
	body, err := s.pack(p.appendValues(s.plain[:0], &c.dict), p.numbers())
	if err != nil {
		return err
	}
	levels := len(reps) + len(defs)
	if levels+len(s.plain) > maxPage {
		return fmt.Errorf("a page of %d bytes: the format has none of more than %d", levels+len(s.plain), maxPage)
	}
	header := format.PageHeader{
		Type:                 format.DataPageV2,
		UncompressedPageSize: int32(levels + len(s.plain)),
		CompressedPageSize:   int32(levels + len(body)),
		CRC:                  int32(checksum(reps, defs, body)),
		DataPageHeaderV2: compact.New(format.DataPageHeaderV2{
			NumValues: int32(p.slots), NumNulls: int32(p.slots - p.values), NumRows: int32(p.rows), Encoding: p.encoding,
			DefinitionLevelsByteLength: int32(len(defs)), RepetitionLevelsByteLength: int32(len(reps)),
			IsCompressed: compact.New(true),
		}),
	}
	if err := s.encode(&header); err != nil {
		return err
	}
	page := s.shelf.put(s.header.Bytes(), uint32(header.CRC), reps, defs, body)
	c.note(&header, page.size)
	c.pages = append(c.pages, page)
	c.page.reset(c.leaf, p.encoding)
	return nil
}

// note takes down what the footer and the indexes say of the open page, which
// takes so many bytes in the file.
func (c *columnChunk) note(header *format.PageHeader, size int) {
	p, m := &c.page, &c.meta
	nulls := int64(p.slots - p.values)
	var low, high parquet.Value
	if c.leaf.bounds {
		low, high = p.bounds.values(c.leaf)
		c.bounds.add(&p.bounds, c.leaf)
	}
	c.indexer.IndexPage(int64(p.slots), nulls, low, high)
	c.offsets.PageLocations = append(c.offsets.PageLocations, format.PageLocation{
		Offset: m.TotalCompressedSize, CompressedPageSize: int32(size), FirstRowIndex: c.paged,
	})
	c.paged += int64(p.rows)
	m.NumValues += int64(p.slots)
	m.Statistics.NullCount += nulls
	m.SizeStatistics.UnencodedByteArrayDataBytes += c.unencoded()
	if c.leaf.maxRep > 0 {
		c.repCounts = append(c.repCounts, p.reps.counts...)
		m.SizeStatistics.RepetitionLevelHistogram = added(m.SizeStatistics.RepetitionLevelHistogram, p.reps.counts)
	}
	if c.leaf.maxDef > 0 {
		c.defCounts = append(c.defCounts, p.defs.counts...)
		m.SizeStatistics.DefinitionLevelHistogram = added(m.SizeStatistics.DefinitionLevelHistogram, p.defs.counts)
	}
	c.count(format.DataPageV2, p.encoding, int64(size-int(header.CompressedPageSize))+int64(header.UncompressedPageSize), size)
}

func (c *columnChunk) unencoded() int64 {
	if c.leaf.kind != parquet.ByteArray {
		return 0
	}
	return c.page.texts
}

// added adds numbers to sums, which begin as none.
func added(sums, numbers []int64) []int64 {
	if sums == nil {
		return slices.Clone(numbers)
	}
	for i, n := range numbers {
		sums[i] += n
	}
	return sums
}

// count counts a page of some bytes, unpacked and packed.
func (c *columnChunk) count(t format.PageType, e format.Encoding, unpacked int64, packed int) {
	c.meta.TotalUncompressedSize += unpacked
	c.meta.TotalCompressedSize += int64(packed)
	for i := range c.meta.EncodingStats {
		if s := &c.meta.EncodingStats[i]; s.PageType == t && s.Encoding == e {
			s.Count++
			return
		}
	}
	c.meta.EncodingStats = append(c.meta.EncodingStats, format.PageEncodingStats{PageType: t, Encoding: e, Count: 1})
}

// A writtenChunk is what the end of the file says of a chunk. Its indexes are
// good until the next row group starts.
type writtenChunk struct {
	chunk   format.ColumnChunk
	column  format.ColumnIndex
	offsets format.OffsetIndex
}

// write ends the chunk and writes it to a place of the file: the dictionary, and
// the pages.
func (c *columnChunk) write(out io.Writer, at int64, s *packing) (w writtenChunk, size int64, err error) {
	if err := c.endPage(s); err != nil {
		return w, 0, err
	}
	if c.indexed {
		if size, err = c.dict.write(out, c, s); err != nil {
			return w, 0, err
		}
		c.meta.DictionaryPageOffset = at
	}
	ahead := size
	for _, p := range c.pages {
		page, err := s.shelf.read(p)
		if err != nil {
			return w, 0, err
		}
		if _, err := out.Write(page); err != nil {
			return w, 0, err
		}
		size += int64(len(page))
	}
	if size != c.meta.TotalCompressedSize {
		return w, 0, fmt.Errorf("%d bytes of pages, not the %d that were counted", size, c.meta.TotalCompressedSize)
	}
	c.meta.DataPageOffset = at + ahead
	for i := range c.offsets.PageLocations {
		c.offsets.PageLocations[i].Offset += at + ahead
	}
	return c.written(), size, nil
}

// written sums up the chunk.
func (c *columnChunk) written() writtenChunk {
	m := &c.meta
	if low, high := c.bounds.values(c.leaf); c.bounds.known {
		m.Statistics.MinValue, m.Statistics.MaxValue = low.AppendBytes([]byte{}), high.AppendBytes([]byte{})
	}
	if c.leaf.maxDef > 0 {
		m.Encoding = append(m.Encoding, format.RLE)
	}
	for _, s := range m.EncodingStats {
		if !slices.Contains(m.Encoding, s.Encoding) {
			m.Encoding = append(m.Encoding, s.Encoding)
		}
	}
	slices.Sort(m.Encoding)
	index := c.indexer.ColumnIndex()
	if c.leaf.maxRep > 0 { // an empty list would stand in the file, none does not
		index.RepetitionLevelHistogram = c.repCounts
	}
	if c.leaf.maxDef > 0 {
		index.DefinitionLevelHistogram = c.defCounts
	}
	return writtenChunk{format.ColumnChunk{MetaData: *m}, index, c.offsets}
}

// A packing is what pages are packed with: a file has one for all its columns.
type packing struct {
	codec  *codec
	spell  speller
	plain  []byte // scratch: an unpacked page
	packed []byte // scratch
	header bytes.Buffer
	shelf  shelf // of packed pages, until the row group ends
}

// pack packs what stands in the scratch memory for pages: numbers that are packed
// already, or anything else.
func (s *packing) pack(plain []byte, numbers bool) (packed []byte, err error) {
	s.plain = plain
	if numbers {
		packed, err = s.codec.EncodeNumbers(s.packed, plain, &s.spell)
	} else {
		packed, err = s.codec.Encode(s.packed, plain)
	}
	s.packed = packed
	return packed, err
}

// encode encodes the header of a page into the scratch memory for headers.
func (s *packing) encode(h *format.PageHeader) error {
	s.header.Reset()
	return encoder(&s.header).Encode(h)
}

func checksum(parts ...[]byte) (sum uint32) {
	for _, part := range parts {
		sum = crc32.Update(sum, crc32.IEEETable, part)
	}
	return sum
}
