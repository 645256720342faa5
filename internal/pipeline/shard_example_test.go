package pipeline

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A crowd answers for a CRM of many accounts: each has one list, of so many
// records. Its replies take no time.
type crowd struct{ records int }

func (c crowd) RoundTrip(r *http.Request) (*http.Response, error) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	size, err := strconv.Atoi(r.URL.Query().Get("size"))
	if err != nil {
		return nil, err
	}
	var body strings.Builder
	fmt.Fprintf(&body, `{"count":%d,"results":[`, c.records)
	for i := (page - 1) * size; i < min(page*size, c.records); i++ {
		if i > (page-1)*size {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"id":%d}`, i)
	}
	body.WriteString("]}")
	return &http.Response{
		StatusCode: http.StatusOK, ContentLength: int64(body.Len()), Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body.String())), Request: r,
	}, nil
}

// crowdWorld is the configuration of docs/scaling.md's example: so many accounts,
// pages of a size, and 80 % of 300 requests a minute for each account.
func crowdWorld(t *testing.T, accounts, size int) *world {
	t.Helper()
	w := newWorld(t, nil)
	dir := t.TempDir()
	writeFile(t, dir+"/row.yaml", "columns:\n  - { name: id, type: int64, required: true }\n")
	w.file = dir + "/pipelines.yaml"
	var names strings.Builder
	for i := range accounts {
		fmt.Fprintf(&names, "      a%02d: { token: secret%d }\n", i, i)
	}
	w.yaml = fmt.Sprintf(`
version: 1
destination: ./lake
sources:
  crm:
    accounts:
%s    base_url: https://crm.example
    auth: { kind: headers, headers: { X-Token: "{account.token}" } }
    limits: { requests: 300, per: 1m, share: 80%% }
    paging: { kind: page, send: { page: page, size: size }, size: %d, read: { total: count } }
    records: results
pipelines:
  customers: { source: crm, request: { path: /customers }, schema: ./row.yaml, key: [id] }
`, &names, size)
	return w
}

// The example of docs/scaling.md: what a plan of it says, of the same size.
func TestExampleOfScalingByEstimate(t *testing.T) {
	const accounts, records, size = 100, 500_000, 1000
	w := crowdWorld(t, accounts, size)
	o := Options{Transport: crowd{records}}
	outline := w.outline(o, true)
	var requests, rows int64
	for _, p := range outline.Pipelines {
		requests, rows = requests+p.Estimate.Requests, rows+p.Estimate.Rows
	}
	if requests != 50_000 || rows != 50_000_000 {
		t.Errorf("%d requests for %d rows", requests, rows)
	}
	for _, d := range outline.Sources {
		if d.Allowed != 240 || d.Seconds < 120 || d.Seconds > 130 {
			t.Errorf("%s: %d requests in a minute, all in %.0f s", d.Source, d.Allowed, d.Seconds)
		}
	}
	for _, shards := range []int{10, 25} {
		plan := w.divide(o, shards)
		if plan.Shards != shards || plan.Units() != accounts || plan.Requests() != 50_000 {
			t.Errorf("%d shards of %d units and %d requests", plan.Shards, plan.Units(), plan.Requests())
		}
	}
	one := crowdWorld(t, 1, size)
	outline = one.outline(Options{Transport: crowd{accounts * records}}, true)
	if took := time.Duration(outline.Sources[0].Seconds) * time.Second; took < 205*time.Minute || took > 215*time.Minute {
		t.Errorf("one account with all records takes %v", took)
	}
}

// What the example says of the time that shards take is what the clock says, with
// as many requests.
func TestExampleOfScalingByTheClock(t *testing.T) {
	for _, tt := range []struct {
		shards, accountsEach int
		least, most          time.Duration
	}{
		{10, 10, 6 * time.Minute, 7 * time.Minute},
		{25, 4, 2 * time.Minute, 3 * time.Minute},
	} {
		t.Run(fmt.Sprintf("%d shards", tt.shards), func(t *testing.T) {
			w := crowdWorld(t, 100, 1)
			synctest.Test(t, func(t *testing.T) {
				w.t = t // its context is of the bubble
				o := Options{Transport: crowd{500}}
				plan := w.divide(o, tt.shards)
				time.Sleep(time.Hour) // what the plan asked is long ago
				s := w.shard(o, plan, 0)
				w.succeeded(s)
				took := time.Duration(s.Seconds * float64(time.Second))
				if len(s.Pipelines) != tt.accountsEach || took < tt.least || took > tt.most {
					t.Errorf("%d accounts in %v, want %d in %v to %v", len(s.Pipelines), took, tt.accountsEach, tt.least, tt.most)
				}
				if tt.accountsEach == 4 && math.Abs(plan.Seconds()-s.Seconds) > 0.05*s.Seconds {
					t.Errorf("the plan says %.1f s, the clock %.1f s", plan.Seconds(), s.Seconds)
				}
			})
		})
	}
}
