package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"etl/internal/fault"
)

// A Space is what a file system has left.
type Space struct {
	Free   int64 // bytes that this user may still write; what quotas allow is not known
	Device any   // tells file systems apart; comparable
	Known  bool  // some file systems, such as buckets that are mounted, tell nothing
}

// SpaceOf returns what is left where a folder lies, or will lie once it is made:
// another process may remove it, empty as it is, at any moment.
func SpaceOf(dir string) (Space, error) {
	space, err := spaceOf(dir)
	for above := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && above != dir; above = filepath.Dir(dir) {
		dir = above
		space, err = spaceOf(dir)
	}
	if err != nil {
		return Space{}, fault.New(fault.Storage, "looking at the free space of %s: %w", dir, err)
	}
	return space, nil
}

func spaceOf(dir string) (Space, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return Space{}, err
	}
	var s syscall.Statfs_t
	if err := statfs(dir, &s); err != nil {
		return Space{}, err
	}
	return Space{Free: int64(s.Bavail) * int64(s.Bsize), Device: device(info), Known: s.Blocks > 0}, nil //nolint:unconvert // systems have integers of different kinds
}

// statfs asks again when a signal comes between.
func statfs(dir string, s *syscall.Statfs_t) error {
	for {
		if err := syscall.Statfs(dir, s); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// SizeOf returns how many bytes the files below a folder have, 0 if there is
// none. What goes while it looks does not count.
func SizeOf(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				total += info.Size()
			}
		}
		return unlessGone(err)
	})
	return total, stored(err, "looking at the size of %s", dir)
}

// Local returns the folder of this machine that files lie in on their way: of a
// destination that is a folder itself, of a bucket the place of its stage.
func (s *Store) Local() string { return s.local }
