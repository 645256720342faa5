package extract

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		header string
		want   time.Duration
		ok     bool
	}{
		{"12", 12 * time.Second, true},
		{" 0 ", 0, true},
		{"99999999999999999999", 365 * 24 * time.Hour, true},
		{"Fri, 02 Jan 2026 03:05:05 GMT", time.Minute, true},
		{"Friday, 02-Jan-26 03:05:05 GMT", time.Minute, true},
		{"Fri Jan  2 03:05:05 2026", time.Minute, true},
		{"Fri, 02 Jan 2026 03:00:00 GMT", 0, true},
		{"", 0, false},
		{"-5", 0, false},
		{"1.5", 0, false},
		{"soon", 0, false},
	}
	for _, tt := range tests {
		got, ok := retryAfter(tt.header, now)
		if got != tt.want || ok != tt.ok {
			t.Errorf("retryAfter(%q) = %v, %v; want %v, %v", tt.header, got, ok, tt.want, tt.ok)
		}
	}
}

// How long a page takes on a clock of its own, with the longest back-off.
func TestWaits(t *testing.T) {
	ok := with(200, oneOrder)
	tests := []struct {
		name    string
		api     http.HandlerFunc
		set     func(*config.Source)
		took    time.Duration
		retries int64
		class   fault.Class // of the error; Bug: none
		after   time.Duration
		text    string
	}{
		{name: "at once", api: ok},
		{name: "doubling", api: each(with(500, ""), with(502, ""), with(504, ""), ok), took: (500 + 1000 + 2000) * time.Millisecond, retries: 3},
		{name: "bounded", api: with(500, ""), took: 91500 * time.Millisecond, retries: 8, class: fault.Transient, text: "HTTP 500"},
		{name: "none", api: with(500, ""), set: func(s *config.Source) { s.Retries = -1 }, class: fault.Transient},
		{name: "two", api: with(500, ""), set: func(s *config.Source) { s.Retries = 2 }, took: 1500 * time.Millisecond, retries: 2, class: fault.Transient},
		{name: "seconds", api: each(with(429, "", "Retry-After", "17"), ok), took: 17 * time.Second, retries: 1},
		{name: "date of the server", api: each(with(503, "", "Date", "Fri, 02 Jan 2026 03:04:05 GMT", "Retry-After", "Fri, 02 Jan 2026 03:05:05 GMT"), ok),
			took: time.Minute, retries: 1},
		{name: "garbage", api: each(with(429, "", "Retry-After", "soon"), ok), took: 500 * time.Millisecond, retries: 1},
		{name: "too long", api: with(429, "", "Retry-After", "301"), class: fault.Transient, after: 301 * time.Second, text: "HTTP 429"},
		{name: "as long as allowed", api: each(with(429, "", "Retry-After", "301"), ok), set: func(s *config.Source) { s.MaxWait = time.Hour },
			took: 301 * time.Second, retries: 1},
		{name: "deadline", api: with(429, "", "Retry-After", "290"), took: 580 * time.Second, retries: 2, class: fault.Transient, after: 290 * time.Second},
		{name: "stays HTML", api: with(200, "<html>"), took: 91500 * time.Millisecond, retries: 8, class: fault.Data, text: "HTML"},
		{name: "stays bad JSON", api: with(200, `{"results":[01]}`), took: 1500 * time.Millisecond, retries: 2, class: fault.Data,
			text: "reading page 1 of orders: the body is no JSON: byte 13"},
		{name: "mended JSON", api: each(with(200, `{"results":[01]}`), ok), took: 500 * time.Millisecond, retries: 1},
		{name: "stalled", api: each(stall, ok), took: 30500 * time.Millisecond, retries: 1},
		{name: "stays stalled", api: stall, took: 9*30*time.Second + 91500*time.Millisecond, retries: 8, class: fault.Transient,
			text: "the reply comes too slowly: less than 4 KiB in 30s"},
		{name: "dribbles", api: each(dribble, ok), took: 30500 * time.Millisecond, retries: 1},
		{name: "slow headers", api: each(silent, ok), took: time.Minute + 500*time.Millisecond, retries: 1},
		{name: "no headers", api: silent, set: func(s *config.Source) { s.Retries = -1 }, took: time.Minute, class: fault.Transient, text: "no reply has begun in 1m0s"},
		{name: "slow to begin, as it may", api: late, set: func(s *config.Source) { s.Patience, s.Timeout = 3*time.Minute, 5*time.Minute }, took: 150 * time.Second},
		{name: "slower to begin than it may", api: late, set: func(s *config.Source) { s.Patience, s.Retries = 10*time.Second, -1 }, took: 10 * time.Second,
			class: fault.Transient, text: "no reply has begun in 10s"},
		{name: "slower than the time for one reply", api: each(stall, ok), set: func(s *config.Source) { s.Timeout = time.Second },
			took: 1500 * time.Millisecond, retries: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := source()
				if tt.set != nil {
					tt.set(src)
				}
				c := client(t, src, Options{Transport: serve(t, tt.api), Rand: func() float64 { return 1 }})
				start := time.Now()
				_, err := fetch(t, c.List(orders(src), Vars{}))
				if took := time.Since(start); took != tt.took {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
				if n := c.Stats().Retries; n != tt.retries {
					t.Errorf("%d retries, want %d", n, tt.retries)
				}
				if tt.class == fault.Bug {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				wantFault(t, err, tt.class, tt.text)
				if e, _ := errors.AsType[*fault.Error](err); e.RetryAfter != tt.after {
					t.Errorf("RetryAfter = %v, want %v", e.RetryAfter, tt.after)
				}
			})
		})
	}
}

