package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"etl/internal/fault"
	"etl/load"
)

func (sh *shell) rejectsCommand() *cli.Command {
	return &cli.Command{
		Name:  "rejects",
		Usage: "show the records that were set aside, and why",
		Description: "Shows page, record, place and reason, and the record as it was sent, of the newest\n" +
			"commit. With --failed those that failed runs have left, the newest run first. Pages\n" +
			"and records count from 1.\n\n" + examples(
			"etl rejects requests", "what the newest commit left out",
			"etl rejects --failed requests", "why did the run fail?",
			"etl rejects requests --limit 0 --json", "all, a line of JSON each"),
		ArgsUsage: "PIPELINE",
		Flags: append(sh.projectFlags(),
			sh.toggle("failed", "of runs that failed, instead of the newest commit"),
			&cli.Int64Flag{Name: "limit", Value: 20, Usage: "`NUMBER` of records at most; 0: all", EnvVars: sh.variable("limit")},
			sh.toggle("json", "a line of JSON for each record"),
		),
		Action: sh.rejects,
	}
}

// A rejected is a record that was set aside, as rejects prints it.
type rejected struct {
	Pipeline string `json:"pipeline"`
	Commit   int64  `json:"commit,omitempty"`
	Run      string `json:"run,omitempty"` // that failed
	Unit     string `json:"unit"`
	Page     int64  `json:"page"`   // from 1
	Record   int64  `json:"record"` // from 1
	Path     string `json:"path"`
	Column   string `json:"column"`
	Reason   string `json:"reason"`
	Raw      string `json:"raw"` // as it was sent
}

func (sh *shell) rejects(c *cli.Context) error {
	if c.Int64("limit") < 0 {
		return usage("--limit is 0 or more")
	}
	_, datasets, err := sh.datasets(c)
	if err != nil {
		return err
	}
	l := &rejectList{sh: sh, json: c.Bool("json"), left: c.Int64("limit"), all: c.Int64("limit") == 0}
	for _, d := range datasets {
		if c.Bool("failed") {
			err = l.failed(d)
		} else {
			err = l.committed(d)
		}
		if errors.Is(err, errEnough) {
			fmt.Fprintln(sh.stderr, "there are more: --limit 0 shows all")
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// errEnough ends a list at its limit.
var errEnough = errors.New("enough")

// A rejectList prints records until its limit.
type rejectList struct {
	sh   *shell
	json bool
	left int64
	all  bool
}

// committed prints those of the newest commit.
func (l *rejectList) committed(d *load.Dataset) error {
	commit, err := liveCommit(d, 0)
	if err != nil {
		return err
	}
	if commit.Rejects == nil {
		fmt.Fprintf(l.sh.stderr, "commit %d of %s set no record aside\n", commit.Number, d.Pipeline())
		return nil
	}
	l.head("commit %d of %s, %s set aside", commit.Number, d.Pipeline(), count(commit.Rejects.Rows, "record"))
	return d.Rejects(commit, func(r load.Reject) error {
		return l.print(rejected{Pipeline: d.Pipeline(), Commit: commit.Number}, r)
	})
}

// failed prints those of runs that failed. What a killed run was just writing
// cannot be read, which is told.
func (l *rejectList) failed(d *load.Dataset) error {
	runs, err := d.FailedRuns()
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		fmt.Fprintf(l.sh.stderr, "no failed run of %s has left records\n", d.Pipeline())
	}
	for _, run := range runs {
		l.head("run %s of %s, ended %s", run.Run, d.Pipeline(), run.Time.UTC().Format(time.RFC3339))
		err := d.RejectsOf(run, func(r load.Reject) error {
			return l.print(rejected{Pipeline: d.Pipeline(), Run: run.Run}, r)
		})
		if fault.Of(err) == fault.Storage && !errors.Is(err, errEnough) {
			fmt.Fprintf(l.sh.stderr, "%v: it goes on still, or it was killed\n", err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *rejectList) head(format string, args ...any) {
	if !l.json {
		fmt.Fprintf(l.sh.stdout, format+"\n", args...)
	}
}

func (l *rejectList) print(as rejected, r load.Reject) error {
	if l.left == 0 && !l.all {
		return errEnough
	}
	l.left--
	as.Unit, as.Page, as.Record = r.Unit, r.Page, r.Record+1
	as.Path, as.Column, as.Reason, as.Raw = r.Path, r.Column, r.Reason, r.Raw
	if l.json {
		e := json.NewEncoder(l.sh.stdout)
		e.SetEscapeHTML(false)
		return e.Encode(as)
	}
	unit := ""
	if as.Unit != "all" {
		unit = "unit " + as.Unit + ", "
	}
	_, err := fmt.Fprintf(l.sh.stdout, "%spage %d, record %d, %s: %s\n  %s\n", unit, as.Page, as.Record, as.Path, as.Reason, as.Raw)
	return err
}
