package memory

import (
	"runtime"
	"testing"
	"time"
)

func TestPercentOf(t *testing.T) {
	const mb = 1e6
	tests := []struct {
		name            string
		since           time.Duration
		allocated, live uint64
		want            int
	}{
		{"at the start much is allocated", 5 * time.Millisecond, 10 * mb, 9 * mb, 200},
		{"and the heap grows", 100 * time.Millisecond, 80 * mb, 80 * mb, 200},
		{"then less", 100 * time.Millisecond, 30 * mb, 80 * mb, 110},
		{"and less", 1500 * time.Millisecond, 150 * mb, 100 * mb, 30},
		{"and little", 1500 * time.Millisecond, 40 * mb, 100 * mb, 10},
		{"and nothing", 2 * time.Minute, 0, 100 * mb, 10},
		{"much again", 40 * time.Millisecond, 7 * mb, 100 * mb, 50},
		{"a clock that stands still", 0, 10 * mb, 100 * mb, 200},
		{"nothing is in use", time.Second, mb, 0, 200},
	}
	for _, tt := range tests {
		last := usage{at: time.Now(), allocated: 7 * mb}
		now := usage{last.at.Add(tt.since), last.allocated + tt.allocated, tt.live}
		if got := percentOf(last, now); got != tt.want {
			t.Errorf("%s: the heap may grow by %d %%, want %d", tt.name, got, tt.want)
		}
	}
}

// TestPaceFollowsCollections has the last collection be an hour ago.
func TestPaceFollowsCollections(t *testing.T) {
	inUse := make([]byte, 50<<20)
	percents := make(chan int)
	p := &pacer{percent: usual, last: reading()}
	p.last.at = time.Now().Add(-time.Hour)
	p.set = func(percent int) int {
		p.set = func(int) int { return 0 } // later ones are of no interest
		percents <- percent
		return 0
	}
	p.wait()
	runtime.GC()
	if got := <-percents; got != least {
		t.Errorf("after an hour the heap may grow by %d %%, want %d", got, least)
	}
	runtime.KeepAlive(inUse)
}

func TestPaceIsLeftToGOGC(t *testing.T) {
	fixed := func(string) (string, bool) { return "200", true }
	Pace(fixed, func(percent int) int {
		t.Errorf("GOGC is set, and the heap may grow by %d %%", percent)
		return 0
	})
	runtime.GC()
}
