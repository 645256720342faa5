package extract

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
)

// A verdict is what a reply means. The zero value accepts it.
type verdict struct {
	then   string       // verb of config; empty: accepted
	err    *fault.Error // Fail: what is wrong. Retry, Wait, LogIn: what to end with if it does not help
	asked  bool         // the reply says how long to wait
	pause  time.Duration
	source bool // the pause is for the whole source
	tries  int  // most tries after the first; 0: those of the source
}

func failed(err *fault.Error) verdict { return verdict{then: config.Fail, err: err} }

// verdict judges a reply by the rules, then by those built in. Page is the
// number of the page in its list.
func (c *Client) verdict(a *answer, rules []config.Reply, page int, parent bool) verdict {
	if err, ok := errors.AsType[*fault.Error](c.envelope(a)); ok {
		return failed(err)
	}
	for _, rule := range slices.Concat(rules, DefaultReplies(c.source.Kind)) {
		if rule.Then == config.Skip && !parent {
			continue
		}
		if j := (judged{a, page}); j.obeys(rule) {
			return c.sentence(a, rule)
		}
	}
	if at, ok := a.doc.find(config.Path{"error"}); ok && c.source.Kind == config.JSONRPC {
		return failed(c.unknownError(a, at))
	}
	return unreadable(a)
}

// unknownError is that of a JSON-RPC reply whose error no rule names.
func (c *Client) unknownError(a *answer, at jsonspan.Span) *fault.Error {
	code, _ := a.doc.number(at, config.Path{"code"})
	mnemonic, _ := a.doc.textAt(mnemonicPath)
	return fault.New(fault.Data, "the API answers with error %v %s", code, c.redactor.excerpt(mnemonic)).
		WithHint("a rule under replies with message: error.message shows the API's own words")
}

// unreadable refuses a body that is no JSON.
func unreadable(a *answer) verdict {
	v := verdict{then: config.Retry}
	const twice = 2
	switch d := a.doc; {
	case d.err == nil:
		return verdict{}
	case d.empty():
		v.err = fault.New(fault.Data, "HTTP %d with an empty body", a.Status)
	case d.html():
		v.err = fault.New(fault.Data, "HTTP %d with HTML instead of JSON", a.Status)
	default:
		v.err = fault.New(fault.Data, "the body is no JSON: %v", d.err)
		if bad, ok := errors.AsType[*jsonspan.SyntaxError](d.err); ok && bad.Offset < len(d.text) {
			v.tries = twice // not cut short, so it will hardly mend itself
		}
	}
	return v
}

// sentence turns a rule that holds into a verdict.
func (c *Client) sentence(a *answer, rule config.Reply) verdict {
	v := verdict{then: rule.Then, err: c.accusation(a, rule)}
	switch rule.Then {
	case config.Retry:
		now := c.options.Now()
		if !a.Date.IsZero() {
			now = a.Date // a date of the server is meant by its clock
		}
		v.pause, v.asked = retryAfter(a.retryAfter, now)
		v.source = a.Status == 429 || a.Status == 503
	case config.Wait:
		v.source = true
		if len(rule.For) > 0 {
			n, ok := a.doc.number(a.doc.root, rule.For)
			v.pause, v.asked = seconds(n), ok
		}
	}
	return v
}

// accusation says what is wrong with a reply.
func (c *Client) accusation(a *answer, rule config.Reply) *fault.Error {
	text := "HTTP " + strconv.Itoa(a.Status)
	if mnemonic, ok := a.doc.textAt(mnemonicPath); ok {
		text += ", " + c.redactor.excerpt(mnemonic)
	}
	if rule.Text != "" {
		text += ": " + rule.Text
	}
	if a.redirect != "" {
		text += ", to " + a.redirect
	}
	if message, ok := a.doc.textAt(rule.Message); ok && len(rule.Message) > 0 {
		text += ": " + c.redactor.excerpt(message)
	}
	err := fault.New(classes[rule.Then+rule.As], "%s", text)
	switch {
	case a.redirect != "":
		err.Hint = "set base_url and the path to where the API is; credentials go to no other host"
	case a.Status == 404:
		err.Hint = "check base_url and the path of the request, also its slash at the end"
	}
	return err
}

// classes of errors by verb and as.
var classes = map[string]fault.Class{
	config.Fail:               fault.Data,
	config.Fail + "data":      fault.Data,
	config.Fail + "auth":      fault.Auth,
	config.Fail + "config":    fault.Config,
	config.Fail + "transient": fault.Transient,
	config.Retry:              fault.Transient,
	config.Wait:               fault.Transient,
	config.LogIn:              fault.Auth,
}

var mnemonicPath = config.Path{"error", "data", "mnemonic"}

// judged is a reply before the rules.
type judged struct {
	*answer
	page int
}

// obeys tells whether a rule holds.
func (j judged) obeys(rule config.Reply) bool {
	if rule.When.Given() && !j.holds(rule.When) {
		return false
	}
	if !rule.Unless.Given() {
		return true
	}
	if j.doc.err != nil && touchesBody(rule.Unless) {
		return false // a body that is no JSON says nothing about it
	}
	return !j.holds(rule.Unless)
}

func touchesBody(c config.Conditions) bool { return len(c.Body)+len(c.Mnemonic) > 0 }

func (j judged) holds(c config.Conditions) bool {
	inside := func(r config.Range) bool { return r.Min <= j.Status && j.Status <= r.Max }
	if len(c.HTTP) > 0 && !slices.ContainsFunc(c.HTTP, inside) {
		return false
	}
	if c.Page != nil && (j.page < c.Page.Min || j.page > c.Page.Max) {
		return false
	}
	if len(c.Mnemonic) > 0 {
		if text, ok := j.doc.textAt(mnemonicPath); !ok || !slices.Contains(c.Mnemonic, text) {
			return false
		}
	}
	return !slices.ContainsFunc(c.Body, func(b config.BodyCondition) bool { return !j.bodyHolds(b) })
}

func (j judged) bodyHolds(b config.BodyCondition) bool {
	at, ok := j.doc.follow(j.doc.root, b.Path)
	if !ok {
		return false
	}
	return slices.ContainsFunc(b.Values, func(want string) bool { return equalScalars(j.doc, at, want) })
}

// equalScalars compares a value with a JSON scalar: numbers as numbers, also
// where the reply puts them in quotes, everything else as text.
func equalScalars(d *document, at jsonspan.Span, want string) bool {
	w := newDocument([]byte(want))
	if d.kind(at) == jsonspan.Null || w.kind(w.root) == jsonspan.Null {
		return d.kind(at) == w.kind(w.root)
	}
	got, ok := d.scalar(at)
	wanted, valid := w.scalar(w.root)
	if !ok || !valid {
		return false
	}
	if w.kind(w.root) == jsonspan.Number {
		x, errX := strconv.ParseFloat(got, 64)
		y, errY := strconv.ParseFloat(wanted, 64)
		return errX == nil && errY == nil && x == y
	}
	return d.kind(at) == w.kind(w.root) && got == wanted
}
