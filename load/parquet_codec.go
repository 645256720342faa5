package load

import (
	"encoding/binary"

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

// EncodeNumbers packs a page of packed numbers in the memory of dst. They hardly
// repeat themselves, so that to look for it takes longer than all the rest: it is
// done where the first ones do. Where bytes are about as frequent as each other
// there is nothing to gain at all.
func (c *codec) EncodeNumbers(dst, src []byte, s *speller) ([]byte, error) {
	repeats, uneven := survey(src)
	if repeats {
		return c.Encode(dst, src)
	}
	return s.frame(dst[:0], src, uneven)
}

// surveyed is how many bytes of a page are looked at.
const surveyed = 1 << 10

// survey tells of the first bytes of a page whether every fourth eight of them
// came before, and whether some are so much more frequent than others that it is
// likely to be worth while to spell them short.
func survey(page []byte) (repeats, uneven bool) {
	page = page[:min(len(page), surveyed)]
	var counts [256]uint16
	for _, b := range page {
		counts[b]++
	}
	pairs := 0 // of equal bytes
	for _, n := range counts {
		pairs += int(n) * (int(n) - 1)
	}
	var places [512]uint16 // behind which eight bytes came, by their hash
	again := 0
	for i := 8; i <= len(page); i++ {
		eight := binary.LittleEndian.Uint64(page[i-8:])
		place := &places[eight*0x9e3779b97f4a7c15>>55]
		if n := int(*place); n >= 8 && binary.LittleEndian.Uint64(page[n-8:]) == eight {
			again++
		}
		*place = uint16(i)
	}
	return 4*again >= len(page), 180*pairs >= len(page)*(len(page)-1) // of 256 bytes that are as frequent as each other one pair in 256 is equal
}
