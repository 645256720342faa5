package extract

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"etl/internal/config"
	"etl/internal/fault"
)

// everywhere is a source that sends canary secrets in every place.
func everywhere() *config.Source {
	src := source()
	src.Headers = []config.Field{secretField("X-Tenant", "canary-tenant")}
	src.Auth = config.Auth{
		Kind:    "headers",
		Headers: []config.Field{secretField("Authorization", "Bearer canary-bearer")},
		Query:   []config.Field{secretField("key", "canary+key")},
		Params:  []config.Field{secretField("token", "canary-param")},
		Basic:   nil,
	}
	return src
}

func secretOrders(src *config.Source) *config.Pipeline {
	p := orders(src)
	p.Request.Headers = src.Headers
	return p
}

func TestCredentials(t *testing.T) {
	basic := source()
	basic.Auth = config.Auth{Kind: "basic", Basic: &config.Basic{Username: "ann", Password: "pass"}}
	tests := []struct {
		name string
		src  *config.Source
		want string
	}{
		{"headers, query and param", everywhere(), `GET key=canary%2Bkey Bearer canary-bearer canary-tenant {"token":"canary-param"}`},
		{"basic", basic, "GET  Basic YW5uOnBhc3M=  "},
		{"none", source(), "GET    "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			c := client(t, tt.src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
				body := make([]byte, max(0, r.ContentLength))
				r.Body.Read(body)
				got = fmt.Sprint(r.Method, " ", r.URL.RawQuery, " ", r.Header.Get("Authorization"), " ", r.Header.Get("X-Tenant"), " ", string(body))
				reply(w, 200, oneOrder)
			})})
			if _, err := fetch(t, c.List(secretOrders(tt.src), Vars{})); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("the API saw %q, want %q", got, tt.want)
			}
		})
	}
}

// No redirect leads a request to another scheme, host or port; the error names
// only the host.
func TestRedirects(t *testing.T) {
	tests := []struct {
		name, location string
		status         int
		method         string
		asked          int // requests
		wrong          string
	}{
		{name: "slash", location: "/v1/orders/?page=2", status: 301, asked: 2},
		{name: "same origin", location: "http://API.example.com:80/v1/orders/?page=2", status: 308, asked: 2},
		{name: "round and round", location: "/v1/list/", status: 302, asked: 4, wrong: "to api.example.com"},
		{name: "other host", location: "http://evil.example.com/?q=canary", status: 302, asked: 1, wrong: "to evil.example.com"},
		{name: "other port", location: "http://api.example.com:81/", status: 302, asked: 1, wrong: "to api.example.com:81"},
		{name: "other scheme", location: "https://api.example.com/v1/orders/", status: 307, asked: 1, wrong: "to api.example.com"},
		{name: "without scheme", location: "//evil.example.com/", status: 302, asked: 1, wrong: "to evil.example.com"},
		{name: "with a body", location: "/v1/orders/?page=2", status: 308, method: "POST", asked: 1, wrong: "to api.example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var hosts, bearers []string
			src := everywhere()
			src.Auth.Params = nil
			p := secretOrders(src)
			p.Request.Path = template("/list/")
			p.Request.Method = orDefault(tt.method, "GET")
			c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
				hosts = append(hosts, r.Host)
				bearers = append(bearers, r.Header.Get("Authorization")+r.URL.Query().Get("key")+r.Header.Get("Referer"))
				if r.URL.Path == "/v1/list/" {
					w.Header().Set("Location", tt.location)
					w.WriteHeader(tt.status)
					return
				}
				reply(w, 200, oneOrder)
			})})
			_, err := fetch(t, c.List(p, Vars{}))
			if tt.wrong == "" && err != nil {
				t.Fatal(err)
			}
			if tt.wrong != "" {
				wantFault(t, err, fault.Config, tt.wrong)
				wantNoCanary(t, err.Error()+fault.Hint(err))
			}
			if len(hosts) != tt.asked {
				t.Errorf("%d requests, want %d", len(hosts), tt.asked)
			}
			for i := range hosts {
				if !strings.EqualFold(strings.TrimSuffix(hosts[i], ":80"), "api.example.com") || bearers[i] != "Bearer canary-bearercanary+key" {
					t.Errorf("request to %s with %q", hosts[i], bearers[i])
				}
			}
		})
	}
}

