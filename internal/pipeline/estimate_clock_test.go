package pipeline

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"
)

// A playedClock is a clock that only waiting turns on. Of several that wait at
// once it serves the longest: they wait side by side.
type playedClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *playedClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *playedClock) wait(ctx context.Context, d time.Duration) error {
	until := c.read().Add(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if until.After(c.now) {
		c.now = until
	}
	return ctx.Err()
}

// Where a source's limit is what takes the time, a run takes what the estimate
// says, within 5 %, as long as a session lasts: a login that comes in between
// is not in it.
func TestEstimateHoldsWhatTheClockSays(t *testing.T) {
	for _, tt := range []struct {
		name             string
		requests         int
		per              time.Duration
		share, rateShare float64
		size             int
		pipeline         string
	}{
		{"a list of many pages", 3, 10 * time.Second, 0, 0, 5, "workshop_resources"},
		{"a share of the limit", 10, 10 * time.Second, 0.5, 0, 4, "workshop_resources"},
		{"a process of several", 25, 10 * time.Second, 0.8, 0.25, 4, "workshop_resources"},
		{"one list", 1, time.Second, 0, 0, 2, "request_list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			c := w.config()
			for _, s := range c.Sources {
				s.Limits.Requests, s.Limits.Per, s.Limits.Share, s.Limits.Concurrency = tt.requests, tt.per, tt.share, 1
			}
			for _, p := range c.Pipelines {
				p.Paging.Size = tt.size
			}
			clock := &playedClock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			o := Options{Config: c, RateShare: tt.rateShare, Now: clock.read, Sleep: clock.wait}
			estimated := w.outline(o, true, tt.pipeline).Sources[0].Seconds
			if err := clock.wait(t.Context(), time.Hour); err != nil { // what the estimate asked is long ago
				t.Fatal(err)
			}
			took := w.run(o, tt.pipeline)
			if took.Exit != 0 {
				t.Fatalf("%+v", took.Pipelines)
			}
			if math.Abs(estimated-took.Seconds) > 0.05*took.Seconds {
				t.Errorf("estimated %.1f s, the clock says %.1f s", estimated, took.Seconds)
			}
		})
	}
}
