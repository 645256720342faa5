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
	r := run(t, e, append([]string{"plan", "--shards", "3", "--plan-out", lake + "/plans/"}, divisible...)...)
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
	shardsDisturbed(t, nil, 3, memoryDir)
}

// TestStoresShardsDisturbed holds the same of workers that share a bucket.
func TestStoresShardsDisturbed(t *testing.T) {
	servers := startBuckets(t)
	for _, scheme := range []string{"s3", "gs"} {
		t.Run(scheme, func(t *testing.T) {
			n := 0
			shardsDisturbed(t, servers, 2, func(*testing.T) string { n++; return fmt.Sprintf("%s://lake/shards/%d", scheme, n) })
		})
	}
}

// shardsDisturbed disturbs the workers of some plans, each with a destination of
// its own, and holds what they leave against that of a plan in a folder.
func shardsDisturbed(t *testing.T, stores env, plans uint64, destination func(*testing.T) string) {
	crm := startSim(t, "--scale", "0.1", "--latency", "2ms", "--switch", "calls.minute=100000")
	crm.env = crm.env.with(stores)
	file := edited(t, edit{`(?m)^    limits: \{ requests: .*$`, "    limits: { concurrency: 4 }"})
	calm := memoryDir(t)
	e, plan, shards := planFor(t, crm.env, file, calm)
	for k := range shards {
		run(t, e, "run", "-q", "--plan", plan, "--shard", fmt.Sprint(k)).want(t, 0)
	}
	run(t, e, "commit", "-q", "--plan", plan).want(t, 0)
	want := tree(t, calm)
	for seed := range plans {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			lake := destination(t)
			e, plan, shards := planFor(t, crm.env, file, lake)
			disturbPlan(t, e, random, plan, shards, seed%2 == 1)
			run(t, e, "verify", "--deep").want(t, 0)
			if diff := cmp.Diff(want, treeOf(t, e, lake)); diff != "" {
				t.Errorf("files (-undisturbed +disturbed):\n%s", diff)
			}
		})
	}
}

// disturbPlan has more workers than a plan has shards, disturbs them, has those
// that nothing disturbs do the rest, and commits. Sleepers wake before the
// commit, or late: after it.
func disturbPlan(t *testing.T, e env, random *rand.Rand, plan string, shards int, late bool) {
	t.Helper()
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
	if !late {
		awake()
	}
	run(t, e, "commit", "-q", "--plan", plan).want(t, 0)
	if late {
		awake()
	}
	run(t, e, "commit", "-q", "--plan", plan).want(t, 0)
}

// TestShardsKeepTheLimit holds that all workers together stay within the limit
// of a source, those too that take the place of one that was killed.
func TestShardsKeepTheLimit(t *testing.T) {
	shardsKeepTheLimit(t, nil, memoryDir(t))
}

// TestStoresShardsKeepTheLimit holds the same of workers that share a bucket.
func TestStoresShardsKeepTheLimit(t *testing.T) {
	shardsKeepTheLimit(t, startBuckets(t), "s3://lake/limit")
}

func shardsKeepTheLimit(t *testing.T, stores env, lake string) {
	const allowed, period = 20, 2 * time.Second
	ledger := filepath.Join(t.TempDir(), "ledger.ndjson")
	crm := startSim(t, "--scale", "0.1", "--ledger", ledger)
	file := edited(t, edit{`(?m)^    limits: \{ requests: .*$`, fmt.Sprintf("    limits: { requests: %d, per: %v, concurrency: 4 }", allowed, period)},
		edit{`size: pageSize \}, size: 1000`, "size: pageSize }, size: 50"})
	e := crm.env.with(stores).with(env{"ETL_DESTINATION": lake, "ETL_FILE": file})
	plan := lake + "/plan.json"
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
