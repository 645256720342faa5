package crmsim

import (
	"fmt"
	"net/http"
	"strconv"
)

// projectsAPI is the API of a CRM for projects, made with PHP and MySQL, of
// which no reply is documented: https://www.solos.pro/api/v2/projects/.
func projectsAPI() api {
	return api{
		name:   "projects",
		open:   openProjects,
		faults: bodyFaults("message"),
		switches: []Switch{
			{"projects.envelope", []string{"payload", "data", "bare"}, "payload", "member of a reply that holds the rows; bare: the reply is the rows"},
			{"projects.numbers", []string{"mixed", "text", "number"}, "mixed", "numbers are sent as text; mixed: in two rows of three"},
			{"projects.flags", []string{"mixed", flagsText, flagsNumber}, "mixed", `flags are "0" and "1", or 0 and 1; mixed: by turns`},
			{"projects.cap", []string{formCount}, "500", "largest count; larger ones are cut without a word; 0: none"},
			{"projects.empty", []string{"mixed", "list", "null", "missing"}, "mixed", "what stands for no rows: [], null, or nothing at all; mixed: depends on the request"},
			{"projects.object", []string{"mixed", "object", "list"}, "mixed", "an empty object is sent as {} or, as PHP does, []; mixed: by turns"},
			{"projects.zero_dates", []string{"on", "off"}, "on", "dates that are not set are sent as 0000-00-00 instead of null"},
			{"projects.auth", []string{"401", "403", "200"}, "401", "status of a reply to wrong secrets; 200: with the status 403 in the body"},
			{"projects.missing", []string{"404", "empty"}, "404", "reply where a project or an action does not exist: 404, or 200 without rows"},
			{"projects.unordered", []string{"on", "off"}, "off", "lists that no order_by is asked for come forwards and backwards by turns"},
			{"projects.bad", []string{formCount}, "0", "so many projects cannot be loaded; truth leaves them out"},
			{"projects.delete_at", []string{formAt}, "off", "from the Nth request to a list of projects on, its first ROWS rows are gone"},
			{"projects.ignored", ignorable("page", "filter"), nothing, "parameters of lists of projects that are ignored without a word: the offset, or filters"},
			{"projects.insert_at", []string{formAt}, "off", "from the Nth request to a list of projects on, it has ROWS more rows at its end"},
		},
	}
}

// A projects is the CRM for projects.
type projects struct {
	v             values
	token, secret string
	fields        []string // names of the fields that this customer has made
	projects      table
	steps         *children
	actions       *children
	checklists    *children
	goods         *children
	payments      *children
}

// mostChildren is the largest number of rows of a kind that a project has.
const mostChildren = 6

func openProjects(o Options, v values) source {
	d := dice(mix(o.Seed ^ hash("projects secrets")))
	hex := func(n int) (text string) {
		for range n {
			text += fmt.Sprintf("%016x", d.roll())
		}
		return text
	}
	kind := func(name string) *children { return newChildren(o, name, mostChildren) }
	a := &projects{
		v:          v,
		token:      hex(4),
		secret:     hex(8),
		fields:     customFields(mix(o.Seed ^ hash("projects fields"))),
		projects:   newTable(o, "projects", 1_500),
		steps:      kind("project_steps"),
		actions:    kind("project_actions"),
		checklists: kind("project_checklists"),
		goods:      kind("project_goods"),
		payments:   kind("project_payments"),
	}
	a.projects.deleteAt, a.projects.deleted = v.at("projects.delete_at")
	a.projects.insertAt, a.projects.inserted = v.at("projects.insert_at")
	return a
}

func (a *projects) env() map[string]string {
	records := a.v["projects.envelope"]
	if records == "bare" {
		records = "$"
	}
	return map[string]string{"PROJECTS_TOKEN": a.token, "PROJECTS_SECRET": a.secret, "PROJECTS_RECORDS": records, "PROJECTS_SINCE": firstMonth}
}

