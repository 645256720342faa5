package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
	"etl/schemas"
)

// A family is what a child pipeline knows of its parents.
type family struct {
	commit  *load.Commit // of the parent pipeline
	proof   string       // of that commit
	changed string       // column that tells whether to ask a parent again; empty: ask all

	values    map[string]string    // changed value of each listed parent, by its text
	unchanged []load.Parent        // as the last commit knew them
	leaving   map[schemas.Key]bool // rows of parents that are asked again, or listed no more
}

// planParents returns the parents to ask, in plan order: the product of all
// for_each. nil stands for a request without parents.
func (t *take) planParents(ctx context.Context) ([]map[string]any, error) {
	parents := []map[string]any{{}}
	for i, f := range t.p.ForEach {
		var level []map[string]any
		if f.Pipeline == nil {
			for _, fields := range f.Values {
				level = append(level, scalars(fields))
			}
		} else {
			var err error
			if level, err = t.parentRows(ctx, i, f); err != nil {
				return nil, err
			}
		}
		parents = product(parents, level)
	}
	return parents, nil
}

// product joins every parent of a with every one of b.
func product(a, b []map[string]any) []map[string]any {
	var all []map[string]any
	for _, x := range a {
		for _, y := range b {
			both := maps.Clone(x)
			maps.Copy(both, y)
			all = append(all, both)
		}
	}
	return all
}

// scalars turns given values into those of a parent.
func scalars(fields []config.Field) map[string]any {
	m := map[string]any{}
	for _, f := range fields {
		switch f.Value.Kind {
		case config.Number:
			m[f.Name] = json.Number(f.Value.Number)
		case config.Bool:
			m[f.Name] = f.Value.Bool
		case config.Text:
			var text strings.Builder
			for _, part := range f.Value.Text {
				text.WriteString(part.Literal)
			}
			m[f.Name] = text.String()
		}
	}
	return m
}

