package load

import (
	"slices"
	"sync"
)

// A workshop keeps what the files of a store are made with, from file to file.
// The zero value is ready, and safe for concurrent use.
type workshop struct {
	sets  sync.Pool // of *chunkSet: of files that are closed
	once  sync.Once
	codec *codec
	slabs sync.Pool // of *[slabBytes]byte: of shelves
}

// A chunkSet is the memory that a file is made in.
type chunkSet struct {
	chunks  []columnChunk
	packing packing
	trial   dictionary     // scratch: of the first values of a leaf
	numbers []uint16       // scratch: theirs in it
	times   []int32        // scratch: how often each of them comes
	written []writtenChunk // scratch: of a row group
}

func (w *workshop) take() *chunkSet {
	w.once.Do(func() { w.codec = newCodec() })
	set, ok := w.sets.Get().(*chunkSet)
	if !ok {
		set = &chunkSet{packing: packing{codec: w.codec, shelf: shelf{memory: &w.slabs}}}
	}
	return set
}

func (w *workshop) give(set *chunkSet) { w.sets.Put(set) }

// begin starts a file whose first block decides how its columns are encoded.
func (s *chunkSet) begin(l *layout, first *block) {
	s.packing.shelf.clear()
	s.chunks = slices.Grow(s.chunks[:0], len(l.leaves))[:len(l.leaves)]
	blocks := 1 // a block that is not full is the last one
	if first.rows == blockRows {
		blocks = usualBlocks
	}
	for i, leaf := range l.leaves {
		s.choose(&s.chunks[i], leaf, &first.vectors[i], blocks)
	}
}
