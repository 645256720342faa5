package extract

import (
	"sync"
	"time"

	"etl/internal/config"
)

// A limiter lets requests go so that no window of one period ever holds more
// of them than allowed: it keeps a log of the last ones (a sliding log), not a
// bucket that would let a burst through. It also holds the pause of the whole
// source. It is safe for concurrent use and never sleeps itself.
type limiter struct {
	mu     sync.Mutex
	per    time.Duration
	most   int         // requests in one period; 0: no limit
	log    []time.Time // the last requests; a ring once there are most of them
	oldest int         // index in log
	paused time.Time   // nothing goes before
}

// newLimiter returns the limiter for a share of what the API allows.
func newLimiter(l config.Limits, share float64) *limiter {
	if l.Requests <= 0 || l.Per <= 0 {
		return &limiter{}
	}
	allowed := float64(l.Requests) * orDefault(l.Share, 1) * orDefault(share, 1)
	if allowed < 1 { // less than one request per period is one in a longer period
		return &limiter{per: time.Duration(float64(l.Per) / allowed), most: 1}
	}
	const rounding = 1e-9 // 0.29 × 100 is 28.999999999999996
	return &limiter{per: l.Per, most: int(allowed + rounding)}
}

// take lets a request go at now if all limiters do, and returns 0 and false.
// Else it returns how long to wait before asking again, and whether it is for a
// pause. All callers name limiters in the same order.
func take(now time.Time, all ...*limiter) (wait time.Duration, paused bool) {
	for _, l := range all {
		l.mu.Lock()
		defer l.mu.Unlock()
		if d, p := l.due(now); d > wait {
			wait, paused = d, p
		}
	}
	if wait > 0 {
		return wait, paused
	}
	for _, l := range all {
		l.note(now)
	}
	return 0, false
}

// due returns what take would, and lets nothing go.
func due(now time.Time, all ...*limiter) (wait time.Duration, paused bool) {
	for _, l := range all {
		l.mu.Lock()
		if d, p := l.due(now); d > wait {
			wait, paused = d, p
		}
		l.mu.Unlock()
	}
	return wait, paused
}

// wait returns how long the next request has to wait.
func (l *limiter) wait(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	d, _ := l.due(now)
	return d
}

// dueAll returns how long the last of n requests has to wait.
func (l *limiter) dueAll(now time.Time, n int64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait, _ := l.due(now)
	free := int64(l.most - len(l.log))
	if l.most == 0 || n <= free {
		return wait
	}
	n -= free + 1
	if free == int64(l.most) {
		return max(wait, time.Duration(1+n/int64(l.most))*l.per)
	}
	first := l.log[(l.oldest+int(n%int64(len(l.log))))%len(l.log)]
	return max(wait, first.Add(time.Duration(1+n/int64(l.most))*l.per).Sub(now))
}

// due returns how long a request has to wait.
func (l *limiter) due(now time.Time) (wait time.Duration, paused bool) {
	if d := l.paused.Sub(now); d > 0 {
		return d, true
	}
	if l.most == 0 || len(l.log) < l.most {
		return 0, false
	}
	return max(0, l.log[l.oldest].Add(l.per).Sub(now)), false
}

// note puts a request into the log.
func (l *limiter) note(now time.Time) {
	switch {
	case l.most == 0:
	case len(l.log) < l.most:
		l.log = append(l.log, now)
	default:
		l.log[l.oldest] = now
		l.oldest = (l.oldest + 1) % l.most
	}
}

// pause holds all requests back until a time. A later pause stays.
func (l *limiter) pause(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.paused) {
		l.paused = until
	}
}
