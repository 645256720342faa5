package config

import (
	"path"
	"slices"
	"strings"

	"etl/internal/fault"
)

// Select returns the pipelines that patterns name, as Match does. A pipeline
// whose variables Options.Only had left out is an error.
func (c *Config) Select(patterns []string) ([]*Pipeline, error) {
	selected, err := c.Match(patterns)
	if err != nil {
		return nil, err
	}
	for _, p := range selected {
		if len(p.Unset) > 0 {
			return nil, fault.New(fault.Config, "pipeline %s: not set: %s", p.Name, strings.Join(p.Unset, ", "))
		}
	}
	return selected, nil
}

// Match returns the pipelines that patterns name, in the order of the file:
// names or globs; no pattern is all of them. A name without an account stands
// for those of all accounts. A pattern that fits nothing is an error.
func (c *Config) Match(patterns []string) ([]*Pipeline, error) {
	if len(patterns) == 0 {
		return slices.Clone(c.Pipelines), nil
	}
	chosen := map[*Pipeline]bool{}
	for _, pattern := range patterns {
		found := false
		for _, p := range c.Pipelines {
			if fits(pattern, p.Stream, p.Name) {
				chosen[p], found = true, true
			}
		}
		if !found {
			return nil, c.unknown(pattern)
		}
	}
	return slices.DeleteFunc(slices.Clone(c.Pipelines), func(p *Pipeline) bool { return !chosen[p] }), nil
}

// SourcesOf returns the source of a name: with accounts, one for each of them.
func (c *Config) SourcesOf(name string) (all []*Source) {
	for _, s := range c.Sources {
		of, _, _ := strings.Cut(s.Name, "@")
		if name == of || name == s.Name {
			all = append(all, s)
		}
	}
	return all
}

// fits tells whether a pattern is for a name, which stands for all accounts, or
// for the full name of one of them.
func fits(pattern, name, full string) bool {
	short, _ := path.Match(pattern, name) // a pattern that is none fits nothing
	long, _ := path.Match(pattern, full)
	return short || long
}

func (c *Config) unknown(pattern string) error {
	var names []string
	for _, p := range c.Pipelines {
		name := p.Stream
		if strings.Contains(pattern, "@") {
			name = p.Name
		}
		names = append(names, name)
	}
	return fault.New(fault.Config, "no pipeline is named %q", pattern).WithHint("%s", near(pattern, distinct(names)))
}
