package crmsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// projects returns the projects API of a client's server.
func (c *client) projects() *projects { return c.server.sources["projects"].source.(*projects) }

// filtered returns the ids that a filter leaves.
func (c *client) filtered(filter string) []string {
	c.t.Helper()
	return c.ids(c.payload(c.inProjects("POST", "/filter", `{"count":500,"offset":0,"order_by":"id",`+filter+`}`)))
}

// where returns the ids of the projects that are there and that a rule holds
// for.
func (c *client) where(rule func(n int64) bool) (ids []string) {
	t := c.projects().projects
	for n := range t.size {
		if !projectDeleted(n) && rule(n) {
			ids = append(ids, fmt.Sprint(t.id(n)))
		}
	}
	return ids
}

func TestFiltersOfProjects(t *testing.T) {
	c := open(t, with(0.2))
	a := c.projects()
	among := func(of func(int64) int64, want ...int64) func(int64) bool {
		return func(n int64) bool { return slices.Contains(want, of(n)) }
	}
	summer := func(n int64) bool {
		day := string(a.projects.created(n).append(nil, zoneMoscow))[:10]
		return day >= "2025-06-01" && day <= "2025-08-31"
	}
	tests := map[string]func(n int64) bool{
		`"deleted":"0"`: func(int64) bool { return true },
		`"buildin_data":{"sales_funnel_id":[1,2]}`:           among(projectFunnel, 1, 2),
		`"buildin_data":{"user_id":[2],"currency_id":[1,3]}`: func(n int64) bool { return projectUser(n) == 2 && projectCurrency(n) != 2 },
		`"buildin_data":{"price":100}`:                       func(n int64) bool { return projectPrice(n).hundredths == 10000 },
		`"buildin_data":{"created":"2025-06-01;2025-08-31"}`: summer,
		`"buildin_data":{"participants_user_id":[6,4]}`: func(n int64) bool {
			return slices.ContainsFunc(projectUsers(n), func(u int64) bool { return u == 6 || u == 4 })
		},
		`"buildin_data":{"actions_type_id":[3]}`: func(n int64) bool { return hasChild(a.actions, n, actionType, 3) },
		`"buildin_data":{"good_id":[12]}`:        func(n int64) bool { return hasChild(a.goods, n, goodID, 12) },
		`"data":{"client_id":[1,3]}`:             among(projectClient, 1, 3),
		`"data":{"contract_date":"2020-01-03"}`:  func(n int64) bool { return n%contractDays == 2 && n%9 != 4 },
		`"having":"goods"`:                       func(n int64) bool { return a.goods.count(n) > 0 },
		`"having":"no_payments"`:                 func(n int64) bool { return a.payments.count(n) == 0 },
		`"having":"checklists_expired"`:          a.expired,
		`"condition":"or","buildin_data":{"created":"2025-06-01;2025-08-31","step_id":[4]}`: func(n int64) bool { return summer(n) || projectStep(n) == 4 },
		`"condition":"or","having":"no_goods","data":{"client_id":[7]}`:                     func(n int64) bool { return a.goods.count(n) == 0 || projectClient(n) == 7 },
		`"nothing_known":1`: func(int64) bool { return true },
	}
	for filter, rule := range tests {
		want := c.where(rule)
		if diff := cmp.Diff(want, c.filtered(filter)); diff != "" || len(want) == 0 {
			t.Errorf("%s: %d rows\n%s", filter, len(want), diff)
		}
	}
	forwards := c.filtered(`"reverse":"0"`)
	backwards := c.filtered(`"reverse":"1"`)
	slices.Reverse(backwards)
	if diff := cmp.Diff(forwards, backwards); diff != "" {
		t.Error(diff)
	}
}

func hasChild(c *children, n int64, of func(parent, i int64) int64, want int64) bool {
	for i := range c.count(n) {
		if of(n, i) == want {
			return true
		}
	}
	return false
}

func TestProjectsRefuse(t *testing.T) {
	c := open(t, with(0.2))
	c.inProjects("GET", "?count=1", "")
	id := c.where(func(int64) bool { return true })[0]
	gone := fmt.Sprint(c.projects().projects.id(13))
	tests := []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/filter", `{"count":"100","offset":0}`, 400},
		{"POST", "/filter", `{"count":100,"offset":"0"}`, 400},
		{"POST", "/filter", `{"count":100,"condition":"xor"}`, 400},
		{"POST", "/filter", `{"having":"wishes"}`, 400},
		{"POST", "/filter", `{"buildin_data":{"created":"June"}}`, 400},
		{"POST", "/filter", `[`, 400},
		{"GET", "/filter", ``, 405},
		{"GET", "/info", ``, 400},
		{"GET", "/info?id=" + gone, ``, 404},
		{"GET", "/steps?id=2", ``, 404},
		{"GET", "/actions/info?id=2", ``, 404},
		{"GET", "/goods?id=" + id, ``, 200},
		{"GET", "/nothing", ``, 404},
	}
	for _, test := range tests {
		if status, body := c.ask(test.method, projectsPath+test.path, test.body); status != test.status {
			t.Errorf("%s %s %s: got %d %.100s, want %d", test.method, test.path, test.body, status, body, test.status)
		}
	}
}

