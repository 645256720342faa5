package load

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// mostParts is how many parts Linux writes in one call (UIO_MAXIOV).
const mostParts = 1024

// writeParts writes parts to a file, one after the other. They go in one call if
// there are not too many: in the cache of the disk a file that comes as one piece
// takes fewer and larger pieces of memory, which are made and let go sooner.
func writeParts(file *os.File, parts [][]byte) error {
	for parts = behind(parts, 0); len(parts) > 0; {
		n, err := unix.Writev(int(file.Fd()), parts[:min(len(parts), mostParts)])
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err == nil && n == 0 {
			err = io.ErrShortWrite
		}
		if err != nil {
			return &fs.PathError{Op: "writev", Path: file.Name(), Err: err}
		}
		parts = behind(parts, n)
	}
	return nil
}

// behind returns what is left of parts after n bytes of them, the first not
// empty. It leaves the bytes alone, not the list.
func behind(parts [][]byte, n int) [][]byte {
	for len(parts) > 0 && n >= len(parts[0]) {
		n -= len(parts[0])
		parts = parts[1:]
	}
	if n > 0 {
		parts[0] = parts[0][n:]
	}
	return parts
}
