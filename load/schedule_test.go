package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

// A play is what several processes do to one data set at the same time, without
// a lock, and what each of them means to do.
type play struct {
	store   *Store
	random  *rand.Rand // one process makes one call at a time
	intents map[string]files
	stages  []string // runs of all writers so far
	deadly  bool     // processes die now and then
}

// write commits some contents, a few times. Now and then it takes another run
// for dead, gives its stage up, and clears it as soon as that is safe.
func (p *play) write(d *Dataset, process string) error {
	for try := range 6 {
		run := fmt.Sprintf("%s%d", process, try)
		add := files{}
		for _, folder := range []string{"p=1", "p=2", "p=3"} {
			if p.random.IntN(2) == 0 {
				add[folder] = []string{"", "one", "two", "three"}[p.random.IntN(4)]
			}
		}
		p.intents[run] = add
		err := d.Recover()
		var other *Stage
		if err == nil && len(p.stages) > 0 && p.random.IntN(3) == 0 {
			if other, err = d.Stage("all", p.stages[p.random.IntN(len(p.stages))]); err == nil {
				err = other.Abandon()
			}
		}
		p.stages = append(p.stages, run)
		var base *Commit
		if err == nil {
			base, err = d.Newest()
		}
		var st *Stage
		var draft Draft
		if err == nil {
			st, draft, err = job{light: true}.draft(d, run, base, add)
		}
		if err == nil {
			_, err = d.Commit(context.Background(), st, draft)
		}
		if err == nil && other != nil {
			err = other.Reclaim()
		}
		if err != nil && fault.Of(err) != fault.Conflict && !errors.Is(err, errLost) {
			return err
		}
	}
	return nil
}

// restore goes back to older commits.
func (p *play) restore(d *Dataset, process string) error {
	for try := range 3 {
		newest, err := d.Newest()
		if err != nil {
			return err
		}
		if newest == nil {
			continue
		}
		to := 1 + p.random.Int64N(newest.Number)
		_, err = d.Rollback(context.Background(), to, Author{Run: fmt.Sprintf("%s%d", process, try), Time: noon})
		gone := err != nil && strings.Contains(err.Error(), "files are gone")
		if err != nil && !gone && fault.Of(err) != fault.Conflict && !errors.Is(err, errLost) {
			return err
		}
	}
	return nil
}

// collect removes what is left over, and spares nobody by age.
func (p *play) collect(d *Dataset, _ string) error {
	for range 3 {
		keep := []time.Duration{1, 1000 * time.Hour}[p.random.IntN(2)]
		if _, err := d.GC(GCOptions{Now: noon.AddDate(0, 0, 8), KeepReplaced: keep}); err != nil && !errors.Is(err, errLost) {
			return err
		}
	}
	return nil
}

// act lets the processes run until all have ended, or died.
func (p *play) act(t *testing.T, others ...func(*Dataset, string) error) {
	var wait sync.WaitGroup
	var schedules []schedule
	for i, does := range append(others, p.write, p.write, p.write, p.restore, p.collect, p.collect) {
		sched := schedule{turn: make(chan struct{}), done: make(chan bool)}
		schedules = append(schedules, sched)
		d := p.store.onHeap(sched.disk(func() bool { return p.deadly && p.random.IntN(500) == 0 })).Dataset("p")
		wait.Go(func() {
			defer func() { sched.done <- false }()
			_, _ = d.store.has("x") // wait for the first turn
			if err := does(d, string(rune('a'+i))); err != nil && !errors.Is(err, errDead) {
				t.Errorf("process %c: %v", 'a'+i, err)
			}
		})
	}
	run(schedules, p.random)
	wait.Wait()
}

// state returns the contents of the newest commit by folder, and makes sure
// that each commit did what its run meant to do to the commit before it.
func (p *play) state(t *testing.T) files {
	d := p.store.Dataset("p")
	states := []files{{}}
	newest, err := d.Newest()
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); newest != nil && n <= newest.Number; n++ {
		c, err := d.At(n)
		if err != nil {
			t.Fatal(err)
		}
		want := maps.Clone(states[n-1])
		if c.Restores > 0 {
			want = states[c.Restores]
		}
		for folder, text := range p.intents[c.Run] {
			want[folder] = text
			if text == "" {
				delete(want, folder)
			}
		}
		got := files{}
		for _, f := range c.Files {
			if _, double := got[d.folderOf(f)]; double {
				t.Errorf("commit %d has two files in %s", n, d.folderOf(f))
			}
			got[d.folderOf(f)] = p.textOf(f.SHA256)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("commit %d (-meant +made):\n%s", n, diff)
		}
		states = append(states, want)
	}
	return states[len(states)-1]
}

// textOf returns the content of a hash.
func (p *play) textOf(sum string) string {
	for _, text := range []string{"one", "two", "three"} {
		if s := newSink("", nil); s != nil {
			s.hash.Write([]byte(text))
			if fmt.Sprintf("%x", s.hash.Sum(nil)) == sum {
				return text
			}
		}
	}
	return "unknown"
}

// TestAnythingAtOnce runs writers, a rollback and two collectors in random
// schedules, in which processes sleep and die anywhere and no age spares a
// live run. In the end every commit is what its run meant it to be, readers
// see exactly the newest, and nothing is left over.
func TestAnythingAtOnce(t *testing.T) {
	t.Run("memory", func(t *testing.T) { anythingAtOnce(t, heapStore()) })
	t.Run("bucket", func(t *testing.T) { anythingAtOnce(t, vaultStore(t)) })
}

