package pipeline

import (
	"cmp"
	"context"
	"math"
	"time"

	"etl/extract"
	"etl/internal/config"
	"etl/load"
)

// mostSamples is how many first pages an estimate asks for of a pipeline.
const mostSamples = 5

// defaultAtOnce is how many requests are under way at one time at a source that
// does not say: the default of extract.
const defaultAtOnce = 4

// An Estimate is what a pipeline would take, as some of its first pages tell.
type Estimate struct {
	Requests int64   `json:"requests"`
	Rows     int64   `json:"rows"`
	Seconds  float64 `json:"seconds"`   // if it had its source to itself
	JSON     int64   `json:"json"`      // bytes of the pages
	Disk     int64   `json:"disk"`      // bytes of the files, at the size of the newest commit's rows; without one as much as JSON
	ByCommit bool    `json:"by_commit"` // Disk goes by a commit
	Rough    bool    `json:"rough"`     // reckoned from a part: some lists, parents as they were, or lists that do not tell their length
}

// A Demand is what all pipelines of a source would take together.
type Demand struct {
	Source      string  `json:"source"`
	Requests    int64   `json:"requests"` // logins included
	Logins      int64   `json:"logins"`   // at the start; a session that ends earlier takes another
	Allowed     int64   `json:"allowed"`  // requests in a period; 0: no limit
	Per         float64 `json:"per"`      // seconds of the period
	Concurrency int     `json:"concurrency"`
	Latency     float64 `json:"latency"` // seconds of a request, as measured
	Seconds     float64 `json:"seconds"`

	spent  time.Duration // on requests that were measured
	pages  int64         // of them
	failed Failure
}

