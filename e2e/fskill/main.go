//go:build linux

// Fskill runs a program under ptrace and kills it at one of its calls to the
// file system:
//
//	fskill [-log FILE] [-record FILE -below FOLDER] [-kind KIND -at N [-after]] PROGRAM [ARGUMENT…]
//
// Calls are counted over all threads: those that create, write, sync, close,
// rename, link and remove files, or make folders. Files that are open for
// reading alone, and everything that is no file, do not count. With -log it
// writes the kind of each call to a file, a line each. With -record it writes all
// that the program did to files below a folder, with their data, as package
// power reads it.
//
// It ends with the exit code of the program; with 137 if it has killed it, and
// with 77, and the reason, where ptrace is not allowed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"etl/e2e/power"
)

// Exit codes of fskill itself; a shell has the same for a killed program.
const (
	exitKilled    = 128 + int(unix.SIGKILL)
	exitForbidden = 77
)

func main() {
	k := &killer{pending: map[int]*call{}, written: map[uint64]bool{}, counts: map[string]int{}}
	log := flag.String("log", "", "`FILE` that gets the kinds of all calls")
	record := flag.String("record", "", "`FILE` that gets all calls")
	below := flag.String("below", "/", "`FOLDER` whose calls are recorded")
	flag.StringVar(&k.kind, "kind", "", "`KIND` of the call to kill at")
	flag.IntVar(&k.at, "at", 0, "number of the call of that kind, from 1")
	flag.BoolVar(&k.after, "after", false, "kill after the call, not before")
	flag.Parse()
	if *record != "" {
		k.recorder = &recorder{below: *below, begun: map[int]power.Call{}, open: map[int]bool{}}
	}
	exit, err := k.run(flag.Args())
	if err == nil && k.recorder != nil {
		err = power.Record(*record, k.recorder.calls)
	}
	if err == nil && *log != "" {
		err = os.WriteFile(*log, []byte(strings.Join(k.kinds, "\n")), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fskill:", err)
		exit = max(exit, 1)
	}
	os.Exit(exit)
}

// A call is one that a thread has entered and not left.
type call struct {
	kind string // empty: not one that counts
	nr   uint64
	args [6]uint64
	last bool // the program dies after it
}

// A killer follows one program.
type killer struct {
	kind   string
	at     int
	after  bool
	pid    int
	killed bool

	pending map[int]*call   // by thread
	written map[uint64]bool // descriptors of files that are open for writing
	counts  map[string]int  // calls so far, by kind
	kinds   []string        // of all calls so far

	recorder *recorder // nil: calls are not recorded
}

// run follows a program to its end and returns its exit code.
func (k *killer) run(args []string) (exit int, err error) {
	runtime.LockOSThread() // ptrace knows the thread that has started the program
	p, err := os.StartProcess(args[0], args, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return exitForbidden, fmt.Errorf("starting under ptrace: %w", err)
	}
	k.pid = p.Pid
	var status unix.WaitStatus
	if _, err := unix.Wait4(k.pid, &status, 0, nil); err != nil || !status.Stopped() {
		return exitForbidden, fmt.Errorf("the program does not stop for ptrace: status %#x, %w", status, err)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(k.pid, options); err != nil {
		return exitForbidden, fmt.Errorf("setting options of ptrace: %w", err)
	}
	if err := unix.PtraceSyscall(k.pid, 0); err != nil {
		return exitForbidden, fmt.Errorf("going on under ptrace: %w", err)
	}
	return k.follow()
}

// follow lets the threads go from stop to stop until there are none.
func (k *killer) follow() (exit int, err error) {
	known := map[int]bool{k.pid: true}
	for {
		var status unix.WaitStatus
		tid, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ECHILD:
			return exit, nil
		case err != nil:
			return 1, fmt.Errorf("waiting: %w", err)
		case status.Exited() && tid == k.pid:
			exit = status.ExitStatus()
		case status.Signaled() && tid == k.pid:
			exit = 128 + int(status.Signal())
		}
		if !status.Stopped() {
			continue
		}
		signal := status.StopSignal()
		switch {
		case signal == unix.SIGTRAP|0x80:
			if err := k.stopped(tid); err != nil {
				return 1, err
			}
			signal = 0
		case signal == unix.SIGTRAP, signal == unix.SIGSTOP && !known[tid]:
			signal = 0 // a new thread
		}
		known[tid] = true
		if err := unix.PtraceSyscall(tid, int(signal)); err != nil && err != unix.ESRCH {
			return 1, fmt.Errorf("going on: %w", err)
		}
	}
}

// stopped looks at a thread that enters or leaves a call.
func (k *killer) stopped(tid int) error {
	info, err := syscallInfo(tid)
	if errors.Is(err, unix.ESRCH) || k.killed {
		return nil // dying
	}
	if err != nil {
		return fmt.Errorf("looking at a call: %w", err)
	}
	if k.recorder != nil {
		if err := k.recorder.stopped(tid, info); err != nil {
			return err
		}
	}
	if info.op == opEntry {
		c := &call{nr: info.nr(), args: info.args()}
		c.kind = k.kindOf(c)
		k.pending[tid] = c
		return k.enter(c)
	}
	if c := k.pending[tid]; c != nil {
		delete(k.pending, tid)
		if c.nr == unix.SYS_OPENAT && c.kind != "" && !info.failed() {
			k.written[info.result()] = true
		}
		if c.last {
			return k.kill()
		}
	}
	return nil
}

// enter counts a call, and kills the program if it is the one.
func (k *killer) enter(c *call) error {
	if c.nr == unix.SYS_CLOSE {
		delete(k.written, c.args[0])
	}
	if c.kind == "" {
		return nil
	}
	k.counts[c.kind]++
	k.kinds = append(k.kinds, c.kind)
	if c.kind != k.kind || k.counts[c.kind] != k.at {
		return nil
	}
	c.last = k.after
	if c.last {
		return nil
	}
	return k.kill()
}

// kill ends the program. A thread that is about to make a call does not make it.
func (k *killer) kill() error {
	k.killed = true
	if err := unix.Kill(k.pid, unix.SIGKILL); err != nil {
		return fmt.Errorf("killing: %w", err)
	}
	return nil
}

// kindOf returns the name of a call that counts, and nothing for any other.
func (k *killer) kindOf(c *call) string {
	switch c.nr {
	case unix.SYS_OPENAT:
		if c.args[2]&(unix.O_WRONLY|unix.O_RDWR|unix.O_CREAT) != 0 {
			return "open"
		}
	case unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_PWRITE64:
		if k.written[c.args[0]] {
			return "write"
		}
	case unix.SYS_CLOSE:
		if k.written[c.args[0]] {
			return "close"
		}
	case unix.SYS_FTRUNCATE:
		return "truncate"
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		return "sync"
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		return "rename"
	case unix.SYS_LINKAT:
		return "link"
	case unix.SYS_UNLINKAT:
		return "unlink"
	case unix.SYS_MKDIRAT:
		return "mkdir"
	}
	return ""
}
