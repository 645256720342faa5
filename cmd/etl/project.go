package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"etl"
	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
)

// unused names no source and no pipeline: with it a configuration is read
// without the variables of any.
const unused = "source:"

// projectFlags are the flags of commands that read a configuration.
func (sh *shell) projectFlags() []cli.Flag {
	return []cli.Flag{
		sh.text("file", "pipelines.yaml", "`FILE` that says what is read", "f"),
		sh.text("env-file", "", "`FILE` with lines of KEY=VALUE; variables of the environment win"),
	}
}

// project reads the configuration. Variables are required only of the sources
// that the named pipelines use; with none named, of all.
func (sh *shell) project(c *cli.Context, only ...string) (*config.Config, error) {
	lookup := sh.lookup
	if file := c.String("env-file"); file != "" {
		variables, err := readEnvFile(file)
		if err != nil {
			return nil, err
		}
		if isOpenToAll(file) {
			fmt.Fprintf(sh.stderr, "warning: every user of this machine can open %s, which may hold secrets: chmod o= %s\n", file, file)
		}
		lookup = over(lookup, variables)
	}
	return config.Load(c.String("file"), config.Options{Lookup: lookup, Schemas: etl.Schemas(), Only: only})
}

// pipeline reads the configuration, with the variables that the one pipeline
// needs that the command line names.
func (sh *shell) pipeline(c *cli.Context) (*config.Config, *config.Pipeline, error) {
	name, err := oneArgument(c)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := sh.project(c, name)
	if err != nil {
		return nil, nil, err
	}
	selected, err := cfg.Select([]string{name})
	if err != nil {
		return nil, nil, err
	}
	if len(selected) != 1 {
		return nil, nil, usage("%q stands for %d pipelines", name, len(selected)).WithHint("name one")
	}
	return cfg, selected[0], nil
}

// datasets opens the data set of the one pipeline that the command line names:
// without an account, those of all accounts. That needs no variables of sources.
func (sh *shell) datasets(c *cli.Context) (*load.Store, []*load.Dataset, error) {
	name, err := oneArgument(c)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := sh.project(c, unused)
	if err != nil {
		return nil, nil, err
	}
	one := slices.ContainsFunc(cfg.Pipelines, func(p *config.Pipeline) bool { return p.Name == name })
	if !one && !slices.ContainsFunc(cfg.Pipelines, func(p *config.Pipeline) bool { return p.Stream == name }) {
		return nil, nil, unknownPipeline(cfg, name)
	}
	store, err := sh.openExisting(cfg)
	if err != nil {
		return nil, nil, err
	}
	if strings.Contains(name, "@") {
		return store, []*load.Dataset{store.Dataset(name)}, nil
	}
	all, err := store.Datasets(name)
	return store, all, err
}

// dataset opens one data set. Where there are accounts, the command line must
// name one.
func (sh *shell) dataset(c *cli.Context) (*load.Store, *load.Dataset, error) {
	store, all, err := sh.datasets(c)
	if err != nil {
		return nil, nil, err
	}
	if len(all) > 1 {
		return nil, nil, usage("%q stands for the data sets of %d accounts", c.Args().First(), len(all)).WithHint("name one, such as %s", all[0].Pipeline())
	}
	return store, all[0], nil
}

// A dataset is a data set with the pipeline that it is of.
type dataset struct {
	*load.Dataset
	of *config.Pipeline
}

// eachDataset opens the data sets of all pipelines that the command line names,
// or of all pipelines. That needs no variables of sources.
func (sh *shell) eachDataset(c *cli.Context) ([]dataset, error) {
	cfg, err := sh.project(c, unused)
	if err != nil {
		return nil, err
	}
	pipelines, err := cfg.Match(c.Args().Slice())
	if err != nil {
		return nil, err
	}
	store, err := sh.openExisting(cfg)
	if err != nil {
		return nil, err
	}
	var all []dataset
	for _, p := range pipelines {
		found := []*load.Dataset{store.Dataset(p.Name)}
		if p.Name == p.Stream { // it may have accounts that nobody needs here
			if found, err = store.Datasets(p.Stream); err != nil {
				return nil, err
			}
		}
		for _, d := range found {
			all = append(all, dataset{d, p})
		}
	}
	return all, nil
}

// openExisting opens the destination for commands that write nothing: they do
// not create it.
func (sh *shell) openExisting(cfg *config.Config) (*load.Store, error) {
	store, err := sh.openIfThere(cfg)
	if err == nil && store == nil {
		err = fault.New(fault.Config, "the destination %s does not exist yet", cfg.Destination).WithHint("etl run creates it")
	}
	return store, err
}

// openIfThere opens the destination, and returns nil if there is none yet.
func (sh *shell) openIfThere(cfg *config.Config) (*load.Store, error) {
	if _, err := os.Stat(cfg.Destination); errors.Is(err, fs.ErrNotExist) && !strings.Contains(cfg.Destination, "://") {
		return nil, nil
	}
	return sh.open(cfg.Destination, "")
}

// open opens a destination. The stage is where the user wants to have what stays
// on this machine; empty: where the environment says, or where it lies by default.
func (sh *shell) open(destination, stage string) (*load.Store, error) {
	if stage == "" {
		stage, _ = sh.lookup(envName("stage"))
	}
	return load.OpenWith(destination, load.Settings{Lookup: sh.lookup, Local: stage})
}

// unknownPipeline says which name may have been meant.
func unknownPipeline(cfg *config.Config, name string) error {
	if _, err := cfg.Select([]string{name}); err != nil {
		return err
	}
	return usage("%q is not the name of one pipeline", name)
}

func oneArgument(c *cli.Context) (string, error) {
	if c.NArg() != 1 {
		return "", usage("%s takes the name of one pipeline", c.Command.Name).WithHint("etl help %s", c.Command.Name)
	}
	return c.Args().First(), nil
}
