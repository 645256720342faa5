package load

import (
	"encoding/binary"
	"sync"
	"time"
)

// Bounds of packing kept pages. Where an API sets the pace of a run nearly all
// are packed; where the processor does, hardly any: packing takes as long as all
// else that is done with a page, and most pages are gone with the commit.
const (
	packAtOnce    = 1 << 20   // bytes of bodies that are packed at once
	packPerSecond = 8 << 20   // and so many more with every second: some 2 % of a core
	packWindow    = 512 << 10 // bytes in which repetitions are looked for: the encoder holds no more of them
	mostPlain     = 1 << 30   // bytes of bodies that may lie unpacked; after them all are packed
	plainShare    = 16        // and they take a sixteenth of the free space of the disk at most
)

// A thrift decides which pages are packed. It is safe for concurrent use.
type thrift struct {
	now   func() time.Time
	since time.Time
	most  int64 // bytes of bodies that may lie unpacked

	mu     sync.Mutex
	packed int64 // bytes of bodies
	plain  int64
}

// newThrift makes the thrift of pages that are kept in a folder. Where a disk
// does not tell what is free, none lie there unpacked.
func newThrift(dir string, now func() time.Time) (*thrift, error) {
	space, err := SpaceOf(dir)
	t := &thrift{now: now, since: now()}
	if space.Known {
		t.most = min(mostPlain, space.Free/plainShare)
	}
	return t, err
}

// packs tells whether the next body is packed.
func (t *thrift) packs(size int) bool {
	n, passed := int64(size), t.now().Sub(t.since)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.packed+n > packAtOnce+int64(passed.Seconds()*packPerSecond) && t.plain+n <= t.most {
		t.plain += n
		return false
	}
	t.packed += n
	return true
}

// Of a frame of zstd (RFC 8878, 3.1.1): the size of its content in four bytes,
// no checksum, and blocks of at most 128 KiB.
const (
	frameMagic  = 0xFD2FB528
	frameAbout  = 0x80
	frameWindow = 7 << 3 // 2^(10+7) bytes
	frameBlock  = 128 << 10
	lastBlock   = 1
	sizeShift   = 3 // bits before it; the type of a block as it is, is 0
)

// plainFrame returns the parts of a frame that holds a body as it is. They lie
// where the body lies.
func plainFrame(body []byte) [][]byte {
	head := binary.LittleEndian.AppendUint32(nil, frameMagic)
	head = binary.LittleEndian.AppendUint32(append(head, frameAbout, frameWindow), uint32(len(body)))
	parts := [][]byte{head}
	for last := uint32(0); last == 0; {
		block := body[:min(len(body), frameBlock)]
		if body = body[len(block):]; len(body) == 0 {
			last = lastBlock
		}
		start := binary.LittleEndian.AppendUint32(nil, uint32(len(block))<<sizeShift|last)
		parts = append(parts, start[:3], block)
	}
	return parts
}
