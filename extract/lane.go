package extract

import (
	"context"

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

// enter waits for a place among the requests under way and for a turn. Only the
// first of a lane goes on to the gate of the source, and only when the lane's
// own limit lets it: who waits for that keeps no other pipeline out.
func (c *Client) enter(ctx context.Context, l *lane) (leave func(), err error) {
	var held []*semaphore.Weighted
	leave = func() {
		for _, gate := range held {
			gate.Release(1)
		}
	}
	hold := func(gate *semaphore.Weighted) {
		if gate == nil || err != nil {
			return
		}
		if err = gate.Acquire(ctx, 1); err == nil {
			held = append(held, gate)
		}
	}
	if l != nil {
		hold(l.gate)
		if err == nil {
			err = l.turn.Acquire(ctx, 1)
		}
		if err == nil {
			defer l.turn.Release(1)
			err = c.sleep(ctx, l.limiter.wait(c.options.Now()))
		}
	}
	hold(c.gate)
	if err == nil {
		err = c.turn(ctx, l)
	}
	if err != nil {
		leave()
	}
	return leave, err
}

// limiters returns what a request has to keep to.
func (c *Client) limiters(l *lane) []*limiter {
	if l == nil {
		return []*limiter{c.limiter}
	}
	return []*limiter{l.limiter, c.limiter}
}