func anythingAtOnce(t *testing.T, store *Store) {
	for seed := range uint64(250 * *times / slowness) {
		p := &play{store: store.empty(), random: rand.New(rand.NewPCG(seed, 1)), intents: map[string]files{}, deadly: seed%3 > 0}
		p.act(t)
		d := p.store.Dataset("p")
		if !p.deadly {
			p.viewed(t) // by itself, without a recovery
		}
		if err := d.Recover(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		want := p.state(t)
		p.seen(t, want)
		if seed%4 == 0 {
			p.settle(t, want)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// seen makes sure that readers see what they should.
func (p *play) seen(t *testing.T, want files) {
	d := p.store.Dataset("p")
	newest, err := d.Newest()
	if err != nil {
		t.Fatal(err)
	}
	if newest == nil {
		return
	}
	got := files{}
	for name, text := range contents(t, d) {
		got[d.folderOf(File{Path: name})] = text
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	p.viewed(t)
	for _, name := range d.attached(newest) {
		if there, err := p.store.has(name); err != nil || !there {
			t.Errorf("%s is missing, %v", name, err)
		}
	}
}

// viewed makes sure that the view is that of the newest published commit.
func (p *play) viewed(t *testing.T) {
	d := p.store.Dataset("p")
	newest, err := d.highest("published", "")
	if err != nil || newest == 0 {
		return
	}
	view, err := p.store.objects.read(d.view())
	if first := fmt.Sprintf("-- commit %d of p;", newest); err != nil || !strings.HasPrefix(string(view), first) {
		t.Errorf("the view begins %.30q, %v, want %q", view, err, first)
	}
}

// settle cleans up, and makes sure that nothing is left over.
func (p *play) settle(t *testing.T, want files) {
	d := p.store.Dataset("p")
	gc := func() {
		if _, err := d.GC(GCOptions{Now: noon.AddDate(0, 0, 8)}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 { // a stage is closed; a commit comes; it is removed
		gc()
		newest, err := d.highest("commits", ".json")
		if err != nil {
			t.Fatal(err)
		}
		text := []string{"one", "two"}[i%2]
		if want["p=1"] == text {
			text = "three"
		}
		want = maps.Clone(want)
		want["p=1"] = text
		job{light: true}.commit(t, d, fmt.Sprintf("z%d", i), newest, files{"p=1": text}, nil)
		p.seen(t, want)
	}
	gc()
	if left := tree(t, p.store, d.state("stage")); len(left) > 0 {
		t.Errorf("stages still hold %v", left)
	}
}

// An actor is a process that makes its calls when it is told to.
type actor struct {
	schedule
	ended bool
}

// actor starts a process, which waits before its first call.
func (s *Store) actor(does func(d *Dataset)) *actor {
	a := &actor{schedule: schedule{turn: make(chan struct{}), done: make(chan bool)}}
	d := s.onHeap(a.disk(func() bool { return false })).Dataset("p")
	go func() {
		defer func() { a.done <- false }()
		does(d)
	}()
	a.ended = !<-a.done
	return a
}

// act lets the actor make some calls, or all that are left if n is negative. It
// tells whether there were that many.
func (a *actor) act(n int) bool {
	for ; n != 0 && !a.ended; n-- {
		a.turn <- struct{}{}
		a.ended = !<-a.done
	}
	return !a.ended
}

// TestGCAndARunAtEveryCall lets gc and a run with an old stage take turns: gc
// makes some calls, another run commits, the run makes some calls, gc makes
// the rest, another gc comes, and the run ends. The run either makes its
// commit, whole, or is refused.
func TestGCAndARunAtEveryCall(t *testing.T) {
	t.Run("memory", func(t *testing.T) { gcAndARun(t, heapStore()) })
	t.Run("bucket", func(t *testing.T) { gcAndARun(t, vaultStore(t)) })
}

func gcAndARun(t *testing.T, store *Store) {
	for i := 0; ; i++ {
		more := false
		for j := 0; ; j++ {
			s := store.empty()
			d := s.Dataset("p")
			job{light: true}.commit(t, d, "run1", 0, files{"p=1": "one"}, nil)
			if err := s.objects.put(d.state("parents", "a.parquet"), []byte("parents")); err != nil {
				t.Fatal(err)
			}
			st, draft, err := job{light: true}.draft(d, "run", nil, files{"p=2": "two"})
			if err != nil {
				t.Fatal(err)
			}
			draft.ParentsFile = "a.parquet"
			gc := s.actor(func(d *Dataset) {
				if _, err := d.GC(GCOptions{Now: later}); err != nil {
					t.Error(err)
				}
			})
			more = gc.act(i)
			job{light: true}.commit(t, d, "run2", 1, files{"p=1": "uno"}, nil)
			var c *Commit
			run := s.actor(func(d *Dataset) {
				draft.Base = 2
				c, err = d.Commit(context.Background(), &Stage{data: d, folder: st.folder}, draft)
			})
			last := !run.act(j)
			gc.act(-1)
			collect(t, d, GCOptions{Now: later})
			run.act(-1)
			if c == nil && fault.Of(err) != fault.Conflict || c != nil && err != nil {
				t.Fatalf("gc stops at call %d, the run at call %d: %v", i, j, err)
			}
			if c != nil {
				contents(t, d)
				if there, err := s.has(d.state("parents", "a.parquet")); !there || err != nil {
					t.Errorf("gc stops at call %d, the run at call %d: the parents of its commit are gone, %v", i, j, err)
				}
			}
			if err := d.Recover(); err != nil {
				t.Fatalf("gc stops at call %d, the run at call %d: %v", i, j, err)
			}
			if last {
				break
			}
		}
		if !more {
			break
		}
	}
}
