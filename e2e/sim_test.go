package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/e2e/compare"
)

// shipped is the pipelines file that users start from.
const shipped = "../pipelines.yaml"

// What the shipped pipelines read, and how the requests of each look in the
// ledger.
var streams = []struct {
	pipeline string
	requests *regexp.Regexp
}{
	{"workshop_resources", regexp.MustCompile(`/v1/crm/metrics/workshops/resources/(\?|$)`)},
	{"request_list", regexp.MustCompile(`/v1/crm/requests/(\?|$)`)},
	{"requests", detail},
	{"sales_funnels", regexp.MustCompile(`get\.sales_funnel`)},
}

// detail matches the requests that ask for one rental each.
var detail = regexp.MustCompile(`/v1/crm/requests/\d+/`)

// A sim is a running simulator.
type sim struct {
	env    env
	ledger string
	listen string // host and port
	stop   func() // ends it before the test does
}

// startSim starts a simulator that ends with the test. More arguments win over
// those that every simulator has.
func startSim(t *testing.T, args ...string) *sim {
	t.Helper()
	ledger := filepath.Join(t.TempDir(), "ledger.ndjson")
	cmd := command(t, nil, append([]string{"sim", "--listen", "127.0.0.1:0", "--seed", "7", "--scale", "1", "--ledger", ledger}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	ready := start(t, cmd)
	var line struct {
		BaseURLs map[string]string `json:"base_urls"`
		Env      env               `json:"env"`
	}
	if err := json.Unmarshal(ready, &line); err != nil || len(line.BaseURLs) == 0 || len(line.Env) == 0 {
		t.Fatalf("the simulator is ready with %q (%v), want base_urls and env", ready, err)
	}
	base, err := url.Parse(line.Env["RENTAL_URL"])
	if err != nil {
		t.Fatal(err)
	}
	return &sim{line.Env, ledger, base.Host, func() { end(cmd) }}
}

// start starts a server and returns the line it writes when it is ready.
func start(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(cmd) })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		_ = cmd.Wait()
		t.Fatalf("starting %s: %v\n%s", filepath.Base(cmd.Path), err, &stderr)
	}
	return line
}

// end ends a server; one that has ended already is left alone.
func end(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Cancel()
		_ = cmd.Wait() // it was told to end
	}
}

// A request is a line of a ledger.
type request struct {
	Source string
	Path   string
	Status int
	Keys   []json.RawMessage
}

// readLedger returns the requests that were served so far.
func readLedger(t *testing.T, path string) (requests []request) {
	t.Helper()
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return requests // what has no end yet is being written
		}
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("reading the ledger: %v\n%s", err, line)
		}
		requests = append(requests, r)
	}
}

// truths writes what the simulator serves and returns it per pipeline.
func truths(t *testing.T, args ...string) map[string]*compare.Table {
	t.Helper()
	dir := t.TempDir()
	run(t, nil, append([]string{"sim", "--truth", dir, "--seed", "7", "--scale", "1"}, args...)...).want(t, 0)
	all := map[string]*compare.Table{}
	for _, s := range streams {
		all[s.pipeline] = readTruth(t, filepath.Join(dir, s.pipeline+".ndjson"))
	}
	return all
}

func readTruth(t *testing.T, path string) *compare.Table {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := compare.Truth(bufio.NewReader(f))
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	if len(table.Rows) == 0 {
		t.Fatalf("%s has no rows", filepath.Base(path))
	}
	return table
}

// TestSim runs the shipped pipelines against the simulator and holds every
// value of every data set against what the simulator says it served.
func TestSim(t *testing.T) {
	want := truths(t)
	crm := startSim(t)
	lake := t.TempDir()
	r, sum := runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	requests := readLedger(t, crm.ledger)
	for _, s := range streams {
		t.Run(s.pipeline, func(t *testing.T) {
			checkNeverSet(t, want[s.pipeline])
			checkDataSet(t, lake, s.pipeline, keyOf(s.pipeline), want[s.pipeline])
			checkCounts(t, sum.of(t, s.pipeline), want[s.pipeline])
			checkServed(t, requests, s.requests, keyOf(s.pipeline), want[s.pipeline])
		})
	}
}

// TestSimAgain runs the pipelines a second and a third time: the second finds
// nothing new and leaves every file alone, the third finds changed requests and
// asks for those.
func TestSimAgain(t *testing.T) {
	crm := startSim(t)
	lake := t.TempDir()
	r, _ := runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	before, asked := tree(t, lake), count(readLedger(t, crm.ledger), detail)

	r, sum := runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	if diff := cmp.Diff(before, tree(t, lake)); diff != "" {
		t.Errorf("the second run changed files (-before +after):\n%s", diff)
	}
	if more := count(readLedger(t, crm.ledger), detail) - asked; more != 0 || sum.of(t, "requests").Asked != 0 {
		t.Errorf("the second run asked for %d details, the summary says %d, want none", more, sum.of(t, "requests").Asked)
	}

	crm.stop()
	const changed = 50
	change := []string{"--switch", fmt.Sprintf("rental.changed=%d", changed)}
	crm = startSim(t, append(change, "--listen", crm.listen)...)
	r, sum = runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	if o := sum.of(t, "requests"); o.Asked != changed || o.Unchanged != asked-changed {
		t.Errorf("the third run asked for %d requests and left %d, want %d and %d", o.Asked, o.Unchanged, changed, asked-changed)
	}
	for pipeline, want := range truths(t, change...) {
		checkDataSet(t, lake, pipeline, keyOf(pipeline), want)
	}
}

// keyOf returns the key of a stream.
func keyOf(pipeline string) string {
	if pipeline == "sales_funnels" {
		return "ext_id"
	}
	return "id"
}
