package config

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Explain writes what a source came to, with variables and defaults filled in,
// one value per line. Secrets are ***.
func (s *Source) Explain(w io.Writer) error {
	e := &explainer{}
	e.line("source", s.Name)
	e.given("account", s.Account)
	e.line("kind", s.Kind)
	e.line("base_url", s.BaseURL)
	if s.Zone != nil {
		e.line("timezone", s.Zone.String())
	}
	e.fields("headers", s.Headers)
	e.fields("params", s.Params)
	e.auth(s.Auth)
	e.limits(s.Limits)
	for i, b := range s.Budget {
		e.line(fmt.Sprintf("budget[%d]", i), fmt.Sprintf("left %s, resets in %s, in %s", b.Left, b.ResetsIn, paths(b.In)))
	}
	e.duration("timeout", s.Timeout)
	e.duration("patience", s.Patience)
	e.duration("max_wait", s.MaxWait)
	if s.Retries != 0 {
		e.line("retries", max(0, s.Retries))
	}
	e.given("ca_file", s.CAFile)
	e.given("user_agent", s.UserAgent)
	if s.InsecureHTTP {
		e.line("insecure_http", true)
	}
	e.given("not set", strings.Join(s.Unset, ", "))
	return e.to(w)
}

// Explain writes what a pipeline came to, with what it inherits and the
// defaults filled in, one value per line. Secrets are ***. The rules for
// replies that are built in are not among them.
func (p *Pipeline) Explain(w io.Writer) error {
	e := &explainer{}
	e.line("pipeline", p.Name)
	e.line("source", p.Source.Name)
	e.request("request", p.Request)
	e.paging(p.Paging)
	for i, at := range p.Records.At {
		e.line(fmt.Sprintf("records[%d]", i), at)
	}
	if p.Records.MissingEmpty {
		e.line("records missing", "empty")
	}
	e.forEach(p)
	if p.Window != nil {
		e.line("window", fmt.Sprintf("every %s from %s, again %d, lag %s", p.Window.Every, p.Window.Start.Format(time.RFC3339), p.Window.Again, p.Window.Lag))
		e.given("window.field", p.Window.Field)
	}
	if p.Schema != nil {
		e.line("schema", fmt.Sprintf("%s, %d columns", p.Schema.Name, len(p.Schema.Columns)))
	}
	e.given("key", strings.Join(p.Key, ", "))
	e.given("version", p.Version)
	e.line("write", map[bool]string{false: "replace", true: "merge"}[p.Merge])
	for i, part := range p.Partition {
		by := part.By
		if part.N > 0 {
			by = fmt.Sprintf("%s(%d)", by, part.N)
		}
		e.line(fmt.Sprintf("partition[%d]", i), by+" of "+part.Of)
	}
	e.limits(p.Limits)
	e.proof(p)
	e.bounds(p)
	for i, r := range p.Replies {
		e.line(fmt.Sprintf("replies[%d]", i), r)
	}
	e.given("not set", strings.Join(p.Unset, ", "))
	return e.to(w)
}

// An explainer gathers names and values.
type explainer struct{ lines [][2]string }

func (e *explainer) line(name string, value any) {
	e.lines = append(e.lines, [2]string{name, fmt.Sprint(value)})
}

func (e *explainer) given(name, value string) {
	if value != "" {
		e.line(name, value)
	}
}

func (e *explainer) duration(name string, d time.Duration) {
	if d > 0 {
		e.line(name, d)
	}
}

