package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path"
	"slices"

	"github.com/urfave/cli/v2"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/load/warehouse"
)

func (sh *shell) loadCommand() *cli.Command {
	return &cli.Command{
		Name:  "load",
		Usage: "bring data sets into DuckDB or BigQuery",
		Description: "Loads the newest commit of each pipeline, exactly once however often it is called.\n\n" + examples(
			"etl load duckdb '*' --database crm.duckdb", "all pipelines into tables",
			"etl load duckdb requests --database crm.duckdb --mode view", "a view over the files",
			"etl load duckdb requests --print", "only the SQL",
			"etl load bigquery '*' --project acme --dataset crm", "into BigQuery",
			"etl load bigquery requests --project acme --dataset crm --print", "the SQL and the jobs"),
		ArgsUsage: "duckdb|bigquery PIPELINE|GLOB…",
		Flags: append(append(sh.projectFlags(), sh.warehouseFlags()...),
			sh.text("mode", "table", "duckdb: `FORM` of what is made: table, or view over the Parquet files"),
			sh.toggle("print", "print the SQL, and run none"),
			sh.toggle("json", "one line of JSON per pipeline: pipeline, commit, rows, added and dropped parts"),
		),
		Action: sh.load,
	}
}

// warehouseFlags say which warehouse is meant.
func (sh *shell) warehouseFlags() []cli.Flag {
	return []cli.Flag{
		sh.text("database", "", "duckdb: `FILE` of the database"),
		sh.text("duckdb", "", "duckdb: its command line `PROGRAM` (default: duckdb, if there is one)"),
		sh.text("project", "", "bigquery: `ID` of the project"),
		sh.text("dataset", "", "bigquery: `NAME` of the dataset"),
		sh.text("location", "", "bigquery: `PLACE` where the dataset lies, as EU (default: it is asked for)"),
		sh.text("endpoint", "", "bigquery: `URL` of a server that stands in for it; it gets no credentials"),
	}
}

// A target is a warehouse.
type target interface {
	Load(context.Context, warehouse.Stream) (warehouse.Result, error)
	Script(context.Context, warehouse.Stream) (string, error) // what Load would run
	Verify(context.Context, warehouse.Stream) (warehouse.Result, error)
}

// load loads streams one after the other. One that fails stops no other.
func (sh *shell) load(c *cli.Context) error {
	if c.NArg() < 2 {
		return usage("load takes the name of a warehouse and of pipelines").WithHint("etl load duckdb 'PIPELINE' --database FILE")
	}
	root, streams, err := sh.streams(c, c.Args().Tail())
	if err != nil {
		return err
	}
	to, prints, err := sh.target(c, c.Args().First(), root)
	if err != nil {
		return err
	}
	if prints {
		fmt.Fprintln(sh.stderr, "etl: there is no program duckdb: this is the SQL that makes each table anew; name the program with --duckdb to have it run")
	}
	return sh.each(c, streams, func(s warehouse.Stream) error {
		if prints || c.Bool("print") {
			script, err := to.Script(c.Context, s)
			fmt.Fprint(sh.stdout, script)
			return err
		}
		r, err := to.Load(c.Context, s)
		if err != nil {
			return err
		}
		return sh.tellLoaded(r, c.Bool("json"))
	})
}

