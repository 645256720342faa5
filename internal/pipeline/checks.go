package pipeline

import (
	"strings"

	"etl/load"
	"etl/schemas"
	"etl/transform"
)

// valueChecks returns the checks that the schema makes of values, and that of
// the key, with what came of them.
func (t *take) valueChecks(b *built) []load.Check {
	var all []load.Check
	var visit func(columns []schemas.Column, path string)
	visit = func(columns []schemas.Column, path string) {
		for _, c := range columns {
			name := path + c.Name
			add := func(check, limit string) {
				failed := b.watch.Breaches[check+" "+name]
				all = append(all, load.Check{Check: check, Column: name, Limit: limit, Checked: b.counts.Served, Failed: failed})
			}
			if c.Required {
				add(transform.CheckRequired, "")
			}
			if c.Min != "" {
				add(transform.CheckMin, c.Min)
			}
			if c.Max != "" {
				add(transform.CheckMax, c.Max)
			}
			inside := c.Type
			for inside.Kind == schemas.List {
				inside = inside.Element.Type
			}
			visit(inside.Fields, name+".")
		}
	}
	visit(t.p.Schema.Columns, "")
	if len(t.p.Key) > 0 {
		all = append(all, load.Check{
			Check: "key", Column: strings.Join(t.p.Key, ","), Checked: b.counts.Served - b.counts.Rejected, Failed: b.counts.Duplicates,
		})
	}
	return all
}

// addCheck adds the result of a check to the pipeline's; slices sum up.
func (r *Result) addCheck(c load.Check) {
	for i := range r.Checks {
		same := r.Checks[i]
		if same.Check == c.Check && same.Column == c.Column && same.Slice == c.Slice && same.Limit == c.Limit {
			r.Checks[i].Checked += c.Checked
			r.Checks[i].Failed += c.Failed
			return
		}
	}
	r.Checks = append(r.Checks, c)
}

// addDrift adds a drifted field to the pipeline's; of one that several slices
// hold the first place stays.
func (r *Result) addDrift(d load.Drifted) {
	for i := range r.Drifted {
		if r.Drifted[i].Kind == d.Kind && r.Drifted[i].Path == d.Path {
			r.Drifted[i].Count += d.Count
			return
		}
	}
	r.Drifted = append(r.Drifted, d)
}
