package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/pipeline"
)

// A clock stands still until it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock { return &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

var result = &pipeline.Result{
	Name: "requests", Status: pipeline.OK, Pages: 3, Bytes: 2_500_000, Written: 2500, Commit: 7, Proof: "counted", Seconds: 12.34,
}

// A log has a line at the start, at most one in ten seconds, and one at the end.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	clock := newClock()
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}}))
	l := &lines{log: log, now: clock.now}
	l.begin([]string{"requests", "sales"})
	for pages := range int64(25) { // one page a second
		l.report(pipeline.Progress{Pipeline: "requests", Pages: pages, Planned: 25, Rows: pages * 100, Bytes: pages * 1000})
		clock.at = clock.at.Add(time.Second)
	}
	l.report(pipeline.Progress{Pipeline: "requests", Done: true, Result: result})
	l.report(pipeline.Progress{Pipeline: "sales", Done: true, Result: &pipeline.Result{Name: "sales", Status: pipeline.Failed, Class: "auth"}})
	shard := 3
	l.report(pipeline.Progress{Pipeline: "calls", Slice: "2026-01-01", Shard: &shard, Pages: 1})
	l.report(pipeline.Progress{Pipeline: "calls", Shard: &shard, Done: true, Result: &pipeline.Result{Name: "calls", Status: pipeline.OK, Proof: "walked"}})
	want := `msg=start pipelines="requests sales"
msg=reading pipeline=requests pages=0 planned=25 rows=0 bytes=0 wait=0s
msg=reading pipeline=requests pages=10 planned=25 rows=1000 bytes=10000 wait=0s
msg=reading pipeline=requests pages=20 planned=25 rows=2000 bytes=20000 wait=0s
msg=done pipeline=requests commit=7 proof=counted rows=2500 pages=3 bytes=2500000 rejected=0 seconds=12.34
msg=failed pipeline=sales class=auth pages=0
msg=reading shard=3 pipeline=calls slice=2026-01-01 pages=1 planned=0 rows=0 bytes=0 wait=0s
msg=done shard=3 pipeline=calls commit=0 proof=walked rows=0 pages=0 bytes=0 rejected=0 seconds=0
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// screen plays what a terminal of ten lines shows: it knows the two sequences
// that the display uses.
func screen(t *testing.T, text string) string {
	t.Helper()
	lines := []string{""}
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			up := int(rest[0] - '0')
			if text, ok = strings.CutPrefix(rest[1:], "A\x1b[J"); !ok || up >= len(lines) {
				t.Fatalf("unknown sequence in %q", rest)
			}
			lines = append(lines[:len(lines)-1-up], "")
			continue
		}
		line, rest, whole := strings.Cut(text, "\n")
		if i := strings.Index(line, "\x1b"); i >= 0 {
			line, rest, whole = text[:i], text[i:], false
		}
		lines[len(lines)-1] += line
		if whole {
			lines = append(lines, "")
		}
		text = rest
	}
	return strings.Join(lines, "\n")
}

func TestLive(t *testing.T) {
	var out bytes.Buffer
	clock := newClock()
	l := newLive(&out, clock.now)
	step := func(p pipeline.Progress) {
		l.report(p)
		clock.at = clock.at.Add(10 * time.Second)
	}
	l.begin([]string{"requests", "sales", "users"})
	step(pipeline.Progress{Pipeline: "requests"})
	step(pipeline.Progress{Pipeline: "sales", Slice: "2026-01-01"})
	step(pipeline.Progress{Pipeline: "requests", Pages: 10, Planned: 30, Rows: 1000, Bytes: 1_234_567})
	want := `requests                   10/30 pages      1,000 rows      1.2 MB  40s left
sales 2026-01-01               0 pages          0 rows      0.0 MB
users
`
	if diff := cmp.Diff(want, screen(t, out.String())); diff != "" {
		t.Errorf("at work (-want +got):\n%s", diff)
	}
	if _, err := l.Write([]byte("level=WARN msg=slow\n")); err != nil {
		t.Fatal(err)
	}
	step(pipeline.Progress{Pipeline: "requests", Done: true, Result: result})
	l.end() // sales and users will not be
	want = `level=WARN msg=slow
requests                       3 pages      2,500 rows      2.5 MB  12.3 s  commit 7  counted
`
	if diff := cmp.Diff(want, screen(t, out.String())); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
}

// What does not fit the screen could not be drawn anew.
func TestLiveDrawsAFewLines(t *testing.T) {
	var out bytes.Buffer
	newLive(&out, newClock().now).begin(make([]string, 100))
	if got := strings.Count(out.String(), "\n"); got != mostLines {
		t.Errorf("%d lines were drawn, want %d", got, mostLines)
	}
}

// A line that is wider than the terminal would break the drawing.
func TestLiveCutsLines(t *testing.T) {
	var out bytes.Buffer
	l := newLive(&out, newClock().now)
	l.begin([]string{strings.Repeat("я", 200)})
	if got := strings.Count(out.String(), "я"); got != 79 {
		t.Errorf("%d of the name's letters were drawn on a terminal of 80 columns, want 79", got)
	}
}

// Between two drawings at least a tenth of a second passes.
func TestLiveIsCalm(t *testing.T) {
	var out bytes.Buffer
	clock := newClock()
	l := newLive(&out, clock.now)
	l.begin([]string{"requests"})
	out.Reset()
	clock.at = clock.at.Add(time.Second)
	for range 1000 {
		l.report(pipeline.Progress{Pipeline: "requests"})
		clock.at = clock.at.Add(time.Millisecond)
	}
	if got := strings.Count(out.String(), "requests"); got != 10 {
		t.Errorf("%d drawings in a second, want 10", got)
	}
}

func TestRemaining(t *testing.T) {
	tests := []struct {
		name    string
		p       pipeline.Progress
		elapsed time.Duration
		want    time.Duration
	}{
		{"nothing has come", pipeline.Progress{Planned: 10}, time.Minute, 0},
		{"nobody knows how many come", pipeline.Progress{Pages: 10}, time.Minute, 0},
		{"all have come", pipeline.Progress{Pages: 10, Planned: 10}, time.Minute, 0},
		{"a quarter has come", pipeline.Progress{Pages: 10, Planned: 40}, time.Minute, 3 * time.Minute},
		{"the limit makes it wait longer", pipeline.Progress{Pages: 9, Planned: 10, Budget: time.Minute}, 9 * time.Second, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := remaining(tt.p, tt.elapsed); got != tt.want {
				t.Errorf("remaining = %v, want %v", got, tt.want)
			}
		})
	}
}
