//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// divisible are pipelines that can be in a plan together.
var divisible = []string{"workshop_resources", "requests", "projects_filtered", "sales_funnels"}

// planFor brings parents up to date and makes a plan of three shards.
func planFor(t *testing.T, e env, file, lake string) (e2 env, plan string, shards int) {
	t.Helper()
	e = e.with(env{"ETL_DESTINATION": lake, "ETL_FILE": file})
	run(t, e, "run", "-q", "request_list").want(t, 0)
	r := run(t, e, append([]string{"plan", "--shards", "3", "--plan-out", filepath.Join(lake, "plans") + "/"}, divisible...)...)
	r.want(t, 0)
	var made struct {
		Plan   string
		Shards int
	}
	if err := json.Unmarshal([]byte(r.stdout), &made); err != nil {
		t.Fatalf("plan printed %q: %v", r.stdout, err)
	}
	return e, made.Plan, made.Shards
}

// disturb starts a worker, and perhaps stops it for a while, or for good. It
// returns the worker if it is still at work.
func disturb(t *testing.T, e env, random *rand.Rand, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, e, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	patience := time.NewTimer(time.Duration(random.IntN(400)) * time.Millisecond)
	defer patience.Stop()
	<-patience.C
	switch random.IntN(3) {
	case 0:
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		return nil
	case 1:
		_ = cmd.Process.Signal(syscall.SIGSTOP)
	}
	return cmd
}

// TestShardsDisturbed holds that workers which are killed, fall asleep or do the
// same shard at once end in the bytes of those that nothing disturbs.
func TestShardsDisturbed(t *testing.T) {
	crm := startSim(t, "--scale", "0.1", "--latency", "2ms", "--switch", "calls.minute=100000")
	file := edited(t, edit{`(?m)^    limits: \{ requests: .*$`, "    limits: { concurrency: 4 }"})
	calm := memoryDir(t)
	e, plan, shards := planFor(t, crm.env, file, calm)
	for k := range shards {
		run(t, e, "run", "-q", "--plan", plan, "--shard", fmt.Sprint(k)).want(t, 0)
	}
	run(t, e, "commit", "-q", "--plan", plan).want(t, 0)
	want := tree(t, calm)
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			lake := memoryDir(t)
			e, plan, shards := planFor(t, crm.env, file, lake)
			var asleep []*exec.Cmd
			for range 3 * shards {
				if cmd := disturb(t, e, random, "run", "-q", "--plan", plan, "--shard", fmt.Sprint(random.IntN(shards))); cmd != nil {
					asleep = append(asleep, cmd)
				}
			}
			for _, k := range random.Perm(shards) {
				run(t, e, "run", "-q", "--plan", plan, "--shard", fmt.Sprint(k)).want(t, 0)
			}
			awake := func() {
				for _, cmd := range asleep {
					_ = cmd.Process.Signal(syscall.SIGCONT) // it may have ended
					if err := cmd.Wait(); err != nil {
						t.Errorf("a worker whose shard others have done: %v", err)
					}
				}
			}
			if seed%2 == 0 { // sleepers wake before the commit, or after it
				awake()
				run(t, e, "commit", "-q", "--plan", plan).want(t, 0)
			} else {
				run(t, e, "commit", "-q", "--plan", plan).want(t, 0)
				awake()
			}
			run(t, e, "commit", "-q", "--plan", plan).want(t, 0)
			run(t, e, "verify", "--deep").want(t, 0)
			if diff := cmp.Diff(want, tree(t, lake)); diff != "" {
				t.Errorf("files (-undisturbed +disturbed):\n%s", diff)
			}
		})
	}
}

// TestShardsKeepTheLimit holds that all workers together stay within the limit
// of a source, those too that take the place of one that was killed.
func TestShardsKeepTheLimit(t *testing.T) {
	const allowed, period = 20, 2 * time.Second
	ledger := filepath.Join(t.TempDir(), "ledger.ndjson")
	crm := startSim(t, "--scale", "0.1", "--ledger", ledger)
	file := edited(t, edit{`(?m)^    limits: \{ requests: .*$`, fmt.Sprintf("    limits: { requests: %d, per: %v, concurrency: 4 }", allowed, period)},
		edit{`size: pageSize \}, size: 1000`, "size: pageSize }, size: 50"})
	lake := memoryDir(t)
	e := crm.env.with(env{"ETL_DESTINATION": lake, "ETL_FILE": file})
	plan := filepath.Join(lake, "plan.json")
	run(t, e, "plan", "--shards", "2", "--plan-out", plan, "workshop_resources").want(t, 0)
	killed := command(t, e, "run", "-q", "--plan", plan, "--shard", "0")
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	other := command(t, e, "run", "-q", "--plan", plan, "--shard", "1")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first requests of shards", func() bool { text, _ := os.ReadFile(ledger); return strings.Count(string(text), "\n") > 9 })
	_ = killed.Process.Kill() // it may have ended
	_ = killed.Wait()
	run(t, e, "run", "-q", "--plan", plan, "--shard", "0").want(t, 0)
	if err := other.Wait(); err != nil {
		t.Fatal(err)
	}
	run(t, e, "commit", "-q", "--plan", plan).want(t, 0)
	text, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	var times []time.Time
	for line := range strings.Lines(string(text)) {
		var r struct{ Time time.Time }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		times = append(times, r.Time)
	}
	for i := range len(times) - allowed {
		if took := times[i+allowed].Sub(times[i]); took < period*9/10 { // the ledger is written when a reply is
			t.Errorf("requests %d to %d came within %v, and %d are allowed in %v", i, i+allowed, took, allowed, period)
		}
	}
	if len(times) <= allowed {
		t.Errorf("%d requests try no limit", len(times))
	}
}
