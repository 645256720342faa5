package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"etl/internal/fault"
)

// A reply must begin soon, see defaultPatience, and keep coming: fewer bytes than
// these in a window of time are a connection that is dead, or one that would take
// hours.
const (
	progressWindow = 30 * time.Second
	progressBytes  = 4 << 10
)

// A watchdog breaks a reply off whose body comes too slowly.
type watchdog struct {
	io.Closer
	from  io.Reader
	read  atomic.Int64
	timer *time.Timer
}

// watch returns a reader of a body. If it gets too slow, cancel ends the
// request with the reason. Stop it when the body was read.
func watch(body io.ReadCloser, cancel context.CancelCauseFunc) *watchdog {
	w := &watchdog{Closer: body, from: body}
	var before int64
	w.timer = time.AfterFunc(progressWindow, func() {
		now := w.read.Load()
		if now-before < progressBytes {
			cancel(tooSlow("the reply comes too slowly: less than %d KiB in %v", progressBytes>>10, progressWindow))
			return
		}
		before = now
		w.timer.Reset(progressWindow)
	})
	return w
}

func (w *watchdog) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	w.read.Add(int64(n))
	return n, err
}

func (w *watchdog) stop() { w.timer.Stop() }

// reasonOf returns why a request was broken off, else err.
func reasonOf(abort context.Context, err error) error {
	if slow, ok := errors.AsType[*brokenError](context.Cause(abort)); ok {
		return slow
	}
	return err
}

// tooSlow is the reason of a request that took too long, for another try.
func tooSlow(format string, args ...any) error {
	return &brokenError{fault.New(fault.Transient, "%s", fmt.Sprintf(format, args...)), 0}
}
