package load

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
)

// A name that is given in a folder is safe from a loss of power once the folder
// was synced, and the name of the folder itself, and those of all above it.

// makeRoot creates a destination's folder and those above it that are missing,
// on disk. Who may not read the one above cannot bring its names to disk, and
// need not.
func makeRoot(abs string) error {
	err := os.Mkdir(abs, 0o750)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeRoot(filepath.Dir(abs)); err != nil {
			return err
		}
		err = os.Mkdir(abs, 0o750)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	above, err := os.Open(filepath.Dir(abs))
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(above.Sync(), above.Close())
}

// mkdir creates folders and those above them that are missing, on disk. One that
// is there may have been made by somebody who has not synced it, or not yet: its
// name is brought to disk too, once in a process.
func (f *folder) mkdir(dirs ...string) error {
	above := map[string]bool{}
	for _, dir := range dirs {
		if dir == "." || f.placed.has(dir) {
			continue
		}
		if err := f.within(path.Dir(dir), func() error { return f.mkdirOne(dir) }); err != nil {
			return err
		}
		above[path.Dir(dir)] = true
	}
	for _, dir := range slices.Sorted(maps.Keys(above)) {
		if err := f.syncFolders(dir); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) mkdirOne(dir string) error {
	err := f.do("mkdir", dir, func() error { return f.root.Mkdir(dir, 0o750) })
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.do("chmod", dir, func() error { return f.root.Chmod(dir, 0o750) })
}

// within makes a call that needs a folder, which it creates if there is none.
// It does so again if the call finds nothing: another process may have removed
// the folder, empty as it was.
func (f *folder) within(dir string, call func() error) error {
	err := f.mkdir(dir)
	if err == nil {
		err = call()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.placed.drop(dir)
	if err := f.mkdir(dir); err != nil {
		return err
	}
	return call()
}

// syncFolders brings the names in a folder to disk, and notes which folders are
// in it: those need it no more.
func (f *folder) syncFolders(dir string) error {
	return f.do("sync", dir, func() error {
		d, err := f.root.Open(dir)
		if err != nil {
			return err
		}
		entries, err := d.ReadDir(-1)
		if err = errors.Join(err, d.Sync(), d.Close()); err != nil {
			return err
		}
		for _, entry := range entries {
			if entry.IsDir() {
				f.placed.add(path.Join(dir, entry.Name()))
			}
		}
		return nil
	})
}

// sync brings the names in a folder to disk.
func (f *folder) sync(dir string) error {
	return f.do("sync", dir, func() error {
		d, err := f.root.Open(dir)
		if err != nil {
			return err
		}
		return errors.Join(d.Sync(), d.Close())
	})
}

// moved are the folders that files have come into, and those that they were in.
type moved struct{ into, from map[string]bool }

// together brings the names that its calls give to disk when all are made: where
// each waits for the disk by itself, a dozen files wait for it fifty times. The
// folders are on disk before, and new names before old ones are gone.
func (f *folder) together(into []string, calls func(objects) error) error {
	if err := f.mkdir(into...); err != nil {
		return stored(err, "making folders")
	}
	late := &moved{map[string]bool{}, map[string]bool{}}
	if err := calls(&folder{root: f.root, around: f.around, placed: f.placed, late: late}); err != nil {
		return err
	}
	for _, dirs := range []map[string]bool{late.into, late.from} {
		for _, dir := range slices.Sorted(maps.Keys(dirs)) {
			if err := f.sync(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // else nothing is in it, whoever has done that
				return stored(err, "bringing the names in %s to disk", dir)
			}
		}
	}
	return nil
}

// places are folders whose names are on disk, and those of all above them.
type places struct {
	sync.Mutex
	known map[string]bool
}

func (p *places) has(dir string) bool {
	p.Lock()
	defer p.Unlock()
	return p.known[dir]
}

func (p *places) add(dir string) {
	p.Lock()
	defer p.Unlock()
	if p.known == nil {
		p.known = map[string]bool{}
	}
	p.known[dir] = true
}

func (p *places) drop(dir string) {
	p.Lock()
	defer p.Unlock()
	delete(p.known, dir)
}
