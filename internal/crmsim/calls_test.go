package crmsim

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A rpcReply is what the calls API answers.
type rpcReply struct {
	JSONRPC string
	ID      json.RawMessage
	Result  struct {
		Data     json.RawMessage
		Metadata struct {
			Limits map[string]int64
			Total  *int64 `json:"total_items"`
		}
	}
	Error struct {
		Code    int
		Message string
		Data    struct {
			Mnemonic string
			Field    *string
			Metadata struct{ Limits map[string]int64 }
		}
	}
}

// call sends a body, with TOKEN replaced by the token of a new session.
func (c *client) call(body string) string {
	c.t.Helper()
	if strings.Contains(body, "TOKEN") {
		body = strings.ReplaceAll(body, "TOKEN", c.session())
	}
	status, text := c.ask("POST", "/calls/v2.0", body)
	if status != 200 {
		c.t.Fatalf("calling: %d %s", status, text)
	}
	return text
}

func (c *client) session() string {
	c.t.Helper()
	text := c.call(`{"jsonrpc":"2.0","id":0,"method":"login.user","params":{"login":"` + c.env["CALLS_USER"] + `","password":"` + c.env["CALLS_PASSWORD"] + `"}}`)
	var data struct {
		Token string `json:"access_token"`
	}
	r := decode[rpcReply](c.t, text)
	if err := json.Unmarshal(r.Result.Data, &data); err != nil || data.Token == "" {
		c.t.Fatalf("logging in: %s", text)
	}
	return data.Token
}

// funnels asks for funnels with more parameters.
func (c *client) funnels(token, more string) (rpcReply, []map[string]json.RawMessage) {
	c.t.Helper()
	r := decode[rpcReply](c.t, c.call(`{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{"access_token":"`+token+`"`+more+`}}`))
	if r.Error.Code != 0 {
		c.t.Fatalf("asking for funnels with %s: %+v", more, r.Error)
	}
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal(r.Result.Data, &rows); err != nil {
		c.t.Fatal(err)
	}
	return r, rows
}

// A callError is a body, and the error that answers it.
type callError struct {
	body     string
	code     int
	mnemonic string
	field    string
}

// refuses fails the test unless each body is answered with its error.
func refuses(t *testing.T, tests map[string]callError) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := open(t, Options{Scale: 1})
			text := c.call(test.body)
			r := decode[rpcReply](t, text)
			field := ""
			if r.Error.Data.Field != nil {
				field = *r.Error.Data.Field
			}
			if r.Error.Code != test.code || r.Error.Data.Mnemonic != test.mnemonic || field != test.field {
				t.Errorf("got %s", text)
			}
		})
	}
}

