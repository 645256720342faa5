package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"etl/extract"
	"etl/internal/config"
)

func (sh *shell) validateCommand() *cli.Command {
	return &cli.Command{
		Name:  "validate",
		Usage: "check the configuration, all of it at once",
		Description: "Asks no network. With names, variables are required only of what they use.\n\n" + examples(
			"etl validate", "all mistakes, with their places",
			"etl validate rental --explain", "what a source came to"),
		ArgsUsage: "[PIPELINE|GLOB|SOURCE…]",
		Flags:     append(sh.projectFlags(), sh.toggle("explain", "print what each came to, with variables and defaults filled in")),
		Action:    sh.validate,
	}
}

func (sh *shell) validate(c *cli.Context) error {
	names := c.Args().Slice()
	var only []string
	for _, name := range names {
		only = append(only, name, "source:"+name)
	}
	cfg, err := sh.project(c, only...)
	if err != nil {
		return err
	}
	sources, pipelines, err := named(cfg, names)
	if err != nil {
		return err
	}
	if c.Bool("explain") {
		return explain(sh.stdout, sources, pipelines)
	}
	_, err = fmt.Fprintf(sh.stdout, "ok: %s of %s\n", count(int64(len(cfg.Pipelines)), "pipeline"), count(int64(len(cfg.Sources)), "source"))
	return err
}

// named returns the sources and pipelines of those names, or all without names.
func named(cfg *config.Config, names []string) (sources []*config.Source, pipelines []*config.Pipeline, err error) {
	if len(names) == 0 {
		return cfg.Sources, cfg.Pipelines, nil
	}
	var patterns []string
	for _, name := range names {
		of := cfg.SourcesOf(name)
		if len(of) == 0 {
			patterns = append(patterns, name)
		}
		sources = append(sources, of...)
	}
	if len(patterns) > 0 {
		pipelines, err = cfg.Select(patterns)
	}
	return sources, pipelines, err
}

// explain writes what sources and pipelines came to.
func explain(w io.Writer, sources []*config.Source, pipelines []*config.Pipeline) error {
	for _, s := range sources {
		if err := s.Explain(w); err != nil {
			return err
		}
		builtIn(w, s.Kind)
	}
	for _, p := range pipelines {
		if err := p.Explain(w); err != nil {
			return err
		}
		builtIn(w, p.Source.Kind)
	}
	return nil
}

// builtIn writes the rules for replies that hold after those that are declared,
// and an empty line.
func builtIn(w io.Writer, kind string) {
	for i, rule := range extract.DefaultReplies(kind) {
		fmt.Fprintf(w, "%-28s %s\n", fmt.Sprintf("built-in replies[%d]", i), rule)
	}
	fmt.Fprintln(w)
}
