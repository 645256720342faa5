package extract

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"etl/internal/config"
	"etl/internal/fault"
)

// A draft is a request before it is sent. It is made anew for every try.
type draft struct {
	method  string
	path    string // below the base URL, encoded
	query   pairs
	headers pairs
	fields  object // members of the body, or of params
	raw     []byte // body that is no object; nil: none
	call    string // JSON-RPC
	id      int64  // JSON-RPC
	secret  pairs  // credentials of the query: kept apart, so that no link can carry them off

	outline func(reply []byte) *document // nil: as any document

	to   *url.URL // a token endpoint; nil: the source
	form pairs    // its body
}

// draft fills a request of the configuration.
func (c *Client) draft(f *filler, q config.Request) (*draft, error) {
	d := &draft{method: orDefault(q.Method, http.MethodGet), call: q.Call}
	var err error
	if d.path, err = f.path(q.Path); err != nil {
		return nil, err
	}
	if d.query, err = f.pairs(q.Query); err != nil {
		return nil, err
	}
	if d.headers, err = f.headers(q.Headers); err != nil {
		return nil, err
	}
	if c.source.Kind == config.JSONRPC {
		d.method, d.id = http.MethodPost, c.ids.Add(1)
		d.fields, err = f.object(q.Params)
		return d, err
	}
	if q.JSON == nil {
		return d, nil
	}
	if q.JSON.Kind == config.Map {
		if d.fields, err = f.object(q.JSON.Map); d.fields == nil {
			d.raw = []byte("{}")
		}
		return d, err
	}
	d.raw, _, err = f.value(*q.JSON)
	return d, err
}

// read outlines the body of the reply.
func (d *draft) read(reply []byte) *document {
	if d.outline == nil {
		return newDocument(reply)
	}
	return d.outline(reply)
}

// headers fills headers; one that would not stay on its line is refused.
func (f *filler) headers(fields []config.Field) (pairs, error) {
	all, err := f.pairs(fields)
	for _, h := range all {
		if strings.ContainsFunc(h.text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, fault.New(fault.Config, "header %s holds a line break or another control character", h.name)
		}
	}
	return all, err
}

// put sends a parameter in its place.
func (d *draft) put(in, name string, s scalar) {
	switch {
	case name == "":
	case in == config.InBody || in == config.InParams || in == "" && d.call != "":
		d.fields.set(name, s.json())
	default:
		d.query.set(name, s.text)
	}
}

// body returns what is to be sent; nil: nothing.
func (d *draft) body() []byte {
	switch {
	case d.to != nil:
		return []byte(d.form.encode())
	case d.call != "":
		var o object
		o.set("jsonrpc", quote("2.0"))
		o.set("id", number(d.id).json())
		o.set("method", quote(d.call))
		o.set("params", d.fields.json())
		return o.json()
	case d.fields != nil:
		return d.fields.json()
	}
	return d.raw
}

// request makes the request as it goes over the wire: to the base URL, or to
// where a redirect leads within the same origin.
func (c *Client) request(ctx context.Context, d *draft, target *url.URL) (*http.Request, error) {
	at, err := c.address(d, target)
	if err != nil {
		return nil, err
	}
	body := d.body()
	var r *http.Request
	if body == nil {
		r, err = http.NewRequestWithContext(ctx, d.method, at.String(), nil)
	} else { // a reader of bytes gives the request its Content-Length
		r, err = http.NewRequestWithContext(ctx, d.method, at.String(), bytes.NewReader(body))
	}
	if err != nil {
		return nil, fault.New(fault.Config, "the request of source %s is no valid HTTP", c.source.Name)
	}
	r.Header.Set("User-Agent", orDefault(c.source.UserAgent, "etl"))
	r.Header.Set("Accept", "application/json")
	switch {
	case d.to != nil:
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case body != nil:
		r.Header.Set("Content-Type", "application/json; charset=UTF-8")
	}
	for _, h := range d.headers {
		r.Header.Set(h.name, h.text)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	return r, nil
}

// address returns the URL of a draft. It never leaves the source's origin, or
// that of the token endpoint.
func (c *Client) address(d *draft, target *url.URL) (*url.URL, error) {
	if d.to != nil {
		return d.to, nil
	}
	query := d.query
	if target == nil {
		path := d.path
		if path != "" && !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		var err error
		if target, err = url.Parse(strings.TrimSuffix(c.base.String(), "/") + path); err != nil {
			return nil, fault.New(fault.Config, "the path of the request is no valid URL")
		}
	} else {
		query = nil
	}
	at := *target
	if origin(&at) != origin(c.base) {
		return nil, fault.New(fault.Config, "the request would leave %s", c.base.Host)
	}
	text := append(append(pairs{}, query...), d.secret...).encode()
	at.RawQuery = strings.Trim(at.RawQuery+"&"+text, "&")
	at.Fragment = ""
	return &at, nil
}

// origin returns scheme, host and port of an address.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return strings.ToLower(u.Scheme+"://"+u.Hostname()) + ":" + port
}
