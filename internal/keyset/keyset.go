// Package keyset counts the distinct keys of a run and finds those that came
// more than once, in memory that does not grow with the number of rows.
//
// Keys are collected in page order, sorted in blocks into runs on disk, and
// merged once at the end. The package knows nothing of rows: a key stands for
// one, and its ordinal in page order is all that it can say about it.
package keyset

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
)

// A Key is 128 bits that stand for the values of a row's key columns.
type Key = [16]byte

// An Entry is one row: its key, its version (0 if there is none), and its
// ordinal among the rows of the run in page order.
type Entry struct {
	Key     Key
	Version int64
	Ordinal int64
}

const entrySize = 16 + 8 + 8

// BlockSize is how many entries are sorted in memory before they go to disk:
// 256 Ki entries of 32 bytes, 8 MiB.
const BlockSize = 256 << 10

// A Set collects the entries of one list. It is not safe for concurrent use.
type Set struct {
	dir     string
	block   []Entry
	ordered bool // the block is in order
	limit   int
	runs    []string
	count   int64
}

// New makes a Set that keeps its runs in dir, a folder that exists and belongs
// to it alone.
func New(dir string) *Set { return &Set{dir: dir, limit: BlockSize} }

// Add takes the next row in page order.
func (s *Set) Add(key Key, version int64) error {
	if len(s.block) >= s.limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if len(s.block) == cap(s.block) { // append would grow it less, copy more, and go beyond the limit
		grown := make([]Entry, len(s.block), min(max(2*len(s.block), 1024), s.limit))
		copy(grown, s.block)
		s.block = grown
	}
	s.block = append(s.block, Entry{key, version, s.count})
	s.ordered = false
	s.count++
	return nil
}

// Len returns how many rows were added.
func (s *Set) Len() int64 { return s.count }

// Arrange brings the entries in memory in order, which the first look at them
// does otherwise.
func (s *Set) Arrange() {
	if !s.ordered {
		arrange(s.block, 0)
		s.ordered = true
	}
}

func (s *Set) spill() (err error) {
	s.Arrange()
	name := filepath.Join(s.dir, fmt.Sprintf("keys-%04d.run", len(s.runs)))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("writing a run of keys: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 256<<10)
	var buf [entrySize]byte
	for _, e := range s.block {
		if _, err := w.Write(e.append(buf[:0])); err != nil {
			return fmt.Errorf("writing a run of keys: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing a run of keys: %w", err)
	}
	s.runs = append(s.runs, name)
	s.block = s.block[:0]
	return nil
}

func (e Entry) append(b []byte) []byte {
	b = append(b, e.Key[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Version))
	return binary.LittleEndian.AppendUint64(b, uint64(e.Ordinal))
}

// Sorted yields every entry by key; of equal keys first the row that stays.
func (s *Set) Sorted() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		s.Arrange()
		m := &merge{}
		defer m.close()
		m.add(&source{block: s.block})
		for _, name := range s.runs {
			f, err := os.Open(name)
			if err != nil {
				yield(Entry{}, fmt.Errorf("reading a run of keys: %w", err))
				return
			}
			m.add(&source{file: f, r: bufio.NewReaderSize(f, 64<<10)})
		}
		for {
			e, ok, err := m.next()
			if err != nil {
				yield(Entry{}, fmt.Errorf("reading a run of keys: %w", err))
				return
			}
			if !ok || !yield(e, nil) {
				return
			}
		}
	}
}

// Groups yields the entries of each distinct key, in the order of the keys; the
// first of a group is the row that stays. The slice is valid until the next one.
func (s *Set) Groups() iter.Seq2[[]Entry, error] {
	if len(s.runs) == 0 {
		return s.groupsInMemory
	}
	return func(yield func([]Entry, error) bool) {
		var group []Entry
		for e, err := range s.Sorted() {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(group) > 0 && group[0].Key != e.Key {
				if !yield(group, nil) {
					return
				}
				group = group[:0]
			}
			group = append(group, e)
		}
		if len(group) > 0 {
			yield(group, nil)
		}
	}
}

// groupsInMemory is Groups of a Set that has spilled nothing.
func (s *Set) groupsInMemory(yield func([]Entry, error) bool) {
	s.Arrange()
	for rest := s.block; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Key == rest[0].Key {
			n++
		}
		if !yield(rest[:n:n], nil) {
			return
		}
		rest = rest[n:]
	}
}

// Close removes the runs.
func (s *Set) Close() error {
	var err error
	for _, name := range s.runs {
		err = errors.Join(err, os.Remove(name))
	}
	s.runs, s.block, s.count = nil, nil, 0
	return err
}

// NoVersion is the version of a row whose version is NULL: any other is higher.
const NoVersion = math.MinInt64

// A source is a sorted run, in memory or on disk, and its next entry.
type source struct {
	block []Entry
	file  *os.File
	r     *bufio.Reader
	head  Entry
}

// advance loads the next entry; false at the end.
func (s *source) advance() (bool, error) {
	if s.file == nil {
		if len(s.block) == 0 {
			return false, nil
		}
		s.head, s.block = s.block[0], s.block[1:]
		return true, nil
	}
	var buf [entrySize]byte
	if _, err := io.ReadFull(s.r, buf[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return false, err
	}
	copy(s.head.Key[:], buf[:16])
	s.head.Version = int64(binary.LittleEndian.Uint64(buf[16:]))
	s.head.Ordinal = int64(binary.LittleEndian.Uint64(buf[24:]))
	return true, nil
}

// A merge yields the entries of sorted runs in order.
type merge struct {
	heap []*source
	all  []*source
	err  error
}

func (m *merge) Len() int           { return len(m.heap) }
func (m *merge) Less(i, j int) bool { return order(m.heap[i].head, m.heap[j].head) < 0 }
func (m *merge) Swap(i, j int)      { m.heap[i], m.heap[j] = m.heap[j], m.heap[i] }
func (m *merge) Push(x any)         { m.heap = append(m.heap, x.(*source)) }

func (m *merge) Pop() any {
	last := m.heap[len(m.heap)-1]
	m.heap = m.heap[:len(m.heap)-1]
	return last
}

func (m *merge) add(s *source) {
	m.all = append(m.all, s)
	ok, err := s.advance()
	if err != nil {
		m.err = err
	}
	if ok {
		heap.Push(m, s)
	}
}

func (m *merge) next() (Entry, bool, error) {
	if m.err != nil || len(m.heap) == 0 {
		return Entry{}, false, m.err
	}
	s := m.heap[0]
	e := s.head
	ok, err := s.advance()
	if err != nil {
		return Entry{}, false, err
	}
	if ok {
		heap.Fix(m, 0)
	} else {
		heap.Pop(m)
	}
	return e, true, nil
}

func (m *merge) close() {
	for _, s := range m.all {
		if s.file != nil {
			_ = s.file.Close() // read only
		}
	}
}
