package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"etl"
	"etl/internal/config"
	"etl/internal/crmsim"
	"etl/internal/fault"
	"etl/internal/pipeline"
	"etl/load"
)

func (sh *shell) demoCommand() *cli.Command {
	return &cli.Command{
		Name:        "demo",
		Usage:       "fill a folder with made-up records, without an API",
		Description: "Serves the APIs on this machine and runs all pipelines against them.",
		Flags: slices.Concat(sh.simFlags(1), sh.profileFlags(), []cli.Flag{
			sh.text("out", "./lake-demo", "`FOLDER` for the data sets"),
			sh.text("summary-file", "", "`FILE` for the summary"),
			sh.toggle("quiet", "no progress", "q"),
		}),
		Action: sh.demo,
	}
}

func (sh *shell) demo(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	s, err := sh.runDemo(c)
	if err != nil {
		err = stoppedBy(c.Context, err)
		sh.tell(err)
		s = broken(err)
	}
	if len(s.Pipelines) > 0 {
		table(sh.stdout, s.Pipelines)
	}
	tellFailures(sh.stderr, s, "pipelines.yaml")
	if s.Exit == 0 {
		suggest(sh.stdout, c.String("out"))
	}
	if err := (delivery{file: c.String("summary-file")}).deliver(s); err != nil {
		return err
	}
	return ended(s.Exit)
}

// runDemo runs all pipelines against a server of this process.
func (sh *shell) runDemo(c *cli.Context) (s *pipeline.Summary, err error) {
	finish, err := profile(c)
	if err != nil {
		return nil, err
	}
	defer func() { sh.tell(finish()) }()
	server, err := crmsim.New(crmsim.Options{Seed: c.Uint64("seed"), Scale: c.Float64("scale")})
	if err != nil {
		return nil, usage("%w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(c.Context, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.New(fault.Storage, "listening: %w", err)
	}
	env := server.Ready(listener).Env
	ctx, stop := context.WithCancel(c.Context)
	served := make(chan error, 1)
	go func() { served <- crmsim.Serve(ctx, listener, server) }()
	defer func() {
		stop()
		err = errors.Join(err, <-served)
	}()
	o, err := demoOptions(env, c.String("out"))
	if err != nil {
		return nil, err
	}
	report := sh.reporter("text", c.Bool("quiet"))
	defer report.end()
	o.Log, o.Progress = report.log, report.progress
	report.begin(names(o.Pipelines))
	s, err = pipeline.Run(c.Context, o)
	if err == nil {
		settle(c.Context, s, false)
	}
	return s, err
}

// demoOptions are the settings of a run of all pipelines of the binary. The
// folder may hold the records of an earlier demo, with another seed.
func demoOptions(env map[string]string, out string) (o pipeline.Options, err error) {
	env["ETL_DESTINATION"] = out
	lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	o = pipeline.Options{Version: version(), NewSource: true, AllowShrink: true, Fresh: true}
	o.Config, err = config.Parse("pipelines.yaml", etl.Pipelines(), config.Options{Lookup: lookup, Schemas: etl.Schemas()})
	if err != nil {
		return o, err
	}
	o.Pipelines = o.Config.Pipelines
	o.Store, err = load.Open(o.Config.Destination)
	return o, err
}

// suggest prints queries to try.
func suggest(w io.Writer, out string) {
	queries := []struct{ pipeline, query string }{
		{"requests", "SELECT status_label, count(*) AS requests, median(price) AS price FROM requests GROUP BY ALL ORDER BY requests DESC"},
		{"workshop_resources", "SELECT inventory_group.unit_type_label AS unit, count(*) AS resources, median(price) AS price FROM workshop_resources GROUP BY ALL ORDER BY unit"},
		{"sales_funnels", "SELECT stage_status_label, count(*) AS stages FROM sales_funnels__stages GROUP BY ALL ORDER BY stages DESC"},
	}
	fmt.Fprintf(w, "\nThe data sets are in %s. Look at them with DuckDB:\n\n", out)
	for _, q := range queries {
		view := filepath.ToSlash(filepath.Join(out, "views", q.pipeline+".sql"))
		fmt.Fprintf(w, "  duckdb -c %s -c %s\n", shellQuote(".read "+dotQuote(view)), shellQuote(q.query))
	}
}

// dotQuote quotes a file name for a dot command of DuckDB's shell.
func dotQuote(name string) string {
	if shellQuote(name) == name {
		return name
	}
	return "'" + name + "'"
}
