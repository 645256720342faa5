package main

import (
	"github.com/urfave/cli/v2"

	"etl/internal/pipeline"
)

// choiceFlags say what of the pipelines a run reads. With the same flags, plan
// tells what run does.
func (sh *shell) choiceFlags() []cli.Flag {
	return []cli.Flag{
		sh.text("since", "", "first instant of the slices to read: a `TIME` such as 2026-01-01 or 2026-01-01T00:00:00Z"),
		sh.text("until", "", "first instant after the slices to read: a `TIME`"),
		sh.toggle("missing", "read only slices that are not committed and closed"),
		sh.toggle("fresh", "use no page that an earlier run has kept"),
		sh.toggle("replay", "ask nothing: build from the pages that keep_pages has kept of the last committed reading"),
		sh.toggle("all-parents", "ask for every parent again, changed or not"),
		sh.toggle("new-source", "go on with a data set that was read from another address or account"),
		sh.text("rate-share", "", "`SHARE` of the sources' limits that this process may use: 0.25 or 1/4"),
		sh.text("stage", "", "`FOLDER` for pages that are kept in case the run breaks off"),
	}
}

// choice turns these flags, and the names of pipelines, into settings of a run.
func (sh *shell) choice(c *cli.Context) (o pipeline.Options, err error) {
	if o.RateShare, err = parseShare(c.String("rate-share")); err != nil {
		return o, err
	}
	if o.Config, err = sh.project(c, c.Args().Slice()...); err != nil {
		return o, err
	}
	if o.Pipelines, err = o.Config.Select(c.Args().Slice()); err != nil {
		return o, err
	}
	zone := zoneOf(o.Pipelines)
	if o.Since, err = parseInstant(c.String("since"), zone); err != nil {
		return o, err
	}
	if o.Until, err = parseInstant(c.String("until"), zone); err != nil {
		return o, err
	}
	o.Missing, o.Fresh, o.Replay, o.AllParents = c.Bool("missing"), c.Bool("fresh"), c.Bool("replay"), c.Bool("all-parents")
	o.NewSource, o.StageDir = c.Bool("new-source"), c.String("stage")
	return o, nil
}
