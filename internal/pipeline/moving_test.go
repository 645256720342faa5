package pipeline

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
)

// Rows that go while a list is read: the run settles on the new state or fails
// as incomplete; it never commits without a row that was there all the time.
func TestRowsDeletedWhilePaging(t *testing.T) {
	for _, concurrency := range []int{1, 4} {
		for at := 2; at <= 6; at++ {
			for rows := 1; rows <= 3; rows++ {
				t.Run(fmt.Sprintf("concurrency %d, page %d, %d rows", concurrency, at, rows), func(t *testing.T) {
					w := newWorld(t, map[string]string{"rental.delete_at": fmt.Sprintf("%d:%d", at, rows)})
					c := w.config()
					for i, p := range c.Pipelines {
						c.Pipelines[i].Paging.Size = 10
						p.Source.Limits.Concurrency = concurrency
					}
					s := w.run(Options{Config: c}, "request_list")
					r := s.Pipelines[0]
					if s.Exit == 6 && r.Commit == 0 {
						return
					}
					if s.Exit != 0 {
						t.Fatalf("exit %d: %s", s.Exit, r.Error)
					}
					ids := w.ids("request_list")
					slices.Sort(ids)
					if diff := cmp.Diff(w.truth("request_list"), ids); diff != "" {
						t.Errorf("ids (-want +got):\n%s", diff)
					}
					if r.Proof != config.Counted || r.Served != r.Written+r.Duplicates+r.Rejected {
						t.Errorf("proof %q: %+v", r.Proof, r)
					}
				})
			}
		}
	}
}

// Some moves must really be settled, else the test above proves nothing.
func TestALateDeleteIsSettled(t *testing.T) {
	w := newWorld(t, map[string]string{"rental.delete_at": "3:1"})
	c := w.config()
	for i, p := range c.Pipelines {
		c.Pipelines[i].Paging.Size = 10
		p.Source.Limits.Concurrency = 1
	}
	r := w.ok(Options{Config: c}, "request_list")["request_list"]
	if r.Reread == 0 || r.Written != 59 {
		t.Errorf("reread %d, written %d, want some and 59", r.Reread, r.Written)
	}
}

// Rows that change while a list is read, wherever they stand: each is there once,
// as it was or as it is, and the next run has all as they are. In an order that a
// change moves them in, the run may end as incomplete instead.
func TestRowsChangedWhilePaging(t *testing.T) {
	k := newKnown()
	for _, name := range []string{"request_list", "latest_requests"} {
		for at := 1; at <= 6; at++ {
			for _, rows := range []int{1, 25} {
				t.Run(fmt.Sprintf("%s, page %d, %d rows", name, at, rows), func(t *testing.T) {
					t.Parallel()
					tr := trial{set: []string{fmt.Sprintf("rental.change_at=%d:%d", at, rows)}, with: []string{"size=10"}, known: k}
					w, c, o, simulator := tr.prepare(t)
					p, err := c.Select([]string{name})
					if err != nil {
						t.Fatal(err)
					}
					first := w.run(o, name)
					if r := first.Pipelines[0]; first.Exit == 0 {
						if diff := cmp.Diff(w.truth("request_list"), slices.Sorted(slices.Values(w.ids(name)))); diff != "" || r.Served != r.Written+r.Duplicates {
							t.Errorf("%+v; ids (-want +got):\n%s", r, diff)
						}
					} else if first.Exit != 6 || name == "request_list" || r.Commit != 0 {
						t.Errorf("exit %d, commit %d: %s", first.Exit, r.Commit, r.Error)
					}
					w.ok(o, name)
					if diff, _ := w.differ(simulator, p[0]); diff != "" {
						t.Errorf("after the next run (-truth +rows):\n%s", diff)
					}
				})
			}
		}
	}
}

// A row that changes after its list was read, and before or after it was asked
// for, is asked for by the next run: the list says so.
func TestParentsChangedWhilePaging(t *testing.T) {
	w := newWorld(t, map[string]string{"rental.change_at": "3:25"})
	c := w.config()
	for _, p := range c.Pipelines {
		p.Paging.Size, p.Source.Limits.Concurrency = 30, 1
	}
	w.ok(Options{Config: c}, "request*") // the change comes with the first list of the next run
	second := w.ok(Options{Config: c}, "request*")["requests"]
	if second.Asked != 25 || second.Unchanged != 60-25 {
		t.Errorf("asked for %d, unchanged %d, want 25 and %d", second.Asked, second.Unchanged, 60-25)
	}
	p, err := c.Select([]string{"requests"})
	if err != nil {
		t.Fatal(err)
	}
	if diff, _ := w.differ("changed", p[0]); diff != "" {
		t.Errorf("requests (-truth +rows):\n%s", diff)
	}
}

