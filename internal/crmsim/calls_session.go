package crmsim

import (
	"fmt"
	"strconv"
	"sync"
	"time"
)

// A session gives out tokens that hold their own end.
type session struct {
	user, password string
	key            uint64
	life           time.Duration
	now            func() time.Time

	mu    sync.Mutex
	count uint64 // tokens given out
}

func newSession(o Options, life time.Duration) *session {
	d := dice(mix(o.Seed ^ hash("calls session")))
	return &session{
		user:     fmt.Sprintf("reports-%04x@example.com", d.below(1<<16)),
		password: fmt.Sprintf("%016x", d.roll()),
		key:      d.roll(),
		life:     life,
		now:      o.Now,
	}
}

// start returns a new token and its end in seconds since 1970.
func (s *session) start() (token string, end int64) {
	s.mu.Lock()
	s.count++
	n := s.count
	s.mu.Unlock()
	end = s.now().Add(s.life).Unix()
	head := fmt.Sprintf("%010x%08x", end, n)
	return head + s.sign(head), end
}

// sign makes a token hard to guess; nothing hangs on it but made-up records.
func (s *session) sign(head string) string {
	return fmt.Sprintf("%016x", mix(s.key^hash(head)))
}

// check tells whether a token was given out and its session goes on. An ended
// session is one that does not exist.
func (s *session) check(token string) bool {
	if len(token) != 34 || s.sign(token[:18]) != token[18:] {
		return false
	}
	end, err := strconv.ParseInt(token[:10], 16, 64)
	return err == nil && s.now().Unix() < end
}

// A budget is how many calls are allowed in a minute and in a day of the clock
// in UTC.
type budget struct {
	allowed [2]int64 // per minute, per day
	now     func() time.Time

	mu    sync.Mutex
	used  [2]int64
	since [2]int64 // which minute and day used is of
}

var periods = [2]struct {
	name    string
	seconds int64
}{{"minute", 60}, {"day", 24 * 60 * 60}}

// turn starts new minutes and days. The lock is held.
func (b *budget) turn() {
	for i, p := range periods {
		if now := b.now().Unix() / p.seconds; now != b.since[i] {
			b.since[i], b.used[i] = now, 0
		}
	}
}

// take charges one call, or says which limit is reached. Only calls that
// succeed are charged.
func (b *budget) take() problem {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	for i := len(periods) - 1; i >= 0; i-- {
		if b.used[i] >= b.allowed[i] {
			return problem{
				mnemonic: "limit_exceeded",
				message:  fmt.Sprintf("Limit per %s has been exceeded. Value of current limit per %[1]s is %d", periods[i].name, b.allowed[i]),
				params:   fmt.Sprintf(`{"limit_type":"%s","limit_max_value":"%d"}`, periods[i].name, b.allowed[i]),
			}
		}
	}
	for i := range b.used {
		b.used[i]++
	}
	return problem{}
}

// describe returns the limits as JSON in a form: full, hour or empty.
func (b *budget) describe(form string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	now := b.now().Unix()
	left := func(i int) (left, reset int64) {
		return max(b.allowed[i]-b.used[i], 0), periods[i].seconds - now%periods[i].seconds
	}
	minuteLeft, minuteReset := left(0)
	dayLeft, dayReset := left(1)
	switch form {
	case "empty":
		return "{}"
	case "hour":
		return fmt.Sprintf(`{"hour_limit":%d,"hour_remaining":%d,"hour_reset":%d}`, b.allowed[1], dayLeft, 3600-now%3600)
	}
	return fmt.Sprintf(`{"day_limit":%d,"day_remaining":%d,"day_reset":%d,"minute_limit":%d,"minute_remaining":%d,"minute_reset":%d}`,
		b.allowed[1], dayLeft, dayReset, b.allowed[0], minuteLeft, minuteReset)
}
