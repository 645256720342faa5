package memory

import (
	"runtime"
	"runtime/metrics"
)

// headroom is how many bytes of garbage may gather until the next collection, on
// a heap that is not much larger itself.
const headroom = 48 << 20

// BoundHeadroom keeps the heap from doubling between collections: after each of
// them the next is set for when 48 MiB have been allocated, or as much as is in
// use if that is less, or a third of it if that is more. By itself the collector
// waits until the heap has doubled, so that a long run would take half as much
// memory again as a short one for nothing. It leaves alone what GOGC says. set is
// debug.SetGCPercent.
func BoundHeadroom(lookup func(string) (string, bool), set func(percent int) int) {
	if value, _ := lookup("GOGC"); value != "" {
		return
	}
	k := &keeper{set: set, percent: 100}
	k.wait()
}

// A keeper sets the collector after each collection.
type keeper struct {
	set     func(percent int) int
	percent int // as it is set
}

// wait has keep called after the next collection: it leaves something to collect.
func (k *keeper) wait() {
	type garbage [64]byte // a size that shares its memory with nothing else
	runtime.AddCleanup(new(garbage), (*keeper).keep, k)
}

func (k *keeper) keep() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if p := percentOf(live[0].Value.Uint64()); p != k.percent {
		k.percent = p
		k.set(p)
	}
	k.wait()
}

// percentOf returns by how many percent a heap with so many bytes in use may
// grow, in steps of five: to set it stops all goroutines for a moment.
func percentOf(live uint64) int {
	return int(min(100, max(35, headroom*100/max(live, 1)))) / 5 * 5
}
