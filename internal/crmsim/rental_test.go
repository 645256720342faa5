package crmsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	resources = "/rental" + pathResources
	requests  = "/rental" + pathRequests
)

// A list is a page of a list of the rental CRM.
type list struct {
	Page     *int
	Count    int64
	Next     *string
	Previous *string
	Results  []map[string]json.RawMessage
}

// get returns a page; the client is logged in.
func (c *client) get(path string) list {
	c.t.Helper()
	status, body := c.ask("GET", path, "")
	if status != 200 {
		c.t.Fatalf("asking for %s: %d %s", path, status, body)
	}
	return decode[list](c.t, body)
}

func (l list) ids() []string {
	ids := []string{}
	for _, r := range l.Results {
		ids = append(ids, string(r["id"]))
	}
	return ids
}

func TestRentalAnswersAsDjangoDoes(t *testing.T) {
	tests := map[string]struct {
		method, path, body string
		without            string // header that is not sent
		status             int
		want               string // the body, or part of it
	}{
		"no route":           {path: "/rental/v1/nothing/", status: 404, want: "<title>Not Found</title>"},
		"no API":             {path: "/sales/v1/", status: 404, want: "404 page not found"},
		"no slash":           {path: strings.TrimSuffix(requests, "/") + "?page=2", status: 301, want: ""},
		"no token":           {path: requests, without: "Authorization", status: 401, want: `{"detail":"Authentication credentials were not provided."}`},
		"no tenant":          {path: requests, without: "X-Tenant-Id", status: 403, want: `{"detail":"You do not have permission to perform this action."}`},
		"not a method":       {method: "POST", path: requests, status: 405, want: `{"detail":"Method \"POST\" not allowed."}`},
		"login by GET":       {path: "/rental/v1/auth/login/", status: 405, want: `not allowed`},
		"login unknown":      {method: "POST", path: "/rental/v1/auth/login/", body: `{"username":"x","password":"y"}`, status: 401, want: `{"detail":"No active account found with the given credentials"}`},
		"login incomplete":   {method: "POST", path: "/rental/v1/auth/login/", body: `{"username":"x"}`, status: 400, want: `{"password":["This field is required."]}`},
		"login no JSON":      {method: "POST", path: "/rental/v1/auth/login/", body: `{`, status: 400, want: `JSON parse error`},
		"refresh of nothing": {method: "POST", path: "/rental/v1/auth/refresh/", body: `{"refresh":"x"}`, status: 401, want: `{"detail":"Token is invalid","code":"token_not_valid"}`},
		"page 0":             {path: requests + "?page=0", status: 404, want: `{"detail":"Invalid page."}`},
		"page -1":            {path: requests + "?page=-1", status: 404, want: `{"detail":"Invalid page."}`},
		"page abc":           {path: requests + "?page=abc", status: 404, want: `{"detail":"Invalid page."}`},
		"page past the end":  {path: requests + "?page=31&pageSize=100", status: 404, want: `{"detail":"Invalid page."}`},
		"last page":          {path: requests + "?page=30&pageSize=100", status: 200, want: `{"page":30,"count":3000,"next":null,`},
		"page last":          {path: requests + "?page=last&pageSize=100", status: 200, want: `{"page":30,"count":3000,"next":null,`},
		"page empty":         {path: requests + "?page=", status: 200, want: `{"page":1,"count":3000,`},
		"unknown id":         {path: requests + "1/", status: 404, want: `{"detail":"Not found."}`},
		"id of no number":    {path: requests + "abc/", status: 404, want: `{"detail":"Not found."}`},
		"unknown parameter":  {path: requests + "?stauts=2", status: 200, want: `"count":3000`},
		"wrong choice":       {path: resources + "?status=4", status: 400, want: `{"status":["Select a valid choice. 4 is not one of the available choices."]}`},
		"wrong number":       {path: resources + "?client=x", status: 400, want: `{"client":["Enter a number."]}`},
		"wrong date":         {path: resources + "?created_at__date__gte=2026-13-01", status: 400, want: `{"created_at__date__gte":["Enter a valid date."]}`},
		"empty filter":       {path: resources + "?status=", status: 200, want: `"count":20000`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := open(t, Options{Scale: 1})
			c.logIn()
			c.header.Del(test.without)
			if test.method == "" {
				test.method = "GET"
			}
			status, body := c.ask(test.method, test.path, test.body)
			if status != test.status || !strings.Contains(body, test.want) {
				t.Errorf("got %d %.300s, want %d %s", status, body, test.status, test.want)
			}
		})
	}
}