// parentRows reads the parents of one for_each from the newest commit of its
// pipeline, and leaves out those that are as they were when last asked.
func (t *take) parentRows(ctx context.Context, i int, f config.ForEach) ([]map[string]any, error) {
	commit, err := t.commitOfParents(i, f.Pipeline)
	if err != nil {
		return nil, err
	}
	fam := &family{commit: commit, proof: commit.Proof, changed: f.Changed, values: map[string]string{}, leaving: map[schemas.Key]bool{}}
	t.family = fam
	columns := t.parentColumns(f)
	var rows []map[string]any
	err = t.listed(ctx, i, commit, columns, func(row []any) error {
		parent := map[string]any{}
		for c, name := range columns {
			parent[name] = scalar(row[c])
		}
		if !matches(parent, f.Where) {
			return ctx.Err()
		}
		t.note(i, columns, parent)
		if f.Changed != "" {
			value := fmt.Sprint(parent[f.Changed])
			if !t.uses(f.Changed) {
				delete(parent, f.Changed)
			}
			fam.values[parentText(parent)] = value
		}
		rows = append(rows, parent)
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("reading the parents from %s: %w", f.Pipeline.Name, err)
	}
	if f.Changed == "" {
		return rows, nil
	}
	return t.changedOnly(fam, rows)
}

// parentCommit returns the commit that parents are taken from: that of this
// run if the parent pipeline takes part, else its newest.
func (t *take) parentCommit(i int, p *config.Pipeline) (*load.Commit, error) {
	if job := t.parents[i]; job != nil {
		return job.commit, nil
	}
	ds := t.o.Store.Dataset(p.Name)
	commit, err := ds.Published()
	if err != nil {
		return nil, err
	}
	if commit == nil {
		return nil, fault.New(fault.Config, "pipeline %s takes its parents from %s, which has no commit yet", t.p.Name, p.Name).
			WithHint("etl run %s %s", p.Name, t.p.Name)
	}
	return commit, nil
}

// parentColumns lists the columns of the parent pipeline that are needed, each
// once: those that placeholders and columns name, where, and changed.
func (t *take) parentColumns(f config.ForEach) []string {
	names := t.p.ParentNames()
	for _, w := range f.Where {
		names = append(names, w.Name)
	}
	if f.Changed != "" {
		names = append(names, f.Changed)
	}
	var columns []string
	for _, name := range names {
		if f.Pipeline.Gives(name) && !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	return columns
}

// uses tells whether a request or a column names parent.<name>.
func (t *take) uses(name string) bool { return slices.Contains(t.p.ParentNames(), name) }

// scalar returns a stored value as a request sends it: a timestamp is its text.
func scalar(v any) any {
	if t, ok := v.(time.Time); ok {
		return t.Format(time.RFC3339Nano)
	}
	return v
}

func matches(parent map[string]any, where []config.Field) bool {
	want := scalars(where)
	for name, value := range want {
		if fmt.Sprint(parent[name]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// parentText is the text that a parent is known by from one commit to the next.
func parentText(parent map[string]any) string {
	text, _ := json.Marshal(parent) // scalars only: cannot go wrong
	return string(text)
}

// changedOnly leaves out the parents that the last commit asked at the same
// value, and notes whose rows must leave the data set.
func (t *take) changedOnly(fam *family, rows []map[string]any) ([]map[string]any, error) {
	known := map[string]bool{}
	if t.base != nil && t.base.ParentsFile != "" {
		all := t.o.AllParents || t.base.Fingerprints.Request != t.id.Request
		err := t.ds.ReadParents(t.base, func(p load.Parent) error {
			value, listed := fam.values[p.Text]
			if listed && value == p.Changed && !all {
				known[p.Text] = true
				fam.unchanged = append(fam.unchanged, p)
				return nil
			}
			for _, key := range p.Keys {
				fam.leaving[key] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var ask []map[string]any
	for _, parent := range rows {
		if !known[parentText(parent)] {
			ask = append(ask, parent)
		}
	}
	return ask, nil
}

// A kin collects, for each parent, the keys of its rows, for the next run.
type kin struct {
	t      *take
	w      *load.ParentsWriter
	file   string           // name below parents/, after finish
	staged *load.StagedFile // of a part, after finish; nil: no parents
	unit   int
	list   int
	open   *load.Parent
	isGone bool
	late   int64 // parents whose rows were older than their own
}

// newKin starts the file of parents with those that were not asked.
func (t *take) newKin() (*kin, error) {
	w, err := t.stage.ParentsWriter()
	if err != nil {
		return nil, err
	}
	k := &kin{t: t, w: w, unit: -1}
	if t.part { // they belong to no unit
		return k, nil
	}
	for _, p := range t.family.unchanged {
		if err := w.Write(p); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// add takes a page of a parent, and the keys and versions of its rows.
func (k *kin) add(f fetched, keys []schemas.Key, versions []int64) error {
	if f.unit != k.unit || f.list != k.list || k.open == nil {
		if err := k.flush(); err != nil {
			return err
		}
		text := parentText(f.parent)
		k.unit, k.list, k.isGone = f.unit, f.list, false
		k.open = &load.Parent{Text: text, Changed: k.t.family.values[text]}
	}
	k.isGone = k.isGone || f.page.Gone
	k.open.Keys = append(k.open.Keys, keys...)
	if len(keys) == 1 && len(versions) == 1 && k.t.isLate(k.open.Changed, versions[0]) {
		k.open.Changed = "" // no value that is listed now
		k.late++
	}
	return nil
}

// isLate tells whether the row that a parent is known by in more detail is
// older than the value at which the parent was listed: some replicas and caches
// of a source lag behind others. Then the parent does not count as asked at that
// value, so that the next run asks again. It takes a child with the key of its
// parents, whose version is the column that tells of their changes.
func (t *take) isLate(listed string, version int64) bool {
	from := t.p.ForEach[0]
	if version == math.MinInt64 || len(t.p.ForEach) > 1 || from.Changed != t.p.Version || !slices.Equal(from.Pipeline.Key, t.p.Key) {
		return false
	}
	if at, err := time.Parse(time.RFC3339Nano, listed); err == nil {
		return version < at.UnixMicro()
	}
	n, err := strconv.ParseInt(listed, 10, 64)
	return err == nil && version < n
}

// flush writes the parent whose pages are all there. One that is gone is not
// written, so that the next run asks it again if it is still listed.
func (k *kin) flush() error {
	if k.open == nil || k.isGone {
		k.open = nil
		return nil
	}
	p := *k.open
	k.open = nil
	return k.w.Write(p)
}

func (k *kin) finish() (err error) {
	if err := k.flush(); err != nil {
		return err
	}
	if k.late > 0 {
		k.t.log.Warn("rows are older than the list that they were asked by, and are asked for again by the next run", "rows", k.late)
	}
	if k.t.part {
		k.staged, err = k.w.CloseStaged()
		return err
	}
	k.file, err = k.w.Close()
	return err
}
