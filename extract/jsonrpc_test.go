package extract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/internal/fault"
)

// A call is what a JSON-RPC server reads.
type call struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

// rpc answers calls with what a function makes of them: the members of the
// reply beside id and jsonrpc.
func rpc(t *testing.T, answer func(call) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.URL.Path != "/v2.0" || r.ContentLength <= 0 || r.Header.Get("Content-Type") != "application/json; charset=UTF-8" {
			t.Errorf("%s %s with %d bytes of %s", r.Method, r.URL, r.ContentLength, r.Header.Get("Content-Type"))
		}
		var c call
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil || c.JSONRPC != "2.0" {
			t.Errorf("call %+v, %v", c, err)
		}
		reply(w, 200, fmt.Sprintf(`{"jsonrpc":"2.0",%s,"id":%s}`, answer(c), c.ID))
	}
}

// funnels is a pipeline of a JSON-RPC source with a session.
func funnels() *config.Pipeline {
	src := source()
	src.Kind, src.BaseURL = config.JSONRPC, "http://calls.example.com/v2.0"
	src.Auth = config.Auth{Kind: "login", Login: &config.Login{
		Login: config.Request{Call: "login.user", Params: []config.Field{secretField("password", "canary")}},
		Token: config.Path{"result", "data", "access_token"},
		Param: "access_token",
	}}
	src.Budget = []config.Budget{{
		Left:     config.Path{"metadata", "limits", "minute_remaining"},
		ResetsIn: config.Path{"metadata", "limits", "minute_reset"},
		In:       []config.Path{{"result"}, {"error", "data"}},
	}}
	return &config.Pipeline{
		Name: "funnels", Source: src,
		Request: config.Request{Call: "get.sales_funnel", Params: []config.Field{{Name: "user_id", Value: config.Value{Kind: config.Number, Number: "5"}}}},
		Paging: config.Paging{Kind: config.PagingOffset, Send: config.Send{Offset: "offset", Size: "limit"}, Size: 2, First: 1, In: config.InParams,
			Read: config.Read{Total: config.Path{"result", "metadata", "total_items"}, TotalHint: true}, End: config.EndEmpty, MaxPages: 100},
		Records: config.Records{At: []config.RecordPath{{Path: config.Path{"result", "data"}}}},
	}
}

// login answers the call login.user, and other calls with what follows.
func login(token string, then func(call) string) func(call) string {
	return func(c call) string {
		if c.Method == "login.user" {
			return `"result":{"data":{"access_token":"` + token + `"}}`
		}
		return then(c)
	}
}

func failing(code int, mnemonic, more string) string {
	return fmt.Sprintf(`"error":{"code":%d,"message":"canary","data":{"mnemonic":%q%s}}`, code, mnemonic, more)
}

const noFunnels = `"result":{"data":[],"metadata":{"limits":{}}}`

