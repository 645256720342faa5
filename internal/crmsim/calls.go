package crmsim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
)

// callsAPI is the data API of a telephony company, JSON-RPC 2.0 with the
// session's token inside the parameters: https://comagic.github.io/data_api/.
func callsAPI() api {
	return api{
		name:   "calls",
		open:   openCalls,
		faults: callFaults(),
		switches: []Switch{
			{"calls.session", []string{formDuration}, "1h", "how long a session's token is good for"},
			{"calls.expire", []string{"expire_at", "expire"}, "expire_at", "member that login.user names the end of the session by"},
			{"calls.minute", []string{formCount}, "200", "successful calls allowed in a minute of the clock"},
			{"calls.day", []string{formCount}, "3500", "successful calls allowed in a day of UTC"},
			{"calls.limits", []string{"full", "hour", "empty", "none"}, "full", "metadata.limits: day and minute, hour, {}, or not there"},
			{"calls.total", []string{"exact", "+1", "-1", "missing"}, "exact", "metadata.total_items is off by one, or not there"},
			{"calls.short", []string{formCount}, "0", "every so many calls, a page that is not the last has half of its rows; 0: never"},
			{"calls.empty", []string{"mixed", "list", "null"}, "mixed", "how an empty array is sent; mixed: in some rows one, in others the other"},
			{"calls.drift", []string{"mixed", "off"}, "mixed", "in some rows ids are text, and phone numbers are numbers or objects"},
			{"calls.hits", []string{"list", "object"}, "list", "how visitor_sessions_report sends hits; as an object, only the first"},
			{"calls.unordered", []string{"on", "off"}, "off", "lists that no sort is asked for come forwards and backwards by turns"},
			{"calls.delete_at", []string{formAt}, "off", "from the Nth call for a list on, its first ROWS rows are gone"},
			{"calls.ignored", ignorable("page", "filter"), nothing, "parameters of lists that are ignored without a word: the offset, or dates"},
			{"calls.insert_at", []string{formAt}, "off", "from the Nth call for a list on, it has ROWS more rows at its end"},
		},
	}
}

// A calls is the telephony company's API.
type calls struct {
	v       values
	seed    uint64
	session *session
	budget  *budget
	fail    strike // errors of the API; faults of the network strike elsewhere
	pages   atomic.Int64
	funnels table
	reports table
	visits  table
	deals   table
	lists   []callList
}

func openCalls(o Options, v values) source {
	a := &calls{
		v:       v,
		seed:    mix(o.Seed ^ hash("calls")),
		session: newSession(o, v.duration("calls.session")),
		budget:  &budget{allowed: [2]int64{v.count("calls.minute"), v.count("calls.day")}, now: o.Now},
		fail:    v.strike("calls.fail"),
		funnels: newTable(o, "sales_funnels", 2_000),
	}
	a.reports = newTable(o, "calls_report", 6_000)
	a.visits = newTable(o, "visitor_sessions", 6_000)
	a.deals = newTable(o, "deals_history", 3_000)
	for _, t := range []*table{&a.funnels, &a.reports, &a.visits, &a.deals} {
		t.deleteAt, t.deleted = v.at("calls.delete_at")
		t.insertAt, t.inserted = v.at("calls.insert_at")
	}
	a.lists = []callList{a.funnelList(), a.reportList(), a.visitList(), a.dealList()}
	return a
}

func (a *calls) env() map[string]string {
	return map[string]string{"CALLS_USER": a.session.user, "CALLS_PASSWORD": a.session.password, "CALLS_SINCE": firstMonth}
}

func (a *calls) streams() []stream {
	var all []stream
	for _, l := range a.lists {
		all = append(all, stream{l.stream, l.table.final, callsForm, func(e *encoder, n int64) bool {
			l.write(e, n, nil)
			return true
		}})
	}
	return all
}

