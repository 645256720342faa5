package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"etl"
	"etl/internal/config"
	"etl/internal/crmsim"
	"etl/internal/fault"
	"etl/schemas"
)

// The guide to the simulator says what etl makes of every switch and fault, and
// these tests hold it to that.
const simulatorGuide = "../../docs/simulator.md"

// A trial is a run against a simulator that is set so.
type trial struct {
	set  []string // NAME=VALUE of switches; empty: every one at its default
	with []string // what goes with them: NAME=VALUE of switches, variables and settings
	run  []string // pipelines

	known *known // shared by trials
}

// notYet marks an ending of the guide that etl is known not to come to.
const notYet = "†"

// Endings of a run that went well and left other rows than the API has: some are
// missing, or all are there and more.
const (
	otherRows = "0, other rows"
	moreRows  = "0, more rows"
)

// guideRows returns the rows of the guide's tables whose first column has a
// name, each with as many cells as the table has columns.
func guideRows(t *testing.T, first string) (all [][]string) {
	t.Helper()
	text, err := os.ReadFile(simulatorGuide)
	if err != nil {
		t.Fatal(err)
	}
	columns, wanted := 0, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns, wanted = len(cells), cells[0] == first
		case wanted && len(cells) != columns:
			t.Fatalf("%d cells in place of %d: %s", len(cells), columns, line)
		case wanted && !strings.HasPrefix(cells[0], "-"):
			all = append(all, cells)
		}
	}
	return all
}

var quote = regexp.MustCompile("`([^`]*)`")

// quotes returns what stands as code in a cell.
func quotes(cell string) (all []string) {
	for _, m := range quote.FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}

// A clock goes on with every request and with every sleep, which takes no time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// An ending is how a pipeline ended: the exit code, and the class unless it is 0.
type ending struct{ ends, said, diff string }

// endings runs a trial and returns how each pipeline ended.
func (tr trial) endings(t *testing.T) map[string]ending {
	t.Helper()
	w, c, o, simulator := tr.prepare(t)
	return tr.endingsIn(t, w, c, o, simulator)
}

// endingsIn returns how each pipeline of a trial ended in a world that was
// prepared for it.
func (tr trial) endingsIn(t *testing.T, w *world, c *config.Config, o Options, simulator string) map[string]ending {
	t.Helper()
	filled := slices.ContainsFunc(tr.with, func(pair string) bool { return strings.HasPrefix(pair, "before=") })
	all := map[string]ending{}
	for _, r := range w.run(o, tr.run...).Pipelines {
		e := ending{ends: "0"}
		if r.Status == OK {
			p, err := c.Select([]string{r.Name})
			if err != nil {
				t.Fatal(err)
			}
			var missing bool
			if e.diff, missing = w.differ(simulator, p[0]); missing {
				e.ends = otherRows
			} else if e.diff != "" {
				e.ends = moreRows
			}
		} else {
			e.ends, e.said = fmt.Sprintf("%d %s", fault.Exit(r.err), r.Class), r.Error
			if r.Status == Blocked {
				e.ends = Blocked
			}
			if r.Commit != 0 && r.Slices == 0 && !filled {
				t.Errorf("%s failed with commit %d", r.Name, r.Commit)
			}
		}
		all[r.Name] = e
	}
	return all
}

// hold tells whether an ending is the one that the guide has, and one of its
// words in the error; an ending that is not yet come to must be another.
func (e ending) hold(t *testing.T, ends string, words []string) {
	t.Helper()
	want, mistaken := strings.CutSuffix(ends, notYet)
	want = strings.TrimSpace(want)
	said := e.said == "" || slices.ContainsFunc(words, func(word string) bool { return strings.Contains(e.said, word) })
	switch {
	case mistaken && e.ends == want:
		t.Errorf("ends %s, as it should: take the mark away", want)
	case !mistaken && e.ends != want:
		t.Errorf("ends %s: %s, want %s (-truth +rows)\n%.2000s", e.ends, e.said, want, e.diff)
	case !mistaken && !said:
		t.Errorf("says %s, want one of %q", e.said, words)
	}
}