func TestErrorsAreInTheServersLanguage(t *testing.T) {
	c := open(t, with(1, "rental.language", "ru"))
	c.logIn()
	if _, body := c.ask("GET", requests+"?page=0", ""); body != `{"detail":"Неправильная страница"}` {
		t.Errorf("got %s", body)
	}
}

func TestMissingSlashRedirectsWithTheQuery(t *testing.T) {
	c := open(t, Options{Scale: 1})
	res := c.do("GET", "/rental/v1/crm/requests?page=2", "")
	if got := res.Header.Get("Location"); got != "/rental/v1/crm/requests/?page=2" {
		t.Errorf("got Location %q", got)
	}
}

func TestLinksOfPages(t *testing.T) {
	const path = "/rental/v1/crm/requests/"
	tests := map[string]struct {
		link, query    string
		next, previous string // empty: null
	}{
		"first":   {"same", "?pageSize=1000", origin + path + "?page=2&pageSize=1000", ""},
		"second":  {"same", "?page=2&pageSize=1000", origin + path + "?page=3&pageSize=1000", origin + path + "?pageSize=1000"},
		"last":    {"same", "?pageSize=1000&ordering=id&page=3", "", origin + path + "?ordering=id&page=2&pageSize=1000"},
		"host":    {"host", "?pageSize=1000", "http://backend.internal:8000" + path + "?page=2&pageSize=1000", ""},
		"no port": {"port", "?pageSize=1000", "http://crm.test" + path + "?page=2&pageSize=1000", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := open(t, with(1, "rental.link", test.link))
			c.logIn()
			page := c.get(requests + test.query)
			var next, previous string
			if page.Next != nil {
				next = *page.Next
			}
			if page.Previous != nil {
				previous = *page.Previous
			}
			if next != test.next || previous != test.previous {
				t.Errorf("got next %q and previous %q, want %q and %q", next, previous, test.next, test.previous)
			}
		})
	}
}

func TestPageSizes(t *testing.T) {
	tests := []struct {
		query string
		rows  int
	}{
		{"", 10}, {"?pageSize=0", 10}, {"?pageSize=-5", 10}, {"?pageSize=x", 10}, {"?pageSize=", 10},
		{"?pageSize=3", 3}, {"?pageSize=3&pageSize=4", 4}, {"?pageSize=500", 100},
	}
	c := open(t, with(1, "rental.page_cap", "100", "rental.page_key", "off", "rental.total", "+1"))
	c.logIn()
	for _, test := range tests {
		page := c.get(requests + test.query)
		if len(page.Results) != test.rows || page.Page != nil || page.Count != 3001 {
			t.Errorf("%q: got %d rows, page %v, count %d", test.query, len(page.Results), page.Page, page.Count)
		}
	}
}

func TestEmptyListHasOneEmptyPage(t *testing.T) {
	c := open(t, Options{Scale: 0})
	c.logIn()
	page := c.get(requests)
	if page.Count != 0 || len(page.Results) != 0 || page.Next != nil || page.Previous != nil {
		t.Errorf("got %+v", page)
	}
}

func TestTokensRotateAndEnd(t *testing.T) {
	now := clock()
	c := open(t, Options{Scale: 1, Now: func() time.Time { return now }})
	refresh := c.logIn()
	now = now.Add(5 * time.Minute)
	status, body := c.ask("GET", requests, "")
	const expired = `{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is expired"}]}`
	if status != 401 || body != expired {
		t.Fatalf("got %d %s for an old token", status, body)
	}
	next := c.tokens(c.ask("POST", "/rental/v1/auth/refresh/", `{"refresh":"`+refresh+`"}`))
	c.get(requests)
	if next == refresh || next == "" {
		t.Error("the refresh token did not rotate")
	}
	if status, body := c.ask("POST", "/rental/v1/auth/refresh/", `{"refresh":"`+refresh+`"}`); status != 401 || !strings.Contains(body, "Token is blacklisted") {
		t.Errorf("got %d %s for a refresh token that was used", status, body)
	}
	c.header.Set("Authorization", "Bearer "+next)
	if status, _ := c.ask("GET", requests, ""); status != 401 {
		t.Errorf("got %d for a refresh token in place of an access token", status)
	}
}

