package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
)

// planFormat is the format of the plans that this program makes and takes.
const planFormat = 1

// A ShardPlan is what several workers read together: everything that decides
// what is asked and what becomes of it, frozen once. It holds no credentials and
// no value that the configuration marks as secret. Units are cut by the
// configuration and the parents, never by the number of shards, so that they
// give the same bytes whoever reads them.
type ShardPlan struct {
	Format     int            `json:"format"`
	ID         string         `json:"id"`
	Label      string         `json:"label,omitempty"` // --run-id
	Version    string         `json:"etl"`
	Created    time.Time      `json:"created"`
	Expires    time.Time      `json:"expires"` // no shard begins and no commit is made later
	Asked      int            `json:"asked"`   // shards that --shards asked for
	Shards     int            `json:"shards"`  // that have units: 0 … Shards-1
	Memory     int64          `json:"memory,omitempty"`
	NewSource  bool           `json:"new_source,omitempty"`
	AllParents bool           `json:"all_parents,omitempty"`
	Sources    []PlanSource   `json:"sources"`
	Pipelines  []PlanPipeline `json:"pipelines"`
}

// A PlanSource says what each shard may ask of a source.
type PlanSource struct {
	Name     string    `json:"name"`
	Shards   int       `json:"shards"`   // that have units of it
	Share    float64   `json:"share"`    // of its limit, for each of them
	Requests int64     `json:"requests"` // that its units are expected to take
	Seconds  float64   `json:"seconds"`  // that they are expected to take
	Used     int64     `json:"used"`     // requests that making the plan took
	UsedAt   time.Time `json:"used_at"`  // not later than
}

// A PlanPipeline is what the shards read of a pipeline.
type PlanPipeline struct {
	Name         string       `json:"name"`
	Source       string       `json:"source"`
	Base         int64        `json:"base"` // number of the newest commit; 0: none
	Fingerprints fingerprints `json:"fingerprints"`
	Parents      []listing    `json:"parents,omitempty"` // one for each for_each
	Slices       []PlanSlice  `json:"slices"`            // to read, oldest first
}

// A PlanSlice is a slice that is read.
type PlanSlice struct {
	Name   string     `json:"name,omitempty"` // empty: everything
	Since  time.Time  `json:"since,omitzero"`
	Until  time.Time  `json:"until,omitzero"`
	Covers *int64     `json:"covers,omitempty"` // total over all given values before anything was read
	Units  []PlanUnit `json:"units"`
}

// A PlanUnit is a unit and the shard that reads it.
type PlanUnit struct {
	Name     string `json:"name"`
	Shard    int    `json:"shard"`
	Requests int64  `json:"requests"`        // expected
	Total    *int64 `json:"total,omitempty"` // that the first page of its first list declared
}

// Division says how a plan is made. The zero value of Expire means a day.
type Division struct {
	Shards int
	Expire time.Duration
}

// Bounds of a Division. gc closes stages that nobody has written to for a week.
const (
	defaultExpire = 24 * time.Hour
	latestExpire  = 6 * 24 * time.Hour
	mostShards    = 10_000
)