const windowed = `
version: 1
destination: ./lake
sources:
  shop: { base_url: "${SHOP_URL}", timezone: Europe/Warsaw, records: "$" }
pipelines:
  orders:
    source: shop
    window: { every: day, start: 2026-03-27, field: created_at, lag: 1h }
    request: { path: /orders, query: { from: "{since:rfc3339}", until: "{until:rfc3339}" } }
    paging: none
    schema: ./orders.yaml
    key: [id]
`

// A shop has one order for each hour since 27 March 2026 in Warsaw. It gives
// those of a span, or all if it ignores the span.
type shop struct {
	mu      sync.Mutex
	now     time.Time
	ignores bool
	broken  string // a day that fails
	asked   []string
}

func (s *shop) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.FormValue("from"))
	rw.Header().Set("Date", s.now.UTC().Format(http.TimeFormat))
	rw.Header().Set("Content-Type", "application/json")
	if s.broken != "" && strings.HasPrefix(r.FormValue("from"), s.broken) {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	from, _ := time.Parse(time.RFC3339, r.FormValue("from"))
	until, _ := time.Parse(time.RFC3339, r.FormValue("until"))
	list := []map[string]any{}
	for i := range 24 * 7 {
		at := time.Date(2026, 3, 26, 23, 30, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour)
		if at.Before(s.now) && (s.ignores || !at.Before(from) && at.Before(until)) {
			list = append(list, map[string]any{"id": i, "created_at": at.Format(time.RFC3339)})
		}
	}
	_ = json.NewEncoder(rw).Encode(list)
}

func newShop(t *testing.T) (*shop, *world) {
	s := &shop{now: time.Date(2026, 3, 30, 10, 0, 0, 0, time.UTC)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	w := newWorld(t, nil)
	dir := t.TempDir()
	writeFile(t, dir+"/orders.yaml", "columns:\n  - { name: id, type: int64, required: true }\n  - { name: created_at, type: timestamp, required: true }\n")
	w.yaml, w.file = windowed, dir+"/pipelines.yaml"
	w.env["SHOP_URL"] = server.URL
	return s, w
}

func (s *shop) options() Options {
	return Options{Now: func() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }}
}

func (s *shop) days() (days []string) {
	for _, from := range s.asked {
		days = append(days, from[:10])
	}
	s.asked = nil
	return days
}

func TestWindow(t *testing.T) {
	s, w := newShop(t)
	r := w.ok(s.options(), "orders")["orders"]
	// 27 and 28 March have 24 hours, 29 March has 23, 30 March began 11 hours ago.
	if r.Slices != 4 || r.Written != 24+24+23+12 || r.Commit != 4 {
		t.Errorf("slices %d, rows %d, commit %d", r.Slices, r.Written, r.Commit)
	}
	for _, day := range []string{"2026-03-27", "2026-03-29", "2026-03-30"} {
		if _, ok := w.tree("orders")["window="+day]; !ok {
			t.Errorf("no folder for %s", day)
		}
	}
	s.days()

	// The next run reads the open slice again, and the newest closed one.
	s.now = s.now.Add(24 * time.Hour)
	w.ok(s.options(), "orders")
	if diff := cmp.Diff([]string{"2026-03-29", "2026-03-30", "2026-03-31"}, s.days()); diff != "" {
		t.Errorf("slices of the second run (-want +got):\n%s", diff)
	}

	// --missing reads only what is not committed and closed.
	o := s.options()
	o.Missing = true
	w.ok(o, "orders")
	if diff := cmp.Diff([]string{"2026-03-31"}, s.days()); diff != "" {
		t.Errorf("slices of --missing (-want +got):\n%s", diff)
	}

	// Between bounds too.
	o.Since, o.Until = day("2026-03-28"), day("2026-03-30")
	w.ok(o, "orders")
	if days := s.days(); days != nil {
		t.Errorf("slices of --missing between bounds: %v, want none", days)
	}

	// A slice that is read again is replaced alone.
	before := w.tree("orders")
	o = s.options()
	o.Since, o.Until = day("2026-03-28"), day("2026-03-29")
	w.ok(o, "orders")
	if diff := cmp.Diff(before, w.tree("orders")); diff != "" {
		t.Errorf("data (-before +after):\n%s", diff)
	}
}

