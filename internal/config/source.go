package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// defaultTimeout is that of extract for one whole reply.
const defaultTimeout = 2 * time.Minute

// source builds a source and checks what its pipelines inherit.
func (b *builder) source(one *namedOne[sourceKeys]) *Source {
	k := &one.one
	s := &Source{
		Name: fullName(one.name, one.account), Kind: HTTP,
		Timeout: k.Timeout.d, Patience: k.Patience.d, MaxWait: k.MaxWait.d,
		CAFile: k.CAFile.s, UserAgent: k.UserAgent.s, InsecureHTTP: k.InsecureHTTP.b,
	}
	if k.Kind.known() {
		s.Kind = k.Kind.s
	}
	if one.account != nil {
		s.Account = one.account.name
	}
	s.Retries = int(k.Retries.n)
	if k.Retries.known() && k.Retries.n == 0 {
		s.Retries = -1
	}
	unset := b.within(one.path, one.account, func() {
		s.Zone = b.zone(k.Timezone)
		s.Headers = b.fields(k.Headers.at, scope{template: true})
		s.Params = b.fields(k.Params.at, scope{template: true})
		s.Auth = b.auth(k.Auth, s)
		s.Limits = b.limits(k.Limits)
		s.BaseURL = b.baseURL(k, s)
	})
	if whole := k.Timeout.or(defaultTimeout); s.Patience > whole {
		b.at(k.Patience.at, fmt.Sprintf("timeout: %v, or more", s.Patience), "a whole reply may take %v, so none begins later", whole)
	}
	for _, e := range k.Budget {
		s.Budget = append(s.Budget, budget(e))
	}
	if k.Params.given() && s.Kind != JSONRPC {
		b.at(k.Params.at, "write parameters of a query under request.query", "params belong to jsonrpc")
	}
	s.Unset = distinct(one.unset, unset)
	b.shared(&k.shared, s)
	return s
}

// shared checks what a source has for its pipelines, even if none uses it.
func (b *builder) shared(k *shared, s *Source) {
	b.paging(k.Paging, s)
	for _, r := range k.Replies {
		b.reply(r, s)
	}
}

// distinct joins names and leaves each in once.
func distinct(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (b *builder) zone(t textLeaf) *time.Location {
	if !t.known() {
		return nil
	}
	zone, err := time.LoadLocation(t.s)
	if err != nil || t.s == "Local" || t.s == "" {
		b.at(t.at, "a name such as Europe/Moscow, Asia/Almaty or UTC", "unknown time zone %s", t.shown())
		return nil
	}
	return zone
}

// baseURL reads base_url: scheme, host and path. Credentials go over http to
// this machine only.
func (b *builder) baseURL(k *sourceKeys, s *Source) string {
	if !k.BaseURL.known() {
		return ""
	}
	u, err := url.Parse(k.BaseURL.s)
	wrong := func(hint, format string, args ...any) string {
		b.at(k.BaseURL.at, hint, format, args...)
		return ""
	}
	switch {
	case err != nil || !anyOf(u.Scheme, "http", "https") || u.Host == "":
		return wrong("such as https://api.example.com/v1", "an address is expected")
	case u.User != nil:
		return wrong("credentials belong under auth", "the address holds credentials")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return wrong("parameters belong to the requests", "the address holds a query or a fragment")
	case u.Scheme == "http" && !s.InsecureHTTP && !loopback(u.Hostname()) && s.confidential():
		return wrong("use https, or write insecure_http: true", "credentials would go over http to another host")
	}
	return strings.TrimRight(u.JoinPath().String(), "/") // a variable may end with the slash that follows it
}

// confidential tells whether requests of the source carry a secret.
func (s *Source) confidential() bool {
	secret := func(f Field) bool { return f.Value.Secret }
	return s.Auth.Kind != "none" || slices.ContainsFunc(s.Headers, secret) || slices.ContainsFunc(s.Params, secret)
}

// loopback tells whether a host is this machine, whatever a resolver says.
func loopback(host string) bool {
	if host = strings.TrimSuffix(strings.ToLower(host), "."); host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && net.IP(ip.AsSlice()).IsLoopback()
}

func (b *builder) limits(k *limitsKeys) Limits {
	if k == nil {
		return Limits{}
	}
	switch {
	case k.Requests.known() && !k.Per.given():
		b.at(k.Requests.at, "per: 1m", "requests need a period")
	case k.Per.known() && (!k.Requests.given() || k.Per.d == 0):
		b.at(k.Per.at, "requests: 300, per: 1m", "a period needs requests, and some time")
	case k.Share.known() && k.Share.f == 0:
		b.at(k.Share.at, "share: 80%", "a share of nothing lets no request through")
	}
	return Limits{int(k.Requests.n), k.Per.d, k.Share.f, int(k.Concurrency.n)}
}

func budget(k budgetKeys) Budget {
	b := Budget{Left: k.Left.path, ResetsIn: k.ResetsIn.path}
	for _, in := range k.In {
		b.In = append(b.In, in.path)
	}
	return b
}
