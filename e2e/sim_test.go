package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/e2e/compare"
)

// shipped is the pipelines file that users start from.
const shipped = "../pipelines.yaml"

// asks says how the requests of each shipped pipeline look in the ledger, and
// with which columns of a row the keys there begin.
var asks = map[string]struct {
	path *regexp.Regexp
	key  []string
}{
	"workshop_resources":     {regexp.MustCompile(`/v1/crm/metrics/workshops/resources/(\?|$)`), []string{"id"}},
	"request_list":           {regexp.MustCompile(`/v1/crm/requests/(\?|$)`), []string{"id"}},
	"requests":               {detail, []string{"id"}},
	"projects":               {regexp.MustCompile(`/public/projects\?`), []string{"id"}},
	"projects_filtered":      {regexp.MustCompile(`/projects/filter$`), []string{"id"}},
	"project_details":        {regexp.MustCompile(`/projects/info\?`), []string{"id"}},
	"project_steps":          {regexp.MustCompile(`/projects/steps\?`), []string{"id"}},
	"project_actions":        {regexp.MustCompile(`/projects/actions\?`), []string{"id"}},
	"project_action_details": {regexp.MustCompile(`/projects/actions/info\?`), []string{"id"}},
	"project_checklists":     {regexp.MustCompile(`/projects/checklists\?`), []string{"id"}},
	"project_goods":          {regexp.MustCompile(`/projects/goods\?`), []string{"id"}},
	"project_payments":       {regexp.MustCompile(`/projects/payments\?`), []string{"id"}},
	"users":                  {regexp.MustCompile(`/v1/users\?`), []string{"id"}},
	"user_meetings":          {regexp.MustCompile(`/v1/users/\d+/meetings\?`), []string{"id"}},
	"user_threads":           {regexp.MustCompile(`/v1/users/\d+/threads\?`), []string{"id"}},
	"sales_funnels":          {regexp.MustCompile(`#get\.sales_funnel$`), []string{"ext_id"}},
	"calls_report":           {regexp.MustCompile(`#get\.calls_report$`), []string{"id"}},
	"visitor_sessions":       {regexp.MustCompile(`#get\.visitor_sessions_report$`), []string{"id"}},
	"deals_history":          {regexp.MustCompile(`#get\.deals_history$`), []string{"ext_id", "stage_ext_id"}},
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

// startSim starts a simulator that ends with the test, and whose limits make no
// test wait. More arguments win over those that every simulator has.
func startSim(t *testing.T, args ...string) *sim {
	t.Helper()
	ledger := filepath.Join(t.TempDir(), "ledger.ndjson")
	cmd := commandContext(t.Context(), t, env{"GOGC": "400"}, append([]string{"sim", "--listen", "127.0.0.1:0", "--seed", "7", "--scale", "1", "--switch", "calls.minute=100000", "--ledger", ledger}, args...)...)
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
	Keys   []servedKey
}

// A servedKey is the key of a record: the text of each of its values.
type servedKey []string

func (k *servedKey) UnmarshalJSON(text []byte) error {
	if text[0] != '[' {
		text = slices.Concat([]byte("["), text, []byte("]"))
	}
	var values []json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	for _, v := range values {
		*k = append(*k, strings.Trim(string(v), `"`))
	}
	return nil
}

// begin returns the first values in the form of compare.Table.Keys.
func (k servedKey) begin(values int) string { return strings.Join(k[:min(values, len(k))], " ") }

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

// truths writes what the simulator serves, and returns the file of each stream.
func truths(t *testing.T, args ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	run(t, nil, append([]string{"sim", "--truth", dir, "--seed", "7", "--scale", "1"}, args...)...).want(t, 0)
	files, err := filepath.Glob(filepath.Join(dir, "*.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".ndjson")] = file
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
// value of every data set against what the simulator says it served. Which
// pipelines there are is what etl says it ran.
func TestSim(t *testing.T) {
	truth := truths(t)
	crm := startSim(t)
	lake := t.TempDir()
	r, sum := runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	checkNames(t, sum, slices.Collect(maps.Keys(truth)), "the simulator's streams")
	checkNames(t, sum, slices.Collect(maps.Keys(asks)), "those whose requests are known")
	requests := readLedger(t, crm.ledger)
	for _, o := range sum.Pipelines {
		t.Run(o.Name, func(t *testing.T) {
			want := readTruth(t, truth[o.Name])
			checkNeverSet(t, want)
			checkDataSet(t, lake, o.Name, want)
			checkCounts(t, o, want)
			checkServed(t, requests, asks[o.Name].path, asks[o.Name].key, want)
		})
	}
}

// checkNames fails unless a run had just the named pipelines: one that nothing
// is compared with would pass unseen.
func checkNames(t *testing.T, sum summary, want []string, what string) {
	t.Helper()
	var got []string
	for _, o := range sum.Pipelines {
		got = append(got, o.Name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the pipelines that ran are not %s (-want +ran):\n%s", what, diff)
	}
}

// TestSimAgain runs the pipelines again: a second run finds nothing new and
// leaves every file alone, and so does one that reads slices with rows again; a
// last one finds changed requests and asks for those.
func TestSimAgain(t *testing.T) {
	crm := startSim(t)
	lake := t.TempDir()
	r, _ := runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	before, asked := tree(t, lake), count(readLedger(t, crm.ledger), detail)

	r, sum := runPipelines(t, crm.env, shipped, lake)
	r.want(t, 0)
	checkTree(t, lake, before, "the second run")
	if more := count(readLedger(t, crm.ledger), detail) - asked; more != 0 || sum.of(t, "requests").Asked != 0 {
		t.Errorf("the second run asked for %d details, the summary says %d, want none", more, sum.of(t, "requests").Asked)
	}

	sliced := []string{"--since", "2025-03-01", "--until", "2025-05-01", "projects_filtered", "calls_report", "visitor_sessions", "deals_history"}
	r, again := runPipelines(t, crm.env, shipped, lake, sliced...)
	r.want(t, 0)
	for _, o := range again.Pipelines {
		if o.Slices != 2 || o.Served == 0 {
			t.Errorf("of %s %d slices with %d rows were read again, want 2 with some", o.Name, o.Slices, o.Served)
		}
	}
	checkTree(t, lake, before, "the run of two slices")

	crm.stop()
	const changed = 50
	change := []string{"--switch", fmt.Sprintf("rental.changed=%d", changed)}
	crm = startSim(t, append(change, "--listen", crm.listen)...)
	r, sum = runPipelines(t, crm.env, shipped, lake, "request_list", "requests")
	r.want(t, 0)
	if o := sum.of(t, "requests"); o.Asked != changed || o.Unchanged != asked-changed {
		t.Errorf("the last run asked for %d requests and left %d, want %d and %d", o.Asked, o.Unchanged, changed, asked-changed)
	}
	truth := truths(t, change...)
	for _, o := range sum.Pipelines {
		checkDataSet(t, lake, o.Name, readTruth(t, truth[o.Name]))
	}
}

// checkTree fails if a run has changed the files of the data sets.
func checkTree(t *testing.T, lake string, before map[string]string, run string) {
	t.Helper()
	if diff := cmp.Diff(before, tree(t, lake)); diff != "" {
		t.Errorf("%s changed files (-before +after):\n%s", run, diff)
	}
}
