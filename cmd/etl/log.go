package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"etl/internal/config"
	"etl/internal/pipeline"
	"etl/load"
)

func (sh *shell) logCommand() *cli.Command {
	return &cli.Command{
		Name:  "log",
		Usage: "list the commits of a data set, the newest first",
		Description: "With --gaps it lists the slices that are over and not committed as closed: those that\n" +
			"run --missing would read. None is a data set without gaps.\n\n" + examples(
			"etl log requests", "the newest 20 commits",
			"etl log -n 0 --json requests", "all, a line of JSON each",
			"etl log projects_filtered --gaps", "what is missing"),
		ArgsUsage: "PIPELINE",
		Flags: append(sh.projectFlags(),
			&cli.Int64Flag{Name: "number", Aliases: []string{"n"}, Value: 20, Usage: "`NUMBER` of commits at most; 0: all", EnvVars: sh.variable("number")},
			sh.toggle("gaps", "list slices that miss, instead of commits"),
			sh.toggle("json", "a line of JSON for each commit or slice"),
		),
		Action: sh.log,
	}
}

func (sh *shell) log(c *cli.Context) error {
	if c.Int64("number") < 0 {
		return usage("--number is 0 or more")
	}
	_, datasets, err := sh.datasets(c)
	if err != nil {
		return err
	}
	for _, d := range datasets {
		if len(datasets) > 1 && !c.Bool("json") {
			fmt.Fprintln(sh.stdout, d.Pipeline())
		}
		if c.Bool("gaps") {
			err = sh.gaps(c, d)
		} else {
			err = sh.commits(d, c.Int64("number"), c.Bool("json"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A loggedCommit is a commit as log prints it.
type loggedCommit struct {
	Pipeline  string         `json:"pipeline"`
	Commit    int64          `json:"commit"`
	Published bool           `json:"published"`
	Time      time.Time      `json:"time"`
	Run       string         `json:"run"`
	Label     string         `json:"label,omitempty"`
	Restores  int64          `json:"restores,omitempty"` // commit that a rollback brought back
	Proof     string         `json:"proof"`
	Rows      int64          `json:"rows"`  // live since
	Files     int            `json:"files"` // live since
	Added     int            `json:"added"` // files
	AddedRows int64          `json:"added_rows"`
	Dropped   int            `json:"dropped"` // files
	Drifted   []load.Drifted `json:"drifted,omitempty"`
	Checks    []load.Check   `json:"checks,omitempty"`
	Counts    load.Counts    `json:"counts"`
	Slices    []string       `json:"slices,omitempty"` // that it read
}

// commits lists commits.
func (sh *shell) commits(d *load.Dataset, most int64, asJSON bool) error {
	rows := [][]string{{"commit", "time", "rows", "files", "read", "rejected", "proof"}}
	for e, err := range d.Log() {
		if err != nil {
			return err
		}
		if asJSON {
			if err := json.NewEncoder(sh.stdout).Encode(logged(d.Pipeline(), e)); err != nil {
				return err
			}
		} else {
			rows = append(rows, logRow(e))
		}
		if most--; most == 0 {
			break
		}
	}
	if len(rows) > 1 {
		writeTable(sh.stdout, rows)
		return nil
	}
	if !asJSON {
		fmt.Fprintf(sh.stderr, "the data set of %s has no commit yet\n", d.Pipeline())
	}
	return nil
}

// logRow is the row of a commit in the table for people.
func logRow(e load.Entry) []string {
	notes := []string{e.Proof}
	if !e.Published {
		notes = append(notes, "not published")
	}
	if e.Restores > 0 {
		notes = append(notes, fmt.Sprintf("back to commit %d", e.Restores))
	} else if names := sliceNames(e.Slices); len(names) > 0 {
		notes = append(notes, "slice "+strings.Join(names, ", "))
	}
	if e.Label != "" {
		notes = append(notes, e.Label)
	}
	if text := driftNote(e.Drifted); text != "" {
		notes = append(notes, text)
	}
	return []string{
		strconv.FormatInt(e.Number, 10), e.Time.UTC().Format(time.RFC3339), grouped(e.Rows), grouped(int64(e.Files)),
		grouped(e.Counts.Served), grouped(e.Counts.Rejected), strings.Join(notes, "; "),
	}
}

// driftNote tells what drift a commit was the first to see. Members that the
// schema does not know are there at every commit: they stand in --json.
func driftNote(drifted []load.Drifted) string {
	drifted = slices.DeleteFunc(slices.Clone(drifted), func(d load.Drifted) bool { return d.Kind == load.UnknownField })
	switch len(drifted) {
	case 0:
		return ""
	case 1:
		return pipeline.DriftText(drifted[0])
	}
	return fmt.Sprintf("%s, and %s drifted", pipeline.DriftText(drifted[0]), count(int64(len(drifted)-1), "more field"))
}

func logged(name string, e load.Entry) loggedCommit {
	return loggedCommit{
		Pipeline: name, Commit: e.Number, Published: e.Published, Time: e.Time, Run: e.Run, Label: e.Label, Restores: e.Restores,
		Proof: e.Proof, Rows: e.Rows, Files: e.Files, Added: e.Added, AddedRows: e.AddedRows, Dropped: e.Dropped,
		Drifted: e.Drifted, Checks: e.Checks, Counts: e.Counts, Slices: sliceNames(e.Slices),
	}
}

// sliceNames returns where slices begin, in their zone; none for a data set without a window.
func sliceNames(all []load.Slice) (names []string) {
	for _, s := range all {
		if !s.Since.IsZero() {
			names = append(names, strings.TrimSuffix(s.Since.Format("2006-01-02T15:04"), "T00:00"))
		}
	}
	return names
}

// gaps lists the slices that miss.
func (sh *shell) gaps(c *cli.Context, d *load.Dataset) error {
	cfg, err := sh.project(c, unused)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(cfg.Pipelines, func(p *config.Pipeline) bool { return p.Name == d.Pipeline() })
	if i < 0 {
		return usage("the configuration has no account of that name any more: %s", d.Pipeline())
	}
	newest, err := d.Newest()
	if err != nil {
		return err
	}
	gaps, err := pipeline.Gaps(cfg.Pipelines[i], newest, sh.now())
	if err != nil {
		return err
	}
	rows := [][]string{{"slice", "since", "state"}}
	for _, g := range gaps {
		if c.Bool("json") {
			if err := json.NewEncoder(sh.stdout).Encode(loggedGap{d.Pipeline(), g}); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{g.Slice, g.Since.Format(time.RFC3339), g.State})
	}
	if len(gaps) == 0 {
		fmt.Fprintf(sh.stderr, "%s has no gaps\n", d.Pipeline())
		return nil
	}
	if len(rows) > 1 {
		writeTable(sh.stdout, rows)
	}
	fmt.Fprintf(sh.stderr, "next: etl run%s --missing %s\n", fileFlag(c.String("file")), d.Pipeline())
	return nil
}

// A loggedGap is a slice that misses, as log prints it.
type loggedGap struct {
	Pipeline string `json:"pipeline"`
	pipeline.Gap
}
