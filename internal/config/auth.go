package config

import (
	"net/url"
	"strings"
)

// authKinds lists the keys that a kind of auth needs, and those that it may
// have beside them.
var authKinds = map[string]struct{ need, may []string }{
	"none":    {},
	"headers": {need: []string{"headers"}},
	"query":   {need: []string{"query"}},
	"basic":   {need: []string{"username", "password"}},
	"param":   {need: []string{"params"}},
	"login":   {need: []string{"login", "token"}, may: []string{"refresh", "header", "param"}},
	"oauth2":  {need: []string{"token_url", "client_id", "client_secret"}, may: []string{"refresh_token", "scopes", "client_auth", "params"}},
}

// auth builds what authorizes requests. All of its values are secret.
func (b *builder) auth(k *authKeys, s *Source) Auth {
	if k == nil || !k.Kind.known() {
		return Auth{Kind: "none"}
	}
	a := Auth{Kind: k.Kind.s}
	if !b.authKeys(k) {
		return a
	}
	secret := scope{secret: true}
	switch a.Kind {
	case "headers":
		a.Headers = b.fields(k.Headers.at, secret)
	case "query":
		a.Query = b.fields(k.Query.at, secret)
	case "param":
		a.Params = b.fields(k.Params.at, secret)
	case "basic":
		a.Basic = &Basic{b.secret(k.Username), b.secret(k.Password)}
	case "login":
		a.Login = b.login(k, s)
	case "oauth2":
		a.OAuth2 = b.oauth2(k, s)
	}
	if a.Kind == "query" && s.Kind == JSONRPC {
		b.at(k.Query.at, "kind: param", "a jsonrpc source sends no query")
	}
	return a
}

// authKeys tells whether the keys fit the kind.
func (b *builder) authKeys(k *authKeys) bool {
	kind, ok := authKinds[k.Kind.s], true
	for _, e := range k.at.entries {
		if e.key != "kind" && !anyOf(e.key, kind.need...) && !anyOf(e.key, kind.may...) && !b.told(e.at) {
			b.at(e.at, "", "the key means nothing with kind %s", k.Kind.s)
			ok = false
		}
	}
	for _, key := range kind.need {
		if !k.at.has(key) {
			b.at(k.at, "", "kind %s needs the key %q", k.Kind.s, key)
			ok = false
		}
	}
	return ok
}

// secret reads a text that is never shown.
func (b *builder) secret(t template) Secret {
	if !t.given() {
		return ""
	}
	v := b.value(t.at, scope{secret: true})
	switch {
	case v.Kind == Number:
		return Secret(v.Number)
	case v.Kind == Text && len(v.Text) > 0:
		return Secret(v.Text[0].Literal)
	case anyOf(t.at.form.String(), listForm.String(), mapForm.String()):
		b.at(t.at, "", "a text is expected, not %s", t.at.form)
	}
	return ""
}

func (b *builder) login(k *authKeys, s *Source) *Login {
	var uses []use
	l := &Login{Token: k.Token.path, Header: k.Header.s, Param: k.Param.s}
	l.Login = b.request(k.Login, s, scope{secret: true})
	if k.Refresh != nil {
		refresh := b.request(k.Refresh, s, scope{template: true, secret: true, uses: &uses})
		l.Refresh = &refresh
	}
	for _, u := range uses {
		if !strings.HasPrefix(u.Name, "token.") {
			b.at(u.at, "{token.x} is a member of the last login reply", "{%s} stands for nothing here", u.Name)
		}
	}
	switch {
	case l.Header != "" && l.Param != "":
		b.at(k.Param.at, "", "the token goes into header or param, not both")
	case l.Param != "" && s.Kind != JSONRPC:
		b.at(k.Param.at, "header: X-Token", "param belongs to jsonrpc")
	}
	return l
}

func (b *builder) oauth2(k *authKeys, s *Source) *OAuth2 {
	o := &OAuth2{
		TokenURL: k.TokenURL.s, ClientID: b.secret(k.ClientID),
		ClientSecret: b.secret(k.ClientSecret), RefreshToken: b.secret(k.RefreshToken),
		InBody: k.ClientAuth.s == "body", Params: b.fields(k.Params.at, scope{secret: true}),
	}
	for _, p := range o.Params {
		if p.Value.Kind == List || p.Value.Kind == Map {
			b.at(k.Params.at.get(p.Name), "", "a parameter of a token is a single value")
		}
	}
	for _, scope := range k.Scopes {
		o.Scopes = append(o.Scopes, scope.s)
	}
	if !k.TokenURL.known() {
		return o
	}
	u, err := url.Parse(o.TokenURL)
	if err != nil || u.Host == "" || u.User != nil || !anyOf(u.Scheme, "http", "https") {
		b.at(k.TokenURL.at, "such as https://login.example.com/token", "an address is expected")
	} else if u.Scheme == "http" && !s.InsecureHTTP && !loopback(u.Hostname()) {
		b.at(k.TokenURL.at, "use https, or write insecure_http: true", "credentials would go over http to another host")
	}
	return o
}
