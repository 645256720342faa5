package extract

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

// A Reply is what the API answered, as it can be kept and judged again.
type Reply struct {
	Status int
	Body   []byte    // decoded; owned by the caller
	Gzip   []byte    // the body as it came; nil: it came plain
	Date   time.Time // the server's; zero if it tells none
	Wire   int64     // bytes of the body on the wire
	Link   string    // "?" and the query of the next page, without credentials, from the Link header; empty: there is none
}

// An answer is a Reply with what is needed of it at once.
type answer struct {
	Reply
	doc        *document
	retryAfter string
	redirect   string // host that a refused redirect leads to
	id         int64  // of the JSON-RPC request; 0: not to be checked
	took       time.Duration
}

// send waits for a turn, sends a request, and reads the reply whole. It
// follows redirects of GET within the source's origin.
func (c *Client) send(ctx context.Context, draw func() (*draft, error), l *lane) (*answer, error) {
	leave, err := c.enter(ctx, l)
	if err != nil {
		return nil, err
	}
	defer leave()
	d, err := draw() // not before: a token can expire while a request waits
	if err != nil {
		giveBack(c.limiters(l)...)
		return nil, err
	}
	var target *url.URL
	for hops := 0; ; hops++ {
		if hops > 0 {
			if err := c.turn(ctx, l); err != nil {
				return nil, err
			}
		}
		a, location, err := c.once(ctx, l, d, target)
		if err != nil || location == nil {
			return a, err
		}
		const most = 3
		if hops == most || d.method != http.MethodGet || origin(location) != origin(c.base) {
			a.redirect = location.Host
			return a, nil
		}
		target = location
	}
}

// turn waits until the limits and the pause of the source let a request go.
func (c *Client) turn(ctx context.Context, l *lane) error {
	for {
		if err := c.await(ctx, l); err != nil {
			return err
		}
		if wait, _ := take(c.options.Now(), c.limiters(l)...); wait <= 0 {
			return nil
		}
	}
}

// await waits until the limits and the pause of the source would let a request
// go.
func (c *Client) await(ctx context.Context, l *lane) error {
	for {
		wait, paused := due(c.options.Now(), c.limiters(l)...)
		if wait <= 0 {
			return ctx.Err()
		}
		if paused && wait > c.maxWait {
			err := fault.New(fault.Transient, "source %s asks to wait %v", c.source.Name, wait.Round(time.Second))
			err.RetryAfter = wait
			return err.WithHint("run again then, or raise max_wait (%v)", c.maxWait)
		}
		if err := c.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// once sends a request once, which its limiters have let go. Location is set if
// the reply is a redirect.
func (c *Client) once(ctx context.Context, l *lane, d *draft, target *url.URL) (*answer, *url.URL, error) {
	begun := c.options.Now()
	abort, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timed, stop := context.WithTimeout(abort, c.timeout)
	defer stop()
	request, err := c.request(timed, d, target)
	if err != nil {
		giveBack(c.limiters(l)...)
		return nil, nil, err
	}
	c.counters.requests.Add(1)
	silence := time.AfterFunc(c.patience, func() { cancel(tooSlow("no reply has begun in %v", c.patience)) })
	response, err := c.options.Transport.RoundTrip(request)
	silence.Stop()
	land(c.options.Now(), c.limiters(l)...)
	if err != nil {
		return nil, nil, reasonOf(abort, broken(ctx, err))
	}
	response.Request = request // not every RoundTripper sets it, and Location needs it
	progress := watch(response.Body, cancel)
	response.Body = progress
	body, err := readBody(ctx, response, c.options.MaxPage, &c.spare)
	progress.stop()
	c.counters.wire.Add(body.wire)
	if err != nil {
		return nil, nil, reasonOf(abort, err)
	}
	a := &answer{
		Reply:      Reply{Status: response.StatusCode, Body: body.text, Gzip: body.gzip, Wire: body.wire},
		retryAfter: response.Header.Get("Retry-After"),
		id:         d.id,
		took:       c.options.Now().Sub(begun),
	}
	a.doc = d.read(body.text)
	a.Date, _ = http.ParseTime(response.Header.Get("Date"))
	if target, ok := nextOf(response.Header.Values("Link")); ok {
		a.Link = "?" + c.queryOf(target)
	}
	c.readBudget(a.doc)
	return a, locationOf(response), nil
}

// locationOf returns where a redirect leads; nil if the reply is none.
func locationOf(r *http.Response) *url.URL {
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if at, err := r.Location(); err == nil {
			return at
		}
	}
	return nil
}

// envelope checks the frame of a JSON-RPC reply (jsonrpc.org/specification):
// the id is that of the request, and there is either a result or an error.
func (c *Client) envelope(a *answer) error {
	if c.source.Kind != config.JSONRPC || a.Status/100 != 2 || a.doc.err != nil {
		return nil
	}
	_, result := a.doc.find(config.Path{"result"})
	_, failed := a.doc.find(config.Path{"error"})
	id, there := a.doc.textAt(config.Path{"id"})
	switch {
	case result && failed:
		return fault.New(fault.Data, "the reply holds both a result and an error")
	case !result && !failed:
		return fault.New(fault.Data, "the reply holds neither a result nor an error")
	case a.id != 0 && (there || result) && id != number(a.id).text:
		return fault.New(fault.Data, "the reply is one to another request: its id differs")
	}
	return nil
}