func day(text string) time.Time {
	zone, _ := time.LoadLocation("Europe/Warsaw")
	t, _ := time.ParseInLocation(time.DateOnly, text, zone)
	return t
}

func TestWindowBoundsOffTheGrid(t *testing.T) {
	s, w := newShop(t)
	o := s.options()
	o.Since = day("2026-03-28").Add(time.Hour)
	sum := w.run(o, "orders")
	if r := sum.Pipelines[0]; sum.Exit != 2 || !strings.Contains(r.Hint, "2026-03-28T00:00:00+01:00 and 2026-03-29T00:00:00+01:00") {
		t.Errorf("exit %d, %s (%s)", sum.Exit, r.Error, r.Hint)
	}
}

// A filter that a server ignores in silence is found by the rows.
func TestFilterWithoutEffect(t *testing.T) {
	s, w := newShop(t)
	s.ignores = true
	sum := w.run(s.options(), "orders")
	if r := sum.Pipelines[0]; sum.Exit != 4 || !strings.Contains(r.Error, "the filter had no effect") {
		t.Errorf("exit %d, %s", sum.Exit, r.Error)
	}
	if left := find(t, w.root, "data"); len(left) > 0 {
		t.Errorf("rows of other slices were committed: %v", left)
	}
}

// A failed slice stops no later one, and the next run fills the gap.
func TestFailedSlice(t *testing.T) {
	s, w := newShop(t)
	s.broken = "2026-03-28"
	sum := w.run(s.options(), "orders")
	r := sum.Pipelines[0]
	if sum.Exit != 4 || r.Slices != 3 || !strings.Contains(r.Error, "slice 2026-03-28") {
		t.Errorf("exit %d, %d slices, %s", sum.Exit, r.Slices, r.Error)
	}
	s.broken = ""
	s.days()
	w.ok(s.options(), "orders")
	if days := s.days(); !slices.Contains(days, "2026-03-28") {
		t.Errorf("the gap was not filled: %v", days)
	}
}

// An empty reply for a full table is refused unless it is said to be right.
func TestShrink(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "sales_funnels")
	before := w.tree("sales_funnels")
	w.scale = 0
	w.move(nil)
	s := w.run(Options{}, "sales_funnels")
	if r := s.Pipelines[0]; s.Exit != 4 || !strings.Contains(r.Error, "from 40 rows to 0") {
		t.Errorf("exit %d, %s", s.Exit, r.Error)
	}
	if diff := cmp.Diff(before, w.tree("sales_funnels")); diff != "" {
		t.Errorf("data (-before +after):\n%s", diff)
	}
	w.ok(Options{AllowShrink: true}, "sales_funnels")
	if got := w.tree("sales_funnels"); len(got) != 0 {
		t.Errorf("files of no rows: %v", got)
	}
}

// Another account's data never lands on ours.
func TestNewSource(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "workshop_resources")
	w.env["RENTAL_TENANT"] = "another"
	s := w.run(Options{}, "workshop_resources")
	if r := s.Pipelines[0]; s.Exit != 2 || !strings.Contains(r.Hint, "--new-source") {
		t.Errorf("exit %d, %s (%s)", s.Exit, r.Error, r.Hint)
	}
}

func TestWrongPassword(t *testing.T) {
	w := newWorld(t, nil)
	w.env["RENTAL_PASSWORD"] = "a wrong one"
	s := w.run(Options{}, "workshop_resources")
	if r := s.Pipelines[0]; s.Exit != 5 || !strings.Contains(r.Error, "rental") || strings.Contains(r.Error, "a wrong one") {
		t.Errorf("exit %d, %s", s.Exit, r.Error)
	}
}

// A list whose page parameter is ignored does not end as complete, nor never.
func TestIgnoredPageParameter(t *testing.T) {
	w := newWorld(t, nil)
	w.wrap(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			if page, _ := strconv.Atoi(q.Get("page")); page > 1 {
				q.Set("page", "1")
				r.URL.RawQuery = q.Encode()
			}
			h.ServeHTTP(rw, r)
		})
	})
	c := w.config()
	for i := range c.Pipelines {
		c.Pipelines[i].Paging.Size = 10
	}
	s := w.run(Options{Config: c}, "request_list")
	if s.Exit != 6 {
		t.Errorf("exit %d, %s", s.Exit, s.Pipelines[0].Error)
	}
}
