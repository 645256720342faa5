//go:build unix

package e2e

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"etl/e2e/compare"
)

var atOnce = flag.Uint64("at-once", 200, "how many times processes run at once, from -seed on")

// A duel is what processes run against at once: an API that tells one of them
// other things than the others, who ask a little earlier.
type duel struct {
	*world
	envs   map[string]env // of each process, by its name
	truths map[string]map[string]*compare.Table
	bucket string // in which destinations lie; empty: in folders
}

// into lets destinations lie in a bucket.
func (d *duel) into(bucket string, servers env) *duel {
	d.bucket = bucket
	for name, e := range d.envs {
		d.envs[name] = e.with(servers)
	}
	return d
}

// lake returns a destination of its own that is as the base.
func (d *duel) lake(t *testing.T, s uint64) string {
	t.Helper()
	if d.bucket == "" {
		return d.copy(t)
	}
	lake := fmt.Sprintf("%s/%d", d.bucket, s)
	run(t, d.envs["old"].with(env{"ETL_DESTINATION": lake}), runOf(d.file, "2026-03-01")...).want(t, 0)
	return lake
}

// local returns a folder with the data and the views of a destination.
func (d *duel) local(t *testing.T, lake string) string {
	t.Helper()
	if d.bucket == "" {
		return lake
	}
	dir := memoryDir(t)
	for _, address := range objects(t, d.envs["old"], lake+"/") {
		name := strings.TrimPrefix(address, lake+"/")
		if strings.HasPrefix(name, "_etl/") {
			continue
		}
		data, err := object(d.envs["old"], address)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), bytes.ReplaceAll(data, []byte(lake), []byte(dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// newDuel serves two states of the API at one address. Who asks is in the
// header User-Agent.
func newDuel(t *testing.T) *duel {
	t.Helper()
	changed := slices.Concat(small, []string{"--switch", "rental.changed=5"})
	others := slices.Concat(small, []string{"--seed", "8"}) // of projects
	d := &duel{
		world:  &world{base: filepath.Join(memoryDir(t), "lake"), seen: new(sync.Map)},
		truths: map[string]map[string]*compare.Table{"old": readTruths(t, small...), "new": readTruths(t, changed...)},
	}
	d.truths["new"][windowed] = readTruths(t, others...)[windowed]
	first, second, third := startSim(t, small...), startSim(t, changed...), startSim(t, others...)
	kept := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(kept.CloseIdleConnections)
	proxy := httptest.NewServer(&httputil.ReverseProxy{Transport: kept, Rewrite: func(r *httputil.ProxyRequest) {
		to := first
		if r.In.UserAgent() == "new" {
			to = second
			if strings.HasPrefix(r.In.URL.Path, "/projects/") {
				to = third
			}
		}
		r.Out.URL.Scheme, r.Out.URL.Host = "http", to.listen
	}})
	t.Cleanup(proxy.Close)
	d.envs = map[string]env{"old": first.env.with(quick).with(env{"WHO": "old"}), "new": second.env.with(quick).with(env{"WHO": "new"})}
	for name, value := range third.env {
		if strings.HasPrefix(name, "PROJECTS_") {
			d.envs["new"][name] = value
		}
	}
	for _, e := range d.envs {
		for name, value := range e {
			if u, err := url.Parse(value); err == nil && strings.HasSuffix(name, "_URL") {
				e[name] = proxy.URL + u.Path
			}
		}
	}
	d.file = disturbedOnly(t, edit{`(?m)^    timezone:`, "    user_agent: $${WHO}\n    timezone:"})
	d.args = runOf(d.file, "2026-05-01")
	run(t, d.envs["old"].with(env{"ETL_DESTINATION": d.base}), runOf(d.file, "2026-03-01")...).want(t, 0)
	return d
}

// A player is one of several processes.
type player struct {
	*exec.Cmd
	what    string
	stderr  strings.Builder
	ended   chan struct{}
	stopped bool
}

func (p *player) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// start starts a process of the duel.
func (d *duel) start(t *testing.T, lake, what string) *player {
	t.Helper()
	args, e := d.args, d.envs[what]
	if what == "gc" {
		args, e = append([]string{"gc", "--older", "1ms", "-f", d.file}, disturbed...), d.envs["old"]
	}
	p := &player{Cmd: command(t, e.with(env{"ETL_DESTINATION": lake}), args...), what: what, ended: make(chan struct{})}
	p.Stderr = &p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.Wait() // the exit code tells
	}()
	return p
}

// play lets processes run at once, which sleep at random moments, and returns
// them when all have ended.
func (d *duel) play(t *testing.T, lake string, random *rand.Rand, locks bool) (players []*player) {
	t.Helper()
	for _, what := range [][]string{{"old", "new"}, {"new", "new", "old"}, {"old", "new", "gc"}}[random.IntN(3)] {
		players = append(players, d.start(t, lake, what))
	}
	moment := time.NewTimer(0)
	defer moment.Stop()
	for {
		<-moment.C
		live := slices.DeleteFunc(slices.Clone(players), (*player).over)
		if len(live) == 0 {
			return players
		}
		if !locks && d.bucket == "" {
			unlock(t, lake)
		}
		p := live[random.IntN(len(live))]
		asleep := slices.DeleteFunc(live, func(p *player) bool { return !p.stopped })
		signal := syscall.SIGSTOP
		if p.stopped {
			signal = syscall.SIGCONT
		}
		if signal == syscall.SIGSTOP && len(asleep) == len(live)-1 && len(live) > 1 && random.IntN(4) > 0 {
			signal = 0 // mostly one goes on
		}
		if signal != 0 {
			if err := p.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			p.stopped = signal == syscall.SIGSTOP
		}
		moment.Reset(time.Duration(random.IntN(60)) * time.Millisecond)
	}
}

// unlock takes the locks away, as file systems do that have none: who comes
// next does not see that another holds one.
func unlock(t *testing.T, lake string) {
	t.Helper()
	for _, pipeline := range disturbed {
		if err := os.Remove(filepath.Join(lake, "_etl", pipeline, "lock")); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// checkOrder fails unless each data set is as if the processes had run one
// after the other. What reads the same is looked at once.
func (d *duel) checkOrder(t *testing.T, lake string, lost bool) {
	t.Helper()
	dir := d.local(t, lake)
	for _, pipeline := range disturbed {
		for way, got := range map[string]*compare.Table{"view": d.viewed(t, dir, pipeline), "glob": d.globbed(t, dir, pipeline)} {
			looked := struct {
				*compare.Table
				lost bool
			}{got, lost}
			if _, ordered := d.seen.Load(looked); ordered {
				continue
			}
			if mistakes := d.disorder(t, got, pipeline, lost); len(mistakes) > 0 {
				t.Errorf("%s by %s: %s", pipeline, way, strings.Join(mistakes, "\n"))
				continue
			}
			d.seen.Store(looked, true)
		}
	}
	run(t, d.envs["old"].with(env{"ETL_DESTINATION": lake}), append([]string{"verify", "--deep", "-f", d.file}, disturbed...)...).want(t, 0)
}

// disorder returns what is not as it should be: a list is that of one of the
// processes, and so is each slice. If every run has lost, a slice may be missing.
func (d *duel) disorder(t *testing.T, got *compare.Table, pipeline string, lost bool) (mistakes []string) {
	t.Helper()
	parts := cut(t, got)
	old, changed := cut(t, d.truths["old"][pipeline]), cut(t, d.truths["new"][pipeline])
	for slice, want := range old {
		if lost && parts[slice] == nil {
			continue
		}
		rows, other := orNone(parts[slice], want), orNone(changed[slice], want)
		a, b := compare.Diff(want, rows, "id").Err(), compare.Diff(other, rows, "id").Err()
		if a != nil && b != nil {
			mistakes = append(mistakes, fmt.Sprintf("slice %q is neither of the two: %v\n%v", slice, a, b))
		}
		delete(parts, slice)
	}
	for slice := range parts {
		if changed[slice] == nil {
			mistakes = append(mistakes, fmt.Sprintf("there is a slice %q", slice))
		}
	}
	return mistakes
}

// checkRetry runs a process again, alone: nothing is in its way, and the lists
// and their details are as it is told, whatever is kept of those before it.
func (d *duel) checkRetry(t *testing.T, lake string) {
	t.Helper()
	run(t, d.envs["new"].with(env{"ETL_DESTINATION": lake}), d.args...).want(t, 0)
	d.checkOrder(t, lake, false)
	dir := d.local(t, lake)
	for _, pipeline := range disturbed[:2] {
		if err := compare.Diff(d.truths["new"][pipeline], d.globbed(t, dir, pipeline), "id").Err(); err != nil {
			t.Errorf("%s after another run: %v", pipeline, err)
		}
	}
}

// orNone returns a table, or one without rows if there is none.
func orNone(table, like *compare.Table) *compare.Table {
	if table == nil {
		return &compare.Table{Columns: like.Columns}
	}
	return table
}

// TestProcessesAtOnce runs two or three real processes on one destination: runs
// that are told different things, and at times gc that spares nobody. They are
// stopped and woken at random moments, and mostly their locks are taken away.
// Each is done or has lost, what is left is as if they had come one after the
// other, and a run after them finds nothing in its way.
//
// Several destinations are played on side by side: their processes mostly sleep.
func TestProcessesAtOnce(t *testing.T) { newDuel(t).sideBySide(t, *atOnce) }

// TestStoresProcessesAtOnce does the same in buckets, where there are no locks, a
// fortieth of the times.
func TestStoresProcessesAtOnce(t *testing.T) {
	for _, bucket := range []string{"s3://lake", "gs://lake"} {
		t.Run(bucket[:2], func(t *testing.T) {
			newDuel(t).into(bucket+"/at-once", startBuckets(t)).sideBySide(t, (*atOnce+39)/40)
		})
	}
}

// sideBySide plays many times, and tells how the processes have ended.
func (d *duel) sideBySide(t *testing.T, times uint64) {
	t.Helper()
	var exits sync.Map
	var next atomic.Uint64
	var side sync.WaitGroup
	for range 3 * runtime.GOMAXPROCS(0) {
		side.Go(func() {
			for n := next.Add(1); n <= times && !t.Failed(); n = next.Add(1) {
				s := *seed + n - 1
				t.Run(fmt.Sprint(s), func(t *testing.T) { d.one(t, s, &exits) })
			}
		})
	}
	side.Wait()
	var ended []string
	exits.Range(func(how, times any) bool {
		ended = append(ended, fmt.Sprintf("%s: %d", how, times.(*atomic.Int64).Load()))
		return true
	})
	slices.Sort(ended)
	t.Logf("%d times processes at once (-at-once %d -seed %d); how they ended: %s", times, *atOnce, *seed, strings.Join(ended, ", "))
}

// one plays once, and counts how the processes end.
func (d *duel) one(t *testing.T, s uint64, exits *sync.Map) {
	t.Helper()
	random := rand.New(rand.NewPCG(s, 1))
	lake, locks, lost := d.lake(t, s), random.IntN(4) == 0, true
	players := d.play(t, lake, random, locks)
	for _, p := range players {
		exit := p.ProcessState.ExitCode()
		if exit != 0 && (exit != 8 || p.what == "gc") {
			t.Errorf("%s ends with %d, locks %t:\n%s", p.what, exit, locks, p.stderr.String())
		}
		lost = lost && (exit != 0 || p.what == "gc")
		times, _ := exits.LoadOrStore(fmt.Sprintf("%s %d", p.what, exit), new(atomic.Int64))
		times.(*atomic.Int64).Add(1)
	}
	d.checkOrder(t, lake, lost)
	if slices.ContainsFunc(players, func(p *player) bool { return p.what == "gc" }) {
		// It may go on with a run that began after the newest commit, and was stopped by gc.
		run(t, d.envs["new"].with(env{"ETL_DESTINATION": lake}), d.args...).want(t, 0)
	}
	d.checkRetry(t, lake)
	if t.Failed() {
		t.Logf("locks %t", locks)
		for _, p := range players {
			t.Logf("%s ended with %d:\n%s", p.what, p.ProcessState.ExitCode(), p.stderr.String())
		}
	}
}