func (e *explainer) to(w io.Writer) error {
	var b strings.Builder
	for _, l := range e.lines {
		fmt.Fprintf(&b, "%-28s %s\n", l[0], l[1])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (e *explainer) fields(name string, fields []Field) {
	for _, f := range fields {
		e.line(name+"."+f.Name, f.Value)
	}
}

func (e *explainer) auth(a Auth) {
	e.line("auth", a.Kind)
	e.fields("auth.headers", a.Headers)
	e.fields("auth.query", a.Query)
	e.fields("auth.params", a.Params)
	if a.Basic != nil {
		e.line("auth.username", a.Basic.Username)
		e.line("auth.password", a.Basic.Password)
	}
	if l := a.Login; l != nil {
		e.hidden("auth.login", l.Login)
		if l.Refresh != nil {
			e.hidden("auth.refresh", *l.Refresh)
		}
		e.line("auth.token", l.Token)
		e.given("auth.header", l.Header)
		e.given("auth.param", l.Param)
	}
	if o := a.OAuth2; o != nil {
		e.line("auth.token_url", o.TokenURL)
		e.given("auth.scopes", strings.Join(o.Scopes, " "))
		e.fields("auth.params", o.Params)
	}
}

func (e *explainer) limits(l Limits) {
	if l.Requests > 0 {
		share := l.Share
		if share == 0 {
			share = 1
		}
		e.line("limits", fmt.Sprintf("%d requests per %s, %g%% of them used", l.Requests, l.Per, share*100))
	}
	if l.Concurrency > 0 {
		e.line("limits.concurrency", l.Concurrency)
	}
}

// hidden writes a request below auth: even its path can hold a secret.
func (e *explainer) hidden(name string, q Request) {
	if q.Call == "" {
		q.Path = Template{{Literal: "***"}}
	}
	e.request(name, q)
}

func (e *explainer) request(name string, q Request) {
	if q.Call != "" {
		e.line(name, "call "+q.Call)
	} else {
		e.line(name, q.Method+" "+q.Path.String())
	}
	e.fields(name+".query", q.Query)
	if q.JSON != nil {
		e.line(name+".json", *q.JSON)
	}
	e.fields(name+".params", q.Params)
	e.fields(name+".headers", q.Headers)
}

func (e *explainer) paging(p Paging) {
	e.line("paging", p.Kind)
	if p.Kind == PagingNone {
		return
	}
	for _, f := range []struct{ name, value string }{
		{"page", p.Send.Page}, {"offset", p.Send.Offset}, {"size", p.Send.Size}, {"cursor", p.Send.Cursor},
	} {
		e.given("paging.send."+f.name, f.value)
	}
	if p.Size > 0 {
		e.line("paging.size", p.Size)
	}
	for _, f := range []struct {
		name string
		path Path
	}{{"total", p.Read.Total}, {"next", p.Read.Next}, {"pages", p.Read.Pages}, {"cursor", p.Read.Cursor}} {
		if len(f.path) > 0 {
			e.line("paging.read."+f.name, f.path)
		}
	}
	if p.Read.TotalHint {
		e.line("paging.read.total is", "hint")
	}
	e.line("paging.in", p.In)
	e.line("paging.end", p.End)
	e.line("paging.max_pages", p.MaxPages)
	if p.MaxOffset > 0 {
		e.line("paging.max_offset", p.MaxOffset)
	}
}

func (e *explainer) forEach(p *Pipeline) {
	for i, each := range p.ForEach {
		name := fmt.Sprintf("for_each[%d]", i)
		if each.Pipeline == nil {
			e.line(name, fmt.Sprintf("%d values", len(each.Values)))
			continue
		}
		e.line(name, "pipeline "+each.Pipeline.Name)
		e.fields(name+".where", each.Where)
		e.given(name+".changed", each.Changed)
	}
	if p.Covers {
		e.line("for_each covers", "all")
	}
}

func (e *explainer) proof(p *Pipeline) {
	if p.Complete != "" {
		e.line("complete", p.Complete)
		return
	}
	e.line("complete", p.Strongest()+" (the strongest that one reading gives)")
}

func (e *explainer) bounds(p *Pipeline) {
	e.line("max_shrink", fmt.Sprintf("%g%%", p.MaxShrink*100))
	if len(p.ForEach) > 0 {
		e.line("max_gone", fmt.Sprintf("%g%%", p.MaxGone*100))
	}
	if p.MinRows > 0 {
		e.line("min_rows", p.MinRows)
	}
	if p.MaxRejects.Share > 0 {
		e.line("max_rejects", fmt.Sprintf("%g%%", p.MaxRejects.Share*100))
	} else {
		e.line("max_rejects", p.MaxRejects.Count)
	}
	e.line("resume_within", p.ResumeWithin)
	e.line("keep_failed", p.KeepFailed)
	e.line("keep_replaced", p.KeepReplaced)
	e.duration("keep_pages", p.KeepPages)
}
