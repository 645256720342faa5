package fault

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// exits holds the exit code of each class.
var exits = map[Class]int{
	Bug: 1, Config: 2, Transient: 3, Data: 4, Auth: 5, Incomplete: 6, Storage: 7, Conflict: 8, Interrupted: 130,
}

// severity lists the exit codes in the order in which they win over others.
var severity = []int{2, 1, 5, 7, 4, 8, 6, 3}

// A Signal is the cause of a context that a signal ended.
type Signal struct{ Signal syscall.Signal }

func (s *Signal) Error() string { return fmt.Sprintf("stopped by %v", s.Signal) }

// Exit returns the exit code for what went wrong in a command: 0 for nothing,
// 128 + number for a signal, else the weightiest of the codes of all errors.
func Exit(errs ...error) int {
	occurred := map[int]bool{}
	for _, err := range errs {
		if err == nil {
			continue
		}
		if s, ok := errors.AsType[*Signal](err); ok {
			return 128 + int(s.Signal)
		}
		occurred[exits[Of(err)]] = true
	}
	for _, code := range severity {
		if occurred[code] {
			return code
		}
	}
	if len(occurred) > 0 {
		return exits[Interrupted]
	}
	return 0
}

// RetryAfter returns when trying again makes sense: the longest of what the
// errors say, 0 if none says so.
func RetryAfter(errs ...error) (longest time.Duration) {
	for _, err := range errs {
		if e, ok := errors.AsType[*Error](err); ok {
			longest = max(longest, e.RetryAfter)
		}
	}
	return longest
}
