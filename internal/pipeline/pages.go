package pipeline

import (
	"context"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
	"etl/transform"
)

// Pages reads at most n pages of a pipeline, as Preview does: of its newest
// slice, parent after parent, each list from its first page on. It looks at no
// record and writes nothing.
func Pages(ctx context.Context, o Options, p *config.Pipeline, n int) ([]transform.Page, error) {
	o.setDefaults()
	r := &runner{o: o, clients: map[*config.Source]*extract.Client{}, id: NewRunID()}
	defer r.close()
	j, err := r.job(p)
	if err != nil {
		return nil, err
	}
	lists, err := j.newestVars(ctx)
	if err != nil {
		return nil, err
	}
	var pages []transform.Page
	for _, vars := range lists {
		if pages, err = j.readList(ctx, vars, pages, n); err != nil || len(pages) == n {
			return pages, err
		}
	}
	return pages, nil
}

// readList adds the pages of a list until there are n.
func (j *job) readList(ctx context.Context, vars extract.Vars, pages []transform.Page, n int) ([]transform.Page, error) {
	l := j.client.List(j.p, vars)
	for at, more := l.First(), true; more && len(pages) < n; {
		page, err := l.Fetch(ctx, at)
		if err != nil {
			return nil, err
		}
		if !page.Gone {
			pages = append(pages, transform.Page{Number: page.Number, Body: page.Body, Records: page.Records, Parent: vars.Parent})
		}
		if at, more, err = l.Next(page); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// newestVars returns what the requests of the newest slice that is over are
// filled with: one for each parent, at least one.
func (j *job) newestVars(ctx context.Context) ([]extract.Vars, error) {
	slices, err := j.slices(nil)
	if err != nil {
		return nil, err
	}
	if len(slices) == 0 {
		return nil, fault.New(fault.Config, "pipeline %s has no slice yet: its window starts later", j.p.Name)
	}
	newest := len(slices) - 1
	if w := j.p.Window; w != nil && newest > 0 && !w.Closed(slices[newest].until, j.o.Now()) {
		newest-- // one that has just begun has hardly any rows
	}
	t := &take{job: j, slice: slices[newest]}
	parents, err := t.planParents(ctx)
	if err != nil {
		return nil, err
	}
	if len(parents) == 0 {
		return nil, fault.New(fault.Config, "pipeline %s has no parent to ask for", j.p.Name)
	}
	var all []extract.Vars
	for _, parent := range parents {
		vars := extract.Vars{Since: t.since, Until: t.until}
		if len(j.p.ForEach) > 0 {
			vars.Parent = parent
		}
		all = append(all, vars)
	}
	return all, nil
}
