package power

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// A Disk holds what a program sees, and how much of it is safe.
type Disk struct {
	root    *node
	open    map[int]*node // by descriptor
	pending []*change     // of names, in order, that are not safe
	calls   int
}

// A node is a file or a folder. Names are not its own: folders hold them.
type node struct {
	dir         bool
	names, safe map[string]*node // of a folder
	data        []byte           // of a file: what is safe
	unsynced    []extent
	sum         string // of data, once somebody has asked
}

// An extent is what one call does to the data of a file.
type extent struct {
	call int
	at   int64
	data []byte // nil: the file ends at this place
}

// A change gives a name in a folder to a node, or takes it away.
type change struct {
	call  int
	dir   *node
	name  string
	to    *node     // nil: there is no such name any more
	needs []*change // which are there if this one is
}

func newFolder() *node {
	return &node{dir: true, names: map[string]*node{}, safe: map[string]*node{}}
}

// NewDisk returns a disk on which everything in a folder is safe.
func NewDisk(from fs.FS) (*Disk, error) {
	d := &Disk{root: newFolder(), open: map[int]*node{}}
	return d, fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		n := newFolder()
		if !entry.IsDir() {
			data, err := fs.ReadFile(from, name)
			if err != nil {
				return err
			}
			n = &node{data: data}
		}
		dir, base, err := d.parent(name)
		if err == nil {
			dir.names[base], dir.safe[base] = n, n
		}
		return err
	})
}

// find returns the node of a path, nil if there is none.
func (d *Disk) find(name string) *node {
	n := d.root
	if name == "." {
		return n
	}
	for elem := range strings.SplitSeq(name, "/") {
		if n = n.names[elem]; n == nil {
			return nil
		}
	}
	return n
}

// parent returns the folder that a path lies in, and its name there.
func (d *Disk) parent(name string) (*node, string, error) {
	dir := d.find(path.Dir(name))
	if dir == nil || !dir.dir {
		return nil, "", fmt.Errorf("%s lies in no folder", name)
	}
	return dir, path.Base(name), nil
}

// Do lets the disk see a call.
func (d *Disk) Do(c Call) (err error) {
	d.calls++
	switch c.Kind {
	case Open:
		err = d.create(c)
	case Close:
		delete(d.open, c.FD)
	case Write, Truncate, Sync:
		n := d.open[c.FD]
		switch {
		case n == nil:
			err = fmt.Errorf("descriptor %d is not open", c.FD)
		case c.Kind == Sync:
			n.sync(c.Begun)
		default:
			n.unsynced = append(n.unsynced, extent{d.calls, c.At, c.Data})
		}
	case SyncDir:
		err = d.syncDir(c)
	case Rename, Link:
		err = d.rename(c)
	case Mkdir:
		_, err = d.name(c.Path, newFolder())
	case Unlink, Rmdir:
		err = d.unlink(c)
	}
	if err != nil {
		return fmt.Errorf("call %d, %s: %w", d.calls, c, err)
	}
	return nil
}

func (d *Disk) create(c Call) error {
	n := d.find(c.Path)
	if n == nil {
		n = &node{}
		if _, err := d.name(c.Path, n); err != nil {
			return err
		}
	}
	if c.At > 0 && len(n.seen()) > 0 {
		n.unsynced = append(n.unsynced, extent{call: d.calls})
	}
	d.open[c.FD] = n
	return nil
}

// name gives a path to a node; to none takes it away.
func (d *Disk) name(name string, to *node) (*change, error) {
	dir, base, err := d.parent(name)
	if err != nil {
		return nil, err
	}
	dir.names[base] = to
	if to == nil {
		delete(dir.names, base)
	}
	c := &change{call: d.calls, dir: dir, name: base, to: to}
	d.pending = append(d.pending, c)
	return c, nil
}

func (d *Disk) rename(c Call) error {
	n := d.find(c.Path)
	if n == nil || n.dir {
		return fmt.Errorf("%s is no file", c.Path)
	}
	given, err := d.name(c.To, n)
	if err != nil || c.Kind == Link {
		return err
	}
	taken, err := d.name(c.Path, nil)
	if err == nil {
		taken.needs = []*change{given}
	}
	return err
}

func (d *Disk) unlink(c Call) error {
	n := d.find(c.Path)
	if n == nil || n.dir != (c.Kind == Rmdir) || len(n.names) > 0 {
		return fmt.Errorf("%s cannot be removed", c.Path)
	}
	taken, err := d.name(c.Path, nil)
	if err != nil {
		return err
	}
	for _, earlier := range d.pending {
		if earlier.dir == n {
			taken.needs = append(taken.needs, earlier)
		}
	}
	return nil
}

func (d *Disk) syncDir(c Call) error {
	dir := d.find(c.Path)
	if dir == nil || !dir.dir {
		return fmt.Errorf("%s is no folder", c.Path)
	}
	settled := map[*change]bool{}
	var settle func(*change)
	settle = func(c *change) {
		settled[c] = true
		for _, needed := range c.needs {
			settle(needed)
		}
	}
	for _, p := range d.pending {
		if p.dir == dir && p.call <= c.Begun {
			settle(p)
		}
	}
	last := map[*node]map[string]int{} // the newest safe change of each name
	for _, p := range d.pending {
		if settled[p] {
			p.apply(p.dir.safe)
			if last[p.dir] == nil {
				last[p.dir] = map[string]int{}
			}
			last[p.dir][p.name] = p.call
		}
	}
	var left []*change
	for _, p := range d.pending {
		if p.call > last[p.dir][p.name] {
			left = append(left, p)
		}
	}
	d.pending = left
	return nil
}

// apply makes a change to the names of its folder.
func (c *change) apply(names map[string]*node) {
	if c.to == nil {
		delete(names, c.name)
		return
	}
	names[c.name] = c.to
}

// sync makes safe what calls have done that had returned.
func (n *node) sync(begun int) {
	for len(n.unsynced) > 0 && n.unsynced[0].call <= begun {
		n.data, n.sum = n.unsynced[0].apply(bytes.Clone(n.data)), ""
		n.unsynced = n.unsynced[1:]
	}
}

// seen returns the data of a file as the program sees it.
func (n *node) seen() []byte {
	data := bytes.Clone(n.data)
	for _, e := range n.unsynced {
		data = e.apply(data)
	}
	return data
}

func (e extent) apply(data []byte) []byte {
	if e.data == nil {
		return resize(data, e.at)
	}
	if end := e.at + int64(len(e.data)); end > int64(len(data)) {
		data = resize(data, end)
	}
	copy(data[e.at:], e.data)
	return data
}

// resize cuts data, or fills it up with zeros.
func resize(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}
