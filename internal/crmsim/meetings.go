package crmsim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// meetingsAPI is the API of a Polish application for meetings of sales people,
// with the verdict on a request in the body:
// https://hugo.wcstd.net/docs/dla-developera/api.
func meetingsAPI() api {
	return api{
		name:   "meetings",
		open:   openMeetings,
		faults: bodyFaults("description"),
		switches: []Switch{
			{"meetings.errors", []string{"same", "200", "html"}, "same", "status of replies that are errors: as in the body, 200, or 403 with a page of HTML as the body"},
			{"meetings.users", []string{"on", "off"}, "on", "there is a list of users, which is documented nowhere; off: MEETINGS_USERS is that of a company"},
			{"meetings.paged", []string{"on", "off"}, "off", "the meetings of a user come in pages"},
			{"meetings.cap", []string{formCount}, "100", "largest page; larger ones are cut without a word"},
			{"meetings.past", []string{"empty", "repeat", "400"}, "empty", "a page past the end is empty, the last one again, or an error"},
			{"meetings.empty_pages", []string{"0", "1"}, "0", "pages_count of an empty list"},
			{"meetings.total", []string{"exact", "+1", "-1"}, "exact", "pagination.total is off by one"},
			{"meetings.keys", []string{"documented", "corrected", "mixed"}, "documented", "keys are spelt as documented, id_comapny and is_ctive, or right; mixed: by turns"},
			{"meetings.ids", []string{"documented", "text", "number"}, "documented", "ids are sent as documented, some as text and some as numbers, or all in one way"},
			{"meetings.fields", []string{"mixed", "list", "objects"}, "mixed", "own fields of threads: [], or a list of objects; mixed: by turns"},
			{"meetings.missing", []string{"404", "400"}, "404", "status where a user does not exist"},
			{"meetings.unordered", []string{"on", "off"}, "off", "lists of users come forwards and backwards by turns"},
			{"meetings.delete_at", []string{formAt}, "off", "from the Nth request to the list of users on, its first ROWS rows are gone"},
			{"meetings.ignored", ignorable("page"), nothing, "parameters of lists that are ignored without a word: the page"},
			{"meetings.insert_at", []string{formAt}, "off", "from the Nth request to the list of users on, it has ROWS more rows at its end"},
		},
	}
}

// A meetings is the application for meetings.
type meetings struct {
	v        values
	token    string
	company  int64
	users    table
	meetings *children
	threads  *children
}

func openMeetings(o Options, v values) source {
	d := dice(mix(o.Seed ^ hash("meetings token")))
	a := &meetings{
		v:        v,
		token:    fmt.Sprintf("%016x%016x", d.roll(), d.roll()),
		company:  1 + d.below(90),
		users:    newTable(o, "users", 60),
		meetings: newChildren(o, "user_meetings", 60),
		threads:  newChildren(o, "user_threads", 20),
	}
	a.users.deleteAt, a.users.deleted = v.at("meetings.delete_at")
	a.users.insertAt, a.users.inserted = v.at("meetings.insert_at")
	return a
}

func (a *meetings) env() map[string]string {
	users := "users"
	if !a.v.on("meetings.users") {
		users = fmt.Sprintf("companies/%d/users", a.company)
	}
	return map[string]string{"MEETINGS_TOKEN": a.token, "MEETINGS_USERS": users}
}

func (a *meetings) streams() []stream {
	form := form{zone: zoneWarsaw, numbers: true}
	always := func(write func(e *encoder, n int64)) func(e *encoder, n int64) bool {
		return func(e *encoder, n int64) bool { write(e, n); return true }
	}
	return []stream{
		{"users", a.users.final, form, always(a.user)},
		{"user_meetings", a.meetings.of(a.users.final), form, always(a.meeting)},
		{"user_threads", a.threads.of(a.users.final), form, always(a.thread)},
	}
}

// The texts of the errors that are documented.
const (
	wrongParameters  = "Nieprawidłowe parametry"
	wrongCredentials = "Niepoprawne dane logowania"
)

// serve answers a request: credentials first, then the route.
func (a *meetings) serve(c *call) reply {
	if c.Header.Get("Authorization") != "Bearer "+a.token {
		return a.problem(http.StatusForbidden, wrongCredentials)
	}
	path, versioned := strings.CutPrefix(c.path, "/api/v1/")
	if !versioned || c.Method != http.MethodGet {
		return page(http.StatusNotFound, "404 Not Found")
	}
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	switch {
	case path == "users" && a.v.on("meetings.users"):
		return a.listUsers(c)
	case path == "meetings":
		return a.allMeetings(c)
	case len(parts) == 3 && parts[0] == "companies" && parts[2] == "users":
		if parts[1] != strconv.FormatInt(a.company, 10) {
			return a.missing()
		}
		return a.listUsers(c)
	case len(parts) == 3 && parts[0] == "users" && parts[2] == "meetings":
		return a.ofUser(c, parts[1], a.meetings, a.meeting, a.v.on("meetings.paged"))
	case len(parts) == 3 && parts[0] == "users" && parts[2] == "threads":
		return a.ofUser(c, parts[1], a.threads, a.thread, true)
	}
	return page(http.StatusNotFound, "404 Not Found")
}

