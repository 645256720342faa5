package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

// serve runs an API on in-memory connections, so that tests can run it on the
// clock of testing/synctest. Whatever host is asked for, it answers.
func serve(t *testing.T, api http.HandlerFunc) http.RoundTripper {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: api}
	go server.Serve(l)
	transport := &http.Transport{DialContext: l.dial, DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return transport
}

// pipes is a listener of in-memory connections.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// source is a small API without login or limit.
func source() *config.Source {
	return &config.Source{
		Name:         "shop",
		Kind:         config.HTTP,
		BaseURL:      "http://api.example.com/v1",
		InsecureHTTP: true, // the connections are in memory
		Zone:         time.UTC,
		Auth:         config.Auth{Kind: "none"},
	}
}

// orders is a pipeline without paging.
func orders(src *config.Source) *config.Pipeline {
	return &config.Pipeline{
		Name:    "orders",
		Source:  src,
		Request: config.Request{Method: "GET", Path: template("/orders/")},
		Paging:  config.Paging{Kind: config.PagingNone, First: 1},
		Records: config.Records{At: []config.RecordPath{{Path: config.Path{"results"}}}},
	}
}

func client(t *testing.T, src *config.Source, o Options) *Client {
	t.Helper()
	c, err := NewClient(src, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fetch reads the first page.
func fetch(t *testing.T, l *List) (*Page, error) {
	t.Helper()
	return l.Fetch(t.Context(), l.First())
}

// records returns the records of a page as text.
func records(p *Page) string {
	var all []string
	for _, r := range p.Records {
		all = append(all, string(r.Of(p.Body)))
	}
	return strings.Join(all, " ")
}

// readAll reads a list page by page.
func readAll(ctx context.Context, l *List) (all []string, err error) {
	at, more := l.First(), true
	for more {
		p, err := l.Fetch(ctx, at)
		if err != nil {
			return all, err
		}
		all = append(all, records(p))
		if at, more, err = l.Next(p); err != nil {
			return all, err
		}
	}
	return all, nil
}

// wantFault checks class and text of an error.
func wantFault(t *testing.T, err error, class fault.Class, text string) {
	t.Helper()
	if err == nil || fault.Of(err) != class || !strings.Contains(err.Error(), text) {
		t.Fatalf("error %v (%v), want %q of class %v", err, fault.Of(err), text, class)
	}
}

// template reads text with placeholders such as {parent.id} and {since:date}.
func template(text string) config.Template {
	var t config.Template
	for text != "" {
		before, rest, ok := strings.Cut(text, "{")
		if before != "" {
			t = append(t, config.Part{Literal: before})
		}
		if !ok {
			break
		}
		var inside string
		inside, text, _ = strings.Cut(rest, "}")
		name, layout, _ := strings.Cut(inside, ":")
		t = append(t, config.Part{Name: name, Layout: layout})
	}
	return t
}

func textField(name, text string) config.Field {
	return config.Field{Name: name, Value: config.Value{Kind: config.Text, Text: template(text)}}
}

func secretField(name, text string) config.Field {
	f := textField(name, text)
	f.Value.Secret = true
	return f
}

func jsonMap(fields ...config.Field) *config.Value {
	return &config.Value{Kind: config.Map, Map: fields}
}

// reply answers with a status and a body.
func reply(w http.ResponseWriter, status int, body string, headers ...string) {
	for i := 0; i < len(headers); i += 2 {
		w.Header().Set(headers[i], headers[i+1])
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// each answers the n-th request with the n-th of some replies, and with the
// last one from there on.
func each(replies ...http.HandlerFunc) http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		n++
		replies[min(n, len(replies))-1](w, r)
	}
}

func with(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { reply(w, status, body, headers...) }
}

const oneOrder = `{"results":[{"id":1}]}`

func TestFetch(t *testing.T) {
	src := source()
	src.UserAgent = "shop-reader/1"
	var got string
	c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = fmt.Sprint(r.Method, " ", r.URL, " ", r.Header["User-Agent"], r.Header["Accept"], r.Header["Referer"])
		reply(w, 200, oneOrder, "Date", "Fri, 02 Jan 2026 03:04:05 GMT")
	})})
	page, err := fetch(t, c.List(orders(src), Vars{}))
	if err != nil {
		t.Fatal(err)
	}
	if want := "GET /v1/orders/ [shop-reader/1] [application/json] []"; got != want {
		t.Errorf("the API saw %q, want %q", got, want)
	}
	if records(page) != `{"id":1}` || !page.Last || page.Total != -1 {
		t.Errorf("page %+v", page)
	}
	if want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC); !page.Date.Equal(want) {
		t.Errorf("Date = %v, want %v", page.Date, want)
	}
	if s := c.Stats(); s.Requests != 1 || s.Wire != int64(len(oneOrder)) {
		t.Errorf("Stats() = %+v", s)
	}
}

func TestCancelledFetch(t *testing.T) {
	src := source()
	ctx, cancel := context.WithCancel(t.Context())
	c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})})
	_, err := c.List(orders(src), Vars{}).Fetch(ctx, Position{Number: 1})
	if fault.Of(err) != fault.Interrupted || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v (%v), want an interrupted one", err, fault.Of(err))
	}
	if s := c.Stats(); s.Requests != 1 {
		t.Errorf("%d requests after the end, want 1", s.Requests)
	}
}
