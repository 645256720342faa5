package crmsim

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// rentalAPI is the API of a rental company's CRM, made with Django REST
// framework: https://docs.yume.cloud.
func rentalAPI() api {
	return api{
		name: "rental",
		open: openRental,
		switches: []Switch{
			{"rental.access", []string{formDuration}, "5m", "how long an access token is good for"},
			{"rental.rotate", []string{"on", "off"}, "on", "a refresh gives a new refresh token, and ends the old one"},
			{"rental.tenant", []string{"403", "empty"}, "403", "reply to another tenant, or to none: 403, or lists without rows"},
			{"rental.services", []string{"list", "envelope"}, "list", "the list of services is a bare list, or has pages as all others"},
			{"rental.throttle", []string{formCount}, "0", "requests allowed in any minute; 0: no limit"},
			{"rental.retry_after", []string{"seconds", "date", "none"}, "seconds", "how a throttled reply says when to come back"},
			{"rental.language", []string{"en", "ru"}, "en", "of the texts of errors"},
			{"rental.page_key", []string{"on", "off"}, "on", "lists have the member page"},
			{"rental.page_cap", []string{formCount}, "10000", "largest page; larger ones are cut without a word"},
			{"rental.link", []string{"same", "http", "host", "port", "relative", "scheme", "file", "user", "path", "self", "first"}, "same",
				"next and previous: as asked, always with http, of an internal host, without the port, the query alone, without the scheme, a file, with a user and password, another path, the page itself, the first page"},
			{"rental.total", []string{"exact", "+1", "-1"}, "exact", "count is off by one"},
			{"rental.unordered", []string{"on", "off"}, "off", "lists that no ordering is asked for come forwards and backwards by turns"},
			{"rental.duration", []string{durationDjango, durationISO, durationSeconds}, durationDjango, "form of durations"},
			{"rental.zone", []string{zoneAlmaty, zoneUTC}, zoneAlmaty, "zone of points in time, and of days that lists are filtered by"},
			{"rental.decimals", []string{"mixed", "text", "number"}, "mixed", "decimals of metrics; mixed: every fourth row has numbers inside resource"},
			{"rental.bad", []string{formCount}, "0", "so many resources, and so many requests, cannot be loaded; truth leaves them out"},
			{"rental.changed", []string{formCount}, "0", "the first so many requests have other values and a later updated_at"},
			{"rental.change_at", []string{formAt}, "off", "from the Nth request to the list of requests on, the first ROWS requests have other values and a later updated_at"},
			{"rental.delete_at", []string{formAt}, "off", "from the Nth request to a list on, its first ROWS rows are gone"},
			{"rental.ignored", ignorable("page", "filter"), nothing, "parameters of lists that are ignored without a word: those of the page, or filters"},
			{"rental.insert_at", []string{formAt}, "off", "from the Nth request to a list on, it has ROWS more rows at its end"},
		},
	}
}

// A rental is the rental CRM. Its tenant is the only one.
type rental struct {
	v         values
	form      form
	tenant    int64
	tokens    *tokens
	throttle  *throttle
	resources table
	requests  table
}

func openRental(o Options, v values) source {
	a := &rental{
		v:        v,
		form:     form{duration: v["rental.duration"], zone: v["rental.zone"]},
		tenant:   2 + int64(mix(o.Seed)%97),
		tokens:   newTokens(o, v.duration("rental.access"), v.on("rental.rotate")),
		throttle: &throttle{allowed: int(v.count("rental.throttle")), now: o.Now},
	}
	a.resources = a.table(newTable(o, "workshop_resources", 20_000))
	a.requests = a.table(newTable(o, "requests", 3_000))
	a.requests.changed = v.count("rental.changed")
	a.requests.changeAt, a.requests.changing = v.at("rental.change_at")
	return a
}

// table sets what the switches change about a table.
func (a *rental) table(t table) table {
	t.deleteAt, t.deleted = a.v.at("rental.delete_at")
	t.insertAt, t.inserted = a.v.at("rental.insert_at")
	return t
}

func (a *rental) env() map[string]string {
	allowed := 1_000_000
	if a.throttle.allowed > 0 {
		allowed = a.throttle.allowed
	}
	return map[string]string{
		"RENTAL_TENANT":   strconv.FormatInt(a.tenant, 10),
		"RENTAL_USER":     a.tokens.user,
		"RENTAL_PASSWORD": a.tokens.password,
		"RENTAL_REQUESTS": strconv.Itoa(allowed),
	}
}

func (a *rental) streams() []stream {
	settled := *a
	settled.requests = a.requests.settled()
	a = &settled
	return []stream{
		{"workshop_resources", a.resources.final, a.form, func(e *encoder, n int64) bool { return a.resource(e, n) }},
		{"request_list", a.requests.final, a.form, func(e *encoder, n int64) bool { a.listed(e, n); return true }},
		{"requests", a.requests.final, a.form, func(e *encoder, n int64) bool { return a.detail(e, n) }},
	}
}

