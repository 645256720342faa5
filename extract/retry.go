package extract

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

// Back-off before another try: a random time up to a bound that doubles ("full
// jitter").
const (
	firstBackoff = 500 * time.Millisecond
	mostBackoff  = 30 * time.Second
)

// A task is something to ask of the API until it is answered.
type task struct {
	what  string // begins every error
	login bool   // the task itself logs in, so it needs no token
	lane  *lane  // of the pipeline; nil: none
	draft func(*token) (*draft, error)
	judge func(*answer) verdict
}

// A patience is what one task has left of it.
type patience struct {
	since  time.Time // first failure
	tries  int       // after the first
	logins int
}

// do asks until the reply is accepted. It tries again after failures that may
// pass, waits where the reply says so, and logs in anew once.
func (c *Client) do(ctx context.Context, t task) error {
	var p patience
	var bearer *token
	for {
		v, err := c.try(ctx, t, &bearer)
		if err != nil {
			return prefixed(t.what, err)
		}
		switch v.then {
		case "":
			return nil
		case config.LogIn:
			if c.session != nil && !t.login && c.session.current.Load() != bearer {
				continue // another page has a newer one: this was no try of it
			}
			if p.logins++; p.logins > 1 || t.login || c.session == nil {
				return prefixed(t.what, v.err)
			}
			bearer.refused.Store(true)
		case config.Retry, config.Wait:
			err = c.rest(ctx, t, &p, v)
		default:
			err = v.err
		}
		if err != nil {
			return prefixed(t.what, err)
		}
	}
}

// try asks once. Its error is final.
func (c *Client) try(ctx context.Context, t task, bearer **token) (v verdict, err error) {
	a, err := c.sendWith(ctx, t, bearer)
	b, passing := errors.AsType[*brokenError](err)
	switch {
	case passing:
		v = verdict{then: config.Retry, err: b.cause, tries: b.tries}
	case err != nil:
		return verdict{}, err
	default:
		v = t.judge(a)
	}
	c.notice(a, v)
	return v, nil
}

// errSpent ends a request before it is sent: while it waited for its turn, its
// token was refused or ran out.
var errSpent = errors.New("the token is spent")

// sendWith sends a request with the token that is good when its turn comes.
func (c *Client) sendWith(ctx context.Context, t task, bearer **token) (a *answer, err error) {
	if c.session == nil || t.login {
		return c.send(ctx, func() (*draft, error) { return t.draft(nil) }, t.lane)
	}
	for turns := 0; ; turns++ {
		if _, err = c.session.token(ctx); err != nil {
			return nil, err
		}
		a, err = c.send(ctx, func() (*draft, error) {
			*bearer = c.session.current.Load()
			if now := c.options.Now(); (*bearer).refused.Load() || turns == 0 && !(*bearer).good(now) {
				return nil, errSpent // but once only for its age: some live shorter than a turn takes to come
			}
			return t.draft(*bearer)
		}, t.lane)
		if !errors.Is(err, errSpent) {
			return a, err
		}
	}
}

// rest waits before another try, or says that there is none.
func (c *Client) rest(ctx context.Context, t task, p *patience, v verdict) error {
	now := c.options.Now()
	if p.since.IsZero() {
		p.since = now
	}
	most := c.retries
	if v.tries > 0 {
		most = min(most, v.tries)
	}
	if v.then == config.Retry && p.tries >= most {
		return gaveUp(v, 0)
	}
	if v.then == config.Retry && !v.asked && !c.health.spend(c.counters.requests.Load()) {
		v.err = fault.New(v.err.Class, "%s; no more tries are left to this source", v.err.Error())
		return gaveUp(v, longestBreak)
	}
	p.tries++
	pause := v.pause
	if !v.asked {
		bound := min(mostBackoff, firstBackoff<<min(p.tries-1, 10))
		pause = time.Duration(c.options.Rand() * float64(bound))
	}
	if v.then == config.Wait {
		pause = max(pause, time.Second)
	}
	if pause > c.maxWait || now.Add(pause).Sub(p.since) > c.options.Deadline {
		return gaveUp(v, pause)
	}
	c.counters.retries.Add(1)
	c.options.Log.Info("trying again", "what", t.what, "wait", pause, "reason", v.err.Error())
	if v.source { // the next turn waits it out, and so do all others
		c.limiter.pause(now.Add(pause))
		return nil
	}
	return c.sleep(ctx, pause)
}

// gaveUp is the error of a task that is not tried again.
func gaveUp(v verdict, after time.Duration) error {
	err := *v.err
	err.RetryAfter = max(err.RetryAfter, after)
	return &err
}

// prefixed says what was being done, and keeps class, hint and time.
func prefixed(what string, err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return fault.New(fault.Of(err), "%s: %w", what, err)
	}
	return &fault.Error{Class: e.Class, Err: errors.New(what + ": " + err.Error()), Hint: e.Hint, RetryAfter: e.RetryAfter}
}

// retryAfter reads the header Retry-After (RFC 9110, 10.2.3): seconds, or a
// date in any of its three forms, a past one meaning now. Anything else is
// nothing.
func retryAfter(header string, now time.Time) (time.Duration, bool) {
	header = strings.TrimSpace(header)
	if header != "" && strings.Trim(header, "0123456789") == "" {
		n, _ := strconv.ParseFloat(header, 64) // too many digits are infinite
		return seconds(n), true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}
