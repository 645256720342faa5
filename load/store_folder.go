package load

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
	"syscall"
	"time"

	"etl/internal/fault"
)

// folder keeps objects in a local folder. Files are 0640 and folders 0750,
// whatever the umask; what is not meant for readers is 0600.
type folder struct {
	root *os.Root
	// around makes each call to the file system; nil: it is just made. Tests
	// record calls with it, fail them, or lose their answers.
	around func(op, name string, call func() error) error
	placed *places // folders that need not be made
	late   *moved  // nil: what is moved is brought to disk at once
}

// temporary is where objects are written before they get their name: on the
// same file system, and where no reader looks.
const temporary = "_etl/.tmp"

// Who may read a file.
const (
	forReaders fs.FileMode = 0o640 // data and views
	forUs      fs.FileMode = 0o600 // our own books, and what holds raw records
)

func openFolder(abs string) (*folder, error) {
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fault.New(fault.Storage, "opening the destination: %w", err)
	}
	above, err := os.Stat(abs + "/..") // not cleaned: of a link, what lies above its target
	if err != nil {
		return nil, fault.New(fault.Storage, "opening the destination: %w", err)
	}
	if exposed(info.Mode(), device(info) != device(above)) {
		return nil, fault.New(fault.Storage, "opening the destination %s: everybody may write to it", abs).
			WithHint("chmod o-w %s, or name a folder below it", abs)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fault.New(fault.Storage, "opening the destination: %w", err)
	}
	return &folder{root: root, placed: &places{}}, nil
}

// exposed tells whether strangers could put files of theirs into a folder, in
// the place of ours: everybody may write to it. Where only owners may rename
// and remove (the sticky bit, as of /tmp) they cannot; and the root of a mount
// that is open to all is a volume that was made for one job, such as an
// emptyDir of Kubernetes.
func exposed(mode fs.FileMode, mount bool) bool {
	return mode.Perm()&0o002 != 0 && mode&fs.ModeSticky == 0 && !mount
}

// device returns the number of the file system that a file lies on, which
// systems keep in integers of different kinds.
func device(info fs.FileInfo) any {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Dev
	}
	return nil
}

// do makes one call to the file system.
func (f *folder) do(op, name string, call func() error) error {
	if f.around != nil {
		return f.around(op, name, call)
	}
	return call()
}

func (f *folder) read(name string) (data []byte, err error) {
	err = f.do("read", name, func() error {
		data, err = f.root.ReadFile(name)
		return err
	})
	return data, err
}

// localBlob is a file open for reading.
type localBlob struct {
	*os.File
	size int64
}

func (b localBlob) Size() int64 { return b.size }

func (f *folder) open(name string) (b blob, err error) {
	err = f.do("open", name, func() error {
		file, err := f.root.Open(name)
		if err != nil {
			return err
		}
		info, err := file.Stat()
		if err != nil {
			return errors.Join(err, file.Close())
		}
		b = localBlob{file, info.Size()}
		return nil
	})
	return b, err
}

func (f *folder) modified(name string) (t time.Time, err error) {
	err = f.do("stat", name, func() error {
		info, err := f.root.Lstat(name)
		if err == nil {
			t = info.ModTime()
		}
		return err
	})
	return t, err
}

func (f *folder) list(dir string) (names []string, err error) {
	err = f.do("list", dir, func() error {
		return fs.WalkDir(f.root.FS(), dir, func(name string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // never there, or removed by another process as we looked
			}
			if err == nil && !entry.IsDir() {
				names = append(names, name)
			}
			return err
		})
	})
	sort.Strings(names)
	return names, err
}

func (f *folder) create(name string, data []byte) error {
	return f.place(name, data, f.link)
}

func (f *folder) put(name string, data []byte) error {
	return f.place(name, data, f.rename)
}

// placings is how often an object is written whose temporary file goes: gc takes
// it for what a crash has left if its writer sleeps for long.
const placings = 3

// place writes an object under a temporary name and gives it its own in one step.
func (f *folder) place(name string, data []byte, under func(from, to string) error) (err error) {
	for range placings {
		if err = f.placeOnce(name, data, under); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

func (f *folder) placeOnce(name string, data []byte, under func(from, to string) error) error {
	temp := path.Join(temporary, rand.Text())
	mode := forReaders
	if strings.HasPrefix(name, "_etl/") {
		mode = forUs
	}
	s, err := f.write(temp, mode)
	if err != nil {
		return err
	}
	if _, err := s.Write(data); err != nil {
		return errors.Join(err, s.Abort())
	}
	if _, _, err := s.Close(); err != nil {
		return errors.Join(err, f.remove(temp))
	}
	err = f.within(path.Dir(name), func() error { return under(temp, name) })
	if err == nil {
		err = f.sync(path.Dir(name))
	}
	return errors.Join(err, f.remove(temp))
}

// link gives a file another name if nothing has it.
func (f *folder) link(from, to string) error {
	return f.do("link", to, func() error { return f.root.Link(from, to) })
}

func (f *folder) rename(from, to string) error {
	return f.do("rename", to, func() error { return f.root.Rename(from, to) })
}

func (f *folder) move(from, to string) error {
	if err := f.within(path.Dir(to), func() error { return f.rename(from, to) }); err != nil {
		return err
	}
	if f.late != nil {
		f.late.into[path.Dir(to)], f.late.from[path.Dir(from)] = true, true
		return nil
	}
	return errors.Join(f.sync(path.Dir(to)), f.sync(path.Dir(from)))
}

func (f *folder) remove(name string) error {
	err := f.do("remove", name, func() error { return f.root.Remove(name) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (f *folder) tidy(dir string) error {
	err := f.do("rmdir", dir, func() error { return f.root.Remove(dir) })
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) { // ENOTEMPTY is ErrExist
		return nil
	}
	return err
}

// write opens the file of a new object.
func (f *folder) write(name string, mode fs.FileMode) (s *sink, err error) {
	create := func() error {
		file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
		if err != nil {
			return err
		}
		if err := file.Chmod(mode); err != nil {
			return errors.Join(err, file.Close())
		}
		s = newSink(name, &localOutput{folder: f, name: name, file: file})
		return nil
	}
	err = f.within(path.Dir(name), func() error { return f.do("write", name, create) })
	return s, err
}

// A localOutput is a file that is being written.
type localOutput struct {
	folder *folder
	name   string
	file   *os.File
}

func (o *localOutput) Write(data []byte) (n int, err error) {
	err = o.folder.do("append", o.name, func() error {
		n, err = o.file.Write(data)
		return err
	})
	return n, err
}

func (o *localOutput) Close() error {
	err := o.folder.do("fsync", o.name, o.file.Sync)
	err = errors.Join(err, o.folder.do("close", o.name, o.file.Close))
	if err == nil {
		err = o.folder.sync(path.Dir(o.name))
	}
	return err
}

func (o *localOutput) Abort() error {
	return errors.Join(o.file.Close(), o.folder.remove(o.name))
}
