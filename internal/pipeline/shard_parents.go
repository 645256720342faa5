package pipeline

import (
	"context"

	"etl/internal/config"
	"etl/load"
)

// A listing is the rows of a parent pipeline as a plan has frozen them: those
// that where lets through, with the columns that requests, columns and changed
// need.
type listing struct {
	Pipeline string   `json:"pipeline,omitempty"` // empty: the parents stand in the configuration
	Commit   int64    `json:"commit,omitempty"`   // of that pipeline
	Columns  []string `json:"columns,omitempty"`
	Rows     [][]any  `json:"rows,omitempty"`
}

// commitOfParents returns the commit that parents are taken from.
func (t *take) commitOfParents(i int, p *config.Pipeline) (*load.Commit, error) {
	if t.frozen != nil && !t.freeze {
		return t.o.Store.Dataset(p.Name).At(t.frozen[i].Commit)
	}
	commit, err := t.parentCommit(i, p)
	if err == nil && t.freeze {
		t.frozen[i].Pipeline, t.frozen[i].Commit = p.Name, commit.Number
	}
	return commit, err
}

// listed passes on the rows of a parent pipeline: those of a commit, or those
// that a plan has frozen.
func (t *take) listed(ctx context.Context, i int, commit *load.Commit, columns []string, each func(row []any) error) error {
	if t.frozen == nil || t.freeze {
		return t.o.Store.Dataset(commit.Pipeline).Scan(commit, columns, each)
	}
	for _, row := range t.frozen[i].Rows {
		if err := each(row); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// note freezes a parent, if the take makes a plan.
func (t *take) note(i int, columns []string, parent map[string]any) {
	if !t.freeze {
		return
	}
	row := make([]any, len(columns))
	for c, name := range columns {
		row[c] = parent[name]
	}
	l := &t.frozen[i]
	l.Columns, l.Rows = columns, append(l.Rows, row)
}
