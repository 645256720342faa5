package load

import (
	"errors"
	"io"
	"os"
	"path"
)

// A scratch is a file that a process makes for itself alone: it is written and
// read at any place, and promises nothing after a crash. Close removes it.
type scratch interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// scratch makes a file for this process alone. Its name must end in .part; gc
// takes what a crash leaves of it for a staged file.
func (st *Stage) scratch(name string) (scratch, error) {
	s, err := st.data.store.objects.scratch(path.Join(st.folder, name))
	return s, stored(err, "writing %s of %s", name, st.data.pipeline)
}

// readWhole reads all of p from a place of a file: an end within it is an error
// too.
func readWhole(in io.ReaderAt, p []byte, at int64) error {
	n, err := in.ReadAt(p, at)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// A localScratch is a scratch in a folder.
type localScratch struct {
	folder *folder
	name   string
	file   *os.File
}

func (f *folder) scratch(name string) (s scratch, err error) {
	create := func() error {
		file, err := f.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, forUs)
		if err == nil {
			s = &localScratch{f, name, file}
		}
		return err
	}
	err = f.within(path.Dir(name), func() error { return f.do("write", name, create) })
	return s, err
}

func (s *localScratch) WriteAt(p []byte, at int64) (n int, err error) {
	err = s.folder.do("append", s.name, func() error {
		n, err = s.file.WriteAt(p, at)
		return err
	})
	return n, err
}

func (s *localScratch) ReadAt(p []byte, at int64) (n int, err error) {
	err = s.folder.do("read", s.name, func() error {
		n, err = s.file.ReadAt(p, at)
		return err
	})
	return n, err
}

func (s *localScratch) Close() error {
	return errors.Join(s.file.Close(), s.folder.remove(s.name))
}

// scratch of a bucket is a file of this machine.
func (r *remote) scratch(string) (scratch, error) { return r.temp() }
