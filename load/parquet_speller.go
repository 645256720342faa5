package load

import (
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/huff0"
)

// A speller makes frames of zstd (RFC 8878) in which nothing refers to what came
// before: their bytes are spelled by frequency, or stand as they are.
type speller struct{ huff0.Scratch }

// Kinds of blocks, as their headers tell them, and how long one may be.
const (
	rawBlock     = 0
	sameBlock    = 1
	codedBlock   = 2
	longestBlock = 128 << 10
)

// frame appends a frame of a page, spelled where that makes a block shorter.
func (s *speller) frame(out, page []byte, spelled bool) ([]byte, error) {
	out = appendFrameHeader(out, uint64(len(page)))
	for last := false; !last; {
		block := page[:min(len(page), longestBlock)]
		page = page[len(block):]
		last = len(page) == 0
		var err error
		if out, err = s.block(out, block, last, spelled); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// appendFrameHeader begins a frame that has one segment and tells its length, in
// as few bytes as it takes.
func appendFrameHeader(out []byte, n uint64) []byte {
	out = append(out, 0x28, 0xb5, 0x2f, 0xfd)
	switch {
	case n < 1<<8:
		return append(out, 0x20, byte(n))
	case n < 1<<16+1<<8:
		return binary.LittleEndian.AppendUint16(append(out, 0x60), uint16(n-1<<8))
	}
	return binary.LittleEndian.AppendUint32(append(out, 0xa0), uint32(n))
}

func (s *speller) block(out, block []byte, last, spelled bool) ([]byte, error) {
	if !spelled || len(block) == 0 {
		return append(appendBlockHeader(out, rawBlock, len(block), last), block...), nil
	}
	coded, streams, err := s.spell(block)
	switch {
	case errors.Is(err, huff0.ErrUseRLE):
		return append(appendBlockHeader(out, sameBlock, len(block), last), block[0]), nil
	case errors.Is(err, huff0.ErrIncompressible):
		return s.block(out, block, last, false)
	case err != nil:
		return nil, err
	}
	head := appendLiteralsHeader(nil, len(block), len(coded), streams)
	if len(head)+len(coded) >= len(block) {
		return s.block(out, block, last, false)
	}
	out = appendBlockHeader(out, codedBlock, len(head)+len(coded)+1, last)
	return append(append(append(out, head...), coded...), 0), nil // no sequences
}

// spell spells bytes by frequency: short ones in one stream, else in four.
func (s *speller) spell(block []byte) (coded []byte, streams int, err error) {
	s.Reuse, s.WantLogLess = huff0.ReusePolicyNone, 5
	if len(block) < 1<<10 {
		coded, _, err = huff0.Compress1X(block, &s.Scratch)
		return coded, 1, err
	}
	coded, _, err = huff0.Compress4X(block, &s.Scratch)
	return coded, 4, err
}

func appendBlockHeader(out []byte, kind, size int, last bool) []byte {
	h := uint32(kind)<<1 | uint32(size)<<3
	if last {
		h |= 1
	}
	return append(out, byte(h), byte(h>>8), byte(h>>16))
}

// appendLiteralsHeader tells how long literals are that have a tree of their own,
// in full and coded: a width of 10, 14 or 18 bits for each.
func appendLiteralsHeader(out []byte, full, coded, streams int) []byte {
	const ownTree = 2
	width, form := 10, 0
	switch {
	case full >= 1<<14:
		width, form = 18, 3
	case full >= 1<<10:
		width, form = 14, 2
	case streams > 1:
		form = 1
	}
	h := ownTree | uint64(form)<<2 | uint64(full)<<4 | uint64(coded)<<(4+width)
	for n := 4 + 2*width; n > 0; n -= 8 {
		out, h = append(out, byte(h)), h>>8
	}
	return out
}
