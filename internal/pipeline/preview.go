package pipeline

import (
	"context"
	"encoding/json"

	"etl/extract"
	"etl/internal/config"
	"etl/transform"
)

// A Sample is what the first page of a pipeline looks like in its columns.
type Sample struct {
	Rows    []json.RawMessage  // an object each, with the columns in the order of the schema
	Records int                // on the page
	Total   int64              // declared by the page; -1: none
	Gone    bool               // the parent that was asked is gone
	Rejects []transform.Reject // of the whole page
	Unknown map[string]int64   // members of the whole page that the schema does not know, by path
}

// Preview reads the first page of a pipeline, of its first parent and its newest
// slice that is over, and returns at most so many of its rows. It writes nothing.
// Parents come from the newest commit of their pipeline.
func Preview(ctx context.Context, o Options, p *config.Pipeline, rows int64) (*Sample, error) {
	o.setDefaults()
	r := &runner{o: o, clients: map[*config.Source]*extract.Client{}, id: NewRunID()}
	defer r.close()
	j, err := r.job(p)
	if err != nil {
		return nil, err
	}
	page, parent, err := j.firstPage(ctx)
	if err != nil {
		return nil, err
	}
	d, err := transform.New(p.Schema, j.decoding())
	if err != nil {
		return nil, err
	}
	batch, err := d.Decode(transform.Page{Number: page.Number, Body: page.Body, Records: page.Records, Parent: parent})
	if err != nil {
		return nil, err
	}
	defer batch.Record.Release()
	s := &Sample{Records: len(page.Records), Total: page.Total, Gone: page.Gone, Rejects: batch.Rejects, Unknown: batch.Unknown}
	for i := range min(rows, batch.Record.NumRows()) {
		s.Rows = append(s.Rows, rowText(batch.Record, int(i)))
	}
	return s, nil
}

// firstPage asks for one page.
func (j *job) firstPage(ctx context.Context) (*extract.Page, map[string]any, error) {
	vars, err := j.firstVars(ctx)
	if err != nil {
		return nil, nil, err
	}
	l := j.client.List(j.p, vars)
	page, err := l.Fetch(ctx, l.First())
	return page, vars.Parent, err
}
