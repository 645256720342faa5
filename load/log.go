package load

import (
	"iter"
	"slices"
	"time"
)

// An Entry is a commit as the log shows it.
type Entry struct {
	Number    int64
	Published bool
	Time      time.Time
	Run       string
	Label     string
	Restores  int64 // rollback: number of the commit whose state it brought back; else 0
	Proof     string
	Rows      int64 // live since the commit, as are Files
	Files     int
	Added     int // files
	AddedRows int64
	Dropped   int // files
	Counts    Counts
	Slices    []Slice // those that it read, or brought back
	Drifted   []Drifted
	Checks    []Check
}

// Log returns the commits, the newest first. The first error ends it.
func (d *Dataset) Log() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		newest, err := d.highest("commits", ".json")
		if err != nil {
			yield(Entry{}, err)
			return
		}
		published, err := d.numbers("published", "")
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for n := newest; n > 0; n-- {
			c, err := d.At(n)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			e := c.entry()
			_, e.Published = slices.BinarySearch(published, n)
			if !yield(e, nil) {
				return
			}
		}
	}
}

// entry shortens a commit.
func (c *Commit) entry() Entry {
	e := Entry{
		Number: c.Number, Time: c.Time, Run: c.Run, Label: c.Label, Restores: c.Restores, Proof: c.Proof,
		Rows: c.Rows(), Files: len(c.Files), Added: len(c.Added), Dropped: len(c.Dropped), Counts: c.Counts,
		Drifted: c.Drifted, Checks: c.Checks,
	}
	live := c.live()
	for _, name := range c.Added {
		e.AddedRows += live[name].Rows
	}
	for _, s := range c.Slices {
		if s.Commit == c.Number || c.Restores > 0 {
			e.Slices = append(e.Slices, s)
		}
	}
	return e
}

// Covers tells what a data set holds of the time from since to before until, a
// cell of the grid: SliceClosed if closed slices hold all of it, SliceOpen if
// slices hold all of it but one is open, and nothing if there is a gap. Slices
// of another grid count too: a month covers its days, and days their month.
func (c *Commit) Covers(since, until time.Time) string {
	state, reached := SliceClosed, since
	for _, s := range c.Slices { // oldest first
		if s.Since.IsZero() && s.Until.IsZero() {
			return s.State
		}
		if !s.Until.After(reached) {
			continue
		}
		if s.Since.After(reached) {
			return ""
		}
		if s.State != SliceClosed {
			state = SliceOpen
		}
		if reached = s.Until; !reached.Before(until) {
			return state
		}
	}
	return ""
}
