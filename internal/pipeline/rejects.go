package pipeline

import (
	"fmt"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
	"etl/transform"
)

// rejects collects the records that were set aside.
type rejects struct {
	p     *config.Pipeline
	units []unit
	stage *load.Stage
	w     *load.RejectWriter // nil until the first reject
	count int64
	first string // where and why the first one was set aside
}

func newRejects(p *config.Pipeline, units []unit, stage *load.Stage) *rejects {
	return &rejects{p: p, units: units, stage: stage}
}

func (r *rejects) add(item decoded) (err error) {
	for _, x := range item.batch.Rejects {
		if r.w == nil {
			if r.w, err = r.stage.Rejects(); err != nil {
				return err
			}
		}
		if r.count == 0 {
			r.first = fmt.Sprintf("page %d, record %d, %s: %s", x.Page, x.Record+1, x.Path, x.Reason)
		}
		r.count++
		err := r.w.Write(load.Reject{
			Unit: r.units[item.unit].name, Page: int64(x.Page), Record: int64(x.Record), Start: int64(x.Start), End: int64(x.End),
			Path: x.Path, Column: x.Column, Reason: x.Reason, Raw: string(transform.Redact(r.p.Schema, item.page.Body[x.Start:x.End])),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// finish closes the file of rejects; nil without any.
func (r *rejects) finish() (*load.StagedFile, error) {
	if r.w == nil {
		return nil, nil
	}
	w := r.w
	r.w = nil
	return w.Close()
}

// checkRejects compares the number of rejects with what the pipeline allows.
// Of a part it is not known yet what share they will be.
func (t *take) checkRejects(c load.Counts, first string) error {
	allowed := t.p.MaxRejects.Count
	if t.p.MaxRejects.Share > 0 {
		allowed = int64(t.p.MaxRejects.Share * float64(c.Served))
	}
	if c.Rejected <= allowed || t.part && t.p.MaxRejects.Share > 0 {
		return nil
	}
	return fault.New(fault.Data, "pipeline %s: %d of %d records do not fit the schema %s, and %d may be set aside; the first: %s",
		t.p.Name, c.Rejected, c.Served, t.p.Schema.Name, allowed, first).
		WithHint("mend the schema and run again: the kept pages are used, nothing is asked twice; or raise max_rejects")
}