// Whatever goes wrong, errors and logs hold no secret, nothing of a query and
// nothing of a body.
func TestQuiet(t *testing.T) {
	const said = "canary-bearer canary+key canary%2Bkey canary-param Y2FuYXJ5LWJlYXJlcg== canary-tenant"
	replies := map[string]http.HandlerFunc{
		"message":   with(400, `{"error":"`+said+`"}`),
		"crash":     with(500, said),
		"html":      with(200, "<html>"+said),
		"bad json":  with(200, `{"x":"`+said+`"`),
		"no record": with(200, `{"detail":"`+said+`"}`),
		"redirect":  with(302, said, "Location", "http://elsewhere/?key=canary"),
		"count":     with(200, `{"results":[],"count":"`+said+`"}`),
		"cut":       func(w http.ResponseWriter, r *http.Request) { reply(w, 200, said, "Content-Length", "9999") },
		"no http":   hijack(said + "\r\n\r\n"),
		"good":      with(200, `{"results":[{"name":"canary"}]}`),
	}
	for _, name := range slices.Sorted(maps.Keys(replies)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				src := everywhere()
				p := secretOrders(src)
				p.Request.Query = []config.Field{textField("phone", "canary-phone")}
				p.Paging.Read.Total = config.Path{"count"}
				p.Replies = []config.Reply{{When: httpIs(400), Then: config.Fail, Message: config.Path{"error"}}}
				c := client(t, src, Options{
					Transport: serve(t, replies[name]),
					Log:       slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
				})
				_, err := fetch(t, c.List(p, Vars{}))
				if (err == nil) != (name == "good") {
					t.Fatal(err)
				}
				wantNoCanary(t, fmt.Sprintf("%v %+v %s %s", err, err, fault.Hint(err), log.String()))
			})
		})
	}
}

// hijack answers with text that is no HTTP.
func hijack(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		conn.Write([]byte(text))
		conn.Close()
	}
}

func wantNoCanary(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, "canary") || strings.Contains(text, "Y2FuYXJ5") {
		t.Errorf("a secret shows: %s", text)
	}
}

// Links that hold credentials give up everything but what turns the page.
func TestLinksWithCredentials(t *testing.T) {
	src := everywhere()
	src.Auth.Params = nil
	p := secretOrders(src)
	p.Paging = byPage()
	p.Paging.Kind = config.PagingNext
	var asked []string
	c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Host+r.URL.String())
		reply(w, 200, `{"next":"https://evil.example.com/x?key=canary&page=2","results":[1]}`)
	})})
	l := c.List(p, Vars{})
	page, err := fetch(t, l)
	if err != nil {
		t.Fatal(err)
	}
	at, _, err := l.Next(page)
	if err != nil || at.Query != "page=2" {
		t.Errorf("Next = %+v, %v; want the query page=2", at, err)
	}
	if _, err = l.Fetch(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	if want := "api.example.com/v1/orders/?page=2&key=canary%2Bkey"; asked[1] != want {
		t.Errorf("asked for %s, want %s", asked[1], want)
	}
}

func TestNewClient(t *testing.T) {
	tests := []struct {
		name, text string
		set        func(*config.Source)
	}{
		{"plain http", "credentials would go over plain http to api.example.com", func(s *config.Source) { s.InsecureHTTP = false }},
		{"no address", "base_url is no http or https address", func(s *config.Source) { s.BaseURL = "ftp://canary" }},
		{"user in the address", "base_url holds more", func(s *config.Source) { s.BaseURL = "https://canary:canary@api.example.com" }},
		{"token_url", "token_url is no http or https address", func(s *config.Source) {
			s.Auth = config.Auth{Kind: "oauth2", OAuth2: &config.OAuth2{TokenURL: "ftp://canary"}}
		}},
		{"token_url over plain http", "credentials would go over plain http to login.example.com", func(s *config.Source) {
			s.BaseURL, s.InsecureHTTP = "https://api.example.com", false
			s.Auth = config.Auth{Kind: "oauth2", OAuth2: &config.OAuth2{TokenURL: "http://login.example.com"}}
		}},
		{"ca_file", "reading ca_file", func(s *config.Source) { s.CAFile = "/nowhere" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := everywhere()
			tt.set(src)
			_, err := NewClient(src, Options{})
			wantFault(t, err, fault.Config, tt.text)
			wantNoCanary(t, err.Error())
		})
	}
	local := everywhere()
	local.InsecureHTTP, local.BaseURL = false, "http://127.0.0.1:8080"
	client(t, local, Options{})
}

// A header that would end its line is refused before anything is sent.
func TestHeaderWithLineBreak(t *testing.T) {
	src := source()
	p := orders(src)
	p.Request.Headers = []config.Field{textField("X-Tenant", "{parent.id}")}
	c := client(t, src, Options{Transport: serve(t, with(200, oneOrder))})
	_, err := fetch(t, c.List(p, Vars{Parent: map[string]any{"id": "4\r\nX-Admin: 1"}}))
	wantFault(t, err, fault.Config, "header X-Tenant")
	if n := c.Stats().Requests; n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}
