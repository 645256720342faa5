// Package wire is how the benchmark talks to its child processes: a child is
// started with a Job, makes ready, and then does the job once for every line
// that it reads, each time answering with a Point.
package wire

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Job says what a child does. Each child reads the fields that concern it.
type Job struct {
	Do      string // what, by a name that the child knows
	Schema  string // of package sample
	Data    string // folder of the pages or records; empty: pages are made in memory
	Out     string // folder of what is written
	Other   string // folder of what is compared with Out
	Threads int
	Newest  bool // DuckDB in the version of the tests, not the one of the gates

	Records int // made in memory
	Months  int // partitions of what is made in memory
	Columns int // of the schema; 0: all

	Profile string // file for the profile of the processor; empty: none
}

// A Point is what doing a job once took.
type Point struct {
	Wall    float64 // seconds
	CPU     float64 // seconds of all threads, in user and in system mode
	Allocs  uint64  // of the Go heap
	Peak    int64   // bytes of the process in memory, at most since it started
	Records int64
	Input   int64 // bytes of JSON
	Output  int64 // bytes of Parquet
	Note    string
	Error   string
}

// Serve does a job once for every line of in, and writes a Point for each to
// out. The first line of out is the Point of making ready. Before each time the
// folder of the output is emptied, and the heap swept, which is not measured.
func Serve(in io.Reader, out io.Writer, job Job, ready func(Job) (func() (Point, error), error)) error {
	answers := json.NewEncoder(out)
	do, err := ready(job)
	if err != nil {
		return answers.Encode(Point{Error: err.Error()})
	}
	if err := answers.Encode(Point{}); err != nil {
		return err
	}
	stop, err := profile(job.Profile)
	if err != nil {
		return err
	}
	defer stop()
	for lines := bufio.NewScanner(in); lines.Scan(); {
		p, err := once(job, do)
		if err != nil {
			p.Error = err.Error()
		}
		if err := answers.Encode(p); err != nil {
			return err
		}
	}
	return nil
}

// profile notes where the time goes until stop is called.
func profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, pprof.StartCPUProfile(f)
}

// once does the job and measures it.
func once(job Job, do func() (Point, error)) (Point, error) {
	if job.Out != "" {
		if err := os.RemoveAll(job.Out); err != nil {
			return Point{}, err
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, started := CPU(), time.Now()
	p, err := do()
	if p.Wall == 0 {
		p.Wall, p.CPU = time.Since(started).Seconds(), CPU()-cpu
		runtime.ReadMemStats(&after)
		p.Allocs = after.Mallocs - before.Mallocs
	}
	p.Peak = peak()
	if err == nil && job.Out != "" {
		p.Output, err = size(job.Out)
	}
	return p, err
}

// CPU returns the seconds that this process has had of all cores.
func CPU() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return seconds(u.Utime) + seconds(u.Stime)
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// peak returns the most memory this process has had. On Linux it is VmHWM: the
// ru_maxrss of getrusage begins with that of the process that started this one.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "kB")), 10, 64)
				if err == nil {
					return kb << 10
				}
			}
		}
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return u.Maxrss
	}
	return u.Maxrss << 10
}

// size adds up the Parquet files below a folder.
func size(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(name) != ".parquet" {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("adding up %s: %w", dir, err)
	}
	return total, nil
}

// Main reads the job that the process was started with and serves it.
func Main(ready func(Job) (func() (Point, error), error)) {
	var job Job
	err := json.Unmarshal([]byte(strings.Join(os.Args[1:], "")), &job)
	if err == nil {
		err = Serve(os.Stdin, os.Stdout, job, ready)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// NoAVX2 is the error of a part that needs instructions which the processor
// does not have.
const NoAVX2 = "the processor has no AVX2"
