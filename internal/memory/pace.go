package memory

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// period is about how far collections lie apart, if the bounds of growth allow.
const period = 300 * time.Millisecond

// By how many percent the heap may grow until the next collection. usual is what
// the collector does by itself.
const (
	least = 10
	usual = 100
	most  = 200
)

// Pace keeps the heap small where that costs next to nothing, and lets it grow
// where collections would be many. By itself the collector waits until the heap
// has doubled, however long or short that takes. Here it waits longer while much
// is allocated, and where garbage gathers slowly, as in a run that goes on and on,
// it collects some times a second. Pace leaves alone what GOGC says. set is
// debug.SetGCPercent.
func Pace(lookup func(string) (string, bool), set func(percent int) int) {
	if value, _ := lookup("GOGC"); value != "" {
		return
	}
	p := &pacer{set: set, percent: usual, last: reading()}
	p.wait()
}

// A pacer sets the collector after each collection.
type pacer struct {
	set     func(percent int) int
	percent int // as it is set
	last    usage
}

// A usage is what the heap was used for until some moment.
type usage struct {
	at        time.Time
	allocated uint64 // bytes, ever
	live      uint64 // bytes in use at the last collection
}

func reading() usage {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return usage{time.Now(), s[0].Value.Uint64(), s[1].Value.Uint64()}
}

// wait has keep called after the next collection: it leaves something to collect.
func (p *pacer) wait() {
	type garbage [64]byte // a size that shares its memory with nothing else
	runtime.AddCleanup(new(garbage), (*pacer).keep, p)
}

func (p *pacer) keep() {
	now := reading()
	if percent := percentOf(p.last, now); percent != p.percent {
		p.percent = percent
		p.set(percent)
	}
	p.last = now
	p.wait()
}

// percentOf returns the percent by which the heap grows in a period, if as much
// goes on to be allocated as between two collections. It comes in steps: to set
// it stops all goroutines for a moment.
func percentOf(last, now usage) int {
	const step = 5
	since := max(now.at.Sub(last.at), time.Microsecond).Seconds()
	growth := float64(now.allocated-last.allocated) / since * period.Seconds()
	percent := 100 * growth / float64(max(now.live, 1))
	return int(min(most, max(least, percent))) / step * step
}
