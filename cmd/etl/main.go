// Command etl reads CRM APIs and leaves exact, partitioned Parquet.
//
// This package is the binary: flags, wiring and printing. What a run does is
// decided in internal/pipeline; what goes wrong becomes an exit code in
// internal/fault. Results go to stdout, everything else to stderr. No record
// value and no secret is ever printed, except by preview, rejects, inspect
// --bounds and sim, which are asked for them.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"etl/internal/fault"
	"etl/internal/memory"
)

func main() {
	memory.Limit(os.LookupEnv, os.DirFS("/"), debug.SetMemoryLimit)
	memory.Pace(os.LookupEnv, debug.SetGCPercent)
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go obey(signals, cancel, os.Exit)
	os.Exit(run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// obey lets the first signal end the work in good order, and the second end
// the process at once.
func obey(signals <-chan os.Signal, cancel context.CancelCauseFunc, exit func(int)) {
	first := stopped(<-signals)
	cancel(first)
	exit(fault.Exit(stopped(<-signals)))
}

func stopped(s os.Signal) *fault.Signal {
	number, _ := s.(syscall.Signal) // every signal of this system is one
	return &fault.Signal{Signal: number}
}
