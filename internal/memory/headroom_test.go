package memory

import (
	"runtime"
	"testing"
)

func TestPercentOf(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		live uint64
		want int
	}{
		{0, 100},
		{10 * mib, 100},
		{48 * mib, 100},
		{60 * mib, 80},
		{110 * mib, 40},
		{96 * mib, 50},
		{140 * mib, 35},
		{4096 * mib, 35},
	}
	for _, tt := range tests {
		if got := percentOf(tt.live); got != tt.want {
			t.Errorf("with %d MiB in use the heap may grow by %d %%, want %d", tt.live/mib, got, tt.want)
		}
	}
}

// TestBoundHeadroom has 200 MiB in use, and then none of it.
func TestBoundHeadroom(t *testing.T) {
	unset := func(string) (string, bool) { return "", false }
	percents := make(chan int, 2) // later collections are of no interest
	BoundHeadroom(unset, func(percent int) int {
		select {
		case percents <- percent:
		default:
		}
		return 0
	})

	much := make([]byte, 200<<20)
	runtime.GC()
	if got := <-percents; got != 35 {
		t.Errorf("with 200 MiB in use the heap may grow by %d %%, want 35", got)
	}
	runtime.KeepAlive(much)
	runtime.GC()
	if got := <-percents; got != 100 {
		t.Errorf("with nothing in use the heap may grow by %d %%, want 100", got)
	}
}

func TestHeadroomIsLeftToGOGC(t *testing.T) {
	fixed := func(string) (string, bool) { return "200", true }
	BoundHeadroom(fixed, func(percent int) int {
		t.Errorf("GOGC is set, and the heap may grow by %d %%", percent)
		return 0
	})
	runtime.GC()
}