func TestCallsErrors(t *testing.T) {
	get := func(params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{"access_token":"TOKEN"` + params + `}}`
	}
	tests := map[string]callError{
		"dates of no report":    {get(`,"date_from":"2025-01-01 00:00:00"`), -32602, "unexpected_parameters", "date_from"},
		"no JSON":               {`{`, -32700, "parse_error", ""},
		"no object":             {`7`, -32600, "invalid_request", ""},
		"no version":            {`{"id":1,"method":"login.user"}`, -32600, "invalid_request", "jsonrpc"},
		"no method":             {`{"jsonrpc":"2.0","id":1}`, -32600, "invalid_request", "method"},
		"an id of no kind":      {`{"jsonrpc":"2.0","id":{},"method":"login.user"}`, -32600, "invalid_request", "id"},
		"params in a list":      {`{"jsonrpc":"2.0","id":1,"method":"login.user","params":[]}`, -32600, "invalid_request", "params"},
		"unknown method":        {`{"jsonrpc":"2.0","id":1,"method":"get.nothing","params":{}}`, -32601, "method_not_found", "method"},
		"a batch":               {`[{"jsonrpc":"2.0","id":1,"method":"login.user"}]`, -32099, "batch_opreations_not_supported", ""},
		"a notification":        {`{"jsonrpc":"2.0","method":"login.user"}`, -32099, "notifications_not_supported", ""},
		"login without":         {`{"jsonrpc":"2.0","id":1,"method":"login.user","params":{"login":"x"}}`, -32602, "required_parameter_missed", "password"},
		"login wrong":           {`{"jsonrpc":"2.0","id":1,"method":"login.user","params":{"login":"x","password":"y"}}`, -32001, "auth_error", ""},
		"no token":              {`{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{}}`, -32602, "required_parameter_missed", "access_token"},
		"wrong token":           {`{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{"access_token":"x"}}`, -32001, "access_token_invalid", ""},
		"unknown parameter":     {get(`,"limits":5`), -32602, "unexpected_parameters", "limits"},
		"limit as text":         {get(`,"limit":"5"`), -32602, "data_type_error", "limit"},
		"limit with fraction":   {get(`,"limit":1.5`), -32602, "data_type_error", "limit"},
		"limit too high":        {get(`,"limit":10001`), -32602, "invalid_parameter_value", "limit"},
		"offset too high":       {get(`,"offset":100001`), -32602, "invalid_parameter_value", "offset"},
		"offset below 0":        {get(`,"offset":-1`), -32602, "invalid_parameter_value", "offset"},
		"user_id as text":       {get(`,"user_id":"1"`), -32602, "data_type_error", "user_id"},
		"unknown field":         {get(`,"fields":["id"]`), -32602, "unexpected_parameters", "fields"},
		"fields of no list":     {get(`,"fields":"name"`), -32602, "data_type_error", "fields"},
		"sort by a list":        {get(`,"sort":[{"field":"stages"}]`), -32602, "sort_prohibited", "stages"},
		"sort of no list":       {get(`,"sort":{"field":"name"}`), -32602, "data_type_error", "sort"},
		"sort by no field":      {get(`,"sort":[{"order":"asc"}]`), -32602, "required_parameter_missed", "sort.field"},
		"sort in no order":      {get(`,"sort":[{"field":"name","order":"up"}]`), -32602, "invalid_parameter_value", "sort.order"},
		"filter by a list":      {get(`,"filter":{"field":"stages","operator":"=","value":"x"}`), -32602, "filter_prohibited", "stages"},
		"filter by a number":    {get(`,"filter":{"field":"ext_id","operator":"=","value":12}`), -32602, "data_type_error", "ext_id"},
		"filter by no operator": {get(`,"filter":{"field":"ext_id","operator":"~","value":"1"}`), -32602, "invalid_parameter_value", "filter.operator"},
		"tree of no kind":       {get(`,"filter":{"filters":[],"condition":"xor"}`), -32602, "invalid_parameter_value", "filter.condition"},
	}
	refuses(t, tests)
}

func TestCallsOverHTTP(t *testing.T) {
	c := open(t, Options{Scale: 1})
	if status, _ := c.ask("GET", "/calls/v2.0", ""); status != 405 {
		t.Errorf("got %d for GET", status)
	}
	if status, _ := c.ask("POST", "/calls/v1.0", "{}"); status != 404 {
		t.Errorf("got %d for another version", status)
	}
	r := httptest.NewRequest("POST", origin+"/calls/v2.0", strings.NewReader("{}"))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	if c.server.ServeHTTP(w, r); w.Code != 411 {
		t.Errorf("got %d for a body of unknown length", w.Code)
	}
}

func TestIDsComeBackAsTheyWere(t *testing.T) {
	c := open(t, Options{Scale: 1})
	for _, id := range []string{`1`, `"1"`, `"req-7"`, `-3`} {
		ok := decode[rpcReply](t, c.call(`{"jsonrpc":"2.0","id":`+id+`,"method":"get.sales_funnel","params":{"access_token":"TOKEN","limit":1}}`))
		bad := decode[rpcReply](t, c.call(`{"jsonrpc":"2.0","id":`+id+`,"method":"none"}`))
		if string(ok.ID) != id || string(bad.ID) != id {
			t.Errorf("id %s came back as %s and %s", id, ok.ID, bad.ID)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	now := clock()
	c := open(t, Options{Scale: 1, Now: func() time.Time { return now }})
	token := c.session()
	c.funnels(token, "")
	now = now.Add(time.Hour)
	text := c.call(`{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{"access_token":"` + token + `"}}`)
	if r := decode[rpcReply](t, text); r.Error.Data.Mnemonic != "access_token_invalid" {
		t.Errorf("got %s", text)
	}
}

func TestBudgetIsChargedForSuccessAlone(t *testing.T) {
	now := clock()
	o := with(1, "calls.minute", "4")
	o.Now = func() time.Time { return now }
	c := open(t, o)
	token := c.session()
	r, _ := c.funnels(token, "")
	want := map[string]int64{"day_limit": 3500, "day_remaining": 3498, "day_reset": 43170, "minute_limit": 4, "minute_remaining": 2, "minute_reset": 30}
	if diff := cmp.Diff(want, r.Result.Metadata.Limits); diff != "" {
		t.Error(diff)
	}
	bad := decode[rpcReply](t, c.call(`{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{"access_token":"`+token+`","limit":0}}`))
	if left := bad.Error.Data.Metadata.Limits["minute_remaining"]; left != 2 {
		t.Errorf("got %d left after a call that failed", left)
	}
	c.funnels(token, "")
	c.funnels(token, "")
	text := c.call(`{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{"access_token":"` + token + `"}}`)
	if r := decode[rpcReply](t, text); r.Error.Code != -32029 || r.Error.Message != "Limit per minute has been exceeded. Value of current limit per minute is 4" {
		t.Errorf("got %s", text)
	}
	now = now.Add(30 * time.Second)
	c.funnels(token, "")
}

func TestFunnelsByOffset(t *testing.T) {
	c := open(t, Options{Scale: 1})
	token := c.session()
	seen := map[string]bool{}
	for _, offset := range []int{0, 700, 1400} {
		r, rows := c.funnels(token, fmt.Sprintf(`,"limit":700,"offset":%d,"sort":[{"field":"ext_id"}]`, offset))
		for _, row := range rows {
			seen[string(row["ext_id"])] = true
		}
		if *r.Result.Metadata.Total != 2000 {
			t.Errorf("got a total of %d", *r.Result.Metadata.Total)
		}
	}
	_, past := c.funnels(token, `,"offset":2000`)
	_, defaults := c.funnels(token, ``)
	if len(seen) != 2000 || len(past) != 0 || len(defaults) != 1000 {
		t.Errorf("got %d funnels, %d past the end, %d by default", len(seen), len(past), len(defaults))
	}
}

func TestFunnelsSortedAndFiltered(t *testing.T) {
	c := open(t, Options{Scale: 0.1})
	token := c.session()
	for _, field := range []string{"ext_id", "name"} {
		for _, direction := range []string{"asc", "desc"} {
			_, rows := c.funnels(token, fmt.Sprintf(`,"sort":[{"field":"%s","order":"%s"}]`, field, direction))
			for i := 1; i < len(rows); i++ {
				a, b := decode[string](t, string(rows[i-1][field])), decode[string](t, string(rows[i][field]))
				if (a < b) != (direction == "asc") {
					t.Fatalf("%s %s: %q before %q", field, direction, a, b)
				}
			}
		}
	}
	_, rows := c.funnels(token, `,"limit":3,"sort":[{"field":"ext_id"}]`)
	id := func(i int) string { return string(rows[i]["ext_id"]) }
	tests := map[string]int64{
		`{"field":"ext_id","operator":"=","value":` + id(1) + `}`:                                                                                     1,
		`{"field":"ext_id","operator":"!=","value":` + id(1) + `}`:                                                                                    199,
		`{"field":"ext_id","operator":"<","value":` + id(2) + `}`:                                                                                     2,
		`{"field":"ext_id","operator":">=","value":` + id(2) + `}`:                                                                                    198,
		`{"field":"ext_id","operator":"in","value":[` + id(0) + `,` + id(2) + `]}`:                                                                    2,
		`{"field":"ext_id","operator":"not_in","value":[` + id(0) + `]}`:                                                                              199,
		`{"field":"name","operator":"like","value":"Аренда%"}`:                                                                                        40,
		`{"field":"name","operator":"like","value":"аренда%"}`:                                                                                        0,
		`{"field":"name","operator":"ilike","value":"аренда%"}`:                                                                                       40,
		`{"field":"name","operator":"not_like","value":"Аренда%"}`:                                                                                    160,
		`{"field":"name","operator":"regexp","value":"^(Аренда|Сервис) "}`:                                                                            80,
		`{"field":"name","operator":"=","value":null}`:                                                                                                0,
		`{"field":"name","operator":"is_not_null"}`:                                                                                                   200,
		`{"filters":[{"field":"name","operator":"like","value":"Аренда%"},{"field":"ext_id","operator":"=","value":` + id(1) + `}],"condition":"or"}`: 41,
		`{"filters":[{"field":"name","operator":"like","value":"Аренда%"},{"filters":[{"field":"ext_id","operator":"=","value":` + id(0) + `}]}],"condition":"and"}`: 1,
	}
	for filter, want := range tests {
		r, got := c.funnels(token, `,"filter":`+filter)
		if *r.Result.Metadata.Total != want || int64(len(got)) != want {
			t.Errorf("%s: got a total of %d and %d rows, want %d", filter, *r.Result.Metadata.Total, len(got), want)
		}
	}
}

func TestFieldsChooseMembers(t *testing.T) {
	c := open(t, Options{Scale: 1})
	_, rows := c.funnels(c.session(), `,"limit":60,"fields":["name","ext_id"]`)
	for _, row := range rows {
		if len(row) != 2 || row["name"] == nil || row["ext_id"] == nil {
			t.Fatalf("got %v", row)
		}
	}
}

func TestSwitchesOfCalls(t *testing.T) {
	c := open(t, with(1, "calls.total", "missing", "calls.limits", "empty", "calls.short", "2", "calls.expire", "expire"))
	token := c.session()
	r, rows := c.funnels(token, `,"limit":100`)
	if r.Result.Metadata.Total != nil || r.Result.Metadata.Limits == nil || len(r.Result.Metadata.Limits) != 0 || len(rows) != 100 {
		t.Errorf("got %+v and %d rows", r.Result.Metadata, len(rows))
	}
	if _, rows = c.funnels(token, `,"limit":100`); len(rows) != 50 {
		t.Errorf("got %d rows on the second page", len(rows))
	}
	if text := c.call(`{"jsonrpc":"2.0","id":0,"method":"login.user","params":{"login":"` + c.env["CALLS_USER"] + `","password":"` + c.env["CALLS_PASSWORD"] + `"}}`); !strings.Contains(text, `"expire":1782910830`) {
		t.Errorf("got %s", text)
	}
}

func TestMembersOfRepliesComeInAnyOrder(t *testing.T) {
	c := open(t, Options{Scale: 1})
	orders := map[[2]bool]bool{}
	for offset := range 40 {
		text := c.call(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{"access_token":"TOKEN","limit":1,"offset":%d}}`, offset))
		orders[[2]bool{strings.HasPrefix(text, `{"result"`), strings.Contains(text, `"result":{"data"`)}] = true
	}
	if len(orders) != 4 {
		t.Errorf("got %d orders of members", len(orders))
	}
}