func TestCalls(t *testing.T) {
	var params []string
	api := rpc(t, login("t1", func(c call) string {
		params = append(params, c.Method+" "+string(c.Params))
		var p struct{ Offset, Limit int }
		json.Unmarshal(c.Params, &p)
		return fmt.Sprintf(`"result":{"metadata":{"total_items":3},"data":[%s]}`, strings.Join(numbered(p.Offset, min(3, p.Offset+p.Limit)), ","))
	}))
	p := funnels()
	got, err := readAll(t.Context(), client(t, p.Source, Options{Transport: serve(t, api)}).List(p, Vars{}))
	if diff := cmp.Diff([]string{`{"id":1} {"id":2}`, `{"id":3}`, ""}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	want := []string{
		`get.sales_funnel {"user_id":5,"offset":0,"limit":2,"access_token":"t1"}`,
		`get.sales_funnel {"user_id":5,"offset":2,"limit":2,"access_token":"t1"}`,
		`get.sales_funnel {"user_id":5,"offset":3,"limit":2,"access_token":"t1"}`,
	}
	if diff := cmp.Diff(want, params); diff != "" {
		t.Error(diff)
	}
}

func TestCallErrors(t *testing.T) {
	tests := []struct {
		name, reply string
		class       fault.Class
		calls       int
		text        string
	}{
		{"login anew", failing(-32001, "access_token_expired", ""), fault.Auth, 2, "access_token_expired"},
		{"bad password", failing(-32001, "auth_error", ""), fault.Auth, 1, "auth_error"},
		{"address", failing(-32003, "ip_not_whitelisted", ""), fault.Auth, 1, "ip_not_whitelisted"},
		{"our mistake", failing(-32602, "sort_prohibited", ""), fault.Config, 1, "sort_prohibited"},
		{"unknown mnemonic of a known code", failing(-32602, "brand_new", ""), fault.Config, 1, "brand_new"},
		{"component", failing(-32008, "method_component_disabled", ""), fault.Config, 1, ""},
		{"crash", failing(-32603, "internal_error", ""), fault.Transient, 1 + defaultRetries, "internal_error"},
		{"unknown", failing(-32004, "no_such_thing", ""), fault.Data, 1, "error -32004 no_such_thing"},
		{"both", `"error":{"code":1},"result":{"data":[]}`, fault.Data, 1, "both a result and an error"},
		{"neither", `"result":null`, fault.Data, 1, "neither a result nor an error"},
		{"other id", `"result":{"data":[]},"id":"other"`, fault.Data, 1, "its id differs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				api := rpc(t, login("t1", func(call) string { calls++; return tt.reply }))
				p := funnels()
				_, err := fetch(t, client(t, p.Source, Options{Transport: serve(t, api)}).List(p, Vars{}))
				wantFault(t, err, tt.class, tt.text)
				wantNoCanary(t, err.Error())
				if calls != tt.calls {
					t.Errorf("%d calls, want %d", calls, tt.calls)
				}
			})
		})
	}
}

// An error without an id is one of a request that could not be read.
func TestErrorWithoutID(t *testing.T) {
	p := funnels()
	p.Source.Auth = config.Auth{Kind: "none"}
	c := client(t, p.Source, Options{Transport: serve(t, with(200, `{"jsonrpc":"2.0","id":null,`+failing(-32700, "parse_error", "")+`}`))})
	_, err := fetch(t, c.List(p, Vars{}))
	wantFault(t, err, fault.Config, "parse_error")
}

// What is left of the allowance stands in the reply, good or bad.
func TestBudget(t *testing.T) {
	used := `"metadata":{"limits":{"minute_remaining":0,"minute_reset":%d}}`
	rule := config.Reply{When: config.Conditions{Mnemonic: []string{"limit_exceeded"}}, Then: config.Wait,
		For: config.Path{"error", "data", "metadata", "limits", "minute_reset"}}
	tests := []struct {
		name, first string
		rules       []config.Reply
		waits       time.Duration
		class       fault.Class // Bug: none
	}{
		{name: "used up by a good call", first: `"result":{"data":[1],` + fmt.Sprintf(used, 39) + `}`, waits: 39 * time.Second},
		{name: "exceeded", first: failing(-32029, "limit_exceeded", ","+fmt.Sprintf(used, 17)), waits: 17 * time.Second},
		{name: "exceeded, by a rule", rules: []config.Reply{rule}, first: failing(-32029, "limit_exceeded", ","+fmt.Sprintf(used, 18)), waits: 18 * time.Second},
		{name: "exceeded, until who knows", first: failing(-32029, "limit_exceeded", ""), waits: time.Second},
		{name: "exceeded for longer than a run", first: failing(-32029, "limit_exceeded", ","+fmt.Sprintf(used, 301)), class: fault.Transient},
		{name: "no limits", first: noFunnels},
		{name: "some left", first: `"result":{"data":[1],"metadata":{"limits":{"minute_remaining":1,"minute_reset":39}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				api := rpc(t, login("t1", func(call) string {
					if calls++; calls == 1 {
						return tt.first
					}
					return noFunnels
				}))
				p := funnels()
				p.Replies = tt.rules
				l := client(t, p.Source, Options{Transport: serve(t, api), Rand: func() float64 { return 0.5 }}).List(p, Vars{})
				start := time.Now()
				_, err := fetch(t, l)
				if err == nil {
					_, err = fetch(t, l)
				}
				if tt.class != fault.Bug {
					wantFault(t, err, tt.class, "limit_exceeded")
				} else if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != tt.waits {
					t.Errorf("it took %v, want %v", took, tt.waits)
				}
			})
		})
	}
}
