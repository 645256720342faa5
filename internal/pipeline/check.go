package pipeline

import (
	"context"
	"slices"
	"strings"
	"time"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
)

const (
	smallPage   = 5                // rows that a check asks for first; few servers give so many by default
	checkBudget = 20 * time.Second // for trying again
)

// How a login went.
const (
	LoginOK     = "ok"
	LoginFailed = "failed"
	LoginNone   = "none" // the source needs none
)

// A SourceCheck says how a source looks from here.
type SourceCheck struct {
	Source     string          `json:"source"`
	Reached    bool            `json:"reached"`     // it answered
	Login      string          `json:"login"`       // ok, failed, none, or empty: it did not come to that
	ClockAhead *float64        `json:"clock_ahead"` // seconds that the server's clock is ahead of ours; null: it tells no time
	Budget     []BudgetLeft    `json:"budget"`      // as the last reply told
	Pipelines  []PipelineCheck `json:"pipelines"`
	Failure
}

// A BudgetLeft is what a reply said of the source's allowance.
type BudgetLeft struct {
	At       string  `json:"at"` // where in the reply
	Left     float64 `json:"left"`
	ResetsIn float64 `json:"resets_in"` // seconds
}

// A PipelineCheck says how the first page of a pipeline looks.
type PipelineCheck struct {
	Name    string   `json:"name"`
	Seconds float64  `json:"seconds"` // that the first page took
	Records string   `json:"records"` // where the records stand, by the configuration; empty: nowhere
	Lists   []Place  `json:"lists"`   // lists at likely places of the reply
	Paging  string   `json:"paging"`  // kind
	More    bool     `json:"more"`    // another page follows the small one
	Total   *int64   `json:"total"`   // declared; null: none
	Hint    bool     `json:"total_is_hint,omitempty"`
	Totals  []string `json:"totals,omitempty"` // where a total may stand that the configuration does not read
	Pages   []Sized  `json:"pages"`            // the small page, then that of the full size if more follows
	Cut     bool     `json:"cut"`              // the server cut the size of the full page
	Ignored bool     `json:"size_ignored"`     // the server sent more rows than the small page was to have
	Gone    bool     `json:"gone,omitempty"`   // the parent that was asked is gone
	Proof   string   `json:"proof"`            // the strongest that one reading can give
	Failure
}

// A Place is where a list stands in a reply.
type Place struct {
	Path string `json:"path"`
	Rows int    `json:"rows"`
}

// A Sized is how many rows a page was asked for, 0 if the API decides, and how
// many came.
type Sized struct {
	Asked int `json:"asked"`
	Came  int `json:"came"`
}

// A Failure is what went wrong; zero: nothing.
type Failure struct {
	Class string `json:"class,omitempty"`
	Error string `json:"error,omitempty"`
	What  string `json:"hint,omitempty"` // what to do about it
	err   error
}

func failure(err error) Failure {
	if err == nil {
		return Failure{}
	}
	return Failure{Class: fault.Of(err).String(), Error: err.Error(), What: fault.Hint(err), err: err}
}

// Errors returns all that went wrong, for the exit code.
func (s *SourceCheck) Errors() []error {
	errs := []error{s.err}
	for _, p := range s.Pipelines {
		errs = append(errs, p.err)
	}
	return errs
}

// Check logs in at a source and asks a small page of each pipeline, and where
// more follows one of the full size. A pipeline with parents is asked for the
// first parent of their newest commit. It writes nothing.
func Check(ctx context.Context, o Options, src *config.Source, pipelines []*config.Pipeline) *SourceCheck {
	o.setDefaults()
	s := &SourceCheck{Source: src.Name, Login: LoginNone, Budget: []BudgetLeft{}, Pipelines: []PipelineCheck{}}
	settings := o.clientOptions(src)
	settings.Deadline = checkBudget
	client, err := extract.NewClient(src, settings)
	if err != nil {
		s.Failure, s.Login = failure(err), ""
		return s
	}
	defer client.Close()
	err = client.LogIn(ctx)
	s.Reached = client.Stats().Wire > 0
	if err != nil {
		s.Failure, s.Login = failure(err), ""
		if fault.Of(err) == fault.Auth {
			s.Login = LoginFailed
		}
		return s
	}
	if src.Auth.Kind != "none" {
		s.Login = LoginOK
	}
	r := &runner{o: o, clients: map[*config.Source]*extract.Client{src: client}, id: NewRunID()}
	for _, p := range pipelines {
		one := PipelineCheck{Name: p.Name, Lists: []Place{}, Paging: p.Paging.Kind, Pages: []Sized{}, Proof: p.Strongest()}
		one.Failure = failure(r.check(ctx, p, s, &one))
		s.Pipelines = append(s.Pipelines, one)
		s.Reached = client.Stats().Wire > 0
		if one.Class == fault.Auth.String() {
			s.Login = LoginFailed
		}
	}
	return s
}

// check asks for the first page of a pipeline.
func (r *runner) check(ctx context.Context, p *config.Pipeline, s *SourceCheck, one *PipelineCheck) error {
	if len(p.Unset) > 0 {
		return fault.New(fault.Config, "pipeline %s: not set: %s", p.Name, strings.Join(p.Unset, ", "))
	}
	asking := *p
	asking.Records.At = append(slices.Clone(p.Records.At), config.RecordPath{}) // a page without records is looked at, too
	j, err := r.job(&asking)
	if err != nil {
		return err
	}
	vars, err := j.firstVars(ctx)
	if err != nil {
		return err
	}
	l := j.client.List(&asking, vars)
	at := l.First()
	at.Size = min(at.Size, smallPage)
	started := r.o.Now()
	page, err := l.Fetch(ctx, at)
	if err != nil {
		return err
	}
	one.Seconds = r.o.Now().Sub(started).Seconds()
	s.learn(p.Source, page, r.o.Now())
	one.learn(page)
	if err := one.findRecords(p, page); err != nil {
		return err
	}
	if one.Records == "" {
		page.Records = nil // the whole body stood for them
	}
	if _, one.More, err = l.Next(page); err != nil || !one.More || p.Paging.Size <= smallPage {
		return err
	}
	full, err := j.client.List(&asking, vars).Fetch(ctx, l.First())
	if err != nil {
		return err
	}
	s.learn(p.Source, full, r.o.Now())
	one.learnFull(p.Paging, full)
	return nil
}

// firstVars returns the first parent of a pipeline and its newest slice that is
// over.
func (j *job) firstVars(ctx context.Context) (extract.Vars, error) {
	all, err := j.newestVars(ctx)
	if err != nil {
		return extract.Vars{}, err
	}
	return all[0], nil
}
