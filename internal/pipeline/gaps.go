package pipeline

import (
	"time"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
)

// A Gap is a slice that is over but not committed as closed.
type Gap struct {
	Slice string    `json:"slice"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	State string    `json:"state"` // missing, or open: committed before it was over
}

// Missing is the state of a slice that no commit holds.
const Missing = "missing"

// Gaps returns the slices of a pipeline's grid that are over by now and that the
// newest commit, nil for none, does not hold as closed, oldest first.
func Gaps(p *config.Pipeline, newest *load.Commit, now time.Time) ([]Gap, error) {
	w := p.Window
	if w == nil {
		return nil, fault.New(fault.Config, "pipeline %s has no window, so there are no slices that could miss", p.Name)
	}
	if w.Start.IsZero() {
		return nil, fault.New(fault.Config, "pipeline %s: the variables of its window are not set", p.Name)
	}
	gaps := []Gap{}
	for _, s := range w.Slices(w.Start, now) {
		state := ""
		if newest != nil {
			state = newest.Covers(s.Since, s.Until)
		}
		if state == load.SliceClosed || !w.Closed(s.Until, now) {
			continue
		}
		if state == "" {
			state = Missing
		}
		gaps = append(gaps, Gap{sliceName(w, s.Since), s.Since, s.Until, state})
	}
	return gaps, nil
}
