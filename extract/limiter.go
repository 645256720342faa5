package extract

import (
	"sync"
	"time"

	"etl/internal/config"
)

// A limiter lets requests go so that the API never counts more of them in any
// window of one period than allowed, whenever it counts them: it keeps a log of
// the last ones (a sliding log), not a bucket that would let a burst through. It
// also holds the pause of the whole source. It is safe for concurrent use and
// never sleeps itself.
//
// A request holds one of most slots from when it goes until one period after its
// reply has begun, or was lost. That is safe: the API counts a request at some
// time between the two. Of most+1 requests take the one that went last, at s.
// When it went it found a slot, so of the others one had a reply at or before
// s − per, and was counted no later than that; the last was counted at s or
// after. So they lie at least one period apart. It is also the least wait that is
// safe: had one gone sooner, the others could all have been counted as their
// replies began, and it as it went. The price is one round trip in each period.
type limiter struct {
	mu       sync.Mutex
	per      time.Duration
	most     int         // slots; 0: no limit
	underWay int         // requests without a reply yet
	landed   []time.Time // when replies began whose requests still hold a slot; oldest first
	paused   time.Time   // nothing goes before
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
		l.underWay++
	}
	return 0, false
}

// land notes that the reply to a request that take let go has begun, or that
// none will come. Each is noted once.
func land(now time.Time, all ...*limiter) {
	for _, l := range all {
		l.mu.Lock()
		l.underWay--
		l.landed = append(l.landed, now)
		l.mu.Unlock()
	}
}

// giveBack notes that a request that take let go was never sent.
func giveBack(all ...*limiter) {
	for _, l := range all {
		l.mu.Lock()
		l.underWay--
		l.mu.Unlock()
	}
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

// dueAll returns how long the last of n requests has to wait at least.
func (l *limiter) dueAll(now time.Time, n int64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait, _ := l.due(now)
	n -= int64(l.most - l.underWay - len(l.landed)) // those that go at once
	if l.most == 0 || n <= 0 {
		return wait
	}
	periods := time.Duration(1 + (n-1)/int64(l.most))
	return max(wait, l.replied(now, int((n-1)%int64(l.most))).Add(periods*l.per).Sub(now))
}

// due returns how long a request has to wait at least: what is under way may
// take longer.
func (l *limiter) due(now time.Time) (wait time.Duration, paused bool) {
	if d := l.paused.Sub(now); d > 0 {
		return d, true
	}
	for len(l.landed) > 0 && now.Sub(l.landed[0]) >= l.per {
		l.landed = l.landed[1:]
	}
	if l.most == 0 || l.underWay+len(l.landed) < l.most {
		return 0, false
	}
	return l.replied(now, 0).Add(l.per).Sub(now), false
}

// replied returns when the reply to request n of those that hold a slot began;
// now for one that is under way, which it can be no sooner.
func (l *limiter) replied(now time.Time, n int) time.Time {
	if n < len(l.landed) {
		return l.landed[n]
	}
	return now
}

// pause holds all requests back until a time. A later pause stays.
func (l *limiter) pause(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.paused) {
		l.paused = until
	}
}
