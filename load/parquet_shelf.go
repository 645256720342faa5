package load

import (
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
)

// slabBytes is the size of the pieces that shelves are made of.
const slabBytes = 64 << 10

// A slab is a piece of a shelf, in memory or on disk.
type slab struct {
	data *[slabBytes]byte // nil: it lies on disk
	at   int64            // where
}

// A shelf holds the packed pages of an open row group, one after the other as
// they came: they are needed column by column, at its end. All of it goes then.
type shelf struct {
	slabs  []slab
	size   int64      // bytes of all pages
	memory *sync.Pool // of *[slabBytes]byte
	disk   *slabDisk  // where its slabs on disk lie
	page   []byte     // scratch: a page that is read back
}

// A shelved is where a page lies on a shelf.
type shelved struct {
	at   int64
	head int    // bytes of its header
	size int    // of all of it
	sum  uint32 // of what follows the header, then of the header
}

// put puts a page on the shelf: its header, and parts with a checksum.
func (s *shelf) put(header []byte, sum uint32, parts ...[]byte) shelved {
	p := shelved{at: s.size, head: len(header), sum: crc32.Update(sum, crc32.IEEETable, header)}
	s.append(header)
	for _, part := range parts {
		s.append(part)
	}
	p.size = int(s.size - p.at)
	return p
}

func (s *shelf) append(data []byte) {
	for len(data) > 0 {
		if s.size == int64(len(s.slabs))*slabBytes {
			memory, ok := s.memory.Get().(*[slabBytes]byte)
			if !ok {
				memory = new([slabBytes]byte)
			}
			s.slabs = append(s.slabs, slab{data: memory})
		}
		n := copy(s.slabs[len(s.slabs)-1].data[s.size%slabBytes:], data)
		s.size += int64(n)
		data = data[n:]
	}
}

// read returns a page as it was put on the shelf, in memory that is good until
// the next call.
func (s *shelf) read(p shelved) ([]byte, error) {
	if first := s.slabs[p.at/slabBytes].data; first != nil && p.at%slabBytes+int64(p.size) <= slabBytes {
		return first[p.at%slabBytes:][:p.size], nil
	}
	s.page = slices.Grow(s.page[:0], p.size)[:p.size]
	stored := false
	for done := 0; done < p.size; {
		at := p.at + int64(done)
		slab, from := s.slabs[at/slabBytes], at%slabBytes
		to := min(from+int64(p.size-done), slabBytes)
		part := s.page[done : done+int(to-from)]
		if slab.data != nil {
			copy(part, slab.data[from:to])
		} else if err := readWhole(s.disk.file, part, slab.at+from); err != nil {
			return nil, fmt.Errorf("reading pages that wait on disk: %w", err)
		} else {
			stored = true
		}
		done += len(part)
	}
	if stored && checksum(s.page[p.head:], s.page[:p.head]) != p.sum {
		return nil, fmt.Errorf("reading pages that wait on disk: damaged")
	}
	return s.page, nil
}

// held is how many bytes of memory the shelf takes.
func (s *shelf) held() (n int64) {
	for i := range s.slabs {
		if s.slabs[i].data != nil {
			n += slabBytes
		}
	}
	return n
}

// spill moves the slabs that are full to disk.
func (s *shelf) spill(to *slabDisk) error {
	for i := range s.size / slabBytes {
		slab := &s.slabs[i]
		if slab.data == nil {
			continue
		}
		at, err := to.write(slab.data)
		if err != nil {
			return err
		}
		s.disk = to
		s.memory.Put(slab.data)
		slab.data, slab.at = nil, at
	}
	return nil
}

// clear takes everything off the shelf.
func (s *shelf) clear() {
	for _, slab := range s.slabs {
		if slab.data != nil {
			s.memory.Put(slab.data)
		} else {
			s.disk.give(slab.at)
		}
	}
	s.slabs, s.size, s.disk = s.slabs[:0], 0, nil
}

// A slabDisk is a scratch file of slabs. What becomes free in it is used again.
// It is not safe for concurrent use, but that files that end at the same time
// read from it and give back.
type slabDisk struct {
	stage *Stage
	name  string
	file  scratch // nil: nothing is on it
	size  int64
	lock  sync.Mutex
	free  []int64 // places of slabs
}

// write writes a slab, and returns its place.
func (d *slabDisk) write(data *[slabBytes]byte) (at int64, err error) {
	if d.file == nil {
		if d.file, err = d.stage.scratch(d.name); err != nil {
			return 0, err
		}
	}
	if n := len(d.free); n > 0 {
		at, d.free = d.free[n-1], d.free[:n-1]
	} else {
		at, d.size = d.size, d.size+slabBytes
	}
	_, err = d.file.WriteAt(data[:], at)
	return at, stored(err, "writing %s", d.name)
}

// give gives the place of a slab back.
func (d *slabDisk) give(at int64) {
	d.lock.Lock()
	d.free = append(d.free, at)
	d.lock.Unlock()
}

// remove removes the file, if there is one.
func (d *slabDisk) remove() error {
	if d.file == nil {
		return nil
	}
	err := d.file.Close()
	d.file, d.size, d.free = nil, 0, nil
	return stored(err, "removing %s", d.name)
}
