package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestExit(t *testing.T) {
	plain := errors.New("x")
	tests := []struct {
		name string
		errs []error
		want int
	}{
		{"nothing", nil, 0},
		{"nil", []error{nil}, 0},
		{"no class is a bug", []error{plain}, 1},
		{"a file", []error{fmt.Errorf("writing keys: %w", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})}, 7},
		{"a link", []error{&os.LinkError{Op: "link", Old: "x", New: "y", Err: syscall.EIO}}, 7},
		{"wrapped", []error{fmt.Errorf("reading: %w", New(Auth, "no"))}, 5},
		{"configuration before everything", []error{New(Transient, "a"), New(Config, "b"), plain}, 2},
		{"storage before data", []error{New(Data, "a"), New(Storage, "b")}, 7},
		{"conflict before incomplete", []error{New(Incomplete, "a"), New(Conflict, "b")}, 8},
		{"incomplete before transient", []error{New(Transient, "a"), New(Incomplete, "b")}, 6},
		{"a signal before all", []error{New(Config, "a"), &Signal{syscall.SIGTERM}}, 143},
		{"interrupt", []error{fmt.Errorf("run: %w", &Signal{syscall.SIGINT})}, 130},
		{"an ended context", []error{context.Canceled}, 130},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Exit(tt.errs...); got != tt.want {
				t.Errorf("Exit = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestASignalInterrupts(t *testing.T) {
	if got := Of(fmt.Errorf("run: %w", &Signal{syscall.SIGTERM})); got != Interrupted {
		t.Errorf("Of = %v, want interrupted", got)
	}
}

func TestHintReachesTheInnerError(t *testing.T) {
	err := New(Storage, "outer: %w", New(Config, "inner").WithHint("set %s", "X"))
	if got := Hint(fmt.Errorf("more: %w", err)); got != "set X" {
		t.Errorf("Hint = %q", got)
	}
	if got := Of(err); got != Storage {
		t.Errorf("Of = %v, want the outermost class", got)
	}
}

func TestHintOfTheSystem(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string // is part of the hint; empty: there is none
	}{
		{"too many files of this process", syscall.EMFILE, "ulimit -n"},
		{"too many files of the machine", syscall.ENFILE, "fs.file-max"},
		{"a full disk", New(Storage, "writing: %w", syscall.ENOSPC), "make room"},
		{"a quota", New(Storage, "writing: %w", syscall.EDQUOT), "quota"},
		{"a hint of its own comes first", New(Storage, "writing: %w", syscall.ENOSPC).WithHint("own"), "own"},
		{"anything else", syscall.EIO, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Hint(fmt.Errorf("run: %w", tt.err))
			if !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
				t.Errorf("Hint = %q, want %q", got, tt.want)
			}
		})
	}
}
