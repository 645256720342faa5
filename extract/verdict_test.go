package extract

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"etl/internal/config"
	"etl/internal/fault"
)

func httpIs(codes ...int) config.Conditions { return status("", "", "", codes...).When }

func bodyIs(path string, values ...string) config.Conditions {
	return config.Conditions{Body: []config.BodyCondition{{Path: strings.Split(path, "."), Values: values}}}
}

// What a reply comes to, by the rules of a pipeline and those built in.
func TestVerdict(t *testing.T) {
	end := config.Reply{When: config.Conditions{HTTP: httpIs(404).HTTP, Page: &config.Range{Min: 2, Max: math.MaxInt}}, Then: config.End}
	skip := config.Reply{When: httpIs(404), Then: config.Skip}
	none := config.Reply{When: httpIs(204), Then: config.Empty}
	inBody := config.Reply{When: httpIs(200), Unless: bodyIs("status", "200"), Then: config.Fail, Message: config.Path{"description"}}
	php := config.Reply{When: bodyIs("status", "401", "403"), Then: config.Fail, As: "auth"}
	tests := []struct {
		name   string
		rules  []config.Reply
		status int
		body   string
		page   int // 0: 1
		parent bool
		then   string
		class  fault.Class
		text   string // in the error
	}{
		{name: "accepted", status: 200, body: `{}`},
		{name: "accepted 201", status: 201, body: `[]`},
		{name: "no content", status: 204, then: config.Fail, class: fault.Data, text: "no content"},
		{name: "no content is empty", rules: []config.Reply{none}, status: 204, then: config.Empty},
		{name: "part", status: 206, body: `{}`, then: config.Fail, class: fault.Data},
		{name: "redirect", status: 302, then: config.Fail, class: fault.Config, text: "redirect"},
		{name: "bad request", status: 400, body: `{}`, then: config.Fail, class: fault.Data, text: "HTTP 400"},
		{name: "unauthorized", status: 401, body: `{}`, then: config.LogIn, class: fault.Auth},
		{name: "forbidden", status: 403, body: `<html>`, then: config.Fail, class: fault.Auth, text: "HTTP 403: no permission"},
		{name: "not found", status: 404, body: `<html>`, then: config.Fail, class: fault.Data, text: "HTTP 404: not found"},
		{name: "gone", status: 410, then: config.Fail, class: fault.Data},
		{name: "teapot", status: 418, then: config.Fail, class: fault.Data},
		{name: "timeout", status: 408, then: config.Retry, class: fault.Transient},
		{name: "too early", status: 425, then: config.Retry, class: fault.Transient},
		{name: "too many", status: 429, then: config.Retry, class: fault.Transient},
		{name: "crash", status: 500, body: `<html>`, then: config.Retry, class: fault.Transient},
		{name: "origin down", status: 522, then: config.Retry, class: fault.Transient},
		{name: "html", status: 200, body: " <!doctype html>", then: config.Retry, class: fault.Data, text: "HTML"},
		{name: "empty", status: 200, body: "\n", then: config.Retry, class: fault.Data, text: "empty body"},
		{name: "cut", status: 200, body: `{"a":`, then: config.Retry, class: fault.Data, text: "byte 5"},

		{name: "end behind the last page", rules: []config.Reply{end}, status: 404, page: 2, then: config.End},
		{name: "no end on the first page", rules: []config.Reply{end}, status: 404, then: config.Fail, class: fault.Data},
		{name: "parent is gone", rules: []config.Reply{skip}, status: 404, parent: true, then: config.Skip},
		{name: "nobody to skip", rules: []config.Reply{skip}, status: 404, then: config.Fail, class: fault.Data},
		{name: "verdict in the body", rules: []config.Reply{inBody}, status: 200, body: `{"status":400,"description":"Złe\nparametry"}`,
			then: config.Fail, class: fault.Data, text: "HTTP 200: Złe parametry"},
		{name: "good verdict in the body", rules: []config.Reply{inBody}, status: 200, body: `{"status":200}`},
		{name: "no verdict in a body of HTML", rules: []config.Reply{inBody}, status: 200, body: `<p>`, then: config.Retry, class: fault.Data, text: "HTML"},
		{name: "quoted verdict", rules: []config.Reply{php}, status: 200, body: `{"status":"403"}`, then: config.Fail, class: fault.Auth},
		{name: "first rule", rules: []config.Reply{php, inBody}, status: 200, body: `{"status":401}`, then: config.Fail, class: fault.Auth},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t, source(), Options{})
			a := &answer{Reply: Reply{Status: tt.status}, doc: newDocument([]byte(tt.body))}
			got := c.verdict(a, tt.rules, max(1, tt.page), tt.parent)
			if got.then != tt.then {
				t.Fatalf("verdict %q (%v), want %q", got.then, got.err, tt.then)
			}
			if tt.class != fault.Bug {
				wantFault(t, got.err, tt.class, tt.text)
			}
		})
	}
}

