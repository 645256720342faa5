package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
)

// A slice is one cell of a window's grid; the zero slice is everything.
type slice struct {
	name         string // "2026-01-01"; empty: everything
	since, until time.Time
}

// A unit is the smallest piece of a plan that a resumed run uses again: one
// whole list, or the lists of a block of parents.
type unit struct {
	name    string // the same for the same parents at the same values of changed, and fit for a file name
	parents []map[string]any
}

// blockSize is how many parents of a parent pipeline share a unit.
const blockSize = 100

// unitsOf cuts parents into units: each given value is a unit, rows of a parent
// pipeline go by blocks. Without parents there is one unit with one list.
func unitsOf(p *config.Pipeline, parents []map[string]any, f *family) ([]unit, error) {
	if len(p.ForEach) == 0 {
		return []unit{{name: "all", parents: []map[string]any{nil}}}, nil
	}
	size := 1
	for _, f := range p.ForEach {
		if f.Pipeline != nil {
			size = blockSize
		}
	}
	var units []unit
	for block := range slices.Chunk(parents, size) {
		text, err := json.Marshal(block)
		if err != nil {
			return nil, fmt.Errorf("naming a block of parents: %w", err)
		}
		if f != nil && f.changed != "" {
			for _, parent := range block {
				text = append(append(text, '\n'), f.values[parentText(parent)]...)
			}
		}
		sum := sha256.Sum256(text)
		units = append(units, unit{fmt.Sprintf("%05d-%s", len(units), hex.EncodeToString(sum[:6])), block})
	}
	return units, nil
}

// slices returns the slices of a run, oldest first.
func (j *job) slices(base *load.Commit) ([]slice, error) {
	w := j.p.Window
	if w == nil {
		return []slice{{}}, nil
	}
	from, to := w.Start, j.o.Now()
	for name, bound := range map[string]struct{ given, into *time.Time }{"--since": {&j.o.Since, &from}, "--until": {&j.o.Until, &to}} {
		if bound.given.IsZero() {
			continue
		}
		if !w.OnGrid(*bound.given) {
			before, after := w.Nearest(*bound.given)
			return nil, fault.New(fault.Config, "pipeline %s: %s does not lie on the grid of a slice for every %s", j.p.Name, name, w.Every).
				WithHint("the nearest are %s and %s", before.Format(time.RFC3339), after.Format(time.RFC3339))
		}
		*bound.into = *bound.given
	}
	var all []slice
	for _, c := range w.Slices(from, to) {
		all = append(all, slice{sliceName(w, c.Since), c.Since, c.Until})
	}
	if bounded := !j.o.Since.IsZero() || !j.o.Until.IsZero(); bounded && !j.o.Missing {
		return all, nil
	}
	return j.due(all, base), nil
}

// sliceName returns the name of a slice, which is that of its folder too: the
// date in the zone of the window, or the hour in UTC, so that none comes twice.
func sliceName(w *config.Window, since time.Time) string {
	if w.Every == "hour" {
		return since.UTC().Format("2006-01-02T15Z")
	}
	return since.Format(time.DateOnly)
}

// due leaves out the slices that are committed and closed, except the newest
// `again` of them.
func (j *job) due(all []slice, base *load.Commit) []slice {
	closed := map[string]bool{}
	if base != nil {
		for _, s := range base.Slices {
			closed[sliceName(j.p.Window, s.Since.In(j.p.Source.Zone))] = s.State == load.SliceClosed
		}
	}
	again := j.p.Window.Again
	if j.o.Missing {
		again = 0
	}
	var due []slice
	for _, s := range slices.Backward(all) {
		if closed[s.name] {
			if again == 0 {
				continue
			}
			again--
		}
		due = append(due, s)
	}
	slices.Reverse(due)
	return due
}

// order sorts pipelines so that parents stand before their children, else as
// they came, and adds no pipeline.
func order(pipelines []*config.Pipeline) []*config.Pipeline {
	var sorted []*config.Pipeline
	var visit func(p *config.Pipeline)
	visit = func(p *config.Pipeline) {
		if slices.Contains(sorted, p) {
			return
		}
		for _, f := range p.ForEach {
			if f.Pipeline != nil && slices.Contains(pipelines, f.Pipeline) {
				visit(f.Pipeline)
			}
		}
		sorted = append(sorted, p)
	}
	for _, p := range pipelines {
		visit(p)
	}
	return sorted
}

// wait returns the result of a job of this run, or ctx's end.
func (j *job) wait(ctx context.Context) error {
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
