package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
	"etl/load"
	"etl/schemas"
	"etl/transform"
)

// Applied says what Apply did to a data set.
type Applied struct {
	Commit  int64    // the newest one
	Rows    int64    // written anew
	Files   int      // live
	Added   []string // columns that the data set did not have
	Dropped []string // columns that it has no more
	Taken   int      // files that an earlier call, which was stopped, had written already
	Changed bool
}

// Apply writes all live files of a data set anew, by the schema that the
// pipeline has now, and commits them at once. Nothing is asked of the source: a
// new column is filled from _extra. Where the files have none, its values were
// never kept, and Apply refuses, unless null says to leave it empty.
//
// A call that is stopped leaves the data set as it was, and the files that it has
// finished to the next one.
func Apply(ctx context.Context, o Options, p *config.Pipeline, null bool) (applied *Applied, err error) {
	o.setDefaults()
	a := &applying{o: &o, p: p, ds: o.Store.Dataset(p.Name), run: NewRunID()}
	unlock, err := a.ds.Lock()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := a.ds.Recover(); err != nil {
		return nil, err
	}
	if a.base, err = a.ds.Published(); err != nil {
		return nil, err
	}
	if a.base == nil {
		return nil, fault.New(fault.Config, "pipeline %s has no commit yet", p.Name).WithHint("etl run %s", p.Name)
	}
	result := &Applied{Commit: a.base.Number, Files: len(a.base.Files)}
	if a.base.Schema.Fingerprint == p.Schema.Fingerprint() {
		return result, nil
	}
	result.Added, result.Dropped = columnChanges(a.base.Schema, load.Describe(p.Schema, p.Key))
	if err := a.checkAdded(result.Added, null); err != nil {
		return nil, err
	}
	return result, a.apply(ctx, result)
}

// An applying is one call of Apply.
type applying struct {
	o    *Options
	p    *config.Pipeline
	ds   *load.Dataset
	run  string
	base *load.Commit
}

