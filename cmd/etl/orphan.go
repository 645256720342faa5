package main

import (
	"context"
	"os"
	"syscall"
	"time"

	"etl/internal/fault"
)

// parentEvery is how often a run looks for its parent.
const parentEvery = time.Second

// withParent returns a context that ends, as if by SIGTERM, when the process
// that started this one is no more. Of a parent that dies the children go to
// another one (getppid(2)), on every system alike.
func withParent(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	parent := os.Getppid()
	go func() {
		tick := time.NewTicker(parentEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if os.Getppid() != parent {
					cancel(&fault.Signal{Signal: syscall.SIGTERM})
					return
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}
