package crmsim

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// overTCP asks for a page of requests over a connection, as faults need one.
func (c *client) overTCP(base string) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(c.t.Context(), "GET", base+requests+"?pageSize=100", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header = c.header.Clone()
	transport := &http.Transport{DisableKeepAlives: true} // no second try on a connection used before
	res, err := transport.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}

func TestFaultsStrikeEveryKthReply(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string // part of it
		err    error
	}{
		fault500:      {500, "<title>Server Error (500)</title>", nil},
		fault502:      {502, "<title>502 Bad Gateway</title>", nil},
		fault503:      {503, "Unavailable", nil},
		faultHTML:     {200, "<title>Maintenance</title>", nil},
		faultEmpty:    {200, "", nil},
		faultReset:    {0, "", syscall.ECONNRESET},
		faultTruncate: {200, `{"page":1,`, io.ErrUnexpectedEOF},
	}
	for kind, test := range tests {
		t.Run(kind, func(t *testing.T) {
			c := open(t, with(0.1, "rental.fail", kind+":3:1", "gzip", "off"))
			c.logIn()
			srv := httptest.NewServer(c.server)
			defer srv.Close()
			for i := 1; i <= 6; i++ {
				res, body, err := c.overTCP(srv.URL)
				if i != 3 {
					if err != nil || res.StatusCode != 200 || len(decode[list](t, string(body)).Results) != 100 {
						t.Fatalf("request %d: %v", i, err)
					}
					continue
				}
				if !errors.Is(err, test.err) || !strings.Contains(string(body), test.body) || res != nil && res.StatusCode != test.status {
					t.Errorf("got %v, %v, %.100s", res, err, body)
				}
			}
		})
	}
}

func TestStalledRepliesEndWithTheClientsPatience(t *testing.T) {
	c := open(t, with(0.1, "rental.fail", "stall:1", "gzip", "off"))
	c.logIn()
	srv := httptest.NewServer(c.server)
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", srv.URL+requests+"?pageSize=100", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = c.header
	res, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	half := make([]byte, res.ContentLength/2)
	if _, err := io.ReadFull(res.Body, half); err != nil {
		t.Fatalf("reading the half that is sent: %v", err)
	}
	cancel()
	if rest, err := io.ReadAll(res.Body); !errors.Is(err, context.Canceled) || len(rest) > 0 {
		t.Errorf("got %d more bytes and %v", len(rest), err)
	}
}

func TestBodiesAreCompressedForWhoAcceptsIt(t *testing.T) {
	c := open(t, with(0.1))
	c.logIn()
	_, plain := c.ask("GET", requests+"?pageSize=50", "")
	c.header.Set("Accept-Encoding", "gzip")
	res := c.do("GET", requests+"?pageSize=50", "")
	if res.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("got %v", res.Header)
	}
	r, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != plain {
		t.Errorf("the compressed body differs: %v", err)
	}
}

func TestLatencyDependsOnTheRequestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{Scale: 0.1, Latency: time.Minute})
		c.logIn()
		took := func(query string) time.Duration {
			start := time.Now()
			c.get(requests + query)
			return time.Since(start)
		}
		one, again, other := took("?page=1"), took("?page=1"), took("?page=2")
		if one != again || one == other || one > time.Minute {
			t.Errorf("got %v, %v and %v", one, again, other)
		}
	})
}
