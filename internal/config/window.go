package config

import "time"

// A Slice is one cell of the grid of a window: from Since up to, but not
// including, Until.
type Slice struct{ Since, Until time.Time }

// Slices returns the slices that begin at or after from and before to, oldest
// first, none before the start of the window. With to as the present, the last
// one is that which is still open. From and to need not lie on the grid.
func (w *Window) Slices(from, to time.Time) []Slice {
	if from.Before(w.Start) {
		from = w.Start
	}
	since := w.floor(from)
	if since.Before(from) {
		since = w.after(since)
	}
	var all []Slice
	for since.Before(to) {
		until := w.after(since)
		all = append(all, Slice{since, until})
		since = until
	}
	return all
}

// OnGrid tells whether a slice begins at t.
func (w *Window) OnGrid(t time.Time) bool { return w.floor(t).Equal(t) }

// Nearest returns the two points of the grid that t lies between: the last one
// not after t, and the one that follows it.
func (w *Window) Nearest(t time.Time) (before, after time.Time) {
	before = w.floor(t)
	return before, w.after(before)
}

// Closed tells whether a slice that ends at end takes no more rows: its end and
// the lag lie before now, which is the server's time.
func (w *Window) Closed(end, now time.Time) bool { return end.Add(w.Lag).Before(now) }

// floor returns the last point of the grid that is not after t. Hours are
// counted from the start, so that each of the hours of a change of clocks is
// one; days, weeks and months begin at the first moment of their day.
func (w *Window) floor(t time.Time) time.Time {
	t = t.In(w.Start.Location())
	y, m, d := t.Date()
	switch w.Every {
	case "hour":
		since := t.Sub(w.Start) % time.Hour
		if since < 0 {
			since += time.Hour
		}
		return t.Add(-since)
	case "week":
		return startOfDay(y, m, d-int(t.Weekday()+6)%7, t.Location())
	case "month":
		return startOfDay(y, m, 1, t.Location())
	}
	return startOfDay(y, m, d, t.Location())
}

// after returns the point of the grid that follows a point of it.
func (w *Window) after(point time.Time) time.Time {
	y, m, d := point.Date()
	switch w.Every {
	case "hour":
		return point.Add(time.Hour)
	case "week":
		return startOfDay(y, m, d+7, point.Location())
	case "month":
		return startOfDay(y, m+1, 1, point.Location())
	}
	return startOfDay(y, m, d+1, point.Location())
}

// startOfDay returns the first moment of a day. Where the clocks change at
// midnight, that is 00:00 on its first of two occurrences, or the moment of the
// change if there is none.
func startOfDay(y int, m time.Month, d int, zone *time.Location) time.Time {
	wall := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	at := func(from time.Time) time.Time {
		_, offset := from.In(zone).Zone()
		return wall.Add(-time.Duration(offset) * time.Second).In(zone)
	}
	first, second := at(wall.Add(-36*time.Hour)), at(wall.Add(36*time.Hour))
	if second.Before(first) {
		first, second = second, first
	}
	for _, t := range []time.Time{first, second} {
		if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Day() == wall.Day() {
			return t
		}
	}
	change, _ := second.ZoneBounds()
	return change
}
