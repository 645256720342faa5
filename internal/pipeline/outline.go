package pipeline

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
)

// An Outline is what a run would do.
type Outline struct {
	Pipelines []Planned `json:"pipelines"` // parents before children
	Sources   []Demand  `json:"sources,omitempty"`
}

// A Planned is what a run would do for one pipeline.
type Planned struct {
	Name      string           `json:"name"`
	Source    string           `json:"source"`
	Commit    int64            `json:"commit"`            // newest; 0: none
	Proof     string           `json:"proof"`             // the least that a commit needs
	Slices    []string         `json:"slices"`            // to read, oldest first; the only one of a pipeline without a window is ""
	Units     int64            `json:"units"`             // of all slices
	Lists     int64            `json:"lists"`             // requests for a first page, of all slices
	Asked     *int64           `json:"asked"`             // parents, of one slice; null: it has none
	Unchanged int64            `json:"unchanged"`         // parents that need no request
	Parents   map[string]int64 `json:"parents,omitempty"` // commits that the parents were counted by; 0: none yet
	Waits     bool             `json:"waits"`             // parents take part in the run, so that the counts may change
	Resumes   []Resume         `json:"resumes"`
	Estimate  *Estimate        `json:"estimate,omitempty"`
	Failure

	job    *job
	takes  []*take
	listed map[string]int64 // rows of the commits that the parents were counted by
}

// A Resume is a reading that a run would go on with.
type Resume struct {
	Slice   string    `json:"slice"`
	Run     string    `json:"run"`
	Started time.Time `json:"started"`
	Rebuild bool      `json:"rebuild"` // all pages are kept, and nothing is asked
}

// Plan tells what a run with these options would do. It asks nothing of any
// source and writes nothing. Store may be nil: there is no destination yet.
// What keeps a pipeline from running stands in it as its failure.
func Plan(ctx context.Context, o Options) (*Outline, error) {
	o.setDefaults()
	if err := o.checkBounds(); err != nil {
		return nil, err
	}
	r := &runner{o: o, clients: map[*config.Source]*extract.Client{}, id: NewRunID()}
	all := &Outline{Pipelines: []Planned{}}
	for _, p := range order(o.Pipelines) {
		j, err := r.job(p)
		if err != nil {
			return nil, err
		}
		clear(j.parents) // none has run
		one := Planned{Name: p.Name, Source: p.Source.Name, Proof: p.Complete, Slices: []string{}, Resumes: []Resume{}, Parents: map[string]int64{},
			job: j, listed: map[string]int64{}}
		if one.Proof == "" {
			one.Proof = p.Strongest()
		}
		err = one.fill(ctx)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		one.Failure = failure(err)
		all.Pipelines = append(all.Pipelines, one)
	}
	return all, nil
}

// Errors returns what keeps pipelines from running, for the exit code.
func (o *Outline) Errors() []error {
	var errs []error
	for _, p := range o.Pipelines {
		errs = append(errs, p.err)
	}
	return errs
}

// fill lays the pipeline out.
func (p *Planned) fill(ctx context.Context) error {
	j := p.job
	if err := j.base(); err != nil {
		return err
	}
	if j.commit != nil {
		p.Commit = j.commit.Number
	}
	due, err := j.slices(j.commit)
	if err != nil {
		return err
	}
	for _, s := range due {
		p.Slices = append(p.Slices, s.name)
		p.takes = append(p.takes, &take{job: j, slice: s, base: j.commit})
	}
	if known, err := p.parents(); err != nil || !known || len(due) == 0 {
		return err
	}
	if err := p.takes[0].lay(ctx); err != nil {
		return err
	}
	p.count(p.takes[0])
	return p.resumes()
}

// base reads the commit that a run would build on, if there is a destination.
func (j *job) base() (err error) {
	if j.o.Store == nil {
		return nil
	}
	if j.commit, err = j.ds.Newest(); err != nil {
		return err
	}
	return j.checkBase(j.commit)
}

// parents notes where the parents come from. It reports false if they are those
// of a pipeline that takes part and has no commit yet.
func (p *Planned) parents() (known bool, err error) {
	known = true
	for _, f := range p.job.p.ForEach {
		if f.Pipeline == nil {
			continue
		}
		number, rows, err := p.job.publishedOf(f.Pipeline)
		if err != nil {
			return false, err
		}
		p.Parents[f.Pipeline.Name], p.listed[f.Pipeline.Name] = number, rows
		takesPart := slices.Contains(p.job.o.Pipelines, f.Pipeline)
		p.Waits = p.Waits || takesPart
		if number > 0 {
			continue
		}
		if known = false; !takesPart {
			return false, fault.New(fault.Config, "pipeline %s takes its parents from %s, which has no commit yet", p.Name, f.Pipeline.Name).
				WithHint("etl run %s %s", f.Pipeline.Name, p.Name)
		}
	}
	return known, nil
}

// publishedOf returns the number of the newest published commit of a pipeline,
// 0 if there is none, and its rows.
func (j *job) publishedOf(p *config.Pipeline) (number, rows int64, err error) {
	if j.o.Store == nil {
		return 0, 0, nil
	}
	commit, err := j.o.Store.Dataset(p.Name).Published()
	if err != nil || commit == nil {
		return 0, 0, err
	}
	return commit.Number, commit.Rows(), nil
}

// count counts what the slices ask for, which is the same for each: they share
// their parents.
func (p *Planned) count(t *take) {
	lists := int64(0)
	for _, u := range t.units {
		lists += int64(len(u.parents))
	}
	for _, other := range p.takes[1:] {
		other.units, other.family = t.units, t.family
	}
	p.Units, p.Lists = int64(len(t.units)*len(p.takes)), lists*int64(len(p.takes))
	if len(p.job.p.ForEach) > 0 {
		p.Asked = &lists
	}
	if t.family != nil {
		p.Unchanged = int64(len(t.family.unchanged))
	}
	if t.p.Complete == "" {
		p.Proof = t.required()
	}
}

// resumes looks for readings that a run would go on with: of each slice the
// newest that is usable.
func (p *Planned) resumes() error {
	if p.job.o.Store == nil {
		return nil
	}
	for _, t := range p.takes {
		stage, err := t.ds.Stage(t.place(), t.run)
		if err != nil {
			return err
		}
		left, err := load.Readings(t.keptIn(stage))
		if err != nil {
			return err
		}
		for _, old := range slices.Backward(left) {
			if resume, rebuild := t.usable(old); resume || rebuild {
				p.Resumes = append(p.Resumes, Resume{t.name, old.Run, old.Started, rebuild})
				break
			}
		}
	}
	return nil
}

// keptIn returns the folder of the readings of the slice.
func (t *take) keptIn(stage *load.Stage) string {
	dir := filepath.Dir(stage.Folder())
	if t.o.StageDir != "" {
		dir = filepath.Join(t.o.StageDir, t.p.Name, t.place())
	}
	if t.beside { // where nobody looks for what may be resumed
		dir += "-beside"
	}
	return dir
}
