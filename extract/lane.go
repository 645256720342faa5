package extract

import (
	"context"
	"errors"

	"golang.org/x/sync/semaphore"

	"etl/internal/config"
)

// A lane is what requests of one pipeline have to keep to, beside what their
// source has to.
type lane struct {
	gate    *semaphore.Weighted // nil: none
	turn    *semaphore.Weighted // held by the one whose turn is next
	limiter *limiter
}

// lane returns the lane of a pipeline, which all of its lists share; nil if it
// has no limits of its own.
func (c *Client) lane(p *config.Pipeline) *lane {
	if p.Limits == (config.Limits{}) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lanes[p.Name]
	if l == nil {
		l = &lane{turn: semaphore.NewWeighted(1), limiter: newLimiter(p.Limits, c.options.Share)}
		if p.Limits.Concurrency > 0 {
			l.gate = semaphore.NewWeighted(int64(p.Limits.Concurrency))
		}
		c.lanes[p.Name] = l
	}
	return l
}

// enter waits for a turn and for a place among the requests under way. Only the
// first of a lane queues at the source, and only when the lane's own limit lets
// it: who waits for that keeps no other pipeline out. Only the first of the queue
// waits for the source, so that all others find it as it is then.
func (c *Client) enter(ctx context.Context, l *lane) (leave func(), err error) {
	free := func() {}
	if l != nil {
		if free, err = hold(ctx, l.gate, 1); err != nil {
			return nil, err
		}
		next, err := hold(ctx, l.turn, 1)
		if err == nil {
			defer next()
			err = c.sleep(ctx, l.limiter.wait(c.options.Now()))
		}
		if err != nil {
			free()
			return nil, err
		}
	}
	release, err := c.admit(ctx, l)
	if err != nil {
		free()
		return nil, err
	}
	return func() { release(); free() }, nil
}

// admit lets the first of the queue go once limits, pauses and the requests
// under way do.
func (c *Client) admit(ctx context.Context, l *lane) (leave func(), err error) {
	next, err := hold(ctx, c.queue, 1)
	if err != nil {
		return nil, err
	}
	defer next()
	for {
		if err := errors.Join(c.health.gone(), c.await(ctx, l)); err != nil {
			return nil, err
		}
		leave, err := hold(ctx, c.gate, c.health.weight())
		if err != nil {
			return nil, err
		}
		if wait, _ := take(c.options.Now(), c.limiters(l)...); wait <= 0 {
			return leave, nil
		}
		leave()
	}
}

// hold takes so much of a semaphore; nil is one without bounds.
func hold(ctx context.Context, s *semaphore.Weighted, weight int64) (release func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	return func() { s.Release(weight) }, s.Acquire(ctx, weight)
}

// limiters returns what a request has to keep to.
func (c *Client) limiters(l *lane) []*limiter {
	if l == nil {
		return []*limiter{c.limiter}
	}
	return []*limiter{l.limiter, c.limiter}
}