// Divide makes a plan for several workers. It logs in, asks for first pages and
// for the totals of lists over all values, and writes nothing.
func Divide(ctx context.Context, o Options, d Division) (*ShardPlan, error) {
	o.setDefaults()
	if d.Expire == 0 {
		d.Expire = defaultExpire
	}
	if d.Shards < 1 || d.Shards > mostShards || d.Expire < 0 || d.Expire > latestExpire {
		return nil, fault.New(fault.Config, "making a plan of %d shards for %v: 1 to %d shards and at most %v are possible", d.Shards, d.Expire, mostShards, latestExpire)
	}
	if err := o.checkBounds(); err != nil {
		return nil, err
	}
	r := &runner{o: o, clients: map[*config.Source]*extract.Client{}, id: NewRunID()}
	defer r.close()
	plan := &ShardPlan{
		Format: planFormat, ID: r.id, Label: o.Label, Version: o.Version, Created: o.Now().UTC(), Asked: d.Shards,
		Memory: o.Memory, NewSource: o.NewSource, AllParents: o.AllParents, Sources: []PlanSource{}, Pipelines: []PlanPipeline{},
	}
	plan.Expires = plan.Created.Add(d.Expire)
	var all []*laidOut
	for _, p := range order(o.Pipelines) {
		j, err := r.job(p)
		if err != nil {
			return nil, err
		}
		one, err := j.layOut(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if err := weighAll(ctx, all); err != nil {
		return nil, err
	}
	plan.deal(all, r.clients, &o)
	return plan, nil
}

// A laidOut is a pipeline whose units are known.
type laidOut struct {
	PlanPipeline
	job   *job
	takes []*take // one for each slice
}

// layOut cuts a pipeline into units and freezes its parents.
func (j *job) layOut(ctx context.Context) (*laidOut, error) {
	for _, f := range j.p.ForEach {
		if f.Pipeline != nil && slices.Contains(j.o.Pipelines, f.Pipeline) {
			return nil, fault.New(fault.Config, "pipeline %s takes its parents from %s, and a plan freezes parents: both cannot be in one plan", j.p.Name, f.Pipeline.Name).
				WithHint("bring %s up to date first, with etl run or a plan of its own, and leave it out here", f.Pipeline.Name)
		}
	}
	if err := j.base(); err != nil {
		return nil, err
	}
	all := &laidOut{job: j, PlanPipeline: PlanPipeline{
		Name: j.p.Name, Source: j.p.Source.Name, Fingerprints: j.fingerprints(), Slices: []PlanSlice{},
	}}
	if j.commit != nil {
		all.Base = j.commit.Number
	}
	due, err := j.slices(j.commit)
	if err != nil || len(due) == 0 {
		return all, err
	}
	first := &take{job: j, base: j.commit, freeze: true, frozen: make([]listing, len(j.p.ForEach))}
	if err := first.lay(ctx); err != nil {
		return nil, err
	}
	all.Parents = first.frozen
	if first.nothingToDo() {
		return all, nil
	}
	for _, s := range due {
		t := &take{job: j, slice: s, base: j.commit, units: first.units, family: first.family}
		one := PlanSlice{Name: s.name, Since: s.since, Until: s.until, Units: []PlanUnit{}}
		for _, u := range t.units {
			one.Units = append(one.Units, PlanUnit{Name: u.name})
		}
		all.takes, all.Slices = append(all.takes, t), append(all.Slices, one)
	}
	return all, nil
}

// Encode writes a plan as JSON.
func (p *ShardPlan) Encode() ([]byte, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fault.New(fault.Bug, "writing a plan: %w", err)
	}
	return append(data, '\n'), nil
}

// DecodePlan reads a plan.
func DecodePlan(data []byte) (*ShardPlan, error) {
	var only struct{ Format int }
	if err := json.Unmarshal(data, &only); err != nil || only.Format != planFormat {
		return nil, fault.New(fault.Config, "reading the plan: it is none of format %d", planFormat).
			WithHint("make it with etl plan --shards")
	}
	p := &ShardPlan{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	dec.UseNumber() // values of parents stay as they are
	if err := dec.Decode(p); err != nil {
		return nil, fault.New(fault.Config, "reading the plan: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Config, "reading the plan: something follows after its end")
	}
	return p, nil
}

// Units counts the units of all pipelines.
func (p *ShardPlan) Units() (n int) {
	for i := range p.Pipelines {
		for _, s := range p.Pipelines[i].Slices {
			n += len(s.Units)
		}
	}
	return n
}

// Requests is how many requests the shards are expected to make.
func (p *ShardPlan) Requests() (n int64) {
	for _, s := range p.Sources {
		n += s.Requests
	}
	return n
}

// Names lists the pipelines of the plan.
func (p *ShardPlan) Names() (names []string) {
	for i := range p.Pipelines {
		names = append(names, p.Pipelines[i].Name)
	}
	return names
}

// shards lists the shards that have units of a pipeline, in order.
func (p *PlanPipeline) shards() (all []int) {
	for _, s := range p.Slices {
		for _, u := range s.Units {
			all = append(all, u.Shard)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// slice returns the slice as a take has it.
func (s *PlanSlice) slice() slice { return slice{s.Name, s.Since, s.Until} }

// Seconds is how long the slowest source is expected to take.
func (p *ShardPlan) Seconds() (longest float64) {
	for _, s := range p.Sources {
		longest = max(longest, s.Seconds)
	}
	return longest
}
