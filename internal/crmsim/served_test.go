package crmsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	projectsPath = "/projects/backend/public/projects"
	meetingsPath = "/meetings/api/v1"
)

// inProjects makes a request to the projects API with its secrets, and fails
// the test unless it is answered with 200.
func (c *client) inProjects(method, path, body string) string {
	c.t.Helper()
	c.header = http.Header{"X-Crypto-Token": {c.env["PROJECTS_TOKEN"]}, "X-Crypto-Secret": {c.env["PROJECTS_SECRET"]}}
	status, text := c.ask(method, projectsPath+path, body)
	if status != 200 {
		c.t.Fatalf("asking for %s: %d %s", path, status, text)
	}
	return text
}

// payload returns the rows of a reply of the projects API.
func (c *client) payload(text string) []json.RawMessage {
	c.t.Helper()
	raw := decode[struct{ Payload json.RawMessage }](c.t, text).Payload
	switch {
	case len(raw) == 0:
		return nil
	case raw[0] == '{':
		return []json.RawMessage{raw}
	}
	return decode[[]json.RawMessage](c.t, string(raw))
}

// pages returns all rows of a list.
func (c *client) pages(path string) (all []json.RawMessage) {
	for {
		rows := c.payload(c.inProjects("GET", fmt.Sprintf("%s&count=500&offset=%d", path, len(all)), ""))
		if len(rows) == 0 {
			return all
		}
		all = append(all, rows...)
	}
}

// ids returns the id of each row, without quotes.
func (c *client) ids(rows []json.RawMessage) (ids []string) {
	for _, row := range rows {
		ids = append(ids, strings.Trim(string(decode[struct{ ID json.RawMessage }](c.t, string(row)).ID), `"`))
	}
	return ids
}

// inMeetings makes a request to the meetings API and returns the list.
func (c *client) inMeetings(path string) []json.RawMessage {
	c.t.Helper()
	c.header = http.Header{"Authorization": {"Bearer " + c.env["MEETINGS_TOKEN"]}}
	status, text := c.ask("GET", meetingsPath+path, "")
	if status != 200 {
		c.t.Fatalf("asking for %s: %d %s", path, status, text)
	}
	return decode[struct {
		Data struct{ List []json.RawMessage }
	}](c.t, text).Data.List
}

// servedMore returns all records of a stream of the projects and meetings APIs,
// in the order of truth.
func (c *client) servedMore(stream string) (all []json.RawMessage) {
	c.t.Helper()
	each := func(ids []string, path string) {
		for _, id := range ids {
			all = append(all, c.payload(c.inProjects("GET", path+"?id="+id, ""))...)
		}
	}
	users := func(path string) {
		for page := 1; ; page++ {
			ids := c.ids(c.inMeetings(fmt.Sprintf("/users?per_page=100&page=%d", page)))
			if len(ids) == 0 {
				return
			}
			for _, id := range ids {
				all = append(all, c.inMeetings("/users/"+id+path)...)
			}
		}
	}
	active := "?order_by=id&deleted=0"
	switch name := strings.TrimPrefix(stream, "project_"); stream {
	case "projects":
		rows, deleted := c.pages(active), c.pages("?order_by=id&deleted=1")
		return merged(c, rows, deleted)
	case "projects_filtered":
		return c.pages(active)
	case "project_details":
		each(c.ids(c.pages(active)), "/info")
	case "project_action_details":
		each(c.ids(c.servedMore("project_actions")), "/actions/info")
	case "project_steps", "project_actions", "project_checklists", "project_goods", "project_payments":
		each(c.ids(c.pages(active)), "/"+name)
	case "users":
		for page := 1; ; page++ {
			rows := c.inMeetings(fmt.Sprintf("/users?per_page=100&page=%d", page))
			if len(rows) == 0 {
				return all
			}
			all = append(all, rows...)
		}
	case "user_meetings":
		users("/meetings")
	case "user_threads":
		users("/threads?per_page=100")
	case "calls_report":
		return c.dated("get.calls_report")
	case "visitor_sessions":
		return c.dated("get.visitor_sessions_report")
	case "deals_history":
		return c.rpc("get.deals_history", `"limit":10000`)
	}
	return all
}

// rpc calls a method that lists rows, with the token of a new session.
func (c *client) rpc(method, params string) []json.RawMessage {
	c.t.Helper()
	r := decode[rpcReply](c.t, c.call(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":{"access_token":"TOKEN",`+params+`}}`))
	if r.Error.Code != 0 {
		c.t.Fatalf("calling %s with %s: %+v", method, params, r.Error)
	}
	return decode[[]json.RawMessage](c.t, string(r.Result.Data))
}

// dated returns all rows of a report, one month after the other, with all
// fields.
func (c *client) dated(method string) (all []json.RawMessage) {
	c.t.Helper()
	l, _ := c.server.sources["calls"].source.(*calls).listOf(method)
	for month := time.Date(2024, 12, 1, 0, 0, 0, 0, moscow); month.Year() < 2027; month = month.AddDate(0, 1, 0) {
		all = append(all, c.rpc(method, fmt.Sprintf(`"limit":10000,"fields":%s,"date_from":"%s","date_till":"%s"`, text(l.fields),
			month.Format(time.DateTime), month.AddDate(0, 1, 0).Add(-time.Second).Format(time.DateTime)))...)
	}
	return all
}

// merged puts two lists that are sorted by id into one.
func merged(c *client, a, b []json.RawMessage) (all []json.RawMessage) {
	idA, idB := c.ids(a), c.ids(b)
	less := func(x, y string) bool { return len(x) < len(y) || len(x) == len(y) && x < y }
	for len(a)+len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && less(idA[0], idB[0]) {
			all, a, idA = append(all, a[0]), a[1:], idA[1:]
		} else {
			all, b, idB = append(all, b[0]), b[1:], idB[1:]
		}
	}
	return all
}