func (a *projects) streams() []stream {
	form := form{zone: zoneMoscow, zero: a.v.on("projects.zero_dates"), blank: true}
	active := func(e *encoder, n int64) bool { return a.project(e, n) && !projectDeleted(n) }
	all := []stream{
		{"projects", a.projects.final, form, a.project},
		{"projects_filtered", a.projects.final, form, active},
		{"project_details", a.projects.final, form, active},
	}
	for _, k := range a.kinds() {
		write := func(e *encoder, n int64) bool {
			parent, i := k.rows.parent(n)
			k.write(e, n, parent, i)
			return !projectDeleted(parent)
		}
		for _, name := range k.streams {
			all = append(all, stream{name, k.rows.of(a.projects.final), form, write})
		}
	}
	return all
}

// serve answers a request: secrets first, then the route.
func (a *projects) serve(c *call) reply {
	if c.Header.Get("X-Crypto-Token") != a.token || c.Header.Get("X-Crypto-Secret") != a.secret {
		return a.unauthorized()
	}
	route, method := a.route(c.path), http.MethodGet
	if c.path == "/backend/public/projects/filter" {
		method = http.MethodPost
	}
	switch {
	case route == nil:
		return page(http.StatusNotFound, "404 Not Found")
	case c.Method != method:
		return a.problem(http.StatusMethodNotAllowed, "Method not allowed")
	}
	return route(c)
}

// route returns what answers a path, or nil.
func (a *projects) route(path string) func(*call) reply {
	const base = "/backend/public/projects"
	switch path {
	case base:
		return a.list
	case base + "/filter":
		return a.filter
	case base + "/info":
		return a.one
	case base + "/actions/info":
		return a.oneAction
	}
	for _, k := range a.kinds() {
		if path == base+k.path {
			return func(c *call) reply { return a.listChildren(c, k) }
		}
	}
	return nil
}

func (a *projects) unauthorized() reply {
	status := int(a.v.count("projects.auth"))
	if status == http.StatusOK {
		rep := a.problem(http.StatusForbidden, "Access denied")
		rep.status = http.StatusOK
		return rep
	}
	return a.problem(status, "Access denied")
}

// problem answers with an error, which has its status in the body as well.
func (a *projects) problem(status int, text string) reply {
	return content(status, "application/json", fmt.Appendf(nil, `{"status":%d,"message":%s}`, status, quoted(text)))
}

// missing answers where a project or an action does not exist.
func (a *projects) missing(c *call) reply {
	if a.v["projects.missing"] == "empty" {
		return a.found(c, nil)
	}
	return a.problem(http.StatusNotFound, "Not found")
}

// found answers with rows, a list or an object; nil stands for none.
func (a *projects) found(c *call, rows []byte) reply {
	name, empty := a.v["projects.envelope"], a.v["projects.empty"]
	if empty == "mixed" {
		empty = []string{"list", "null", "missing"}[mix(hash(c.URL.RequestURI())^hash(string(c.body)))%3]
	}
	switch {
	case rows != nil:
	case empty == "null":
		rows = []byte("null")
	case empty == "list" || name == "bare":
		rows = []byte("[]")
	}
	body := []byte(`{"status":200`)
	switch {
	case name == "bare":
		body = rows
	case rows == nil:
		body = append(body, '}')
	default:
		body = append(append(append(body, `,"`+name+`":`...), rows...), '}')
	}
	rep := content(http.StatusOK, "application/json", body)
	rep.data = true
	return rep
}

// style sets how the row with an ordinal is written: PHP turns values into text
// or not as its library for the database is set, and versions differ.
func (a *projects) style(e *encoder, n int64) {
	numbers, flags := a.v["projects.numbers"], a.v["projects.flags"]
	e.form.quoted = numbers == "text" || numbers == "mixed" && n%3 != 0
	e.form.numbers = !e.form.quoted
	if e.form.flags = flags; flags == "mixed" {
		e.form.flags = []string{flagsText, flagsNumber}[n%2]
	}
}

// newEncoder returns an encoder of rows as they are sent.
func (a *projects) newEncoder() *encoder {
	return &encoder{form: form{zone: zoneMoscow, zero: a.v.on("projects.zero_dates")}}
}

// key returns an id as the ledger has it.
func key(id int64) []byte { return append(strconv.AppendInt(nil, id, 10), ',') }
