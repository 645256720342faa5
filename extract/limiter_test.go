package extract

import (
	"math/rand/v2"
	"testing"
	"time"

	"etl/internal/config"
)

// No window of one period holds more requests than allowed, however the
// requests arrive, and none waits longer than that needs.
func TestLimiterWindows(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		limits := config.Limits{Requests: 1 + random.IntN(20), Per: time.Duration(1+random.IntN(60)) * time.Second}
		l := newLimiter(limits, 1)
		now := time.Unix(1_700_000_000, 0)
		var sent []time.Time
		for range 300 {
			now = now.Add(time.Duration(random.Int64N(int64(limits.Per) / 8)))
			wait, _ := take(now, l)
			if wait > 0 {
				now = now.Add(wait)
				if again, _ := take(now, l); again != 0 {
					t.Fatalf("seed %d: after waiting %v as told it wants %v more", seed, wait, again)
				}
			}
			sent = append(sent, now)
		}
		for i := limits.Requests; i < len(sent); i++ {
			if d := sent[i].Sub(sent[i-limits.Requests]); d < limits.Per {
				t.Fatalf("seed %d: %d requests within %v, allowed are %d in %v", seed, limits.Requests+1, d, limits.Requests, limits.Per)
			}
		}
	}
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
