package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"etl/internal/pipeline"
)

// redraw is the least time between two drawings.
const redraw = 100 * time.Millisecond

// mostLines is how many lines are drawn at most: what does not fit the screen
// could not be drawn anew.
const mostLines = 16

// A live display has one line for each pipeline that is at work, drawn anew in
// its place, below what is done and what is logged. It is safe for concurrent
// use. As a writer it takes whole lines.
type live struct {
	out   io.Writer
	now   func() time.Time
	width func() int // of the terminal, in columns

	mu      sync.Mutex
	order   []string // pipelines that are not done
	latest  map[string]pipeline.Progress
	started map[string]time.Time
	drawn   int // lines of the last drawing
	at      time.Time
}

func newLive(out io.Writer, now func() time.Time) *live {
	width := func() int {
		if f, ok := out.(*os.File); ok {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
				return w
			}
		}
		return 80
	}
	return &live{out: out, now: now, width: width, latest: map[string]pipeline.Progress{}, started: map[string]time.Time{}}
}

// begin shows what is about to run.
func (l *live) begin(pipelines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order = slices.Clone(pipelines)
	_ = l.draw(l.now(), "") // a display that is gone stops no run
}

// report takes news of a pipeline.
func (l *live) report(p pipeline.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if _, known := l.started[p.Pipeline]; !known {
		l.started[p.Pipeline] = now
	}
	l.latest[p.Pipeline] = p
	if p.Done {
		l.order = slices.DeleteFunc(l.order, func(name string) bool { return name == p.Pipeline })
		_ = l.draw(now, doneLine(p.Result)+"\n")
		return
	}
	if now.Sub(l.at) >= redraw {
		_ = l.draw(now, "")
	}
}

// Write prints lines above those at work.
func (l *live) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(text), l.draw(l.now(), string(text))
}

// end takes the lines away.
func (l *live) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order = nil
	_ = l.draw(l.now(), "")
}

// draw replaces the last drawing by text that stays and by the lines at work,
// in one write.
func (l *live) draw(now time.Time, text string) error {
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\x1b[J", l.drawn) // up, and clear to the end of the screen
	}
	b.WriteString(text)
	width := l.width()
	shown := l.order[:min(len(l.order), mostLines)]
	for _, name := range shown {
		line := []rune(l.line(name, now))
		b.WriteString(string(line[:min(len(line), width-1)]) + "\n")
	}
	l.drawn, l.at = len(shown), now
	_, err := io.WriteString(l.out, b.String())
	return err
}

// line tells of a pipeline that is not done.
func (l *live) line(name string, now time.Time) string {
	started, ok := l.started[name]
	if !ok {
		return name
	}
	return workLine(l.latest[name], now.Sub(started))
}

// workLine tells how far a pipeline is after some time.
func workLine(p pipeline.Progress, elapsed time.Duration) string {
	name, pages := p.Pipeline, grouped(p.Pages)
	if p.Slice != "" {
		name += " " + p.Slice
	}
	if p.Planned >= p.Pages && p.Planned > 0 {
		pages += "/" + grouped(p.Planned)
	}
	line := fmt.Sprintf("%-20s %11s pages %10s rows %8s MB", name, pages, grouped(p.Rows), megabytes(p.Bytes))
	if p.Wait >= time.Second {
		line += fmt.Sprintf("  waits %v", p.Wait.Round(time.Second))
	}
	if left := remaining(p, elapsed); left > 0 {
		line += fmt.Sprintf("  %v left", left)
	}
	return line
}

// remaining estimates how long a pipeline still takes, from its pages so far:
// and from when the source's limit lets the others through. 0 is unknown.
func remaining(p pipeline.Progress, elapsed time.Duration) time.Duration {
	if p.Pages == 0 || p.Planned <= p.Pages {
		return 0
	}
	each := float64(elapsed) / float64(p.Pages)
	return max(time.Duration(each*float64(p.Planned-p.Pages)), p.Budget).Round(time.Second)
}

// doneLine tells what became of a pipeline.
func doneLine(r *pipeline.Result) string {
	if r.Status != pipeline.OK {
		return fmt.Sprintf("%-20s %s", r.Name, r.Status)
	}
	return fmt.Sprintf("%-20s %11s pages %10s rows %8s MB  %.1f s  commit %d  %s",
		r.Name, grouped(r.Pages), grouped(r.Written), megabytes(r.Bytes), r.Seconds, r.Commit, r.Proof)
}
