package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// SystemHint returns what to do about an answer of the operating system that
// says that something is used up; empty: err comes of no such answer.
func SystemHint(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return "this process may have " + openFiles() + " open: raise the limit (ulimit -n), or run fewer pipelines at one time"
	case errors.Is(err, syscall.ENFILE):
		return "all processes of this machine have as many files open as it allows (fs.file-max)"
	case errors.Is(err, syscall.ENOSPC):
		return "make room on the disk; a run again goes on where this one has stopped"
	case errors.Is(err, syscall.EDQUOT):
		return "the user's quota on the disk is used up: make room or raise it; a run again goes on where this one has stopped"
	}
	return ""
}

// ofFile tells whether an error comes of a file that could not be used.
func ofFile(err error) bool {
	_, path := errors.AsType[*fs.PathError](err)
	_, link := errors.AsType[*os.LinkError](err)
	return path || link
}

// openFiles names the limit of this process.
func openFiles() string {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return "no more files"
	}
	return fmt.Sprintf("%d files", limit.Cur)
}
