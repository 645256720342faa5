package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"etl/e2e/compare"
)

// soak is how long TestSoak goes on; the seed of the kills decides what happens.
var soak = flag.Duration("soak", 15*time.Second, "how long runs are disturbed at random")

// toxics are what networks do to connections. Each strikes some of them, on the
// way to etl: the first three delay, the others break.
var toxics = []string{
	`{"type": "latency", "toxicity": 0.5, "attributes": {"latency": 60, "jitter": 50}}`,
	`{"type": "bandwidth", "toxicity": 0.5, "attributes": {"rate": 2000}}`,
	`{"type": "slicer", "toxicity": 0.5, "attributes": {"average_size": 700, "size_variation": 300, "delay": 100}}`,
	`{"type": "reset_peer", "toxicity": 0.2, "attributes": {"timeout": 30}}`,
	`{"type": "limit_data", "toxicity": 0.2, "attributes": {"bytes": 9000}}`,
	`{"type": "timeout", "toxicity": 0.2, "attributes": {"timeout": 400}}`,
	`{"type": "slow_close", "toxicity": 0.5, "attributes": {"delay": 200}}`,
}

// A network stands between etl and a simulator.
type network struct{ proxy *toxiproxy.Proxy }

func newNetwork(t *testing.T) *network {
	t.Helper()
	p := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "crm", "127.0.0.1:0", "127.0.0.1:9")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return &network{p}
}

// to leads a simulator's variables through the network, with a toxic or none.
func (n *network) to(t *testing.T, s *sim, toxic string) env {
	t.Helper()
	n.proxy.Toxics.ResetToxics(context.Background())
	n.proxy.Lock()
	n.proxy.Upstream = s.listen
	n.proxy.Unlock()
	if toxic != "" {
		if _, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			t.Fatal(err)
		}
	}
	e := env{}
	for name, value := range s.env {
		e[name] = strings.Replace(value, s.listen, n.proxy.Listen, 1)
	}
	return e
}

// impatient are the shipped pipelines for a network that stalls.
func impatient(t *testing.T) string {
	t.Helper()
	return edited(t, edit{`(?m)^    base_url:`, "    timeout: 2s\n    retries: 4\n    base_url:"})
}

// Whatever a network does, a run brings every value or says that it could not,
// and the next one over a network in peace does.
func TestStorm(t *testing.T) {
	file, truth, crm, net := impatient(t), truthTables(t, small), startSim(t, small...), newNetwork(t)
	for _, toxic := range toxics {
		var kind struct{ Type string }
		if err := json.Unmarshal([]byte(toxic), &kind); err != nil {
			t.Fatal(err)
		}
		t.Run(kind.Type, func(t *testing.T) {
			lake := t.TempDir()
			r, sum := runPipelines(t, net.to(t, crm, toxic), file, lake)
			if r.exit != 0 && r.exit != 3 {
				t.Errorf("exit %d, want 0 or 3\n%s", r.exit, r.stderr)
			}
			for _, o := range sum.Pipelines {
				if o.Status == "ok" {
					checkDataSet(t, lake, o.Name, truth[o.Name])
				}
			}
			checkCalm(t, net.to(t, crm, ""), file, lake, truth)
		})
	}
}

// checkCalm runs everything once more, undisturbed, and holds every data set
// against the truth.
func checkCalm(t *testing.T, e env, file, lake string, truth map[string]*compare.Table) {
	t.Helper()
	r, sum := runPipelines(t, e, file, lake)
	r.want(t, 0)
	for _, o := range sum.Pipelines {
		checkDataSet(t, lake, o.Name, truth[o.Name])
	}
	run(t, e.with(env{"ETL_DESTINATION": lake}), "verify", "-f", file).want(t, 0)
}

func truthTables(t *testing.T, args []string) map[string]*compare.Table {
	t.Helper()
	all := map[string]*compare.Table{}
	for name, file := range truths(t, args...) {
		all[name] = readTruth(t, file)
	}
	return all
}

// tolled are the exit codes of a disturbed run, and of one that was killed. 2 is
// for servers that say that they do not have what is asked for.
var tolled = []int{0, 2, 3, 4, 5, 6, 8, 143, -1}

// TestSoak disturbs runs at random, three into each destination: by a fault of
// the server that must change no value, by the network, by signals and kills.
// After them an undisturbed run brings everything.
func TestSoak(t *testing.T) {
	file, truth, net := impatient(t), truthTables(t, small), newNetwork(t)
	t.Logf("-seed %d", *seed)
	rnd := rand.New(rand.NewPCG(*seed, 1))
	exits, lakes, faulty := map[int]int{}, 0, harmless(t)
	for begun := time.Now(); time.Since(begun) < *soak && !t.Failed(); lakes++ {
		lake := filepath.Join(memoryDir(t), "lake")
		for range 3 {
			toxic := pick(rnd, append(toxics, "", ""))
			fault := pick(rnd, faulty)
			crm := startSim(t, slices.Concat(small, []string{"--switch", fmt.Sprintf("%s:%d:%d", fault, 1+rnd.IntN(6), 1+rnd.IntN(2))})...)
			exit := disturbedOnce(t, rnd, net.to(t, crm, toxic), file, lake)
			crm.stop()
			exits[exit]++
			if !slices.Contains(tolled, exit) {
				t.Errorf("exit %d after %s and %s", exit, fault, toxic)
			}
		}
		crm := startSim(t, small...)
		checkCalm(t, net.to(t, crm, ""), file, lake, truth)
		crm.stop()
		if err := os.RemoveAll(lake); err != nil {
			t.Fatal(err)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(exits)) {
		t.Logf("%d runs ended with %d", exits[code], code)
	}
	t.Logf("%d destinations, each equal to the truth in every value after an undisturbed run", lakes)
}

func pick[T any](rnd *rand.Rand, of []T) T { return of[rnd.IntN(len(of))] }

// disturbedOnce runs everything once, and ends one run in three early: half of
// these by SIGTERM, half by SIGKILL, for which the exit code is -1.
func disturbedOnce(t *testing.T, rnd *rand.Rand, e env, file, lake string) int {
	t.Helper()
	cmd := command(t, e.with(env{"ETL_DESTINATION": lake}), "run", "-q", "-f", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	after := deadline
	if rnd.IntN(3) == 0 {
		after = time.Duration(rnd.IntN(1500)) * time.Millisecond
	}
	signal := pick(rnd, []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL})
	select {
	case <-ended:
	case <-time.After(after):
		_ = cmd.Process.Signal(signal) // it may have ended by now
		<-ended
	}
	return cmd.ProcessState.ExitCode()
}

// other are the faults that put another record in the place of a good one, which
// some column takes: what an API tells well-formed, nobody can know to be wrong.
var other = regexp.MustCompile(`^(same_key|page_before|hole|half|no_key|new_member|null_key|retype|huge|fraction_key|1e400|nul|leap_second|digits|no_time|no_such_day)$`)

// harmless returns the other faults, as switches.
func harmless(t *testing.T) (switches []string) {
	t.Helper()
	for name, sources := range faults(t) {
		if other.MatchString(name) {
			continue
		}
		for _, source := range sources {
			switches = append(switches, source+".fail="+name)
		}
	}
	slices.Sort(switches)
	return switches
}
