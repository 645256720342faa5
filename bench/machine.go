package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"etl/bench/wire"
)

// cores is how many cores this machine has.
func (b *bench) cores() int { return runtime.NumCPU() }

// heading prints what is measured on, and with what.
func (b *bench) heading() error {
	p, err := b.alone(wire.Job{Do: "version", Threads: b.threads})
	if err != nil {
		return err
	}
	newest, err := b.alone(wire.Job{Do: "version", Threads: b.threads, Newest: true})
	if err != nil {
		return err
	}
	var settings string
	b.duckdb, settings, _ = strings.Cut(p.Note, "; ")
	b.newest, _, _ = strings.Cut(newest.Note, "; ")
	fmt.Printf("# Benchmark\n\n")
	t := newTable("", "")
	t.row("date", time.Now().UTC().Format(time.DateTime)+" UTC")
	t.row("processor", fmt.Sprintf("%s, %d cores", processor(), b.cores()))
	t.row("memory", memory())
	t.row("load when it began", busy())
	t.row("Go", runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH)
	t.row("DuckDB of the gates", b.duckdb)
	t.row("newest DuckDB", b.newest)
	t.row("settings of both", settings)
	t.row("threads of all", fmt.Sprint(b.threads))
	kind := "whole"
	if b.quick {
		kind = "quick: a tenth of the data, fewer rounds; figures are rough, and fixed costs weigh more"
	}
	t.row("run", kind)
	fmt.Print(t)
	return nil
}

// processor names the processor, where Linux tells.
func processor() string { return fieldOf("/proc/cpuinfo", "model name") }

func memory() string { return fieldOf("/proc/meminfo", "MemTotal") }

func fieldOf(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strings.Trim(rest, " \t:\n")
		}
	}
	return "unknown"
}

// busy returns how many processes wanted a core in the last minutes.
func busy() string {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 3 {
		return strings.Join(fields[:3], " ")
	}
	return "unknown"
}
