package extract

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"etl/internal/config"
	"etl/internal/fault"
)

// Options are the settings of a Client. The zero value works.
type Options struct {
	Transport http.RoundTripper                                // nil: one with time-outs, TLS 1.2 or newer and the source's ca_file
	Now       func() time.Time                                 // nil: time.Now
	Sleep     func(ctx context.Context, d time.Duration) error // nil: a timer that ends early with ctx
	Rand      func() float64                                   // in [0, 1), for jitter; nil: math/rand
	Log       *slog.Logger                                     // pages at Debug, waits at Info; nil: discard
	Share     float64                                          // of the source's limit, between processes; 0: 1
	Workers   int                                              // processes that share the source; each has its part of the declared concurrency; 0: 1
	Used      int64                                            // requests that others made at UsedAt and that count against the share
	UsedAt    time.Time
	MaxPage   int64         // bytes of a page, on the wire and decoded; 0: 256 MiB
	Deadline  time.Duration // for trying again, from the first failure of a page; 0: 10m
	State     string        // folder of this machine for refresh tokens that servers gave in exchange; empty: they end with the client
}

// Defaults of what a source may leave open.
const (
	defaultConcurrency = 4
	defaultTimeout     = 2 * time.Minute
	defaultPatience    = time.Minute
	defaultRetries     = 8
	defaultMaxWait     = 5 * time.Minute
	defaultDeadline    = 10 * time.Minute
	defaultMaxPage     = 256 << 20
)

// A Client talks to one source. All its lists share one login, one limit, one
// pause and one gate of concurrent requests. It is safe for concurrent use.
type Client struct {
	source   *config.Source
	options  Options
	base     *url.URL
	timeout  time.Duration // for one whole reply
	patience time.Duration // until it begins
	retries  int
	maxWait  time.Duration
	queue    *semaphore.Weighted // held by the one whose turn is next
	gate     *semaphore.Weighted
	health   *health
	limiter  *limiter
	session  *session
	redactor *redactor
	ids      atomic.Int64 // of JSON-RPC requests
	counters counters
	spare    spare

	mu    sync.Mutex
	lanes map[string]*lane // by name of the pipeline
}

// Stats counts what a Client did so far.
type Stats struct {
	Requests int64         // sent, logins and redirects included
	Retries  int64         // of them, those sent again after a failure
	Waited   time.Duration // added up over all waiting requests
	Wire     int64         // bytes of bodies as received
}

type counters struct{ requests, retries, waited, wire atomic.Int64 }

// NewClient makes the client of a source. It sends nothing yet.
func NewClient(src *config.Source, o Options) (*Client, error) {
	base, err := baseURL(src)
	if err != nil {
		return nil, err
	}
	o = o.filled()
	c := &Client{
		source:   src,
		options:  o,
		base:     base,
		timeout:  orDefault(src.Timeout, defaultTimeout),
		patience: orDefault(src.Patience, defaultPatience),
		retries:  max(0, orDefault(src.Retries, defaultRetries)),
		maxWait:  orDefault(src.MaxWait, defaultMaxWait),
		health:   newHealth(concurrency(src.Limits, o.Workers)),
		limiter:  newLimiter(src.Limits, o.Share),
		redactor: newRedactor(src),
		lanes:    map[string]*lane{},
	}
	for range min(o.Used, int64(c.limiter.most)) {
		c.limiter.landed = append(c.limiter.landed, o.UsedAt)
	}
	c.queue, c.gate = semaphore.NewWeighted(1), semaphore.NewWeighted(c.health.capacity())
	if c.session, err = newSession(c); err != nil {
		return nil, err
	}
	if o.Transport == nil {
		if c.options.Transport, err = newTransport(src); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// concurrency is how many requests one of several workers may have under way.
func concurrency(l config.Limits, workers int) int {
	if l.Concurrency == 0 {
		return defaultConcurrency
	}
	return max(1, l.Concurrency/max(1, workers))
}

// Stats returns what the client did so far.
func (c *Client) Stats() Stats {
	return Stats{
		Requests: c.counters.requests.Load(),
		Retries:  c.counters.retries.Load(),
		Waited:   time.Duration(c.counters.waited.Load()),
		Wire:     c.counters.wire.Load(),
	}
}

// Due returns when the limit and the pauses of the source will have let so many
// more requests through, from now.
func (c *Client) Due(requests int64) time.Duration {
	return c.limiter.dueAll(c.options.Now(), max(1, requests))
}

// Close closes the connections that wait for another request.
func (c *Client) Close() {
	if t, ok := c.options.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// baseURL checks where the source is before any credentials go there.
func baseURL(src *config.Source) (*url.URL, error) {
	base, err := url.Parse(src.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fault.New(fault.Config, "source %s: base_url is no http or https address", src.Name)
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fault.New(fault.Config, "source %s: base_url holds more than scheme, host and path", src.Name).
			WithHint("credentials belong under auth, parameters under request")
	}
	if base.Scheme == "http" && !src.InsecureHTTP && !loopback(base.Hostname()) && carriesSecrets(src) {
		return nil, fault.New(fault.Config, "source %s: credentials would go over plain http to %s", src.Name, base.Host).
			WithHint("use https, or set insecure_http: true")
	}
	return base, nil
}

// sleep waits, and counts the time.
func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	c.counters.waited.Add(int64(d))
	return c.options.Sleep(ctx, d)
}

func (o Options) filled() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	o.Share = orDefault(o.Share, 1)
	o.MaxPage = orDefault(o.MaxPage, defaultMaxPage)
	o.Deadline = orDefault(o.Deadline, defaultDeadline)
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// orDefault returns value, or standard where value is zero.
func orDefault[T comparable](value, standard T) T {
	var zero T
	if value == zero {
		return standard
	}
	return value
}
