package main

import (
	"log/slog"
	"sync"
	"time"

	"etl/internal/pipeline"
)

// between is the least time between two lines about the progress of a pipeline.
const between = 10 * time.Second

// lines tells of progress in lines of a log: the start of a pipeline, how far
// it is, and its end.
type lines struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	told map[string]time.Time // when a line was last written, by pipeline
}

// report takes news of a pipeline. It is safe for concurrent use.
func (l *lines) report(p pipeline.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	last, started := l.told[p.Pipeline]
	switch {
	case p.Done:
		l.done(p)
	case !started:
		l.tell(p, now, "start")
	case now.Sub(last) >= between:
		l.tell(p, now, "reading", "pages", p.Pages, "planned", p.Planned, "rows", p.Rows, "bytes", p.Bytes, "wait", p.Wait.Round(time.Second))
	}
}

func (l *lines) tell(p pipeline.Progress, now time.Time, message string, attributes ...any) {
	if l.told == nil {
		l.told = map[string]time.Time{}
	}
	l.told[p.Pipeline] = now
	attributes = append([]any{"pipeline", p.Pipeline}, attributes...)
	if p.Slice != "" {
		attributes = append(attributes, "slice", p.Slice)
	}
	l.log.Info(message, attributes...)
}

// done tells the end of a pipeline. Why one failed is told at the end of the
// run.
func (l *lines) done(p pipeline.Progress) {
	r := p.Result
	if r.Status != pipeline.OK {
		l.log.Error(r.Status, "pipeline", r.Name, "class", r.Class, "pages", r.Pages)
		return
	}
	l.log.Info("done", "pipeline", r.Name, "commit", r.Commit, "proof", r.Proof, "rows", r.Written, "pages", r.Pages,
		"bytes", r.Bytes, "rejected", r.Rejected, "seconds", r.Seconds)
}
