package config

import (
	"path"
	"strings"

	"etl/internal/fault"
)

// Select returns the pipelines that patterns name, in the order of the file:
// names, globs, or "source:NAME" for all pipelines of a source; no pattern is
// all of them. A pattern that fits nothing is an error, and so is a pipeline
// whose variables Options.Only had left out.
func (c *Config) Select(patterns []string) ([]*Pipeline, error) {
	chosen := map[*Pipeline]bool{}
	for _, pattern := range patterns {
		found := false
		for _, p := range c.Pipelines {
			if p.fits(pattern) {
				chosen[p], found = true, true
			}
		}
		if !found {
			return nil, c.unknown(pattern)
		}
	}
	var selected []*Pipeline
	for _, p := range c.Pipelines {
		if len(patterns) > 0 && !chosen[p] {
			continue
		}
		if len(p.Unset) > 0 {
			return nil, fault.New(fault.Config, "pipeline %s: not set: %s", p.Name, strings.Join(p.Unset, ", "))
		}
		selected = append(selected, p)
	}
	return selected, nil
}

func (p *Pipeline) fits(pattern string) bool {
	if source, ok := strings.CutPrefix(pattern, "source:"); ok {
		return p.Source.Name == source
	}
	ok, _ := path.Match(pattern, p.Name) // a pattern that is none fits nothing
	return ok
}

func (c *Config) unknown(pattern string) error {
	var names []string
	for _, p := range c.Pipelines {
		names = append(names, p.Name)
	}
	return fault.New(fault.Config, "no pipeline is named %q", pattern).WithHint("%s", near(pattern, names))
}
