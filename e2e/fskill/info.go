//go:build linux

package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// opEntry says in a callInfo that the thread enters the call.
const opEntry = 1

// A callInfo is struct ptrace_syscall_info of linux/ptrace.h, which is the same
// on all processors.
type callInfo struct {
	op   uint8
	_    [3]uint8
	_    uint32    // processor
	_    [2]uint64 // instruction and stack
	data [8]uint64 // entering: number and arguments; leaving: result, and whether it is an error
}

func (i *callInfo) nr() uint64      { return i.data[0] }
func (i *callInfo) args() [6]uint64 { return [6]uint64(i.data[1:7]) }
func (i *callInfo) result() uint64  { return i.data[0] }
func (i *callInfo) failed() bool    { return uint8(i.data[1]) != 0 }

// syscallInfo returns the call that a stopped thread enters or leaves.
func syscallInfo(tid int) (info callInfo, err error) {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return info, errno
	}
	return info, nil
}
