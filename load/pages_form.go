package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// Forms of the files of pages, by the ends of their names.
const (
	zstdPage = ".json.zst"
	gzipPage = ".json.gz"
)

var pageForms = [...]string{zstdPage, gzipPage}

// pageForm returns the form of the file of a page by its name; empty: it is none.
func pageForm(name string) string {
	for _, form := range pageForms {
		if strings.HasSuffix(name, form) {
			return form
		}
	}
	return ""
}

// skipMagic starts a frame that zstd skips (RFC 8878, 3.1.2).
const skipMagic = 0x184D2A50

// zstdHead returns data as a frame that zstd skips.
func zstdHead(data []byte) []byte {
	frame := binary.LittleEndian.AppendUint32(nil, skipMagic)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(data)))
	return append(frame, data...)
}

// headOfZstd returns what the skipped frame at the start of a file holds.
func headOfZstd(file []byte) ([]byte, error) {
	if len(file) < 8 || binary.LittleEndian.Uint32(file) != skipMagic {
		return nil, errors.New("it does not begin as a kept page")
	}
	n := int(binary.LittleEndian.Uint32(file[4:]))
	if n > len(file)-8 {
		return nil, errors.New("it is cut short")
	}
	return file[8 : 8+n], nil
}

// unzstd unpacks a file.
func (p *Pages) unzstd(file []byte) ([]byte, error) { return p.decoder.DecodeAll(file, nil) }

// A file of gzip is one member or several, which unpack to their texts one after
// the other (RFC 1952, 2.2). The first is empty and holds the head of a page in
// its extra field, as subfield "et"; then come those of the body.
var (
	gzipStart = []byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255} // deflate, with an extra field; no time, no system
	gzipEmpty = []byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 0}         // no text, its checksum and its length
	gzipField = []byte("et")
)

// mostExtra is how long an extra field can be.
const mostExtra = 1<<16 - 1

// gzipHead returns data as an empty member of gzip; nil if it is too long.
func gzipHead(data []byte) []byte {
	if len(data)+4 > mostExtra {
		return nil
	}
	member := bytes.Clone(gzipStart)
	member = binary.LittleEndian.AppendUint16(member, uint16(len(data)+4))
	member = append(member, gzipField...)
	member = binary.LittleEndian.AppendUint16(member, uint16(len(data)))
	return append(append(member, data...), gzipEmpty...)
}

// headOfGzip returns what the extra field at the start of a file holds.
func headOfGzip(file []byte) ([]byte, error) {
	field, ok := bytes.CutPrefix(file, gzipStart)
	if !ok || len(field) < 6 || !bytes.Equal(field[2:4], gzipField) {
		return nil, errors.New("it does not begin as a kept page")
	}
	n := int(binary.LittleEndian.Uint16(field[4:]))
	if n > len(field)-6 {
		return nil, errors.New("it is cut short")
	}
	return field[6 : 6+n], nil
}

// gunzip unpacks a file.
func gunzip(file []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	n, err := text.ReadFrom(io.LimitReader(r, largestPage+1))
	if err == nil && n > largestPage {
		err = errors.New("it unpacks to too much")
	}
	return text.Bytes(), err
}
