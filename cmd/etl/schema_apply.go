package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"etl/internal/pipeline"
)

// schemaApply writes the live files of data sets anew, by the schema that their
// pipeline has now.
func (sh *shell) schemaApply(c *cli.Context, arguments []string) error {
	cfg, err := sh.project(c, arguments...)
	if err != nil {
		return err
	}
	selected, err := cfg.Select(arguments)
	if err != nil {
		return err
	}
	o := pipeline.Options{Config: cfg, Version: version()}
	if o.Reserve, err = parseReserve(c.String("disk-reserve")); err != nil {
		return err
	}
	if o.Store, err = sh.open(cfg.Destination, ""); err != nil {
		return err
	}
	for _, p := range selected {
		applied, err := pipeline.Apply(c.Context, o, p, c.Bool("null"))
		if err != nil {
			return err
		}
		if err := sh.tellApplied(p.Name, applied); err != nil {
			return err
		}
	}
	return nil
}

func (sh *shell) tellApplied(name string, a *pipeline.Applied) error {
	if !a.Changed {
		_, err := fmt.Fprintf(sh.stdout, "%s: its files have these columns already, in commit %d\n", name, a.Commit)
		return err
	}
	text := fmt.Sprintf("%s: commit %d, %s written anew in %s", name, a.Commit, count(a.Rows, "row"), count(int64(a.Files), "file"))
	if a.Taken > 0 {
		text += fmt.Sprintf(", %d of them by a run that was stopped", a.Taken)
	}
	if len(a.Added) > 0 {
		text += "; new: " + strings.Join(a.Added, ", ")
	}
	if len(a.Dropped) > 0 {
		text += "; gone: " + strings.Join(a.Dropped, ", ")
	}
	_, err := fmt.Fprintln(sh.stdout, text)
	return err
}
