package config

import (
	"path"
	"strings"

	"etl/internal/fault"
)

// Select returns the pipelines that patterns name, in the order of the file:
// names or globs; no pattern is all of them. A pattern that fits nothing is an
// error, and so is a pipeline whose variables Options.Only had left out.
func (c *Config) Select(patterns []string) ([]*Pipeline, error) {
	chosen := map[*Pipeline]bool{}
	for _, pattern := range patterns {
		found := false
		for _, p := range c.Pipelines {
			if ok, _ := path.Match(pattern, p.Name); ok { // a pattern that is none fits nothing
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

func (c *Config) unknown(pattern string) error {
	var names []string
	for _, p := range c.Pipelines {
		names = append(names, p.Name)
	}
	return fault.New(fault.Config, "no pipeline is named %q", pattern).WithHint("%s", near(pattern, names))
}