// prepare sets up a world for a trial, its configuration, the options of a run,
// and a name for the simulator: those of one name have the same truth.
func (tr trial) prepare(t *testing.T) (*world, *config.Config, Options, string) {
	t.Helper()
	with := &trialSettings{switches: map[string]string{}, env: map[string]string{}, scale: testScale, sizes: map[string]int{"": 20}}
	for _, pair := range slices.Concat(tr.set, tr.with) {
		with.take(t, pair)
	}
	at := &clock{now: time.Now()}
	w := newPlace(t)
	w.known, w.now = tr.known, at.Now
	dir := t.TempDir()
	writeFile(t, dir+"/service.yaml", serviceSchema)
	w.file, w.yaml = dir+"/pipelines.yaml", string(etl.Pipelines())+morePipelines
	if with.before > 0 {
		w.scale = with.before
		w.move(nil)
		before := tr.parents()
		if with.filled {
			before = tr.run
		}
		w.ok(Options{Now: at.Now}, before...)
	}
	w.scale, w.env = with.scale, with.env
	w.move(with.switches)
	w.wrap(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			_ = at.sleep(context.Background(), time.Second)
			h.ServeHTTP(rw, r)
		})
	})
	c := w.config()
	for _, p := range c.Pipelines {
		p.Paging.Size = cmp.Or(with.sizes[p.Source.Name], with.sizes[""])
		p.Complete = cmp.Or(with.complete, p.Complete)
		p.Source.Limits.Concurrency = 1
		p.Source.Timeout = cmp.Or(with.timeout, p.Source.Timeout)
		p.MaxRejects.Count = with.rejects
	}
	half := func() float64 { return 0.5 }
	maps.DeleteFunc(with.switches, func(name, _ string) bool { return strings.HasSuffix(name, ".fail") })
	return w, c, Options{Config: c, Now: at.Now, Sleep: at.sleep, Rand: half, MaxPage: 4 << 20, Concurrency: 1}, fmt.Sprint(with.scale, with.switches)
}

// parents returns the pipelines whose rows those of a trial ask for.
func (tr trial) parents() []string {
	if strings.HasPrefix(tr.run[0], "project") {
		return []string{"projects"}
	}
	return []string{"users"}
}

// Pipelines for what the shipped ones avoid: following links, lists in no order,
// and a list that no schema is shipped for.
const morePipelines = `
  linked_requests:
    source: rental
    request: { path: /v1/crm/requests/, query: { ordering: id } }
    paging: { kind: next, send: { size: pageSize }, size: 20, read: { total: count, next: next } }
    schema: rental/request_list
    key: [id]
  latest_requests:
    source: rental
    request: { path: /v1/crm/requests/, query: { ordering: updated_at } }
    schema: rental/request_list
    key: [id]
  unordered_requests:
    source: rental
    request: { path: /v1/crm/requests/ }
    schema: rental/request_list
    key: [id]
  services:
    source: rental
    request: { path: /v1/crm/requests/services/ }
    paging: none
    schema: ./service.yaml
    key: [id]
  unordered_projects:
    source: projects
    for_each: { values: [{ deleted: "0" }, { deleted: "1" }] }
    request: { path: /projects, query: { deleted: "{parent.deleted}" } }
    schema: projects/project
    key: [id]
  unordered_funnels:
    source: calls
    request: { call: get.sales_funnel }
    paging: { kind: offset, send: { offset: offset, size: limit }, size: 1000, read: { total: { at: result.metadata.total_items, is: hint } } }
    schema: calls/sales_funnel
    key: [ext_id]
`

const serviceSchema = `
columns:
  - { name: id, type: int64, required: true }
  - { name: price, type: "decimal(16,2)" }
`

// truthOf names the stream that such a pipeline reads.
var truthOf = map[string]string{
	"linked_requests": "request_list", "latest_requests": "request_list", "unordered_requests": "request_list",
	"unordered_projects": "projects", "unordered_funnels": "sales_funnels",
}

// trialSettings are what goes with a trial.
type trialSettings struct {
	switches, env map[string]string
	scale         float64
	before        float64        // the scale at which something was read before; 0: nothing was
	filled        bool           // that was what the trial runs; else its parents
	sizes         map[string]int // rows of a page by source; "": of all
	timeout       time.Duration
	rejects       int64
	complete      string // the least proof; empty: as configured
}

