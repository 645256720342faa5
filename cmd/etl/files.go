package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"etl/internal/fault"
	"etl/load"
)

func (sh *shell) filesCommand() *cli.Command {
	return &cli.Command{
		Name:  "files",
		Usage: "list the live files of a data set",
		Description: examples(
			"etl files requests", "one name a line",
			"etl files requests --json", "with rows, bytes and partitions"),
		ArgsUsage: "PIPELINE",
		Flags: append(sh.projectFlags(),
			&cli.Int64Flag{Name: "commit", Usage: "`NUMBER` of a commit whose files are all still live (default: the newest)", EnvVars: sh.variable("commit")},
			sh.toggle("json", "one line of JSON: pipeline, commit, and of each file path, rows, bytes and partition"),
		),
		Action: sh.files,
	}
}

// A listing is what files prints as JSON.
type listing struct {
	Pipeline string           `json:"pipeline"`
	Commit   int64            `json:"commit,omitempty"`
	Commits  map[string]int64 `json:"commits,omitempty"` // of each account, in place of commit
	Files    []listedFile     `json:"files"`
}

type listedFile struct {
	Account   string            `json:"_account,omitempty"`
	Path      string            `json:"path"` // absolute, or an address
	Rows      int64             `json:"rows"`
	Bytes     int64             `json:"bytes"`
	Partition map[string]string `json:"partition,omitempty"`
}

func (sh *shell) files(c *cli.Context) error {
	store, datasets, err := sh.datasets(c)
	if err != nil {
		return err
	}
	if len(datasets) > 1 && c.Int64("commit") != 0 {
		return usage("--commit needs the name of one account").WithHint("such as %s", datasets[0].Pipeline())
	}
	list := listing{Pipeline: c.Args().First(), Files: []listedFile{}}
	for _, d := range datasets {
		commit, err := liveCommit(d, c.Int64("commit"))
		if err != nil {
			return err
		}
		list.add(store, commit)
	}
	if c.Bool("json") {
		return json.NewEncoder(sh.stdout).Encode(list)
	}
	for _, f := range list.Files {
		fmt.Fprintln(sh.stdout, f.Path)
	}
	return nil
}

// add lists the files of a commit.
func (l *listing) add(store *load.Store, c *load.Commit) {
	stream, account, _ := strings.Cut(c.Pipeline, "@")
	if l.Pipeline == stream && account != "" {
		if l.Commits == nil {
			l.Commits = map[string]int64{}
		}
		l.Commits[account] = c.Number
	} else {
		l.Commit = c.Number
	}
	for _, f := range c.Files {
		path := store.Address(f.Path)
		l.Files = append(l.Files, listedFile{account, path, f.Rows, f.Bytes, f.Partition})
	}
}

// liveCommit returns the newest published commit, or an earlier one whose files
// are all still in place. 0 is the newest.
func liveCommit(d *load.Dataset, number int64) (*load.Commit, error) {
	newest, err := d.Published()
	if err != nil {
		return nil, err
	}
	if newest == nil {
		return nil, fault.New(fault.Config, "the data set of %s has no commit yet", d.Pipeline()).WithHint("etl run %s", d.Pipeline())
	}
	if number == 0 || number == newest.Number {
		return newest, nil
	}
	if number < 1 || number > newest.Number {
		return nil, usage("the data set of %s has no commit %d", d.Pipeline(), number).WithHint("its commits are 1 to %d", newest.Number)
	}
	commit, err := d.At(number)
	if err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for _, f := range newest.Files {
		live[f.Path] = true
	}
	for _, f := range commit.Files {
		if !live[f.Path] {
			return nil, usage("files of commit %d of %s are not live any more", number, d.Pipeline()).
				WithHint("those of the newest commit, %d, are", newest.Number)
		}
	}
	return commit, nil
}