func TestWithoutRotationARefreshTokenLives(t *testing.T) {
	c := open(t, with(1, "rental.rotate", "off"))
	refresh := c.logIn()
	for range 2 {
		if got := c.tokens(c.ask("POST", "/rental/v1/auth/refresh/", `{"refresh":"`+refresh+`"}`)); got != "" {
			t.Errorf("got a new refresh token")
		}
	}
}

func TestThrottleSaysWhenToComeBack(t *testing.T) {
	tests := map[string]string{"seconds": "50", "date": "Wed, 01 Jul 2026 12:01:31 GMT", "none": ""}
	for form, want := range tests {
		t.Run(form, func(t *testing.T) {
			now := clock()
			o := with(1, "rental.throttle", "2", "rental.retry_after", form)
			o.Now = func() time.Time { return now }
			c := open(t, o)
			c.logIn()
			c.get(requests)
			now = now.Add(10 * time.Second)
			c.get(requests)
			res := c.do("GET", requests, "")
			if got := res.Header.Get("Retry-After"); res.StatusCode != http.StatusTooManyRequests || got != want {
				t.Errorf("got %d, Retry-After %q, want %q", res.StatusCode, got, want)
			}
			now = now.Add(50 * time.Second)
			c.get(requests)
		})
	}
}

// walk reads all pages of a list and returns its ids.
func (c *client) walk(path string) []string {
	ids := []string{}
	for {
		page := c.get(path)
		ids = append(ids, page.ids()...)
		if page.Next == nil {
			return ids
		}
		path = strings.TrimPrefix(*page.Next, origin)
	}
}

func TestStatusesTogetherAreTheWholeList(t *testing.T) {
	c := open(t, Options{Scale: 0.1})
	c.logIn()
	seen := map[string]bool{}
	counts := []int{}
	for status := range 4 {
		ids := c.walk(fmt.Sprintf("%s?ordering=id&pageSize=177&status=%d", resources, status))
		counts = append(counts, len(ids))
		for _, id := range ids {
			seen[id] = true
		}
	}
	if diff := cmp.Diff([]int{240, 460, 1200, 100}, counts); diff != "" {
		t.Error(diff)
	}
	if total := c.get(resources).Count; total != 2000 || len(seen) != 2000 {
		t.Errorf("got a total of %d and %d ids", total, len(seen))
	}
}

func TestFiltersFilter(t *testing.T) {
	c := open(t, Options{Scale: 1})
	c.logIn()
	all := c.get(resources).Count
	for _, query := range []string{
		"status=1", "type=1", "client=5", "worker=3", "created_by=2", "inventory=77", "search=велосипед", "search=Велосипед+11",
		"created_at__date__gte=2026-01-01", "created_at__date__lte=2025-06-30", "status=1&type=0&worker=3",
	} {
		if n := c.get(resources + "?" + query).Count; n == 0 || n >= all {
			t.Errorf("%s: got %d of %d rows", query, n, all)
		}
	}
	early, late := c.get(resources+"?created_at__date__lte=2025-06-30"), c.get(resources+"?created_at__date__gte=2025-07-01")
	if early.Count+late.Count != all {
		t.Errorf("got %d rows until a day and %d after it of %d", early.Count, late.Count, all)
	}
	for _, r := range c.get(requests + "?status__in=1,6&pageSize=200&created_at__date__lte=2025-03-31").Results {
		status, created := string(r["status"]), string(r["created_at"])
		if status != "1" && status != "6" || created > `"2025-04` {
			t.Errorf("got status %s, created %s", status, created)
		}
	}
}

func TestOrderings(t *testing.T) {
	c := open(t, with(0.1, "rental.changed", "20"))
	c.logIn()
	forwards, backwards := c.walk(requests+"?pageSize=150&ordering=id"), c.walk(requests+"?pageSize=150&ordering=-id")
	for i, id := range forwards {
		if id != backwards[len(backwards)-1-i] {
			t.Fatalf("row %d is not the same from behind", i)
		}
	}
	for field, path := range map[string]string{"updated_at": "updated_at", "status": "status", "created_at": "created_at", "nonsense": "id"} {
		var before float64
		var text string
		for _, r := range c.get(requests + "?pageSize=300&ordering=" + field).Results {
			got := string(r[path])
			if strings.HasPrefix(got, `"`) {
				at, err := time.Parse(`"`+time.RFC3339Nano+`"`, got)
				if err != nil {
					t.Fatal(err)
				}
				got = fmt.Sprint(at.UnixMicro())
			}
			n := decode[float64](t, got)
			if n < before {
				t.Fatalf("ordering=%s: %s after %s", field, got, text)
			}
			before, text = n, got
		}
	}
}

