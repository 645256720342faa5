package config

import (
	"slices"
	"strings"
)

// request builds a request of a source, without what it inherits. The scope
// says what its values may hold.
func (b *builder) request(k *requestKeys, s *Source, sc scope) Request {
	var q Request
	if k == nil {
		return q
	}
	if !b.requestKeys(k, s) {
		return q
	}
	q.Headers = b.fields(k.Headers.at, sc)
	if s.Kind == JSONRPC {
		q.Call, q.Params = k.Call.s, b.fields(k.Params.at, sc)
		return q
	}
	q.Query = b.fields(k.Query.at, sc)
	q.Path = b.path(k.Path, sc)
	if k.JSON.given() {
		body := b.value(k.JSON.at, sc)
		q.JSON = &body
	}
	q.Method = "GET"
	switch {
	case k.Method.known():
		q.Method = k.Method.s
	case q.JSON != nil:
		q.Method = "POST"
	}
	if q.Method == "GET" && q.JSON != nil {
		b.at(k.JSON.at, "method: POST", "a GET has no body")
	}
	return q
}

// requestKeys tells whether the keys fit the kind of the source.
func (b *builder) requestKeys(k *requestKeys, s *Source) bool {
	if k.at.form != mapForm {
		return false // told already
	}
	ok, need, other := true, "path", []string{"call", "params"}
	if s.Kind == JSONRPC {
		need, other = "call", []string{"method", "path", "query", "json"}
	}
	for _, e := range k.at.entries {
		if anyOf(e.key, other...) && e.value.form != nullForm {
			b.at(e.at, "requests of this source have the key "+need, "the key means nothing to a source of kind %s", s.Kind)
			ok = false
		}
	}
	if !k.at.has(need) {
		b.at(k.at, "", "the key %q is missing", need)
		ok = false
	}
	return ok
}

// path reads the path of a request. It begins with a slash, and its variables
// are percent-encoded unless one is all of it.
func (b *builder) path(t template, sc scope) Template {
	secret := sc.secret
	sc.encode, sc.secret = true, false
	v := b.value(t.at, sc)
	switch {
	case v.Kind != Text:
		b.at(t.at, "such as /v1/orders/", "a path is expected, not %s", t.at.form)
	case v.Secret && !secret:
		b.at(t.at, "", "a secret stands only in headers and parameters, and under auth")
	case len(v.Text) == 0 || !strings.HasPrefix(v.Text[0].Literal, "/"):
		b.at(t.at, "it is put behind base_url", "a path begins with /")
	case slices.ContainsFunc(v.Text, func(p Part) bool { return strings.ContainsAny(p.Literal, "?#") }):
		b.at(t.at, "query: { name: value }", "a path has no query")
	}
	return v.Text
}

// over lays fields upon others: those of equal name are replaced in their
// place, the rest follows.
func over(base, own []Field) []Field {
	all := append([]Field(nil), base...)
next:
	for _, f := range own {
		for i := range all {
			if all[i].Name == f.Name {
				all[i] = f
				continue next
			}
		}
		all = append(all, f)
	}
	return all
}
