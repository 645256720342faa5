package config

import (
	"os"
	"strings"
	"testing"
)

const identified = `version: 1
sources:
  calls: { kind: jsonrpc, base_url: "https://calls.example.com", params: { user: 1, team: "${TEAM}", key: "${KEY|secret}" }, auth: { kind: param, params: { token: "${TOKEN}" } }, records: result, timezone: UTC }
  shop:
    base_url: https://shop.example.com
    timezone: UTC
    headers: { X-Tenant: "${TENANT}", X-Key: "${KEY|secret}" }
    auth: { kind: headers, headers: { X-Token: "${TOKEN}" } }
    limits: { requests: 300, per: 1m }
    paging: { kind: page, send: { size: n }, size: 100, read: { total: count } }
    records: results
    replies: [{ when: { http: 404 }, then: retry }, { when: { http: 410 }, then: end }]
pipelines:
  orders:
    source: shop
    for_each: { values: [{ kind: a }, { kind: b }] }
    window: { every: month, start: 2020-01-01 }
    request: { path: /orders, query: { a: 1, kind: "{parent.kind}", at: "{since:date}" } }
    schema: shop/order
    key: [id]
  calls: { source: calls, request: { call: get.all }, schema: shop/order }
`

func identities(t *testing.T, text string, env map[string]string) (orders, calls Identity) {
	t.Helper()
	c, err := Parse("pipelines.yaml", []byte(text), Options{
		Lookup: func(name string) (string, bool) {
			value, ok := env[name]
			return value, ok
		},
		Schemas: os.DirFS("testdata/schemas"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.Pipelines[0].Identity(), c.Pipelines[1].Identity()
}

func TestIdentity(t *testing.T) {
	env := map[string]string{"TENANT": "4", "TEAM": "x", "KEY": "k", "TOKEN": "t"}
	orders, calls := identities(t, identified, env)
	const none, all, request, source = "none", "all", "request", "source" // the narrowest that changes
	change := func(was, is Identity) string {
		switch {
		case was.Source != is.Source:
			return source
		case was.Request != is.Request:
			return request
		case was.All != is.All:
			return all
		}
		return none
	}
	for _, test := range []struct {
		name, old, new string
		env            [2]string
		orders, calls  string
	}{
		{name: "the token", env: [2]string{"TOKEN", "other"}, orders: none, calls: none},
		{name: "a secret parameter", env: [2]string{"KEY", "other"}, orders: none, calls: none},
		{name: "the tenant", env: [2]string{"TENANT", "5"}, orders: source, calls: none},
		{name: "a param", env: [2]string{"TEAM", "y"}, orders: none, calls: source},
		{name: "order of keys", old: `query: { a: 1, kind: "{parent.kind}", at: "{since:date}" }`, new: `query: { at: "{since:date}", kind: "{parent.kind}", a: 1 }`, orders: none, calls: none},
		{name: "limits", old: "requests: 300", new: "requests: 5", orders: none, calls: none},
		{name: "the address", old: "shop.example.com", new: "shop.example.org", orders: source, calls: none},
		{name: "the tenant, in the pipeline", old: "    key: [id]", new: "    headers: { X-Tenant: \"5\" }", orders: source, calls: none},
		{name: "a text in place of a number", old: "a: 1", new: `a: "1"`, orders: request, calls: none},
		{name: "the size of pages", old: "size: 100", new: "size: 10", orders: request, calls: none},
		{name: "the call", old: "get.all", new: "get.some", orders: none, calls: request},
		{name: "records", old: "records: results", new: "records: rows", orders: all, calls: none},
		{name: "replies", old: "http: 404", new: "http: 405", orders: all, calls: none},
		{name: "order of replies", old: "{ when: { http: 404 }, then: retry }, { when: { http: 410 }, then: end }", new: "{ when: { http: 410 }, then: end }, { when: { http: 404 }, then: retry }", orders: all, calls: none},
		{name: "order of values", old: "{ kind: a }, { kind: b }", new: "{ kind: b }, { kind: a }", orders: all, calls: none},
		{name: "the window", old: "every: month", new: "every: day", orders: all, calls: none},
		{name: "the lag", old: "start: 2020-01-01", new: "start: 2020-01-01, lag: 2h, again: 3", orders: none, calls: none},
		{name: "the key", old: "    key: [id]\n", new: "", orders: none, calls: none},
	} {
		text, changed := identified, map[string]string{}
		for name, value := range env {
			changed[name] = value
		}
		if test.env[0] != "" {
			changed[test.env[0]] = test.env[1]
		}
		if test.old != "" {
			if text = strings.Replace(identified, test.old, test.new, 1); text == identified {
				t.Fatalf("%s: nothing to change", test.name)
			}
		}
		gotOrders, gotCalls := identities(t, text, changed)
		if got := change(orders, gotOrders); got != test.orders {
			t.Errorf("%s changes %s of orders, want %s", test.name, got, test.orders)
		}
		if got := change(calls, gotCalls); got != test.calls {
			t.Errorf("%s changes %s of calls, want %s", test.name, got, test.calls)
		}
	}
}