// The paths.
const (
	pathLogin     = "/v1/auth/login/"
	pathRefresh   = "/v1/auth/refresh/"
	pathResources = "/v1/crm/metrics/workshops/resources/"
	pathRequests  = "/v1/crm/requests/"
	pathServices  = "/v1/crm/requests/services/"
)

// serve answers in the order of Django and its REST framework: route, slash,
// credentials, permission, throttle, method.
func (a *rental) serve(c *call) reply {
	handle := a.route(c.path)
	switch {
	case handle == nil && a.route(c.path+"/") != nil:
		return a.addSlash(c)
	case handle == nil:
		return page(http.StatusNotFound, "Not Found")
	}
	method := http.MethodGet
	if c.path == pathLogin || c.path == pathRefresh {
		method = http.MethodPost
	} else if rep, ok := a.admit(c); !ok {
		return rep
	}
	if c.Method != method {
		return a.problem(http.StatusMethodNotAllowed, "Method \""+c.Method+"\" not allowed.")
	}
	return handle(c)
}

// route returns what answers a path, or nil.
func (a *rental) route(path string) func(*call) reply {
	switch path {
	case pathLogin:
		return a.login
	case pathRefresh:
		return a.refresh
	case pathResources:
		return a.listResources
	case pathRequests:
		return a.listRequests
	case pathServices:
		return a.listServices
	}
	id, ok := strings.CutPrefix(path, pathRequests)
	id, slash := strings.CutSuffix(id, "/")
	if !ok || !slash || id == "" || strings.Contains(id, "/") {
		return nil
	}
	return func(*call) reply { return a.oneRequest(id) }
}

func (a *rental) addSlash(c *call) reply {
	to := *c.URL
	to.Path += "/"
	rep := content(http.StatusMovedPermanently, "text/html; charset=utf-8", nil)
	rep.header.Set("Location", to.RequestURI())
	return rep
}

// admit checks the token, the tenant, and then the throttle, which is one of
// users: it does not count how they log in.
func (a *rental) admit(c *call) (reply, bool) {
	token, given := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	if !given {
		return a.unauthorized(`{"detail":` + quoted(a.say("Authentication credentials were not provided.")) + `}`), false
	}
	if problem := a.tokens.check(token); problem != "" {
		return a.unauthorized(`{"detail":` + quoted(a.say("Given token not valid for any token type")) +
			`,"code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":` + quoted(a.say(problem)) + `}]}`), false
	}
	if a.foreign(c) && a.v["rental.tenant"] == "403" {
		return a.problem(http.StatusForbidden, "You do not have permission to perform this action."), false
	}
	if wait, ok := a.throttle.take(); !ok {
		return a.throttled(wait), false
	}
	return reply{}, true
}

// foreign tells whether a request is for another tenant, or for none.
func (a *rental) foreign(c *call) bool {
	return c.Header.Get("X-Tenant-Id") != strconv.FormatInt(a.tenant, 10)
}

func (a *rental) unauthorized(body string) reply {
	rep := content(http.StatusUnauthorized, "application/json", []byte(body))
	rep.header.Set("WWW-Authenticate", `Bearer realm="api"`)
	return rep
}

// problem returns an error as Django REST framework writes it.
func (a *rental) problem(status int, text string) reply {
	return content(status, "application/json", []byte(`{"detail":`+quoted(a.say(text))+`}`))
}

// say returns a text of the framework in the server's language.
func (a *rental) say(text string) string {
	russian := map[string]string{
		"Authentication credentials were not provided.":      "Учетные данные не были предоставлены.",
		"You do not have permission to perform this action.": "У вас недостаточно прав для выполнения данного действия.",
		"Given token not valid for any token type":           "Данный токен недействителен для любого типа токена",
		"Token is expired": "Токен просрочен",
		"Token is invalid": "Токен недействителен",
		"No active account found with the given credentials": "Не найдено активной учетной записи с указанными данными",
		"Invalid page.": "Неправильная страница",
		"Not found.":    "Не найдено.",
	}
	if a.v["rental.language"] == "ru" && russian[text] != "" {
		return russian[text]
	}
	return text
}

// quoted returns text as a JSON string.
func quoted(text string) string { return string(appendText(nil, text, false)) }

// throttled answers one request too many.
func (a *rental) throttled(wait time.Duration) reply {
	seconds := int((wait + time.Second - 1) / time.Second)
	rep := a.problem(http.StatusTooManyRequests, "Request was throttled. Expected available in "+strconv.Itoa(seconds)+" seconds.")
	switch a.v["rental.retry_after"] {
	case "seconds":
		rep.header.Set("Retry-After", strconv.Itoa(seconds))
	case "date":
		at := a.throttle.now().Add(time.Duration(seconds+1) * time.Second)
		rep.header.Set("Retry-After", at.UTC().Format(http.TimeFormat))
	}
	return rep
}