func TestErrorsOnDemand(t *testing.T) {
	c := open(t, with(1, "calls.fail", "internal_error:3:1"))
	token := c.session()
	var failed []int
	for i := range 9 {
		text := c.call(`{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{"access_token":"` + token + `","limit":1}}`)
		if decode[rpcReply](t, text).Error.Data.Mnemonic == "internal_error" {
			failed = append(failed, i)
		}
	}
	if diff := cmp.Diff([]int{2}, failed); diff != "" {
		t.Error(diff)
	}
}

func TestReportsRefuseDates(t *testing.T) {
	report := func(params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"get.calls_report","params":{"access_token":"TOKEN"` + params + `}}`
	}
	refuses(t, map[string]callError{
		"no dates":             {report(``), -32602, "required_parameter_missed", "date_from"},
		"no end":               {report(`,"date_from":"2025-01-01 00:00:00"`), -32602, "required_parameter_missed", "date_till"},
		"a date as a number":   {report(`,"date_from":2025,"date_till":"2025-01-01 00:00:00"`), -32602, "data_type_error", "date_from"},
		"a date without time":  {report(`,"date_from":"2025-01-01","date_till":"2025-01-01 00:00:00"`), -32602, "invalid_parameter_value", "date_from"},
		"dates that turn back": {report(`,"date_from":"2025-01-02 00:00:00","date_till":"2025-01-01 00:00:00"`), -32602, "invalid_parameter_value", "date_till"},
		"dates too far apart":  {report(`,"date_from":"2025-01-01 00:00:00","date_till":"2025-04-02 00:00:00"`), -32602, "date_interval_limit_reached", "date_till"},
		"sort by no column":    {report(`,"date_from":"2025-01-01 00:00:00","date_till":"2025-01-02 00:00:00","sort":[{"field":"tags"}]`), -32602, "sort_prohibited", "tags"},
	})
}

func TestReportsTakeBothEndsOfTheirDates(t *testing.T) {
	c := open(t, with(0.1))
	for _, method := range []string{"get.calls_report", "get.visitor_sessions_report"} {
		l, _ := c.server.sources["calls"].source.(*calls).listOf(method)
		first := time.UnixMicro(int64(l.table.created(40))).In(moscow).Format(time.DateTime)
		last := time.UnixMicro(int64(l.table.created(42))).In(moscow).Format(time.DateTime)
		rows := c.rpc(method, fmt.Sprintf(`"date_from":"%s","date_till":"%s"`, first, last))
		ids := []string{text(l.table.id(40)), text(l.table.id(41)), text(l.table.id(42))}
		if diff := cmp.Diff(ids, c.ids(rows)); diff != "" {
			t.Errorf("%s: %s", method, diff)
		}
	}
}

func TestReportsHaveFewerFieldsThanDocumented(t *testing.T) {
	c := open(t, with(0.1))
	const dates = `"date_from":"2025-02-01 00:00:00","date_till":"2025-02-28 23:59:59"`
	usual := decode[map[string]json.RawMessage](t, string(c.rpc("get.calls_report", dates)[0]))
	if usual["start_time"] == nil || usual["utm_source"] != nil {
		t.Errorf("got %v", usual)
	}
	asked := decode[map[string]json.RawMessage](t, string(c.rpc("get.calls_report", dates+`,"fields":["utm_source","id"]`)[0]))
	if len(asked) != 2 || asked["utm_source"] == nil {
		t.Errorf("got %v", asked)
	}
}

func TestDealsFilteredByMonth(t *testing.T) {
	c := open(t, with(0.5))
	rows := c.rpc("get.deals_history", `"sort":[{"field":"modified_stage_date_time"}],"filter":{"condition":"and","filters":[
		{"field":"modified_stage_date_time","operator":">=","value":"2025-03-01 00:00:00"},{"field":"modified_stage_date_time","operator":"<","value":"2025-04-01 00:00:00"}]}`)
	all := c.rpc("get.deals_history", `"limit":10000`)
	march := 0
	for _, row := range all {
		if strings.HasPrefix(dig(t, string(row), "modified_stage_date_time"), `"2025-03-`) {
			march++
		}
	}
	if len(rows) != march || march == 0 {
		t.Errorf("got %d rows, want %d", len(rows), march)
	}
}

func TestSwitchesOfReports(t *testing.T) {
	c := open(t, with(0.1, "calls.drift", "off", "calls.hits", "object", "calls.empty", "list"))
	if all := strings.Join(c.served("calls_report"), "\n"); strings.Contains(all, `"communication_id":"`) || strings.Contains(all, `"tags":null`) || strings.Contains(all, `"contact_phone_number":{`) {
		t.Error("ids drift, or lists are null")
	}
	visits, truth := c.served("visitor_sessions"), c.truth("visitor_sessions")
	if !strings.Contains(visits[0], `"hits":{"hit_time":`) || dig(t, truth[0], "hits") != "null" || !strings.Contains(truth[0], `"_extra":"{\"hits\":{`) {
		t.Errorf("got %s\nand %s", visits[0], truth[0])
	}
}
