package load

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// A heap keeps objects in memory: a destination on which thousands of runs
// take no time. Each of its calls is made in one step, unlike a folder's.
type heap struct {
	*shared
	around disk
}

// shared are the objects of all views of a heap.
type shared struct {
	sync.Mutex
	objects map[string]heapObject
}

type heapObject struct {
	data []byte
	at   time.Time
}

// heapStore returns a fresh destination in memory.
func heapStore() *Store {
	return &Store{objects: &heap{shared: &shared{objects: map[string]heapObject{}}}, path: "/lake", local: "/lake", workshop: &workshop{}}
}

// onHeap returns another process's view of a destination in memory.
func (s *Store) onHeap(around disk) *Store {
	if r, ok := s.objects.(*remote); ok {
		return &Store{objects: r.through(around), path: s.path, local: s.local, workshop: s.workshop}
	}
	return &Store{objects: &heap{s.objects.(*heap).shared, around}, path: s.path, local: s.local, workshop: s.workshop}
}

func (h *heap) do(op, name string, call func() error) error {
	locked := func() error {
		h.Lock()
		defer h.Unlock()
		return call()
	}
	if h.around != nil {
		return h.around(op, name, locked)
	}
	return locked()
}

func (h *heap) read(name string) (data []byte, err error) {
	err = h.do("read", name, func() error {
		o, ok := h.objects[name]
		if !ok {
			return fs.ErrNotExist
		}
		data = bytes.Clone(o.data)
		return nil
	})
	return data, err
}

func (h *heap) open(name string) (b blob, err error) {
	data, err := h.read(name)
	return memoryBlob{bytes.NewReader(data)}, err
}

func (h *heap) modified(name string) (at time.Time, err error) {
	err = h.do("stat", name, func() error {
		o, ok := h.objects[name]
		if !ok {
			return fs.ErrNotExist
		}
		at = o.at
		return nil
	})
	return at, err
}

func (h *heap) list(dir string) (names []string, err error) {
	err = h.do("list", dir, func() error {
		for name := range h.objects {
			if dir == "." || strings.HasPrefix(name, dir+"/") {
				names = append(names, name)
			}
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

func (h *heap) create(name string, data []byte) error {
	return h.do("create", name, func() error {
		if _, ok := h.objects[name]; ok {
			return fs.ErrExist
		}
		h.objects[name] = heapObject{bytes.Clone(data), noon}
		return nil
	})
}

func (h *heap) put(name string, data []byte) error {
	return h.do("put", name, func() error {
		h.objects[name] = heapObject{bytes.Clone(data), noon}
		return nil
	})
}

func (h *heap) together(_ []string, calls func(objects) error) error { return calls(h) }

func (h *heap) move(from, to string) error {
	return h.do("move", to, func() error {
		o, ok := h.objects[from]
		if !ok {
			return fs.ErrNotExist
		}
		delete(h.objects, from)
		h.objects[to] = o
		return nil
	})
}

func (h *heap) remove(name string) error {
	return h.do("remove", name, func() error {
		delete(h.objects, name)
		return nil
	})
}

func (h *heap) tidy(string) error { return nil }

func (h *heap) write(name string, _ fs.FileMode) (*sink, error) {
	return newSink(name, &heapOutput{heap: h, name: name}), nil
}

// scratch is memory too.
func (h *heap) scratch(name string) (s scratch, err error) {
	err = h.do("write", name, func() error {
		h.objects[name] = heapObject{nil, noon}
		s = heapScratch{h, name}
		return nil
	})
	return s, err
}

type heapScratch struct {
	heap *heap
	name string
}

func (s heapScratch) WriteAt(p []byte, at int64) (n int, err error) {
	err = s.heap.do("append", s.name, func() error {
		data := s.heap.objects[s.name].data
		data = append(data, make([]byte, max(0, int(at)+len(p)-len(data)))...)
		n = copy(data[at:], p)
		s.heap.objects[s.name] = heapObject{data, noon}
		return nil
	})
	return n, err
}

func (s heapScratch) ReadAt(p []byte, at int64) (n int, err error) {
	err = s.heap.do("read", s.name, func() error {
		n, err = bytes.NewReader(s.heap.objects[s.name].data).ReadAt(p, at)
		return err
	})
	return n, err
}

func (s heapScratch) Close() error { return s.heap.remove(s.name) }

// A heapOutput becomes an object when it is closed.
type heapOutput struct {
	bytes.Buffer
	heap *heap
	name string
}

func (o *heapOutput) Close() error { return o.heap.put(o.name, o.Bytes()) }
func (o *heapOutput) Abort() error { return nil }
