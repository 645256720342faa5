// Command bench measures etl: against DuckDB on the same records, part by part
// against other libraries, in memory, over the network, and from its start. It
// prints tables in Markdown, and at the end one line for each measure:
//
//	name figure gate aim ok|short
//
// It starts child processes for what takes memory or cores: bench/product runs
// etl, bench/duck runs DuckDB, bench/parts runs libraries in turns.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"time"
)

func main() {
	var s settings
	flag.BoolVar(&s.quick, "quick", false, "a tenth of the data, fewer rounds")
	flag.StringVar(&s.dir, "dir", "out", "`FOLDER` of data that is made once, and of what is written")
	flag.IntVar(&s.threads, "threads", min(2, runtime.NumCPU()), "of etl and of DuckDB")
	flag.StringVar(&s.profiles, "profiles", "", "`FOLDER` for a profile of each child process; figures are then a little worse")
	only := flag.String("only", "", "measure only what matches this `REGEXP`; the others print no line")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if s.only, err = regexp.Compile(*only); err == nil {
		err = run(ctx, s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	quick    bool
	dir      string
	profiles string
	threads  int
	only     *regexp.Regexp
}

// run measures everything and prints it.
func run(ctx context.Context, s settings) error {
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	b := &bench{settings: s, ctx: ctx, rounds: 7, records: 200_000, results: map[string]float64{}}
	b.dir = dir
	if s.profiles != "" {
		if b.profiles, err = filepath.Abs(s.profiles); err != nil {
			return err
		}
		if err := os.MkdirAll(b.profiles, 0o750); err != nil {
			return err
		}
	}
	if s.quick {
		b.rounds, b.records = 5, 20_000
	}
	if err := b.build(); err != nil {
		return err
	}
	defer b.clean()
	started := time.Now()
	if err := b.heading(); err != nil {
		return err
	}
	for _, g := range groups {
		if !s.only.MatchString(g.name) {
			continue
		}
		at := time.Now()
		if err := g.measure(b); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.failed = append(b.failed, fmt.Errorf("measuring %s: %w", g.name, err))
			fmt.Printf("\n**%s failed: %v**\n", g.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s took %.0f s\n", g.name, time.Since(at).Seconds())
	}
	fmt.Printf("\nAll of it took %.0f s.\n\n", time.Since(started).Seconds())
	b.verdict()
	if len(b.failed) > 0 {
		return fmt.Errorf("%d of %d groups of measures failed", len(b.failed), len(groups))
	}
	return nil
}

// A bench is one run of the benchmark.
type bench struct {
	settings
	ctx     context.Context
	rounds  int
	records int // of the flat set
	results map[string]float64
	failed  []error
	started int    // child processes, to name their profiles
	duckdb  string // version that the gates are held against
	newest  string // version that the tests use
}

// groups are the measures, in the order in which they are made. Those that wait
// more than they work come first and last.
var groups = []struct {
	name    string
	measure func(*bench) error
}{
	{"start", (*bench).start},
	{"duckdb", (*bench).flat},
	{"nested", (*bench).nested},
	{"keys", (*bench).keys},
	{"kept", (*bench).kept},
	{"parts", (*bench).parts},
	{"memory", (*bench).memory},
	{"scaling", (*bench).scaling},
	{"latency", (*bench).latency},
	{"rate", (*bench).rate},
}
