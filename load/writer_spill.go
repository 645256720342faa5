package load

import (
	"encoding/binary"
	"slices"

	"github.com/klauspost/compress/zstd"

	"etl/internal/fault"
)

// spillBytes is how much the partitions that wait may hold in memory.
const spillBytes = 16 << 20

// A spill keeps the rows of partitions that cannot be open yet, in one file of
// the stage: block after block, each of one partition. Where blocks end says
// nothing about the bytes of the final files.
type spill struct {
	stage  *Stage
	layout *layout
	name   string
	file   scratch // nil: nothing is spilled
	size   int64
	blocks map[*part][]spilled
	packer *zstd.Encoder
	opener *zstd.Decoder
	buffer []byte  // scratch
	packed []byte  // scratch
	free   []block // memory of blocks that were spilled
}

// spilled is where a block lies in the file.
type spilled struct {
	at   int64
	size int
}

// judge spills all waiting rows if they take too much memory.
func (s *spill) judge(parts []*part) error {
	var total int64
	for _, p := range parts {
		if p.spill != nil && p.block.vectors != nil {
			total += p.block.size() + int64(len(p.block.vectors))*128
		}
	}
	if total <= spillBytes {
		return nil
	}
	for _, p := range parts {
		if p.spill == nil || p.block.rows == 0 {
			continue
		}
		if err := s.write(p); err != nil {
			return err
		}
	}
	return nil
}

// open starts the file.
func (s *spill) open() (err error) {
	if s.file != nil {
		return nil
	}
	if s.file, err = s.stage.scratch(s.name); err != nil {
		return err
	}
	s.blocks = map[*part][]spilled{}
	s.packer, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(pageWindow), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return err
	}
	s.opener, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	return err
}

// write spills the block of a partition and gives its memory back.
func (s *spill) write(p *part) error {
	if err := s.open(); err != nil {
		return err
	}
	s.buffer = p.block.pack(s.buffer[:0])
	s.packed = s.packer.EncodeAll(s.buffer, s.packed[:0])
	if _, err := s.file.WriteAt(s.packed, s.size); err != nil {
		return stored(err, "writing %s", s.name)
	}
	s.blocks[p] = append(s.blocks[p], spilled{s.size, len(s.packed)})
	s.size += int64(len(s.packed))
	p.block.reset()
	s.free = append(s.free, p.block)
	p.block = block{}
	return nil
}

// empty returns an empty block, in the memory of one that was spilled.
func (s *spill) empty() block {
	if n := len(s.free); n > 0 {
		b := s.free[n-1]
		s.free = s.free[:n-1]
		return b
	}
	return newBlock(len(s.layout.leaves))
}

// turn gives a partition that waited its turn: it is written, and closed.
func (s *spill) turn(p *part) error {
	if err := s.restore(p); err != nil {
		return err
	}
	return p.close()
}

// restore gives a partition its rows back, in order.
func (s *spill) restore(p *part) error {
	p.spill, s.free = nil, nil
	blocks := s.blocks[p]
	if len(blocks) == 0 {
		return nil
	}
	last := p.block
	p.block = block{}
	for _, at := range blocks {
		s.packed = slices.Grow(s.packed[:0], at.size)[:at.size]
		if err := readWhole(s.file, s.packed, at.at); err != nil {
			return stored(err, "reading %s", s.name)
		}
		data, err := s.opener.DecodeAll(s.packed, s.buffer[:0])
		if err != nil {
			return stored(err, "reading %s", s.name)
		}
		s.buffer = data
		b, err := unpack(data, s.layout)
		if err != nil {
			return err
		}
		if err := p.add(&b, all(b.rows)); err != nil {
			return err
		}
	}
	return p.add(&last, all(last.rows))
}

// remove removes the file, if there is one.
func (s *spill) remove() error {
	if s.file == nil {
		return nil
	}
	if s.opener != nil {
		s.opener.Close()
	}
	err := s.file.Close()
	s.file, s.opener, s.blocks, s.free = nil, nil, nil, nil
	return stored(err, "removing %s", s.name)
}

// all marks n rows.
func all(n int) []bool {
	keep := make([]bool, n)
	for i := range keep {
		keep[i] = true
	}
	return keep
}

// pack appends the rows of a block as bytes.
func (b *block) pack(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(b.rows))
	for i := range b.vectors {
		v := &b.vectors[i]
		for _, bytes := range [][]byte{v.defs, v.reps, v.data} {
			out = append(binary.AppendUvarint(out, uint64(len(bytes))), bytes...)
		}
		out = binary.AppendUvarint(out, uint64(len(v.ints)))
		for _, x := range v.ints {
			out = binary.LittleEndian.AppendUint64(out, uint64(x))
		}
		out = binary.AppendUvarint(out, uint64(len(v.ends)))
		for _, end := range v.ends {
			out = binary.AppendUvarint(out, uint64(end))
		}
	}
	return out
}

// unpack reads what pack has written.
func unpack(data []byte, l *layout) (block, error) {
	u := unpacker{data: data}
	b := newBlock(len(l.leaves))
	b.rows = u.length()
	for i := range b.vectors {
		v := &b.vectors[i]
		v.rows = b.rows
		v.defs, v.reps, v.data = u.bytes(u.length()), u.bytes(u.length()), u.bytes(u.length())
		v.ints = make([]int64, min(u.length(), len(u.data)/8))
		for j := range v.ints {
			v.ints[j] = int64(binary.LittleEndian.Uint64(u.bytes(8)))
		}
		v.ends = make([]int, min(u.length(), len(u.data)))
		for j := range v.ends {
			v.ends[j] = u.length()
		}
	}
	if u.short || len(u.data) > 0 {
		return b, fault.New(fault.Storage, "reading spilled rows back: damaged")
	}
	return b, b.check(l)
}

// An unpacker takes a text of bytes apart.
type unpacker struct {
	data  []byte
	short bool // it ended too early
}

func (u *unpacker) length() int {
	n, size := binary.Uvarint(u.data)
	if size <= 0 || n > 1<<40 {
		u.short = true
		return 0
	}
	u.data = u.data[size:]
	return int(n)
}

func (u *unpacker) bytes(n int) []byte {
	if n > len(u.data) {
		u.short = true
		return make([]byte, min(n, 8))
	}
	b := u.data[:n:n]
	u.data = u.data[n:]
	return b
}