// columnChanges compares top-level columns by name.
func columnChanges(from, to load.SchemaRef) (added, dropped []string) {
	names := func(columns []load.StoredColumn) map[string]bool {
		m := map[string]bool{}
		for _, c := range columns {
			m[c.Name] = true
		}
		return m
	}
	old, now := names(from.Columns), names(to.Columns)
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if !old[name] {
			added = append(added, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if !now[name] {
			dropped = append(dropped, name)
		}
	}
	return added, dropped
}

// checkAdded refuses new columns that nothing tells the values of.
func (a *applying) checkAdded(added []string, null bool) error {
	kept := slices.ContainsFunc(a.base.Schema.Columns, func(c load.StoredColumn) bool { return c.Name == schemas.ExtraColumn })
	if kept || null {
		return nil
	}
	for _, name := range added {
		if name == schemas.ExtraColumn {
			continue
		}
		return fault.New(fault.Config, "pipeline %s: the files hold nothing of the new column %s, since they have no %s", a.p.Name, name, schemas.ExtraColumn).
			WithHint("read everything again into another destination, or leave it NULL in old rows: etl schema apply %s --null", a.p.Name)
	}
	return nil
}

// apply writes the files anew, and commits.
func (a *applying) apply(ctx context.Context, result *Applied) error {
	if err := a.checkRoom(); err != nil {
		return err
	}
	stage, err := a.ds.Stage("schema-"+a.p.Schema.Fingerprint()[:16], a.run)
	if err != nil {
		return err
	}
	earlier, err := stage.Earlier()
	if err != nil {
		return err
	}
	add, err := a.rewrite(ctx, stage, earlier, result)
	if ctx.Err() != nil {
		return context.Cause(ctx) // what is finished stays for the next call
	}
	if err != nil {
		return errors.Join(err, stage.Clear())
	}
	for _, f := range add {
		result.Rows += f.Rows
	}
	if before := a.base.Rows(); result.Rows != before {
		return errors.Join(fault.New(fault.Bug, "applying schema %s: %d rows became %d", a.p.Schema.Name, before, result.Rows), stage.Clear())
	}
	commit, err := a.ds.Commit(ctx, stage, a.draft(add))
	if err != nil {
		return err // the commit may stand: the stage is left to the next run
	}
	result.Commit, result.Files, result.Changed = commit.Number, len(commit.Files), true
	return earlier.Clear()
}

// checkRoom refuses to begin where the disk has no room for all live files once
// more, and half of that: columns may come, and the old files stay for a while.
func (a *applying) checkRoom() error {
	var bytes int64
	for _, f := range a.base.Files {
		bytes += f.Bytes
	}
	return a.o.fits(need{a.o.Store.Local(), bytes + bytes/2})
}

// draft is a commit that differs from its base in files and schema alone.
func (a *applying) draft(add []load.StagedFile) load.Draft {
	base := a.base
	return load.Draft{
		Base: base.Number, Run: a.run, Label: a.o.Label, Time: a.o.Now().UTC(), Version: a.o.Version,
		Schema: load.Describe(a.p.Schema, a.p.Key), Fingerprints: base.Fingerprints, Proof: base.Proof,
		Slices: base.Slices, Parents: base.Parents, ParentsFile: base.ParentsFile, Drift: base.Drift, Seen: base.Seen,
		Add: add, Replace: base.Files,
	}
}

// rewrite writes each live file anew, and notes that it is done. What a run that
// was stopped had finished of it is taken over.
func (a *applying) rewrite(ctx context.Context, stage *load.Stage, earlier *load.Earlier, result *Applied) (add []load.StagedFile, err error) {
	d, err := transform.New(a.schema(), (&job{o: a.o, p: a.p}).decoding())
	if err != nil {
		return nil, err
	}
	for i, f := range a.base.Files {
		name := fmt.Sprintf("rows-%05d", i+1)
		source := a.source(f)
		files, taken := earlier.Take(name, source)
		if taken {
			result.Taken++
		} else if err := a.o.fits(need{a.o.Store.Local(), 0}); err != nil {
			return nil, err
		} else if files, err = a.rewriteFile(ctx, d, stage, name, f); err != nil {
			return nil, err
		}
		if err := stage.Finish(name, source, files); err != nil {
			return nil, err
		}
		add = append(add, files...)
		a.o.Progress(Progress{Pipeline: a.p.Name, Slice: f.Slice, Pages: int64(i + 1), Planned: int64(len(a.base.Files)), Rows: rowsOf(a.base.Files[:i+1], "")})
	}
	return add, nil
}

func (a *applying) rewriteFile(ctx context.Context, d *transform.Decoder, stage *load.Stage, name string, f load.File) ([]load.StagedFile, error) {
	o := (&take{job: &job{o: a.o, p: a.p}, slice: slice{name: f.Slice}}).writerOptions()
	o.Name = name
	w, err := stage.Writer(o)
	if err != nil {
		return nil, err
	}
	if err := a.copyFile(ctx, d, w, f); err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	return w.Close()
}

// source is a hash of a live file and of all that decides what becomes of it.
func (a *applying) source(f load.File) string {
	t := &take{job: &job{o: a.o, p: a.p}}
	zone := ""
	if a.p.Source.Zone != nil {
		zone = a.p.Source.Zone.String()
	}
	text, _ := json.Marshal([]any{ // plain data: cannot go wrong
		f.SHA256, f.Slice, a.base.Schema.Fingerprint, t.schemaHash(), a.p.Partition, a.p.Key, zone, a.o.Config.PIIKey, a.o.Memory, a.o.Version,
	})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// pageOfRows is how many stored rows go through transform at one time.
const pageOfRows = 2048

// copyFile sends the rows of a file through transform. They were accepted once,
// so one that does not fit now is not set aside: it stops everything.
func (a *applying) copyFile(ctx context.Context, d *transform.Decoder, w *load.Writer, f load.File) error {
	page := transform.Page{Number: 1}
	parent := map[string]any{}
	flush := func() error {
		if len(page.Records) == 0 {
			return ctx.Err()
		}
		page.Parent = parent
		batch, err := d.Decode(page)
		if err != nil {
			return err
		}
		defer batch.Record.Release()
		if len(batch.Rejects) > 0 {
			x := batch.Rejects[0]
			return fault.New(fault.Data, "applying schema %s to %s: %d rows do not fit; the first: %s: %s", a.p.Schema.Name, f.Path, len(batch.Rejects), x.Path, x.Reason).
				WithHint("change the type of column %s in the schema, or read everything again into another destination", x.Column)
		}
		page.Body, page.Records = nil, nil
		return errors.Join(ctx.Err(), w.Write(batch.Record, nil))
	}
	err := a.ds.Records(a.base, f, a.p.Schema, func(record []byte, of map[string]any) error {
		if len(page.Records) == pageOfRows || !maps.Equal(parent, of) {
			if err := flush(); err != nil {
				return err
			}
		}
		parent = of
		start := len(page.Body)
		page.Body = append(page.Body, record...)
		page.Records = append(page.Records, jsonspan.Span{Start: start, End: len(page.Body)})
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// schema is the pipeline's, for rows that were accepted before: a value that
// stands in a file is taken as it is.
func (a *applying) schema() *schemas.Schema {
	s := *a.p.Schema
	s.Columns = slices.Clone(s.Columns)
	stored := map[string]bool{}
	for _, c := range a.base.Schema.Columns {
		stored[c.Name] = true
	}
	for i := range s.Columns {
		c := &s.Columns[i]
		if !stored[c.Name] {
			continue
		}
		c.NullIf, c.Min, c.Max = nil, "", ""
		if c.PII == schemas.PIIHash || c.PII == schemas.PIIMask { // it is hashed or masked already
			c.PII, c.Type = "", schemas.Type{Kind: schemas.String}
		}
	}
	return &s
}
