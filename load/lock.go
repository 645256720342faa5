package load

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"etl/internal/fault"
)

// Lock takes the lock of the data set, so that two runs do not do the same
// work. It fails with fault.Conflict if another process holds it. The system
// frees the lock of a process that dies. No data is lost without the lock: of
// two runs that commit, one is refused.
func (d *Dataset) Lock() (unlock func() error, err error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	local, ok := d.store.objects.(*folder)
	if !ok {
		return func() error { return nil }, nil // only folders have locks
	}
	file, err := local.lockFile(d.state("lock"))
	if err != nil {
		return nil, stored(err, "locking %s", d.pipeline)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fault.New(fault.Conflict, "another run holds the lock").
			WithHint("wait until it has ended")
	}
	if err != nil {
		return nil, stored(errors.Join(err, file.Close()), "locking %s", d.pipeline)
	}
	return file.Close, nil
}

// lockFile opens the file that a lock is taken on. It is never removed: who
// waits on a removed file and who makes it anew would both hold the lock.
func (f *folder) lockFile(name string) (file *os.File, err error) {
	if err := f.mkdir(path.Dir(name)); err != nil {
		return nil, err
	}
	err = f.do("open", name, func() error {
		file, err = f.root.OpenFile(name, os.O_RDWR|os.O_CREATE, forUs)
		return err
	})
	return file, err
}

// LockFile takes a lock of this machine on a file, so that of several processes
// one goes on with what another has left. It reports false if another holds it.
// To unlock removes the file.
func LockFile(name string) (unlock func() error, ok bool, err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return nil, false, fault.New(fault.Storage, "locking %s: %w", name, err)
	}
	for {
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, forUs)
		if err != nil {
			return nil, false, fault.New(fault.Storage, "locking %s: %w", name, err)
		}
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, false, file.Close()
		}
		if err != nil {
			return nil, false, fault.New(fault.Storage, "locking %s: %w", name, errors.Join(err, file.Close()))
		}
		if stands(file, name) {
			return func() error { return errors.Join(os.Remove(name), file.Close()) }, true, nil
		}
		if err := file.Close(); err != nil { // it was removed when its lock was free: another stands there
			return nil, false, fault.New(fault.Storage, "locking %s: %w", name, err)
		}
	}
}

// stands tells whether a file is the one that has a name.
func stands(file *os.File, name string) bool {
	mine, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(name)
	return err == nil && os.SameFile(mine, there)
}
