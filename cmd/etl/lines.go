package main

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"etl/internal/pipeline"
)

// between is the least time between two lines about the progress of a pipeline.
const between = 10 * time.Second

// lines tells of progress in lines of a log: the start of a run, how far each
// pipeline is, and its end.
type lines struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	told map[string]time.Time // when a line was last written, by pipeline
}

// begin tells what is about to run.
func (l *lines) begin(pipelines []string) {
	l.log.Info("start", "pipelines", strings.Join(pipelines, " "))
}

// report takes news of a pipeline. It is safe for concurrent use.
func (l *lines) report(p pipeline.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	log := l.log
	if p.Shard != nil {
		log = log.With("shard", *p.Shard)
	}
	log = log.With("pipeline", p.Pipeline)
	if p.Done {
		done(log, p.Result)
		return
	}
	now := l.now()
	if last, told := l.told[p.Pipeline]; told && now.Sub(last) < between {
		return
	}
	if l.told == nil {
		l.told = map[string]time.Time{}
	}
	l.told[p.Pipeline] = now
	if p.Slice != "" {
		log = log.With("slice", p.Slice)
	}
	log.Info("reading", "pages", p.Pages, "planned", p.Planned, "rows", p.Rows, "bytes", p.Bytes, "wait", p.Wait.Round(time.Second))
}

// done tells the end of a pipeline. Why one failed is told at the end of the
// run.
func done(log *slog.Logger, r *pipeline.Result) {
	if r.Status != pipeline.OK {
		log.Error(r.Status, "class", r.Class, "pages", r.Pages)
		return
	}
	log.Info("done", "commit", r.Commit, "proof", r.Proof, "rows", r.Written, "pages", r.Pages,
		"bytes", r.Bytes, "rejected", r.Rejected, "seconds", r.Seconds)
}
