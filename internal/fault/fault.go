// Package fault names the kinds of failure that a run can end with.
//
// Every stage says with it what kind a failure is and what the user can do
// about it; cmd/etl alone turns the kind into an exit code. A fault never
// holds a record value or a secret.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Class says what kind of failure an error is, and so whether to try again.
type Class int

// The classes. The zero class is a fault in this program.
const (
	Bug         Class = iota // a fault in this program
	Config                   // usage or configuration
	Transient                // network, rate limit, 5xx: try again
	Data                     // rejects over the limit, drift, shrink, a reply that makes no sense
	Auth                     // credentials or permission
	Incomplete               // the proof was not reached
	Storage                  // disk full, no permission
	Conflict                 // locked by another run, or lost the race to commit
	Interrupted              // stopped by a signal
)

var names = map[Class]string{
	Bug: "bug", Config: "config", Transient: "transient", Data: "data", Auth: "auth",
	Incomplete: "incomplete", Storage: "storage", Conflict: "conflict", Interrupted: "interrupted",
}

// String returns the word that messages and the summary use for the class.
func (c Class) String() string { return names[c] }

// An Error is a failure of a known class.
type Error struct {
	Class      Class
	Err        error         // what is wrong; never nil
	Hint       string        // what to do about it; may be empty
	RetryAfter time.Duration // when trying again makes sense; 0 if unknown
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a class. The format is that of fmt.Errorf.
func New(c Class, format string, args ...any) *Error {
	return &Error{Class: c, Err: fmt.Errorf(format, args...)}
}

// WithHint adds what the user can do about e, and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Of returns the class of err: that of the outermost Error in its chain,
// Interrupted for a signal or an ended context, Storage if a file could not be
// used, else Bug.
func Of(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	if _, ok := errors.AsType[*Signal](err); ok {
		return Interrupted
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Interrupted
	}
	if ofFile(err) {
		return Storage
	}
	return Bug
}

// Hint returns the hint of the outermost Error in err's chain that has one, else
// what to do about the answer of the operating system that it came of.
func Hint(err error) string {
	for e, ok := errors.AsType[*Error](err); ok; e, ok = errors.AsType[*Error](e.Err) {
		if e.Hint != "" {
			return e.Hint
		}
	}
	return SystemHint(err)
}