// stall begins a reply and does not end it.
func stall(w http.ResponseWriter, r *http.Request) {
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// late begins a reply after two and a half minutes.
func late(w http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(150 * time.Second):
		reply(w, 200, oneOrder)
	case <-r.Context().Done():
	}
}

// dribble sends a byte each second.
func dribble(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = w.Write([]byte(" "))
		w.(http.Flusher).Flush()
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
		}
	}
}

// silent sends nothing.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// A limit that one page runs into holds back the pages beside it, too.
func TestPauseOfTheWholeSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []time.Duration
		start := time.Now()
		first := true
		src := source()
		c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, time.Since(start))
			if first {
				first = false
				reply(w, 429, "", "Retry-After", "30")
				return
			}
			reply(w, 200, oneOrder)
		})})
		var wait sync.WaitGroup
		for i := range 3 {
			wait.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				if _, err := fetch(t, c.List(orders(src), Vars{})); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		for i, at := range asked {
			if want := 30 * time.Second; i > 0 && at != want {
				t.Errorf("request %d went after %v, want %v", i, at, want)
			}
		}
		if len(asked) != 4 {
			t.Errorf("%d requests, want 4", len(asked))
		}
	})
}

// At any load, the API never sees more requests in a period than it allows,
// nor more at one time.
func TestLimitsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []time.Time
		now, most := 0, 0
		src := source()
		src.Limits = config.Limits{Requests: 10, Per: time.Minute, Share: 0.8, Concurrency: 3}
		c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked, now = append(asked, time.Now()), now+1
			most = max(most, now)
			mu.Unlock()
			time.Sleep(700 * time.Millisecond)
			mu.Lock()
			now--
			mu.Unlock()
			reply(w, 200, oneOrder)
		})})
		var wait sync.WaitGroup
		for range 40 {
			wait.Go(func() {
				if _, err := fetch(t, c.List(orders(src), Vars{})); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		for i := 8; i < len(asked); i++ {
			if d := asked[i].Sub(asked[i-8]); d < time.Minute {
				t.Errorf("requests %d to %d within %v", i-8, i, d)
			}
		}
		if len(asked) != 40 || most != 3 {
			t.Errorf("%d requests, at most %d at one time; want 40 and 3", len(asked), most)
		}
	})
}

// A pause is over when the run is stopped.
func TestStoppedWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := source()
		c := client(t, src, Options{Transport: serve(t, with(429, "", "Retry-After", "60"))})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.List(orders(src), Vars{}).Fetch(ctx, Position{Number: 1})
		if fault.Of(err) != fault.Interrupted || time.Since(start) != time.Second {
			t.Errorf("after %v: %v (%v)", time.Since(start), err, fault.Of(err))
		}
	})
}

// Errors of the network name what broke, and quote nothing of a reply.
func TestBrokenConnections(t *testing.T) {
	tests := []struct {
		name     string
		err      error
		class    fault.Class
		requests int64
		text     string
	}{
		{"no more files for this process", &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}, fault.Storage, 1, "connecting: too many open files"},
		{"no more files for this machine", &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.ENFILE)}, fault.Transient, 9, "connecting: too many open files in system"},
		{"no files for looking up", &net.DNSError{Err: "x", Name: "x", UnwrapErr: syscall.EMFILE}, fault.Storage, 1, "connecting: too many open files"},
		{"refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, fault.Transient, 9, "connection refused"},
		{"reset", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, fault.Transient, 9, "connection reset"},
		{"no such host", &net.DNSError{Name: "api.example.com", IsNotFound: true}, fault.Transient, 3, "host api.example.com not found"},
		{"no name server", &net.DNSError{Name: "api.example.com", IsTemporary: true}, fault.Transient, 9, "looking up host api.example.com"},
		{"closed", io.EOF, fault.Transient, 9, "the connection ended before the reply did"},
		{"slow", os.ErrDeadlineExceeded, fault.Transient, 9, "no whole reply in time"},
		{"other", errors.New(`malformed HTTP response "canary"`), fault.Transient, 9, "the connection broke"},
		{"TLS that broke", &net.OpError{Op: "remote error", Err: tls.AlertError(80)}, fault.Transient, 9, "the connection broke"},
		{"chosen TLS", errors.New("tls: server selected unsupported protocol version 302"), fault.Config, 1, "agreeing on TLS"},
		{"old TLS", &net.OpError{Op: "remote error", Err: tls.AlertError(70)}, fault.Config, 1, "agreeing on TLS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := source()
				c := client(t, src, Options{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, tt.err })})
				_, err := fetch(t, c.List(orders(src), Vars{}))
				wantFault(t, err, tt.class, "reading page 1 of orders: "+tt.text)
				wantNoCanary(t, err.Error())
				if n := c.Stats().Requests; n != tt.requests {
					t.Errorf("%d requests, want %d", n, tt.requests)
				}
			})
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
