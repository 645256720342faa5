package crmsim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A client asks a server without a network.
type client struct {
	t      *testing.T
	server *Server
	env    map[string]string
	header http.Header
}

const origin = "http://crm.test:8080"

// clock is when tests take place, unless they say otherwise.
func clock() time.Time { return time.Date(2026, 7, 1, 12, 0, 30, 0, time.UTC) }

// open makes a server with seed 7, and a client of it that has no token.
func open(t *testing.T, o Options) *client {
	t.Helper()
	if o.Seed == 0 {
		o.Seed = 7
	}
	if o.Now == nil {
		o.Now = clock
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	env := s.Env(origin)
	return &client{t, s, env, http.Header{"X-Tenant-Id": {env["RENTAL_TENANT"]}}}
}

// with is Options with switches given as name, value, name, value, …
func with(scale float64, switches ...string) Options {
	o := Options{Scale: scale, Switches: map[string]string{}}
	for i := 0; i < len(switches); i += 2 {
		o.Switches[switches[i]] = switches[i+1]
	}
	return o
}

func (c *client) do(method, path, body string) *http.Response {
	r := httptest.NewRequest(method, origin+path, strings.NewReader(body))
	r.Header = c.header
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w.Result()
}

// ask makes a request and returns status and body.
func (c *client) ask(method, path, body string) (int, string) {
	res := c.do(method, path, body)
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// logIn logs in to rental and returns the refresh token.
func (c *client) logIn() string {
	c.t.Helper()
	credentials := `{"username":"` + c.env["RENTAL_USER"] + `","password":"` + c.env["RENTAL_PASSWORD"] + `"}`
	status, body := c.ask("POST", "/rental/v1/auth/login/", credentials)
	return c.tokens(status, body)
}

// tokens takes over the access token of a reply, and returns its refresh token.
func (c *client) tokens(status int, body string) string {
	c.t.Helper()
	var pair struct{ Access, Refresh string }
	if err := json.Unmarshal([]byte(body), &pair); status != 200 || err != nil {
		c.t.Fatalf("asking for tokens: %d %s", status, body)
	}
	c.header.Set("Authorization", "Bearer "+pair.Access)
	return pair.Refresh
}

// decode reads JSON, numbers as their text.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decoding %.200s: %v", text, err)
	}
	return v
}

func TestNewRefusesWhatDoesNotExist(t *testing.T) {
	tests := map[string]struct {
		options Options
		want    string // part of the error
	}{
		"unknown switch":    {with(1, "rental.colour", "red"), `no switch "rental.colour"; there are calls.day, calls.delete_at`},
		"unknown value":     {with(1, "rental.zone", "UTC"), `rental.zone: value "UTC": want one of +05:00, Z`},
		"no count":          {with(1, "rental.bad", "-1"), `want an integer from 0`},
		"no duration":       {with(1, "rental.access", "5"), `want a duration above 0`},
		"unknown fault":     {with(1, "rental.fail", "501:3"), `KIND one of 500, 502, 503, 429, 429_date,`},
		"fault of no call":  {with(1, "rental.fail", "500:0"), `want KIND:K`},
		"fault of another":  {with(1, "rental.fail", "auth_error:2"), `want KIND:K`},
		"rows of no number": {with(1, "rental.delete_at", "3:x"), `want N or N:ROWS`},
		"negative scale":    {Options{Scale: -1}, `reading the scale`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestEverySwitchHasADefaultThatItAllows(t *testing.T) {
	for _, s := range Switches() {
		if err := s.check(s.Default); err != nil || s.Doc == "" {
			t.Errorf("switch %s: default %q: %v, doc %q", s.Name, s.Default, err, s.Doc)
		}
	}
}

func TestEnvGivesWhatAPipelineAsksFor(t *testing.T) {
	c := open(t, with(1, "rental.throttle", "300"))
	for _, name := range []string{"RENTAL_TENANT", "RENTAL_USER", "RENTAL_PASSWORD", "CALLS_USER", "CALLS_PASSWORD"} {
		if c.env[name] == "" {
			t.Errorf("%s is not given", name)
		}
	}
	got := []string{c.env["RENTAL_URL"], c.env["CALLS_URL"], c.env["RENTAL_REQUESTS"]}
	want := []string{origin + "/rental", origin + "/calls", "300"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	other := open(t, Options{Seed: 8})
	if other.env["RENTAL_PASSWORD"] == c.env["RENTAL_PASSWORD"] || other.env["RENTAL_REQUESTS"] != "1000000" {
		t.Error("credentials do not depend on the seed, or the limit not on the throttle")
	}
}

func TestLedgerHasALinePerReply(t *testing.T) {
	var ledger bytes.Buffer
	c := open(t, Options{Scale: 1, Ledger: &ledger})
	c.logIn()
	c.ask("GET", "/rental/v1/crm/requests/?page=2&pageSize=2&ordering=id", "")
	c.ask("GET", "/rental/v1/crm/requests/1/?api_token=x&a=b", "")
	c.call(`{"jsonrpc":"2.0","id":1,"method":"get.sales_funnel","params":{"access_token":"TOKEN","limit":2,"offset":4}}`)
	first := c.server.sources["rental"].source.(*rental).requests.id(2)
	second := c.server.sources["rental"].source.(*rental).requests.id(3)
	funnels := c.server.sources["calls"].source.(*calls)
	const at = `{"time":"2026-07-01T12:00:30Z","source":`
	want := at + `"rental","path":"/rental/v1/auth/login/","page":null,"status":200,"keys":[]}
` + at + `"rental","path":"/rental/v1/crm/requests/?page=2\u0026pageSize=2\u0026ordering=id","page":2,"status":200,"keys":[` + text(first) + "," + text(second) + `]}
` + at + `"rental","path":"/rental/v1/crm/requests/1/?api_token=***\u0026a=b","page":null,"status":404,"keys":[]}
` + at + `"calls","path":"/calls/v2.0#login.user","page":null,"status":200,"keys":[]}
` + at + `"calls","path":"/calls/v2.0#get.sales_funnel","page":3,"status":200,"keys":["` + funnels.describe(4).extID + `","` + funnels.describe(5).extID + `"]}
`
	if diff := cmp.Diff(want, ledger.String()); diff != "" {
		t.Error(diff)
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestServeEndsWithItsContext(t *testing.T) {
	c := open(t, with(0.001))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- Serve(ctx, ln, c.server) }()
	res, err := http.Get(c.server.Ready(ln).BaseURLs["rental"] + "/v1/crm/requests/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("got status %d without a token", res.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the listener is still open")
	}
}
