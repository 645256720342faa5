package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"etl/internal/pipeline"
)

func (sh *shell) previewCommand() *cli.Command {
	return &cli.Command{
		Name:  "preview",
		Usage: "show the first rows of a pipeline, and write nothing",
		Description: "Reads one page, the first of the first parent if there are parents, and prints its rows\nas lines of JSON. What does not fit the schema is told on stderr.\n\n" + examples(
			"etl preview request_list --rows 3", "does the schema fit?",
			"etl preview request_list | jq .price", "look at one column"),
		ArgsUsage: "PIPELINE",
		Flags: append(sh.projectFlags(),
			&cli.Int64Flag{Name: "rows", Value: 10, Usage: "`NUMBER` of rows at most", EnvVars: sh.variable("rows")},
		),
		Action: sh.preview,
	}
}

func (sh *shell) preview(c *cli.Context) error {
	if c.Int64("rows") < 1 {
		return usage("--rows is 1 or more")
	}
	cfg, p, err := sh.pipeline(c)
	if err != nil {
		return err
	}
	o := pipeline.Options{Config: cfg}
	if hasParents(p) {
		if o.Store, err = sh.openExisting(cfg); err != nil {
			return err
		}
	}
	sample, err := pipeline.Preview(c.Context, o, p, c.Int64("rows"))
	if err != nil {
		return err
	}
	notes(sh.stderr, sample)
	for _, row := range sample.Rows {
		if _, err := fmt.Fprintf(sh.stdout, "%s\n", row); err != nil {
			return err
		}
	}
	return nil
}

// notes tells what of a page does not fit the schema, by names and places, not
// by values.
func notes(w io.Writer, s *pipeline.Sample) {
	if s.Gone {
		fmt.Fprintln(w, "the API does not know the first parent any more")
		return
	}
	fmt.Fprintf(w, "%d of %s on the first page", len(s.Rows), count(int64(s.Records), "record"))
	if s.Total >= 0 {
		fmt.Fprintf(w, ", of %s in all", grouped(s.Total))
	}
	fmt.Fprintln(w)
	for _, r := range s.Rejects {
		fmt.Fprintf(w, "record %d does not fit: %s: %s\n", r.Record+1, r.Path, r.Reason)
	}
	for _, path := range slices.Sorted(maps.Keys(s.Unknown)) {
		fmt.Fprintf(w, "not in the schema: %s (%s)\n", path, count(s.Unknown[path], "time"))
	}
}
