package extract

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"etl/internal/config"
)

// A door is an API that counts requests some time after they were sent and some
// time before they are answered, and refuses those above what a window allows.
type door struct {
	most         int
	per          time.Duration
	least, delay time.Duration // before it counts, and again after
	lost         int           // per cent of the requests that no reply comes to

	mu      sync.Mutex
	random  *rand.Rand
	counted []time.Time
	refused int
}

func (d *door) RoundTrip(*http.Request) (*http.Response, error) {
	before, after, lost := d.roll()
	time.Sleep(before)
	status := d.count(time.Now())
	time.Sleep(after)
	if lost {
		return nil, io.ErrUnexpectedEOF
	}
	answer := httptest.NewRecorder()
	reply(answer, status, oneOrder)
	return answer.Result(), nil
}

func (d *door) roll() (before, after time.Duration, lost bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	some := func() time.Duration { return d.least + time.Duration(d.random.Int64N(int64(d.delay-d.least))) }
	return some(), some(), d.random.IntN(100) < d.lost
}

func (d *door) count(now time.Time) (status int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.counted); n >= d.most && now.Sub(d.counted[n-d.most]) < d.per {
		d.refused++
		return http.StatusTooManyRequests
	}
	d.counted = append(d.counted, now)
	return http.StatusOK
}

// knock asks for pages at once, so many of them under way at one time.
func (d *door) knock(t *testing.T, concurrency, pages int) {
	src := source()
	src.Limits = config.Limits{Requests: d.most, Per: d.per, Concurrency: concurrency}
	fetchEach(t, client(t, src, Options{Transport: d}), orders(src), pages)
}

// Whenever an API counts a request between its sending and its reply, no window
// ever holds more of them than it allows; requests that are lost count too.
func TestLimiterWindows(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			d := &door{most: 1 + random.IntN(20), per: time.Duration(1+random.IntN(60_000)) * time.Millisecond, lost: 5, random: random}
			d.delay = time.Duration(1 + random.Int64N(int64(min(2*d.per, 25*time.Second))))
			d.knock(t, 1+random.IntN(12), 6*d.most)
			if d.refused > 0 || len(d.counted) < 6*d.most {
				t.Errorf("seed %d: %d refused at %d in %v, delays to %v; %d let in", seed, d.refused, d.most, d.per, d.delay, len(d.counted))
			}
		})
	}
}

// With replies that take as long as usual, nearly all that is allowed is used.
func TestLimiterUse(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			d := &door{most: 60 + random.IntN(240), per: time.Minute, least: 10 * time.Millisecond, delay: 200 * time.Millisecond, random: random}
			const windows = 5
			d.knock(t, 16, windows*d.most+1)
			took := d.counted[windows*d.most].Sub(d.counted[0])
			if used := float64(windows*d.per) / float64(took); used < 0.99 || d.refused > 0 {
				t.Errorf("seed %d: %d windows of %d took %v, which is %.3f of what is allowed; %d refused", seed, windows, d.most, took, used, d.refused)
			}
		})
	}
}

// A request that waits is let go when it was told, not later, if what was under
// way is answered at once.
func TestLimiterWait(t *testing.T) {
	l, now := newLimiter(config.Limits{Requests: 2, Per: time.Minute}, 1), time.Unix(1, 0)
	ask := func(want time.Duration) {
		t.Helper()
		if wait, _ := take(now, l); wait != want {
			t.Errorf("take = %v, want %v", wait, want)
		}
	}
	ask(0)
	ask(0)
	ask(time.Minute) // at least: no reply has begun
	now = now.Add(10 * time.Second)
	land(now, l)
	ask(time.Minute)
	now = now.Add(20 * time.Second)
	ask(40 * time.Second)
	giveBack(l) // the other was never sent
	ask(0)
	now = now.Add(40 * time.Second)
	ask(0)
	ask(time.Minute)
}

func TestLimiterShare(t *testing.T) {
	tests := []struct {
		name      string
		limits    config.Limits
		share     float64
		atOnce    int
		thenWaits time.Duration
		noLimit   bool
	}{
		{name: "none", noLimit: true},
		{name: "all", limits: config.Limits{Requests: 5, Per: time.Minute}, atOnce: 5, thenWaits: time.Minute},
		{name: "of the API", limits: config.Limits{Requests: 300, Per: time.Minute, Share: 0.8}, atOnce: 240, thenWaits: time.Minute},
		{name: "between processes", limits: config.Limits{Requests: 100, Per: time.Minute}, share: 0.29, atOnce: 29, thenWaits: time.Minute},
		{name: "less than one", limits: config.Limits{Requests: 1, Per: time.Second}, share: 0.25, atOnce: 1, thenWaits: 4 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, now, n := newLimiter(tt.limits, tt.share), time.Unix(1, 0), 0
			var wait time.Duration
			for ; n < 1000; n++ {
				if wait, _ = take(now, l); wait > 0 {
					break
				}
				land(now, l)
			}
			if tt.noLimit {
				tt.atOnce = 1000
			}
			if n != tt.atOnce || wait != tt.thenWaits {
				t.Errorf("%d at once, then a wait of %v; want %d, then %v", n, wait, tt.atOnce, tt.thenWaits)
			}
		})
	}
}

func TestLimiterPause(t *testing.T) {
	l, now := newLimiter(config.Limits{}, 1), time.Unix(1, 0)
	l.pause(now.Add(time.Minute))
	l.pause(now.Add(time.Second)) // a shorter one takes nothing back
	if wait, paused := take(now, l); wait != time.Minute || !paused {
		t.Errorf("take = %v, %v; want 1m, true", wait, paused)
	}
	if wait, paused := take(now.Add(time.Minute), l); wait != 0 || paused {
		t.Errorf("after the pause take = %v, %v; want 0, false", wait, paused)
	}
}