// take reads NAME=VALUE: a variable in capitals, a switch, or one of the
// settings of this test.
func (s *trialSettings) take(t *testing.T, pair string) {
	t.Helper()
	name, value, _ := strings.Cut(pair, "=")
	var err error
	switch {
	case name == strings.ToUpper(name):
		s.env[name] = value
	case name == "scale":
		s.scale, err = strconv.ParseFloat(value, 64)
	case name == "parents":
		s.before, err = strconv.ParseFloat(value, 64)
	case name == "size", strings.HasSuffix(name, ".size"):
		source, _, _ := strings.Cut(name, ".size")
		s.sizes[strings.TrimPrefix(source, "size")], err = strconv.Atoi(value)
	case name == "before":
		s.filled = true
		s.before, err = strconv.ParseFloat(value, 64)
	case name == "complete":
		s.complete = value
	case name == "timeout":
		s.timeout, err = time.ParseDuration(value)
	case name == "max_rejects":
		s.rejects, err = strconv.ParseInt(value, 10, 64)
	default:
		s.switches[name] = value
	}
	if err != nil {
		t.Fatalf("%s: %v", pair, err)
	}
}

// differ compares all rows of a pipeline with the truth, in every column that is
// neither a list nor a struct, and tells whether one is missing.
// The name stands for the simulator.
func (w *world) differ(simulator string, p *config.Pipeline) (diff string, missing bool) {
	w.t.Helper()
	var columns []string
	for _, c := range p.Schema.Columns {
		if c.Type.Kind != schemas.List && c.Type.Kind != schemas.Struct {
			columns = append(columns, c.Name)
		}
	}
	var got, want []string
	w.scan(p.Name, columns, func(row []any) {
		got = append(got, written(columns, func(i int) any { return row[i] }))
	})
	if p.Name == "services" { // which has no truth
		for n := range got {
			want = append(want, fmt.Sprintf("id=%d ", n+1))
			got[n], _, _ = strings.Cut(got[n], "price")
		}
		slices.Sort(want)
	} else {
		want = w.known.truth(w, simulator, cmp.Or(truthOf[p.Name], p.Name), columns)
	}
	slices.Sort(got)
	if slices.Equal(got, want) {
		return "", false
	}
	missing = slices.ContainsFunc(want, func(row string) bool { _, there := slices.BinarySearch(got, row); return !there })
	return gocmp.Diff(want, got), missing
}

// plain writes a value as the truth has it.
func plain(v any) string {
	if at, ok := v.(time.Time); ok {
		return at.Format("2006-01-02T15:04:05.000000Z")
	}
	return fmt.Sprint(v)
}

// Every row of the table of switches ends as it says. Of several pipelines it is
// told how the first ended that did not end well.
func TestSwitches(t *testing.T) {
	k := newKnown()
	for _, row := range guideRows(t, "switch") {
		tr := trial{set: quotes(row[0]), with: quotes(row[1]), run: quotes(row[2]), known: k}
		t.Run(cmp.Or(strings.Join(tr.set, " "), "defaults"), func(t *testing.T) {
			t.Parallel()
			e := ending{ends: "0"}
			all := tr.endings(t)
			for _, name := range slices.Sorted(maps.Keys(all)) {
				if e.ends == "0" && all[name].ends != Blocked {
					e = all[name]
				}
			}
			e.hold(t, row[3], quotes(row[4]))
		})
	}
}

// Every value of every switch has its row, and of those with numbers one that
// is not the default.
func TestEverySwitchHasItsRow(t *testing.T) {
	told := map[string][]string{}
	for _, row := range guideRows(t, "switch") {
		for _, pair := range quotes(row[0]) {
			name, value, _ := strings.Cut(pair, "=")
			told[name] = append(told[name], value)
		}
	}
	for _, s := range crmsim.Switches() {
		if strings.HasSuffix(s.Name, ".fail") {
			continue // see TestFaults
		}
		values := s.Values
		if strings.ToUpper(values[0]) == values[0] && len(values) == 1 { // a form
			values = nil
			if !slices.ContainsFunc(told[s.Name], func(v string) bool { return v != s.Default }) {
				t.Errorf("%s has no row", s.Name)
			}
		}
		for _, value := range values {
			if value != s.Default && !slices.Contains(told[s.Name], value) {
				t.Errorf("%s=%s has no row", s.Name, value)
			}
		}
	}
}