func TestRowsComeAndGoWhileAListIsRead(t *testing.T) {
	c := open(t, with(0.1, "rental.delete_at", "2:3", "rental.insert_at", "3:5"))
	c.logIn()
	first := c.get(requests + "?ordering=id&pageSize=100")
	second := c.get(requests + "?ordering=id&pageSize=100&page=2")
	third := c.get(requests + "?ordering=id&pageSize=100&page=4")
	if first.Count != 300 || second.Count != 297 || third.Count != 302 || len(third.Results) != 2 {
		t.Errorf("got counts %d, %d, %d", first.Count, second.Count, third.Count)
	}
	if status, _ := c.ask("GET", requests+first.ids()[0]+"/", ""); status != 404 {
		t.Errorf("got %d for the details of a row that is gone", status)
	}
	var rows int
	for range c.server.Truth("request_list") {
		rows++
	}
	if rows != 302 {
		t.Errorf("got %d rows of truth", rows)
	}
}

func TestUnorderedListsTurnAround(t *testing.T) {
	c := open(t, with(0.1, "rental.unordered", "on"))
	c.logIn()
	if cmp.Equal(c.get(requests).ids(), c.get(requests).ids()) {
		t.Error("got the same order twice")
	}
	if !cmp.Equal(c.get(requests+"?ordering=id").ids(), c.get(requests+"?ordering=id").ids()) {
		t.Error("got another order where one was asked for")
	}
}

func TestChangedRequestsDiffer(t *testing.T) {
	before, after := open(t, with(0.1)), open(t, with(0.1, "rental.changed", "30"))
	before.logIn()
	after.logIn()
	old, fresh := before.get(requests+"?ordering=id&pageSize=300").Results, after.get(requests+"?ordering=id&pageSize=300").Results
	for i := range old {
		same := cmp.Equal(old[i], fresh[i])
		if same != (i >= 30) || string(old[i]["id"]) != string(fresh[i]["id"]) || string(old[i]["created_at"]) != string(fresh[i]["created_at"]) {
			t.Fatalf("row %d: same %v", i, same)
		}
		if i < 30 && string(fresh[i]["updated_at"]) <= string(old[299]["updated_at"]) {
			t.Fatalf("row %d was changed at %s", i, fresh[i]["updated_at"])
		}
	}
}

// Rows that change while a list is read are those that have changed, from then
// on; the truth is the state in the end.
func TestRequestsChangeWhileTheyAreRead(t *testing.T) {
	const query = requests + "?ordering=id&pageSize=300"
	before, after := open(t, with(0.1)), open(t, with(0.1, "rental.changed", "30"))
	c := open(t, with(0.1, "rental.change_at", "2:30"))
	truth := slices.Collect(c.server.Truth("request_list"))
	for _, other := range []*client{before, after} {
		other.logIn()
	}
	c.logIn()
	if diff := cmp.Diff(before.get(query).Results, c.get(query).Results); diff != "" {
		t.Errorf("the first list has changed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(after.get(query).Results, c.get(query).Results); diff != "" {
		t.Errorf("the second list (-want +got):\n%s", diff)
	}
	if !slices.EqualFunc(truth, slices.Collect(after.server.Truth("request_list")), bytes.Equal) {
		t.Error("the truth is not that of the end")
	}
}

func TestTenMillionRowsNeedNoTable(t *testing.T) {
	c := open(t, Options{Scale: 500})
	c.logIn()
	page := c.get(resources + "?status=2&ordering=id&pageSize=5&page=1199999")
	if page.Count != 6_000_000 || len(page.Results) != 5 {
		t.Fatalf("got %d rows and a count of %d", len(page.Results), page.Count)
	}
	last := c.get(requests + "?page=last")
	if status, _ := c.ask("GET", requests+last.ids()[0]+"/", ""); last.Count != 1_500_000 || status != 200 {
		t.Errorf("got a count of %d, and %d for the details of a row of the last page", last.Count, status)
	}
}
