package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

// A schedule lets one of several processes make its next call to the file
// system at a time, drawn at random: some sleep for long, some die.
type schedule struct {
	turn chan struct{} // of each process: it may make one call
	done chan bool     // it has made it (true), or it has ended (false)
}

func (s schedule) disk(dies func() bool) disk {
	dead := false
	return func(op, name string, call func() error) error {
		s.done <- true
		<-s.turn
		if dead = dead || dies(); dead {
			return errDead
		}
		return memory(op, name, call)
	}
}

// TestProcessesWithoutALock runs processes that all want to make the same
// commits, without a lock, in random schedules. In the end each commit was made
// exactly once, readers see the newest, and nothing is stale.
func TestProcessesWithoutALock(t *testing.T) { everyStore(t, withoutALock) }

func withoutALock(t *testing.T, open func(*testing.T) *Store) {
	want, _ := undisturbed(t, open)
	for seed := range uint64(100 * *times) {
		random := rand.New(rand.NewPCG(seed, 0))
		s := open(t)
		var wait sync.WaitGroup
		var schedules []schedule
		for i := range 3 {
			sched := schedule{turn: make(chan struct{}), done: make(chan bool)}
			schedules = append(schedules, sched)
			d := s.on(t, sched.disk(func() bool { return random.IntN(400) == 0 })).Dataset("p")
			wait.Go(func() {
				defer func() { sched.done <- false }()
				for try := range 20 {
					err := work(d, fmt.Sprintf("%c%d", 'a'+i, try))
					if err == nil || errors.Is(err, errDead) {
						return
					}
					if fault.Of(err) != fault.Conflict {
						t.Errorf("seed %d: process %d ends in %v", seed, i, err)
						return
					}
				}
			})
		}
		run(schedules, random)
		wait.Wait()
		if err := work(s.on(t, memory).Dataset("p"), "z"); err != nil {
			t.Fatalf("seed %d: afterwards: %v", seed, err)
		}
		if diff := cmp.Diff(want, outcomeOf(t, s)); diff != "" {
			t.Fatalf("seed %d (-undisturbed +got):\n%s", seed, diff)
		}
		view, _ := s.objects.read("views/p.sql")
		if !strings.HasPrefix(string(view), "-- commit 2 ") {
			t.Errorf("seed %d: the view begins %.40q", seed, view)
		}
		s.drop(t)
	}
}

// run gives out turns until all processes have ended. Mostly the same process
// goes on; now and then another does, so that each sleeps at odd places.
func run(processes []schedule, random *rand.Rand) {
	var live []schedule
	for _, p := range processes {
		if <-p.done {
			live = append(live, p)
		}
	}
	at := 0
	for len(live) > 0 {
		if at >= len(live) || random.IntN(8) == 0 {
			at = random.IntN(len(live))
		}
		live[at].turn <- struct{}{}
		if !<-live[at].done {
			live = append(live[:at], live[at+1:]...)
		}
	}
}
