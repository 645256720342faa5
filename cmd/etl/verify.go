package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"etl/internal/fault"
)

func (sh *shell) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "hold data sets against their newest commits",
		Description: "Reads every live file: it must be there with its hash, its rows, the columns of the\n" +
			"schema and the partition of its folder, and the counts of the commit must add up.\n" +
			"With --deep no key may come twice. What is wrong is listed; the exit code is 7 then.\n\n" + examples(
			"etl verify", "all data sets",
			"etl verify --deep requests", "the keys too",
			"etl verify requests --json", "for a script"),
		ArgsUsage: "[PIPELINE|GLOB…]",
		Flags: append(append(sh.projectFlags(), sh.againstFlags()...),
			sh.toggle("deep", "read all keys, and look for those that come twice"),
			sh.toggle("json", "a line of JSON for each data set"),
		),
		Action: sh.verify,
	}
}

// A verified is what verify prints of a data set as JSON.
type verified struct {
	Pipeline string         `json:"pipeline"`
	Commit   int64          `json:"commit"` // 0: none yet
	Files    int            `json:"files"`
	Rows     int64          `json:"rows"`
	Findings []verifiedFile `json:"findings"`
}

type verifiedFile struct {
	File string `json:"file"`
	What string `json:"what"`
}

func (sh *shell) verify(c *cli.Context) error {
	if c.String("against") != "" {
		return sh.verifyAgainst(c)
	}
	all, err := sh.eachDataset(c)
	if err != nil {
		return err
	}
	bad := 0
	for _, d := range all {
		v, err := verifyDataset(d, c.Bool("deep"))
		if fault.Of(err) == fault.Storage { // it stops no other data set
			v.Findings, err = append(v.Findings, verifiedFile{"_etl/" + d.Pipeline(), err.Error()}), nil
		}
		if err != nil {
			return err
		}
		bad += len(v.Findings)
		if err := sh.tellVerified(v, c.Bool("json")); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fault.New(fault.Storage, "%s", count(int64(bad), "finding")).
			WithHint("etl rollback brings back an older commit; etl run --fresh reads it again")
	}
	return nil
}

func verifyDataset(d dataset, deep bool) (v verified, err error) {
	v = verified{Pipeline: d.Pipeline(), Findings: []verifiedFile{}}
	commit, err := d.Published()
	if err != nil || commit == nil {
		return v, err
	}
	v.Commit, v.Files, v.Rows = commit.Number, len(commit.Files), commit.Rows()
	findings, err := d.Verify(commit, deep)
	for _, f := range findings {
		v.Findings = append(v.Findings, verifiedFile{f.File, f.What})
	}
	return v, err
}

func (sh *shell) tellVerified(v verified, asJSON bool) error {
	switch {
	case asJSON:
		return json.NewEncoder(sh.stdout).Encode(v)
	case v.Commit == 0:
		fmt.Fprintf(sh.stdout, "%s: no commit yet\n", v.Pipeline)
	case len(v.Findings) == 0:
		fmt.Fprintf(sh.stdout, "%s: ok, commit %d, %s in %s\n", v.Pipeline, v.Commit, count(v.Rows, "row"), count(int64(v.Files), "file"))
	}
	for _, f := range v.Findings {
		fmt.Fprintf(sh.stdout, "%s: %s: %s\n", v.Pipeline, f.File, f.What)
	}
	return nil
}
