package crmsim

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
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

func TestPageBefore(t *testing.T) {
	c := open(t, with(0.1, "rental.fail", "page_before:2:1"))
	c.logIn()
	_, one := c.ask("GET", requests+"?page=1", "")
	_, two := c.ask("GET", requests+"?page=2", "")
	_, again := c.ask("GET", requests+"?page=2", "")
	if one != two || one == again {
		t.Errorf("the second page is the first: %v, and then: %v; want once", one == two, one == again)
	}
}

// What is ignored is ignored, and nothing else.
func TestIgnoredParameters(t *testing.T) {
	answer := func(ignored, query string) string {
		c := open(t, with(0.1, "rental.ignored", ignored))
		c.logIn()
		_, body := c.ask("GET", requests+query, "")
		_, results, _ := strings.Cut(body, `"results"`) // before them are links, which repeat the query
		return results
	}
	for ignored, query := range map[string]string{"page": "?page=2", "filter": "?status=1"} {
		if answer(ignored, "") != answer(ignored, query) || answer("nothing", "") == answer("nothing", query) {
			t.Errorf("%s: %s is not what is ignored", ignored, query)
		}
	}
}

// Every fault changes what a client meets, but those that are harmless leave
// the records as they are; and so says the ledger.
func TestEveryFault(t *testing.T) {
	patient := map[string]bool{faultStall: true, "hang": true, "dribble": true, "slow_head": true} // tests of their own
	own := map[string]bool{"bomb": true, "giant": true, "page_before": true}
	plain := open(t, with(0.1, "gzip", "off"))
	plain.logIn()
	_, want := plain.ask("GET", requests+"?pageSize=100", "")
	for _, f := range Faults() {
		if patient[f.Name] || own[f.Name] {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			var ledger lockedBuffer
			o := with(0.1, "rental.fail", f.Name+":1:1", "gzip", "off")
			o.Ledger = &ledger
			c := open(t, o)
			c.logIn()
			srv := httptest.NewServer(c.server)
			defer srv.Close()
			res, body, err := c.overTCP(srv.URL)
			same := err == nil && res.StatusCode == 200 && len(res.Header["Content-Encoding"]) == 0
			same = same && cmp.Equal(decodable(want), decodable(string(body)))
			lax := f.Name == "header" || f.Name == "repeated_key" // which this reader does not mind
			if harmless := f.harmless && f.Name != "new_member"; same != harmless && !lax {
				t.Errorf("got the records as they are: %v; %v, %.200s", same, err, body)
			}
			lines := strings.Split(ledger.String(), "\n")
			if kept := !strings.Contains(lines[1], `"keys":[]`); kept != f.harmless {
				t.Errorf("the ledger says %.300s", lines[1])
			}
			if _, again, err := c.overTCP(srv.URL); err != nil || !cmp.Equal(decodable(want), decodable(string(again))) {
				t.Errorf("the next reply is no better: %v", err)
			}
		})
	}
}

// decodable returns the ids of a body's records, and nothing if it is not the
// JSON that a strict reader takes.
func decodable(body string) (ids []string) {
	body = strings.TrimPrefix(body, "\ufeff")
	var in struct{ Results []map[string]json.RawMessage }
	d := json.NewDecoder(strings.NewReader(body))
	if d.Decode(&in) != nil {
		return nil
	}
	if _, err := d.Token(); err != io.EOF || !utf8.ValidString(body) {
		return nil
	}
	for _, r := range in.Results {
		ids = append(ids, text(r))
	}
	return ids
}

// A lockedBuffer is written by a server while a test reads.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
