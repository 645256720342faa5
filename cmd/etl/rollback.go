package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"etl/internal/pipeline"
	"etl/load"
)

func (sh *shell) rollbackCommand() *cli.Command {
	return &cli.Command{
		Name:  "rollback",
		Usage: "make a commit with the state of an older one",
		Description: "Brings back the rows, slices and proof of an older commit as a new commit, as long\n" +
			"as its files are kept (keep_replaced). Nothing is asked of the API. It also ends a\n" +
			"commit that can never be published because a file of it is lost.\n\n" + examples(
			"etl log requests", "which commits are there?",
			"etl rollback requests --to 3", "back to commit 3"),
		ArgsUsage: "PIPELINE",
		Flags: append(sh.projectFlags(),
			&cli.Int64Flag{Name: "to", Usage: "`NUMBER` of the commit to go back to", EnvVars: sh.variable("to")},
			sh.text("run-id", "", "`NAME` of the run in its commits, for people"),
			sh.toggle("json", "one line of JSON"),
		),
		Action: sh.rollback,
	}
}

// A restored is what rollback prints as JSON.
type restored struct {
	Pipeline string `json:"pipeline"`
	Commit   int64  `json:"commit"`   // newest now
	Restores int64  `json:"restores"` // whose state it has
	Rows     int64  `json:"rows"`
	Files    int    `json:"files"`
	Changed  bool   `json:"changed"` // false: the state was the same already
}

func (sh *shell) rollback(c *cli.Context) (err error) {
	to := c.Int64("to")
	if to < 1 {
		return usage("rollback needs the number of a commit").WithHint("etl log %s lists them; then --to NUMBER", c.Args().First())
	}
	_, d, err := sh.dataset(c)
	if err != nil {
		return err
	}
	unlock, err := d.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	before, err := d.Newest()
	if err != nil {
		return err
	}
	by := load.Author{Run: pipeline.NewRunID(), Label: c.String("run-id"), Version: version(), Time: sh.now().UTC()}
	commit, err := d.Rollback(c.Context, to, by)
	if err != nil {
		return err
	}
	r := restored{d.Pipeline(), commit.Number, to, commit.Rows(), len(commit.Files), before == nil || commit.Number != before.Number}
	if c.Bool("json") {
		return json.NewEncoder(sh.stdout).Encode(r)
	}
	if !r.Changed {
		_, err = fmt.Fprintf(sh.stdout, "%s has the state of commit %d already, in commit %d\n", r.Pipeline, to, r.Commit)
		return err
	}
	_, err = fmt.Fprintf(sh.stdout, "%s is back to commit %d: commit %d, %s in %s\n", r.Pipeline, to, r.Commit,
		count(r.Rows, "row"), count(int64(r.Files), "file"))
	return err
}
