package bucket

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"io"
)

// sums are the checksums by which a server makes sure that all has arrived.
type sums struct {
	crc    uint32 // CRC-32C
	sha256 string // in hex
}

// payloadOf returns a body with its sums.
func payloadOf(data io.ReaderAt, from, size int64) (payload, error) {
	part := io.NewSectionReader(data, from, size)
	crc, sha := crc32.New(crc32.MakeTable(crc32.Castagnoli)), sha256.New()
	n, err := io.Copy(io.MultiWriter(crc, sha), part)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	return payload{data: part, size: size, sums: sums{crc.Sum32(), hex.EncodeToString(sha.Sum(nil))}}, err
}

// text writes the CRC-32C as both services have it.
func (s sums) text() string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, s.crc))
}