// each does something with each stream, and tells at once what goes wrong.
func (sh *shell) each(c *cli.Context, streams []warehouse.Stream, do func(warehouse.Stream) error) error {
	var failed []error
	for _, s := range streams {
		err := do(s)
		if c.Context.Err() != nil {
			return stoppedBy(c.Context, c.Context.Err())
		}
		if err != nil {
			sh.tell(err)
			failed = append(failed, err)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return ended(fault.Exit(failed...))
}

// target returns the warehouse of a name, for data sets of a destination. One
// that nothing can be run on only prints.
func (sh *shell) target(c *cli.Context, name, root string) (to target, prints bool, err error) {
	switch name {
	case "duckdb":
		return sh.duckdb(c)
	case "bigquery":
		to, err = bigQuery(c, root)
		return to, false, err
	}
	return nil, false, usage("there is no warehouse %q", name).WithHint("duckdb or bigquery")
}

// duckdb returns the database that the command line names.
func (sh *shell) duckdb(c *cli.Context) (to target, prints bool, err error) {
	w := warehouse.DuckDB{Program: c.String("duckdb"), Database: c.String("database"), Views: c.String("mode") == "view"}
	if mode := c.String("mode"); mode != "table" && mode != "view" && mode != "" {
		return nil, false, usage("--mode is table or view, not %q", mode)
	}
	if w.Database == "" && c.Bool("print") {
		w.Program = "" // there is nothing to look into
		return w, false, nil
	}
	if w.Database == "" {
		return nil, false, usage("--database names no file").WithHint("etl load duckdb %s --database warehouse.duckdb", c.Args().Get(1))
	}
	if w.Program != "" {
		return w, false, nil
	}
	if w.Program, err = exec.LookPath("duckdb"); err == nil {
		return w, false, nil
	}
	w.Program = ""
	return w, true, nil
}

// bigQuery returns the dataset that the command line names.
func bigQuery(c *cli.Context, root string) (target, error) {
	w := warehouse.BigQuery{
		Project: c.String("project"), Dataset: c.String("dataset"), Location: c.String("location"), Endpoint: c.String("endpoint"), Root: root,
	}
	if w.Project == "" || w.Dataset == "" {
		return nil, usage("--project and --dataset name the dataset of BigQuery").WithHint("etl load bigquery %s --project ID --dataset NAME", c.Args().Get(1))
	}
	var err error
	switch {
	case c.Bool("print"): // nothing is asked
	case w.Endpoint != "":
		w.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	default:
		w.Client, err = warehouse.Credentials(c.Context)
	}
	return w, err
}

// streams returns the destination and what the names and globs of pipelines stand for. The name of
// one account's pipeline stands for all accounts. Variables of sources are not
// needed.
func (sh *shell) streams(c *cli.Context, patterns []string) (root string, streams []warehouse.Stream, err error) {
	cfg, err := sh.project(c, unused)
	if err != nil {
		return "", nil, err
	}
	pipelines, err := matching(cfg, patterns)
	if err != nil {
		return "", nil, err
	}
	store, err := sh.openExisting(cfg)
	if err != nil {
		return "", nil, err
	}
	for _, p := range pipelines {
		if slices.ContainsFunc(streams, func(s warehouse.Stream) bool { return s.Name == p.Stream }) {
			continue
		}
		sets, err := store.Datasets(p.Stream)
		if err != nil {
			return "", nil, err
		}
		streams = append(streams, warehouse.Stream{Name: p.Stream, Datasets: sets, Schema: p.Schema})
	}
	return store.Path(), streams, nil
}

// matching returns the pipelines that names and globs stand for, by their own
// name or by that of their stream, whatever variables are set.
func matching(cfg *config.Config, patterns []string) (pipelines []*config.Pipeline, err error) {
	for _, pattern := range patterns {
		before := len(pipelines)
		for _, p := range cfg.Pipelines {
			byName, err := path.Match(pattern, p.Name)
			byStream, _ := path.Match(pattern, p.Stream)
			if err == nil && (byName || byStream) {
				pipelines = append(pipelines, p)
			}
		}
		if len(pipelines) == before {
			return nil, unknownPipeline(cfg, pattern)
		}
	}
	return pipelines, nil
}

// tellLoaded prints what a load has done.
func (sh *shell) tellLoaded(r warehouse.Result, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(sh.stdout).Encode(r)
	}
	_, err := fmt.Fprintf(sh.stdout, "%s: %s, %s rows; %s added, %d dropped\n",
		r.Pipeline, ofCommits(r), grouped(r.Rows), count(int64(r.Added), "part"), r.Dropped)
	return err
}

// ofCommits names the commits of a result.
func ofCommits(r warehouse.Result) string {
	if r.Commits != nil {
		return "the newest commits of " + count(int64(len(r.Commits)), "account")
	}
	return fmt.Sprintf("commit %d", r.Commit)
}
