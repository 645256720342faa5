package pipeline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"etl/internal/config"
	"etl/internal/fault"
)

// fingerprints tell whether a pipeline is still the one that a plan was made
// for. They hold no value of the configuration.
type fingerprints struct {
	Source   string `json:"source"`  // whose data it is
	Request  string `json:"request"` // what is asked for a parent
	Slices   string `json:"slices"`  // what a slice holds
	Schema   string `json:"schema"`
	Settings string `json:"settings"` // what becomes of the rows
	Hashing  string `json:"hashing,omitempty"`
}

func (j *job) fingerprints() fingerprints {
	t := &take{job: j}
	f := fingerprints{Source: j.id.Source, Request: j.id.Request, Slices: j.id.All, Schema: t.schemaHash(), Settings: j.settingsHash()}
	if j.o.Config.PIIKey != "" && j.p.Schema.Hashes() {
		mac := hmac.New(sha256.New, []byte(j.o.Config.PIIKey))
		mac.Write([]byte("etl: the same key for all shards"))
		f.Hashing = hex.EncodeToString(mac.Sum(nil)[:4]) // enough to tell keys apart, not to guess one
	}
	return f
}

// settingsHash is of what the identity leaves out since it does not decide what
// is asked.
func (j *job) settingsHash() string {
	p := j.p
	text, err := json.Marshal([]any{
		p.Key, p.Partition, p.Merge, p.Version, p.Complete, p.MaxShrink, p.MaxGone, p.MinRows, p.MaxRejects, p.Source.Zone.String(),
	})
	if err != nil {
		panic("pipeline: settings: " + err.Error()) // only plain values
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// changes names what is different in now.
func (f fingerprints) changes(p *config.Pipeline, now fingerprints) (all []string) {
	add := func(before, after, what string) {
		if before != after {
			all = append(all, what)
		}
	}
	add(f.Source, now.Source, "the address, headers, params or account of source "+p.Source.Name)
	if f.Source == now.Source {
		add(f.Request, now.Request, "its request or paging")
	}
	if f.Request == now.Request {
		add(f.Slices, now.Slices, "its for_each, window, records or replies")
	}
	add(f.Schema, now.Schema, "schema "+p.Schema.Name)
	add(f.Settings, now.Settings, "its key, partition, write, version, complete or what it may lose")
	add(f.Hashing, now.Hashing, "the variable "+config.PIIKeyVariable)
	return all
}

// check refuses a plan that is not for this program, this time or this
// configuration.
func (p *ShardPlan) check(o *Options) error {
	if p.Version != o.Version {
		return fault.New(fault.Config, "plan %s was made by etl %s, and this is %s: they might write other bytes", p.ID, p.Version, o.Version).
			WithHint("let the same program do all of a plan, or make another")
	}
	if now := o.Now(); now.After(p.Expires) {
		return fault.New(fault.Config, "plan %s has expired at %s", p.ID, p.Expires.Format("2006-01-02 15:04:05 MST")).
			WithHint("make another with etl plan --shards")
	}
	return nil
}

// find returns the pipeline of the configuration that one of the plan is for.
func (p *PlanPipeline) find(c *config.Config) (*config.Pipeline, error) {
	i := slices.IndexFunc(c.Pipelines, func(of *config.Pipeline) bool { return of.Name == p.Name })
	if i < 0 {
		return nil, fault.New(fault.Config, "the plan is for pipeline %s, and the configuration has none of that name", p.Name)
	}
	return c.Pipelines[i], nil
}

// checkFingerprints refuses a configuration that has changed since the plan.
func (j *job) checkFingerprints(p *PlanPipeline) error {
	changed := p.Fingerprints.changes(j.p, j.fingerprints())
	if len(changed) == 0 {
		return nil
	}
	return fault.New(fault.Config, "pipeline %s: since the plan was made %s changed", j.p.Name, strings.Join(changed, ", and ")).
		WithHint("make another plan, or go on with the configuration that it was made with")
}

// units cuts the parents of the plan into units again, and makes sure that they
// are the ones that it names.
func (t *take) checkUnits(p *PlanPipeline) error {
	for _, s := range p.Slices {
		same := len(s.Units) == len(t.units)
		for i := range s.Units {
			same = same && s.Units[i].Name == t.units[i].name
		}
		if !same {
			return fault.New(fault.Config, "pipeline %s: since the plan was made the values of its for_each, or the commits that its parents stand in, changed", t.p.Name).
				WithHint("make another plan")
		}
	}
	return nil
}

// shardError says in which shard err happened.
func shardError(shard int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("shard %d: %w", shard, err)
}
