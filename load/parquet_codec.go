package load

import (
	"github.com/klauspost/compress/zstd"
	parquetzstd "github.com/parquet-go/parquet-go/compress/zstd"
)

// A codec packs pages with zstd at its fastest level, which finds nothing in
// ids and other texts of random digits: they repeat nowhere. But they have few
// different bytes, so those that are frequent are spelled short too, as higher
// levels do. That makes files a fifth smaller; the higher levels would take half
// as long again for another hundredth.
type codec struct {
	parquetzstd.Codec // reads
	packer            *zstd.Encoder
}

// pageWindow is how far back a page may repeat itself: hardly one is longer.
const pageWindow = 512 << 10

func newCodec() *codec {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true),
		zstd.WithWindowSize(pageWindow), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false)) // a page has its own checksum
	if err != nil {
		panic("load: " + err.Error()) // the settings are constants
	}
	return &codec{packer: packer}
}

// Encode packs a page in the memory of dst.
func (c *codec) Encode(dst, src []byte) ([]byte, error) { return c.packer.EncodeAll(src, dst[:0]), nil }
