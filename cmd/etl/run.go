package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/urfave/cli/v2"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/pipeline"
)

// nothingToDo is the exit code, with --empty-is-99, of a run that found its data
// sets up to date. Airflow takes it for "skipped".
const nothingToDo = 99

func (sh *shell) runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "read pipelines and commit what they delivered",
		Description: examples(
			"etl run", "everything",
			"etl run 'request*' --env-file crm.env", "some, with variables from a file",
			"etl run --missing --empty-is-99", "what is not there yet",
			"etl run -q --summary-file run.json", "for a scheduler",
			"etl run --plan plans/7f3a.json --shard 2", "a part of a plan, on one of several workers"),
		ArgsUsage: "[PIPELINE|GLOB…]",
		Flags: slices.Concat(sh.projectFlags(), sh.choiceFlags(), sh.profileFlags(), []cli.Flag{
			sh.toggle("allow-shrink", "let a data set lose most of its rows"),
			sh.text("plan", "", "`URI` of a plan of etl plan --shards, of which to do one shard"),
			sh.text("shard", "", "`NUMBER` of that shard, from 0; else by JOB_COMPLETION_INDEX, CLOUD_RUN_TASK_INDEX or AWS_BATCH_JOB_ARRAY_INDEX"),
			sh.text("run-id", "", "`NAME` of the run in its commits, for people"),
			sh.text("memory", "", "`SIZE` of what is held in memory before it is written, as 96MiB"),
			sh.text("ahead", "", "`SIZE` of pages that may wait for their turn, as 32MiB"),
			sh.text("disk-reserve", "16MiB", "`SIZE` of each disk that stays free; off: free space is not looked at"),
			sh.text("summary-file", "", "`FILE` for the summary"),
			sh.metricsFlag(),
			sh.text("log-format", "text", "`FORM` of progress and messages: text or json"),
			sh.toggle("json", "print the summary as JSON to a terminal too"),
			sh.toggle("empty-is-99", "exit 99 if there was nothing to do"),
			sh.toggle("stop-with-parent", "stop, as by SIGTERM, when the process that started this one ends"),
			sh.toggle("quiet", "no progress", "q"),
		}),
		Action: sh.runPipelines,
	}
}

// runPipelines runs pipelines and tells what became of them. Whatever happens
// once the flags are known, it leaves a summary.
func (sh *shell) runPipelines(c *cli.Context) error { return sh.summed(c, sh.execute) }

// summed does what a command does, and leaves the summary of it.
func (sh *shell) summed(c *cli.Context, execute func(*cli.Context) (*pipeline.Summary, error)) error {
	if c.Bool("stop-with-parent") {
		ctx, done := withParent(c.Context)
		defer done()
		c.Context = ctx
	}
	toTerminal := isTerminal(sh.stdout) && !c.Bool("json")
	d := delivery{file: c.String("summary-file"), xcom: sh.xcom}
	if !toTerminal {
		d.line = sh.stdout
	}
	if err := d.begin(); err != nil {
		return err
	}
	s, err := execute(c)
	if err != nil {
		err = stoppedBy(c.Context, err)
		sh.tell(err)
		s = broken(err)
	}
	if toTerminal && len(s.Pipelines) > 0 {
		table(sh.stdout, s.Pipelines)
	}
	tellFailures(sh.stderr, s, c.String("file"))
	if err := errors.Join(sh.measure(c, s), d.deliver(s)); err != nil {
		sh.tell(err)
		if s.Exit == 0 || s.Exit == nothingToDo {
			return err
		}
	}
	return ended(s.Exit)
}

// execute runs what the command line asks for.
func (sh *shell) execute(c *cli.Context) (s *pipeline.Summary, err error) {
	finish, err := profile(c)
	if err != nil {
		return nil, err
	}
	defer func() { sh.tell(finish()) }()
	if c.String("plan") != "" {
		return sh.runShard(c)
	}
	if c.IsSet("shard") {
		return nil, usage("--shard is of a plan").WithHint("name the plan with --plan")
	}
	o, err := sh.options(c)
	if err != nil {
		return nil, err
	}
	report := sh.reporter(c.String("log-format"), c.Bool("quiet"))
	o.Log, o.Progress = report.log, report.progress
	report.begin(names(o.Pipelines))
	s, err = pipeline.Run(c.Context, o)
	report.end()
	if err != nil {
		return nil, err
	}
	settle(c.Context, s, c.Bool("empty-is-99"))
	return s, nil
}

// options turns the command line into the settings of a run.
func (sh *shell) options(c *cli.Context) (o pipeline.Options, err error) {
	if form := c.String("log-format"); form != "text" && form != "json" {
		return o, usage("--log-format is text or json, not %q", form)
	}
	memory, err := parseSize(c.String("memory"))
	if err != nil {
		return o, err
	}
	ahead, err := parseSize(c.String("ahead"))
	if err != nil {
		return o, err
	}
	reserve, err := parseReserve(c.String("disk-reserve"))
	if err != nil {
		return o, err
	}
	if o, err = sh.choice(c); err != nil {
		return o, err
	}
	o.Memory, o.Ahead, o.Reserve, o.AllowShrink = memory, ahead, reserve, c.Bool("allow-shrink")
	o.Label, o.Version = c.String("run-id"), version()
	o.Store, err = sh.open(o.Config.Destination, o.StageDir)
	return o, err
}

// settle makes the exit code of a run that of its end: the signal that stopped
// it, or that there was nothing to do.
func settle(ctx context.Context, s *pipeline.Summary, emptyIs99 bool) {
	signal, stopped := errors.AsType[*fault.Signal](context.Cause(ctx))
	switch {
	case s.Status != pipeline.OK && stopped:
		s.Exit = fault.Exit(signal)
	case s.Status == pipeline.OK && emptyIs99 && !slices.ContainsFunc(s.Pipelines, did):
		s.Exit = nothingToDo
	}
}

// did tells whether a pipeline made a commit or read anything new.
func did(r pipeline.Result) bool { return r.Slices > 0 || r.Written > 0 }

// stoppedBy returns the signal that ended ctx, else err.
func stoppedBy(ctx context.Context, err error) error {
	if signal, ok := errors.AsType[*fault.Signal](context.Cause(ctx)); ok {
		return signal
	}
	return err
}

func names(pipelines []*config.Pipeline) (names []string) {
	for _, p := range pipelines {
		names = append(names, p.Name)
	}
	return names
}

// A reporter shows how far a run is.
type reporter struct {
	log      *slog.Logger
	begin    func(pipelines []string)
	progress func(pipeline.Progress) // nil: nobody watches
	end      func()
}

// reporter returns the display of a terminal, or the lines of anything else.
func (sh *shell) reporter(format string, quiet bool) reporter {
	if kind, _ := sh.lookup("TERM"); format == "text" && !quiet && kind != "dumb" && isTerminal(sh.stderr) {
		live := newLive(sh.stderr, sh.now)
		log := slog.New(slog.NewTextHandler(live, nil))
		return reporter{log, live.begin, live.report, live.end}
	}
	o := &slog.HandlerOptions{}
	if quiet {
		o.Level = slog.LevelWarn
	}
	log := slog.New(slog.NewTextHandler(sh.stderr, o))
	if format == "json" {
		log = slog.New(slog.NewJSONHandler(sh.stderr, o))
	}
	l := &lines{log: log, now: sh.now}
	progress := l.report
	if quiet {
		progress = nil
	}
	return reporter{log, l.begin, progress, func() {}}
}