// Estimate adds to an outline what a run would take. It makes a login at each
// source and asks for a few first pages of each pipeline, one after the other.
func (o *Outline) Estimate(ctx context.Context) error {
	demands := map[*config.Source]*Demand{}
	var sources []*config.Source
	rows := map[string]int64{} // of pipelines, after the run
	for i := range o.Pipelines {
		p := &o.Pipelines[i]
		if p.err != nil {
			continue
		}
		d := demands[p.job.p.Source]
		if d == nil {
			d = p.job.demand(ctx)
			demands[p.job.p.Source] = d
			sources = append(sources, p.job.p.Source)
		}
		if p.Failure = d.failed; p.err == nil {
			p.Failure = failure(p.estimate(ctx, d, rows))
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	for _, src := range sources {
		d := demands[src]
		d.sum(o.Pipelines)
		o.Sources = append(o.Sources, *d)
	}
	return nil
}

// demand logs in, and says what the source allows.
func (j *job) demand(ctx context.Context) *Demand {
	src := j.p.Source
	d := demandWithin(src.Limits, j.o.RateShare, defaultAtOnce)
	d.Source = src.Name
	if src.Auth.Login != nil || src.Auth.OAuth2 != nil {
		d.Logins = 1
	}
	d.failed = failure(j.client.LogIn(ctx))
	return d
}

// demandWithin returns a demand of nothing yet within some limits.
func demandWithin(l config.Limits, share float64, concurrency int) *Demand {
	d := &Demand{Concurrency: cmp.Or(l.Concurrency, concurrency)}
	if l.Requests == 0 {
		return d
	}
	const rounding = 1e-9
	allowed := float64(l.Requests) * orAll(l.Share) * orAll(share)
	d.Allowed, d.Per = int64(allowed+rounding), l.Per.Seconds()
	if d.Allowed == 0 { // less than one in a period is one in a longer period
		d.Allowed, d.Per = 1, l.Per.Seconds()/allowed
	}
	return d
}

// orAll returns a share, of which 0 stands for all.
func orAll(share float64) float64 {
	if share == 0 {
		return 1
	}
	return share
}

// sum adds up what the pipelines of the source take.
func (d *Demand) sum(pipelines []Planned) {
	if d.pages > 0 {
		d.Latency = d.spent.Seconds() / float64(d.pages)
	}
	d.Requests = d.Logins
	for _, p := range pipelines {
		if p.Source == d.Source && p.Estimate != nil {
			own := demandWithin(p.job.p.Limits, p.job.o.RateShare, d.Concurrency)
			own.Latency = d.Latency
			p.Estimate.Seconds = max(d.seconds(p.Estimate.Requests), own.seconds(p.Estimate.Requests))
			d.Requests += p.Estimate.Requests
			d.Seconds = max(d.Seconds, p.Estimate.Seconds)
		}
	}
	d.Seconds = max(d.Seconds, d.seconds(d.Requests))
}

// seconds is how long so many requests take: no period holds more of them than
// are allowed, and no more are under way at one time than the concurrency.
func (d *Demand) seconds(requests int64) float64 {
	if requests == 0 {
		return 0
	}
	busy := func(n int64) float64 { return math.Ceil(float64(n)/float64(d.Concurrency)) * d.Latency }
	if d.Allowed == 0 {
		return busy(requests)
	}
	full := (requests - 1) / d.Allowed // periods that are used up
	return max(busy(requests), float64(full)*d.Per+busy(requests-full*d.Allowed))
}

// estimate asks for some first pages and reckons what all lists take.
func (p *Planned) estimate(ctx context.Context, d *Demand, rows map[string]int64) error {
	e := &Estimate{Rough: p.Waits}
	s, err := p.sample(ctx, d)
	if err != nil {
		return err
	}
	lists := p.Lists + p.moreLists(rows)
	perList := func(n int64) int64 { return int64(math.Round(float64(n) / float64(max(1, s.lists)) * float64(lists))) }
	e.Rough = e.Rough || s.open || s.lists < p.Lists && p.job.p.Paging.Kind != config.PagingNone
	e.Requests, e.Rows = lists, lists
	if s.lists > 0 {
		e.Requests, e.Rows = perList(s.pages), perList(s.rows)
	}
	if s.records > 0 {
		e.JSON = int64(float64(s.bytes) / float64(s.records) * float64(e.Rows))
	}
	e.Disk = e.JSON
	var stored int64
	if c := p.job.commit; c != nil {
		if stored = c.Rows(); stored > 0 {
			e.Disk, e.ByCommit = int64(float64(bytesOf(c.Files))/float64(stored)*float64(e.Rows)), true
		}
	}
	if t := (&take{job: p.job}); t.sweeps() {
		e.Requests *= 2
	}
	if p.job.p.Covers {
		e.Requests += 2 * int64(len(p.takes)) // the totals over all values
	}
	rows[p.Name] = e.Rows
	if p.job.p.Merge || p.job.p.Window != nil {
		rows[p.Name] += stored
	}
	p.Estimate = e
	return nil
}

// moreLists is how many parents the run will have beside those of the newest
// commits of their pipelines, by the estimates of those that take part.
func (p *Planned) moreLists(rows map[string]int64) int64 {
	more := int64(0)
	for _, f := range p.job.p.ForEach {
		if f.Pipeline == nil {
			continue
		}
		if later, ok := rows[f.Pipeline.Name]; ok {
			more += max(0, later-p.listed[f.Pipeline.Name])
		}
	}
	return more * int64(len(p.takes))
}

// A sampled is what some lists hold, by their first pages.
type sampled struct {
	lists, pages, rows int64
	records, bytes     int64 // of the first pages
	open               bool  // of a list it is not known how long it is
}

// sample asks for the first pages of some lists, evenly spread over all.
func (p *Planned) sample(ctx context.Context, d *Demand) (s sampled, err error) {
	n := min(mostSamples, p.Lists)
	if p.job.p.Paging.Kind == config.PagingNone {
		n = min(1, n)
	}
	for i := range n {
		l := p.job.client.List(p.job.p, p.vars(i*(p.Lists-1)/max(1, n-1)))
		started, waited := p.job.o.Now(), p.job.client.Stats().Waited
		page, err := l.Fetch(ctx, l.First())
		if err != nil {
			return s, err
		}
		d.spent += p.job.o.Now().Sub(started) - (p.job.client.Stats().Waited - waited)
		d.pages++
		pages, rows, known := p.extent(l, page)
		s.lists, s.pages, s.rows = s.lists+1, s.pages+pages, s.rows+rows
		s.records, s.bytes = s.records+int64(len(page.Records)), s.bytes+int64(len(page.Body))
		s.open = s.open || !known
	}
	return s, nil
}

// vars returns what the placeholders of a list stand for. Lists are counted
// through all slices.
func (p *Planned) vars(list int64) extract.Vars {
	each := p.Lists / int64(len(p.takes))
	t := p.takes[list/each]
	at := list % each
	for _, u := range t.units {
		if at < int64(len(u.parents)) {
			return extract.Vars{Since: t.since, Until: t.until, Parent: u.parents[at]}
		}
		at -= int64(len(u.parents))
	}
	panic("pipeline: no such list") // units hold as many lists as were counted
}

// extent returns how many pages and rows a list has by its first page. Where
// that does not tell, the newest commit of the only list does.
func (p *Planned) extent(l *extract.List, first *extract.Page) (pages, rows int64, known bool) {
	records := int64(len(first.Records))
	switch {
	case first.Last || records == 0:
		return 1, records, true
	case first.Total >= 0:
		rows, known = first.Total, true
	case p.Lists == 1 && p.job.commit != nil:
		rows = p.job.commit.Rows()
	}
	if rest := l.Rest(first); rest != nil {
		pages = 1 + int64(len(rest))
		return pages, cmp.Or(rows, pages*records), true
	}
	rows = max(rows, records)
	return (rows-1)/records + 1, rows, known
}

// bytesOf counts the bytes of files.
func bytesOf(files []load.File) (bytes int64) {
	for _, f := range files {
		bytes += f.Bytes
	}
	return bytes
}
