package extract

import (
	"sync"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

// Bounds of what is asked of a source that does not do well.
const (
	breakAfter   = 10              // failures in a row until the source is left alone
	firstBreak   = 5 * time.Second // for how long; doubled with every probe that fails
	longestBreak = time.Minute
	mostProbes   = 5           // then the run gives up
	freeRetries  = 30          // tries again that need no requests to make up for them
	retryPercent = 20          // of the requests, that may be tries again beside them
	narrowEvery  = time.Second // replies to requests that were under way together count once
	slowPart     = 4           // a reply that takes this part of the time-out is a slow one
)

// A health is how a source is doing by all of its replies, whichever pipeline
// they are for. It narrows the room for requests when replies fail or are slow
// and widens it again (additive increase, multiplicative decrease), leaves a
// source alone that only fails (a circuit breaker), and bounds tries again by
// the requests that there are. It is safe for concurrent use.
type health struct {
	mu       sync.Mutex
	most     int       // requests at one time
	room     float64   // of them, those that may be now
	narrowed time.Time // when room was last halved
	failures int       // in a row
	alone    time.Time // nothing goes before: failures until then were under way
	retries  int64     // that no reply asked for
	dead     *fault.Error
}

func newHealth(most int) *health { return &health{most: most, room: float64(most)} }

// capacity is the weight of all requests that may go at one time.
func (h *health) capacity() int64 { return int64(h.most * (h.most + 1)) }

// weight is that of one request: as many fit in as there is room for.
func (h *health) weight() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.capacity() / int64(h.room)
}

// gone returns why nothing is asked any more; nil: the source is asked.
func (h *health) gone() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead == nil {
		return nil
	}
	return h.dead
}

// well notes a reply that is none of the failures.
func (h *health) well(now time.Time, slow bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures = 0
	if slow {
		h.narrow(now)
		return
	}
	h.room = min(float64(h.most), h.room+1/h.room)
}

// throttled notes that a source wants fewer requests.
func (h *health) throttled(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.narrow(now)
}

// failed notes a failure, and returns for how long to leave the source alone.
func (h *health) failed(now time.Time, source string, last *fault.Error) (pause time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.narrow(now)
	if now.Before(h.alone) {
		return 0
	}
	h.failures++
	probes := h.failures - breakAfter
	if probes < 0 {
		return 0
	}
	if probes == mostProbes {
		h.dead = fault.New(fault.Transient, "source %s: %d failures in a row, the last: %s", source, h.failures, last.Error()).
			WithHint("it is not asked again in this run; run again when it is well")
		h.dead.RetryAfter = longestBreak
		return 0
	}
	pause = min(firstBreak<<probes, longestBreak)
	h.alone, h.room = now.Add(pause), 1
	return pause
}

func (h *health) narrow(now time.Time) {
	if h.narrowed.IsZero() || now.Sub(h.narrowed) >= narrowEvery {
		h.room, h.narrowed = max(1, h.room/2), now
	}
}

// spend takes one try again from the allowance; false if it is used up.
func (h *health) spend(requests int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.retries >= freeRetries+requests*retryPercent/100 {
		return false
	}
	h.retries++
	return true
}

// notice tells the health of the source what became of a request.
func (c *Client) notice(a *answer, v verdict) {
	now := c.options.Now()
	switch {
	case v.then == config.Wait, v.then == config.Retry && a != nil && a.Status == 429:
		c.health.throttled(now)
	case v.then == config.Retry:
		pause := c.health.failed(now, c.source.Name, v.err)
		if pause = min(pause, c.maxWait); pause > 0 {
			c.limiter.pause(now.Add(pause))
			c.options.Log.Warn("the source fails, leaving it alone", "source", c.source.Name, "wait", pause, "reason", v.err.Error())
		}
	default:
		c.health.well(now, a != nil && a.took > c.timeout/slowPart)
	}
}
