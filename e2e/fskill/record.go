//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"etl/e2e/power"
)

// A recorder notes what a program does to the files below a folder. A call
// counts from when it has returned; the power may go before and after it.
type recorder struct {
	below string
	calls []power.Call
	begun map[int]power.Call // by thread
	open  map[int]bool       // descriptors of files below the folder that are open for writing
}

// stopped looks at a thread that enters or leaves a call.
func (r *recorder) stopped(tid int, info callInfo) error {
	if info.op == opEntry {
		delete(r.begun, tid)
		c, err := r.enter(tid, info.nr(), info.args())
		if err != nil {
			return fmt.Errorf("recording a call: %w", err)
		}
		switch {
		case c.Kind == power.Close: // the number is free before the call has returned
			delete(r.open, c.FD)
			r.calls = append(r.calls, c)
		case c.Kind != "":
			r.begun[tid] = c
		}
		return nil
	}
	c, known := r.begun[tid]
	delete(r.begun, tid)
	if !known || info.failed() {
		return nil
	}
	switch c.Kind {
	case power.Open:
		c.FD = int(info.result())
		r.open[c.FD] = true
	case power.Write:
		c.Data = c.Data[:info.result()]
		if len(c.Data) == 0 {
			return nil
		}
	}
	r.calls = append(r.calls, c)
	return nil
}

// enter returns what a call is about to do, without a kind if it is nothing to
// files below the folder.
func (r *recorder) enter(tid int, nr uint64, args [6]uint64) (c power.Call, err error) {
	c = power.Call{FD: int(args[0]), Begun: len(r.calls)}
	switch nr {
	case unix.SYS_WRITE:
		if c.FD == 1 || c.FD == 2 {
			c.Kind = power.Say
			c.Data, err = memory(tid, args[1], args[2])
			return c, err
		}
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		if !r.open[c.FD] {
			c.Kind = power.SyncDir
			c.Path, err = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", tid, c.FD))
			return r.inside(c), err
		}
	case unix.SYS_OPENAT:
		if args[2]&(unix.O_WRONLY|unix.O_RDWR|unix.O_CREAT) != 0 {
			return r.names(tid, power.Open, args, args[2]&unix.O_TRUNC/unix.O_TRUNC)
		}
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		return r.names(tid, power.Rename, args, 0)
	case unix.SYS_LINKAT:
		return r.names(tid, power.Link, args, 0)
	case unix.SYS_MKDIRAT:
		return r.names(tid, power.Mkdir, args, 0)
	case unix.SYS_UNLINKAT:
		if args[2]&unix.AT_REMOVEDIR != 0 {
			return r.names(tid, power.Rmdir, args, 0)
		}
		return r.names(tid, power.Unlink, args, 0)
	case unix.SYS_COPY_FILE_RANGE, unix.SYS_SPLICE:
		c.FD = int(args[2])
	}
	if !r.open[c.FD] {
		return power.Call{}, nil
	}
	return r.ofFile(tid, c, nr, args)
}

// ofFile returns what a call is about to do with a file that is open.
func (r *recorder) ofFile(tid int, c power.Call, nr uint64, args [6]uint64) (_ power.Call, err error) {
	switch nr {
	case unix.SYS_CLOSE:
		c.Kind = power.Close
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		c.Kind = power.Sync
	case unix.SYS_FTRUNCATE:
		c.Kind, c.At = power.Truncate, int64(args[1])
	case unix.SYS_PWRITE64:
		c.Kind, c.At = power.Write, int64(args[3])
		c.Data, err = memory(tid, args[1], args[2])
	case unix.SYS_WRITE, unix.SYS_WRITEV:
		read := memory
		if nr == unix.SYS_WRITEV {
			read = memories
		}
		c.Kind = power.Write
		if c.At, err = position(tid, c.FD); err == nil {
			c.Data, err = read(tid, args[1], args[2])
		}
	case unix.SYS_PWRITEV, unix.SYS_PWRITEV2, unix.SYS_SENDFILE, unix.SYS_COPY_FILE_RANGE,
		unix.SYS_SPLICE, unix.SYS_FALLOCATE, unix.SYS_DUP, unix.SYS_DUP3:
		err = fmt.Errorf("call %d to a file is not known here", nr)
	}
	return c, err
}

// names returns a call that goes by names: one, or two of a rename and a link.
func (r *recorder) names(tid int, kind string, args [6]uint64, at uint64) (c power.Call, err error) {
	c = power.Call{Kind: kind, At: int64(at)}
	if c.Path, err = path(tid, args[0], args[1]); err != nil {
		return c, err
	}
	if kind == power.Rename || kind == power.Link {
		c.To, err = path(tid, args[2], args[3])
	}
	return r.inside(c), err
}

// inside gives a call the names below the folder. It is none if it is outside.
func (r *recorder) inside(c power.Call) power.Call {
	rel, err := filepath.Rel(r.below, c.Path)
	if err != nil || !filepath.IsLocal(rel) {
		return power.Call{}
	}
	c.Path = filepath.ToSlash(rel)
	if c.To != "" {
		c.To = filepath.ToSlash(strings.TrimPrefix(c.To, r.below+"/"))
	}
	return c
}

// path returns the absolute name that a descriptor of a folder and a text in the
// memory of a thread stand for.
func path(tid int, dir, text uint64) (string, error) {
	name, err := memory(tid, text, 4096)
	if err != nil {
		return "", err
	}
	name, _, _ = bytes.Cut(name, []byte{0})
	if filepath.IsAbs(string(name)) {
		return filepath.Clean(string(name)), nil
	}
	link := fmt.Sprintf("/proc/%d/fd/%d", tid, int32(dir))
	if int32(dir) == unix.AT_FDCWD {
		link = fmt.Sprintf("/proc/%d/cwd", tid)
	}
	above, err := os.Readlink(link)
	return filepath.Join(above, string(name)), err
}

// memory returns bytes from the memory of a thread, or as many as there are.
func memory(tid int, at, size uint64) ([]byte, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/mem", tid))
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	data := make([]byte, size)
	n, err := file.ReadAt(data, int64(at))
	if n > 0 {
		err = nil
	}
	return data[:n], err
}

// memories returns the bytes that a list of n struct iovec in the memory of a
// thread stands for, one after the other.
func memories(tid int, at, n uint64) (data []byte, err error) {
	const word = 8 // fskill follows processes of 64 bits, as it is one
	list, err := memory(tid, at, n*2*word)
	for ; err == nil && len(list) >= 2*word; list = list[2*word:] {
		var part []byte
		start, size := binary.NativeEndian.Uint64(list), binary.NativeEndian.Uint64(list[word:])
		part, err = memory(tid, start, size)
		if data = append(data, part...); err == nil && uint64(len(part)) < size {
			err = io.ErrUnexpectedEOF // what follows would be in its place
		}
	}
	return data, err
}

// position returns where the next write to a file goes.
func position(tid, fd int) (int64, error) {
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", tid, fd))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(info)) {
		if text, ok := strings.CutPrefix(line, "pos:"); ok {
			return strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		}
	}
	return 0, fmt.Errorf("the position of descriptor %d is not told", fd)
}