// problem answers with an error, whose status is in the body.
func (a *meetings) problem(status int, text string) reply {
	rep := content(status, "application/json; charset=utf-8", fmt.Appendf(nil, `{"status":%d,"description":%s}`, status, quoted(text)))
	switch a.v["meetings.errors"] {
	case "200":
		rep.status = http.StatusOK
	case "html":
		return page(http.StatusForbidden, "403 Forbidden")
	}
	return rep
}

func (a *meetings) missing() reply {
	if a.v["meetings.missing"] == "400" {
		return a.problem(http.StatusBadRequest, wrongParameters)
	}
	return a.problem(http.StatusNotFound, "Nie znaleziono")
}

// ofUser answers a list of what belongs to one user.
func (a *meetings) ofUser(c *call, id string, rows *children, write func(e *encoder, n int64), paged bool) reply {
	user, ok := a.userOf(id)
	if !ok {
		return a.missing()
	}
	lo := rows.first(user)
	l := leaves{rows.count(user), func(k int64) int64 { return lo + k }, write, rows.id}
	if !paged {
		return a.whole(l)
	}
	return a.page(c, l)
}

// userOf returns the ordinal of the user with an id.
func (a *meetings) userOf(text string) (int64, bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	lo, hi := a.users.now()
	n, ok := a.users.ordinal(id, lo, hi)
	return n, ok && err == nil
}

// listUsers answers the list of users.
func (a *meetings) listUsers(c *call) reply {
	lo, hi := a.users.list()
	rows := order{parts: []selection{between(lo, hi)}}
	rows.backwards = a.v.on("meetings.unordered") && a.users.lists.Load()%2 == 0
	return a.page(c, leaves{rows.count(), rows.at, a.user, a.users.id})
}

// allMeetings answers the list of meetings, of one user if one is named.
func (a *meetings) allMeetings(c *call) reply {
	if id := last(c.URL.Query(), "id_user"); id != "" {
		return a.ofUser(c, id, a.meetings, a.meeting, true)
	}
	lo, hi := a.meetings.of(a.users.now)()
	return a.page(c, leaves{hi - lo, func(k int64) int64 { return lo + k }, a.meeting, a.meetings.id})
}

// Leaves are the rows of a list that is cut into pages.
type leaves struct {
	count int64
	at    func(k int64) int64 // ordinal of row k
	write func(e *encoder, n int64)
	id    func(n int64) int64
}

// perPage is the number of rows of a page that none was given for.
const perPage = 20

// page answers with a page of rows and what it says about the others.
func (a *meetings) page(c *call, l leaves) reply {
	query := c.URL.Query()
	number, ok1 := natural(last(query, "page"), 1)
	size, ok2 := natural(last(query, "per_page"), perPage)
	if !ok1 || !ok2 {
		return a.problem(http.StatusBadRequest, wrongParameters)
	}
	if a.v["meetings.ignored"] == "page" {
		number = 1
	}
	if most := a.v.count("meetings.cap"); most > 0 {
		size = min(size, most)
	}
	pages := (l.count + size - 1) / size
	shown := number
	if number > max(pages, 1) {
		switch a.v["meetings.past"] {
		case "400":
			return a.problem(http.StatusBadRequest, wrongParameters)
		case "repeat":
			shown = max(pages, 1)
		}
	}
	if pages == 0 {
		pages = a.v.count("meetings.empty_pages")
	}
	from := min((shown-1)*size, l.count)
	total := map[string]int64{"+1": 1, "-1": -1}[a.v["meetings.total"]] + l.count
	rep := a.rows(l, from, min(from+size, l.count),
		fmt.Sprintf(`,"pagination":{"page":%d,"pages_count":%d,"per_page":%d,"total":%d}`, number, pages, size, max(total, 0)))
	rep.page = number
	return rep
}

// natural reads a number from 1.
func natural(text string, otherwise int64) (int64, bool) {
	if text == "" {
		return otherwise, true
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return n, err == nil && n >= 1
}

// whole answers with all rows at once.
func (a *meetings) whole(l leaves) reply { return a.rows(l, 0, l.count, "") }

// rows answers with the rows from, up to to.
func (a *meetings) rows(l leaves, from, to int64, more string) reply {
	rep := content(http.StatusOK, "application/json; charset=utf-8", nil)
	rep.data = true
	e := &encoder{form: form{zone: zoneWarsaw, numbers: true}}
	e.buf = append(e.buf, `{"status":200,"data":{"list":[`...)
	for k := from; k < to; k++ {
		if k > from {
			e.buf = append(e.buf, ',')
		}
		n := l.at(k)
		l.write(e, n)
		rep.keys = append(rep.keys, key(l.id(n))...)
	}
	rep.body = append(e.buf, "]"+more+"}}"...)
	return rep
}