func TestBodyConditions(t *testing.T) {
	tests := []struct {
		body, value string
		want        bool
	}{
		{`{"x":200}`, `200`, true},
		{`{"x":2e2}`, `200`, true},
		{`{"x":"200"}`, `200`, true},
		{`{"x":200}`, `"200"`, false},
		{`{"x":"done"}`, `"done"`, true},
		{`{"x":"Done"}`, `"done"`, false},
		{`{"x":true}`, `true`, true},
		{`{"x":"true"}`, `true`, false},
		{`{"x":null}`, `null`, true},
		{`{"x":{}}`, `null`, false},
		{`{}`, `null`, false},
		{`[]`, `1`, false},
	}
	for _, tt := range tests {
		j := judged{&answer{doc: newDocument([]byte(tt.body))}, 1}
		if got := j.holds(bodyIs("x", tt.value)); got != tt.want {
			t.Errorf("%s is %s: %v, want %v", tt.body, tt.value, got, tt.want)
		}
	}
}

// A message is one line of at most 200 characters and holds no secret.
func TestMessage(t *testing.T) {
	src := source()
	src.Auth = config.Auth{Kind: "headers", Headers: []config.Field{secretField("Authorization", "Bearer s3cr+t/")}}
	c := client(t, src, Options{})
	for _, said := range []string{"token s3cr+t/ is bad", "token s3cr%2Bt%2F is bad", "token czNjcit0Lw== is bad", "token\r\ns3cr+t/\x1bis bad"} {
		if got, want := c.redactor.excerpt(said), "token *** is bad"; got != want {
			t.Errorf("excerpt(%q) = %q, want %q", said, got, want)
		}
	}
	long := c.redactor.excerpt(strings.Repeat("ж", 195) + " s3cr+t/")
	if n := len([]rune(long)); n > 200 || strings.Contains(long, "s3") {
		t.Errorf("excerpt of a long text: %d characters: %s", n, long)
	}
}

// The verb retry of a rule and `fail as transient` differ: one tries again.
func TestRulesInUse(t *testing.T) {
	busy := bodyIs("error", `"busy"`)
	tests := []struct {
		name     string
		rule     config.Reply
		class    fault.Class
		requests int64
	}{
		{"retry", config.Reply{When: busy, Then: config.Retry}, fault.Transient, 1 + defaultRetries},
		{"fail", config.Reply{When: busy, Then: config.Fail, As: "transient"}, fault.Transient, 1},
		{"fail as config", config.Reply{When: busy, Then: config.Fail, As: "config"}, fault.Config, 1},
		{"login without one", config.Reply{When: busy, Then: config.LogIn}, fault.Auth, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := source()
				p := orders(src)
				p.Replies = []config.Reply{tt.rule}
				c := client(t, src, Options{Transport: serve(t, http.HandlerFunc(with(200, `{"error":"busy"}`)))})
				_, err := fetch(t, c.List(p, Vars{}))
				wantFault(t, err, tt.class, "reading page 1 of orders: HTTP 200")
				if n := c.Stats().Requests; n != tt.requests {
					t.Errorf("%d requests, want %d", n, tt.requests)
				}
			})
		})
	}
}