func TestChildrenOfProjectsFiltered(t *testing.T) {
	c := open(t, with(0.2))
	a := c.projects()
	n := int64(0)
	for projectDeleted(n) || a.actions.count(n) < 4 {
		n++
	}
	id := fmt.Sprint(a.projects.id(n))
	all := c.payload(c.inProjects("GET", "/actions?id="+id, ""))
	first := c.ids(all)[0]
	day := decode[struct{ Created string }](t, string(all[1])).Created[:10]
	kind := fmt.Sprint(actionType(n, 2))
	for query, want := range map[string][]json.RawMessage{
		"&count=2&offset=1":              all[1:3],
		"&count=100&offset=100":          nil,
		"&filter_id=" + first:            all[:1],
		"&filter_date=" + day:            all[1:2],
		"&filter_actions=77_" + kind:     all[2:3],
		"&filter_actions=7&filter_id=77": nil,
	} {
		got := c.payload(c.inProjects("GET", "/actions?id="+id+query, ""))
		if diff := cmp.Diff(c.ids(want), c.ids(got)); diff != "" && len(all) <= 5 {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestFormsOfProjects(t *testing.T) {
	none := "?order_by=id&offset=100000"
	tests := []struct {
		switches []string
		path     string
		want     string // a part of the reply
	}{
		{[]string{"projects.empty", "list"}, none, `{"status":200,"payload":[]}`},
		{[]string{"projects.empty", "null"}, none, `{"status":200,"payload":null}`},
		{[]string{"projects.empty", "missing"}, none, `{"status":200}`},
		{[]string{"projects.empty", "null", "projects.envelope", "bare"}, none, `null`},
		{[]string{"projects.empty", "missing", "projects.envelope", "bare"}, none, `[]`},
		{[]string{"projects.envelope", "data"}, "?count=1", `{"status":200,"data":[{"id":`},
		{[]string{"projects.envelope", "bare"}, "?count=1", `[{"id":`},
		{[]string{"projects.numbers", "text", "projects.flags", "text"}, "?count=1", `"deleted":"0"`},
		{[]string{"projects.numbers", "number", "projects.flags", "number"}, "?count=1", `"currency_id":1,`},
		{[]string{"projects.missing", "empty", "projects.empty", "list"}, "/info?id=2", `{"status":200,"payload":[]}`},
	}
	for _, test := range tests {
		c := open(t, with(0.2, test.switches...))
		if body := c.inProjects("GET", test.path, ""); !strings.Contains(body, test.want) {
			t.Errorf("%v: got %.200s, want %s", test.switches, body, test.want)
		}
	}
	c := open(t, with(1, "projects.cap", "100"))
	if rows := c.payload(c.inProjects("GET", "?count=500", "")); len(rows) != 100 {
		t.Errorf("got %d rows, want as many as the cap", len(rows))
	}
}

func TestProjectsWithoutSecrets(t *testing.T) {
	for how, want := range map[string]int{"401": 401, "403": 403, "200": 200} {
		c := open(t, with(1, "projects.auth", how))
		c.header.Set("X-Crypto-Token", c.env["PROJECTS_TOKEN"])
		status, body := c.ask("GET", projectsPath, "")
		if in := decode[struct{ Status int }](t, body).Status; status != want || in < 400 {
			t.Errorf("%s: got %d, and %d in the body", how, status, in)
		}
	}
	env := open(t, Options{}).env
	if len(env["PROJECTS_TOKEN"]) != 64 || len(env["PROJECTS_SECRET"]) != 128 {
		t.Error("the secrets are not as long as those of the real API")
	}
}

func TestCustomFieldsDifferByCustomer(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(8) {
		fields := customFields(seed)
		if !slices.Equal(fields[:2], []string{"client_id", "contract_date"}) {
			t.Errorf("got %v", fields)
		}
		seen[strings.Join(fields, " ")] = true
	}
	if len(seen) < 4 {
		t.Errorf("8 customers have %d sets of fields", len(seen))
	}
}