// A request is a JSON-RPC request. Members that are not there are empty.
type request struct {
	Version json.RawMessage `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  json.RawMessage `json:"method"`
	Params  json.RawMessage `json:"params"`
}

// serve answers a request over HTTP. Errors of JSON-RPC have status 200.
func (a *calls) serve(c *call) reply {
	switch {
	case strings.TrimSuffix(c.path, "/") != "/v2.0":
		return page(http.StatusNotFound, "404 Not Found")
	case c.Request.Method != http.MethodPost:
		return page(http.StatusMethodNotAllowed, "405 Not Allowed")
	case c.ContentLength < 0:
		return page(http.StatusLengthRequired, "411 Length Required")
	}
	body := bytes.TrimSpace(c.body)
	if bytes.HasPrefix(body, []byte("[")) && json.Valid(body) {
		return a.failed(nil, problem{mnemonic: "batch_opreations_not_supported"})
	}
	var q request
	if !json.Valid(body) {
		return a.failed(nil, problem{mnemonic: "parse_error"})
	}
	if json.Unmarshal(body, &q) != nil {
		return a.failed(nil, problem{mnemonic: "invalid_request"})
	}
	rep := a.answer(q)
	rep.path = c.URL.Path + "#" + a.methodOf(q)
	return rep
}

// methodLogin is the method that starts a session. Those of lists are in lists.
const methodLogin = "login.user"

// methodOf returns the name of a request's method, if it is one of ours.
func (a *calls) methodOf(q request) string {
	var name string
	if json.Unmarshal(q.Method, &name) != nil {
		return "unknown"
	}
	if _, ok := a.listOf(name); !ok && name != methodLogin {
		return "unknown"
	}
	return name
}

// answer answers a request that is an object.
func (a *calls) answer(q request) reply {
	var method string
	switch {
	case len(q.ID) == 0 || string(q.ID) == "null":
		return a.failed(nil, problem{mnemonic: "notifications_not_supported"})
	case q.ID[0] != '"' && (q.ID[0] < '0' || q.ID[0] > '9') && q.ID[0] != '-':
		return a.failed(nil, problem{mnemonic: "invalid_request", field: "id"})
	case string(q.Version) != `"2.0"`:
		return a.failed(q.ID, problem{mnemonic: "invalid_request", field: "jsonrpc"})
	case json.Unmarshal(q.Method, &method) != nil:
		return a.failed(q.ID, problem{mnemonic: "invalid_request", field: "method"})
	}
	p := params{}
	if len(q.Params) > 0 && (json.Unmarshal(q.Params, &p) != nil || p == nil) {
		return a.failed(q.ID, problem{mnemonic: "invalid_request", field: "params"})
	}
	if method == methodLogin {
		return a.login(q.ID, p)
	}
	if l, ok := a.listOf(method); ok {
		return a.list(q.ID, p, l)
	}
	return a.failed(q.ID, problem{mnemonic: "method_not_found", field: "method"})
}

// login answers login.user.
func (a *calls) login(id json.RawMessage, p params) reply {
	if bad := p.check("login", "password"); bad.found() {
		return a.failed(id, bad)
	}
	user, bad := p.text("login")
	password, bad2 := p.text("password")
	switch {
	case bad.found():
		return a.failed(id, bad)
	case bad2.found():
		return a.failed(id, bad2)
	case user != a.session.user || password != a.session.password:
		return a.failed(id, problem{mnemonic: "auth_error"})
	}
	if bad := a.budget.take(); bad.found() {
		return a.failed(id, bad)
	}
	e := &encoder{}
	token, end := a.session.start()
	e.record()
	e.text("access_token", token)
	e.int("app_id", 1000+int64(a.seed%9000))
	e.int(a.v["calls.expire"], end)
	e.end()
	return content(http.StatusOK, jsonType, a.result(id, e.buf, a.metadata(-1), false))
}

const jsonType = "application/json; charset=UTF-8"

// result returns the body of a success, its members in one of four orders.
func (a *calls) result(id json.RawMessage, data, metadata []byte, varied bool) []byte {
	how := uint64(0)
	if varied {
		how = mix(a.seed ^ hash(string(data[:min(len(data), 64)])))
	}
	data = append([]byte(`"data":`), data...)
	metadata = append([]byte(`"metadata":`), metadata...)
	if how&1 == 0 {
		data, metadata = metadata, data
	}
	parts := []string{`"jsonrpc":"2.0"`, `"id":` + string(id)}
	b := []byte{'{'}
	if how&2 != 0 {
		b = append(b, parts[0]+","+parts[1]+","...)
	}
	b = append(append(b, `"result":{`...), data...)
	b = append(append(append(b, ','), metadata...), '}')
	if how&2 == 0 {
		b = append(b, ","+parts[1]+","+parts[0]...)
	}
	return append(b, '}')
}

// metadata returns the metadata of a reply with a total, or without if it is
// below 0.
func (a *calls) metadata(total int64) []byte {
	e := &encoder{}
	e.record()
	if a.v["calls.limits"] != "none" {
		e.raw("limits", a.budget.describe(a.v["calls.limits"]))
	}
	if total >= 0 {
		e.int("total_items", total)
	}
	e.none("version")
	e.end()
	return e.buf
}
