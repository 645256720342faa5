package extract

import (
	"math"
	"strconv"
	"time"

	"etl/internal/config"
	"etl/internal/jsonspan"
)

// readBudget pauses the whole source where a reply says that nothing is left
// of its allowance. Replies without such figures are normal.
func (c *Client) readBudget(d *document) {
	for _, b := range c.source.Budget {
		places := b.In
		if len(places) == 0 {
			places = []config.Path{nil}
		}
		for _, place := range places {
			at, ok := d.find(place)
			if !ok {
				continue
			}
			left, ok := d.number(at, b.Left)
			if !ok || left > 0 {
				continue
			}
			if resets, ok := d.number(at, b.ResetsIn); ok && resets > 0 {
				c.limiter.pause(c.options.Now().Add(seconds(resets)))
				c.options.Log.Info("budget used up", "source", c.source.Name, "wait", seconds(resets))
			}
		}
	}
}

// number reads a number, bare or quoted, at a path from a value.
func (d *document) number(from jsonspan.Span, path config.Path) (float64, bool) {
	at, ok := d.follow(from, path)
	if !ok {
		return 0, false
	}
	text, _ := d.scalar(at)
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && !math.IsNaN(n)
}

// seconds turns seconds into a duration, without overflow.
func seconds(n float64) time.Duration {
	const most = 365 * 24 * 3600
	return time.Duration(max(0, min(most, n)) * float64(time.Second))
}
