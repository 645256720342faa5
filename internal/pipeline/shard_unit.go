package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"etl/load"
)

// A manifest says what a shard has staged of a pipeline. The first one that is
// written counts.
type manifest struct {
	Worker string       `json:"worker"` // random id of the process
	Units  []*unitDone  `json:"units"`  // in plan order
	Totals []sliceTotal `json:"totals,omitempty"`
}

// A sliceTotal is the total over all given values as it was declared when the
// shard was done with a slice.
type sliceTotal struct {
	Slice string `json:"slice"`
	Total int64  `json:"total"`
}

// A unitDone is a unit that was read to its end, and what it has staged.
type unitDone struct {
	Slice   string            `json:"slice,omitempty"`
	Unit    string            `json:"unit"`
	Proof   string            `json:"proof"`
	Counts  load.Counts       `json:"counts"`
	Files   []load.StagedFile `json:"files"`
	Keys    *load.StagedFile  `json:"keys,omitempty"`
	Rejects *load.StagedFile  `json:"rejects,omitempty"`
	Parents *load.StagedFile  `json:"parents,omitempty"`
	Reject  string            `json:"reject,omitempty"` // where and why the first record was set aside
	Watch   *watch            `json:"watch"`
	Date    time.Time         `json:"date"` // newest of the server
	Pages   []load.PageRef    `json:"pages"`
}

// seal ends the reading of a unit: its files are named, its keys written down.
// Its pages stay until the whole shard is done.
func (t *take) seal(b *built) (*unitDone, error) {
	d := &unitDone{
		Slice: t.slice.name, Unit: t.units[0].name, Proof: b.proof, Counts: b.counts, Files: []load.StagedFile{},
		Reject: b.reject.first, Watch: b.watch, Date: t.reading.serverDate().UTC(), Pages: t.reading.units()[0].Pages,
	}
	for _, f := range b.files {
		d.Files = append(d.Files, t.stage.Own(f))
	}
	var err error
	if d.Keys, err = t.sealKeys(b); err != nil {
		return nil, err
	}
	if d.Rejects, err = b.reject.finish(); err != nil {
		return nil, err
	}
	if b.parents != nil {
		d.Parents = b.parents.staged
	}
	for _, f := range []*load.StagedFile{d.Rejects, d.Parents} {
		if f != nil {
			*f = t.stage.Own(*f)
		}
	}
	b.close()
	return d, errors.Join(os.RemoveAll(filepath.Join(t.reading.dir, "keys")), t.reading.kept.Close())
}

// sealKeys writes the different keys of the unit, in their order.
func (t *take) sealKeys(b *built) (*load.StagedFile, error) {
	if b.keys == nil {
		return nil, nil
	}
	w, err := t.stage.KeysWriter()
	if err != nil {
		return nil, err
	}
	for group, err := range b.keys.Groups() {
		if err == nil {
			err = w.Write(keyOf(group[0].Key), group[0].Version)
		}
		if err != nil {
			return nil, errors.Join(err, w.Abort())
		}
	}
	f, err := w.Close()
	f = t.stage.Own(f)
	return &f, err
}

// add counts what was read.
func (r *Result) add(c load.Counts) {
	r.Pages += c.Pages
	r.Bytes += c.Bytes
	r.Served += c.Served
	r.Duplicates += c.Duplicates
	r.Rejected += c.Rejected
	r.Reread += c.Reread
	r.Gone += c.Gone
	r.Asked += c.Asked
	r.Unchanged += c.Unchanged
	if c.DeclaredTotal != nil {
		sum := *c.DeclaredTotal
		if r.DeclaredTotal != nil {
			sum += *r.DeclaredTotal
		}
		r.DeclaredTotal = &sum
	}
}

// drifted adds members that the schema does not know.
func (r *Result) drifted(drift map[string]int64) {
	for path, n := range drift {
		if r.Drift == nil {
			r.Drift = map[string]int64{}
		}
		r.Drift[path] += n
	}
}
