package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"etl/internal/fault"
	"etl/internal/pipeline"
)

// indexes are the variables by which schedulers number the workers of a job:
// Kubernetes, Cloud Run and AWS Batch.
var indexes = []string{"JOB_COMPLETION_INDEX", "CLOUD_RUN_TASK_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"}

// A divided is what plan prints of a plan for several workers.
type divided struct {
	Plan     string    `json:"plan"`     // URI
	ID       string    `json:"id"`       // as in the commits
	Shards   int       `json:"shards"`   // 0 … shards-1 have work; 0: there is nothing to do
	Units    int       `json:"units"`    // of all shards
	Requests int64     `json:"requests"` // that all shards are expected to make
	Seconds  float64   `json:"seconds"`  // that the slowest source is expected to take
	Expires  time.Time `json:"expires"`
}

// planShards makes a plan for several workers. Whatever happens, the last line of
// stdout, and the result of a task of Airflow, tells what became of it.
func (sh *shell) planShards(c *cli.Context) error {
	d := delivery{line: sh.stdout, xcom: sh.xcom}
	if err := d.begin(); err != nil {
		return err
	}
	plan, err := sh.divide(c)
	if err == nil {
		return d.deliver(plan)
	}
	err = stoppedBy(c.Context, err)
	sh.tell(err)
	sh.tell(d.deliver(broken(err)))
	return ended(fault.Exit(err))
}

// divide makes a plan for several workers, and writes it.
func (sh *shell) divide(c *cli.Context) (*divided, error) {
	division, err := divisionOf(c)
	if err != nil {
		return nil, err
	}
	o, err := sh.planChoice(c)
	if err != nil {
		return nil, err
	}
	if o.Replay || o.Fresh || c.Bool("estimate") {
		return nil, usage("--shards does not go with --replay, --fresh or --estimate")
	}
	if o.Memory, err = parseSize(c.String("memory")); err != nil {
		return nil, err
	}
	o.Label, o.Version = c.String("run-id"), version()
	if o.Store, err = sh.open(o.Config.Destination, o.StageDir); err != nil {
		return nil, err
	}
	plan, err := pipeline.Divide(c.Context, o, division)
	if err != nil {
		return nil, err
	}
	uri, err := pipeline.WritePlan(o.Store, c.String("plan-out"), plan)
	if err != nil {
		return nil, err
	}
	return &divided{
		Plan: uri, ID: plan.ID, Shards: plan.Shards, Units: plan.Units(), Requests: plan.Requests(), Seconds: plan.Seconds(), Expires: plan.Expires,
	}, nil
}

// divisionOf reads how a run is divided.
func divisionOf(c *cli.Context) (d pipeline.Division, err error) {
	if c.String("shards") == "" || c.String("plan-out") == "" {
		return d, usage("--shards and --plan-out go together")
	}
	if d.Shards, err = strconv.Atoi(c.String("shards")); err != nil || d.Shards < 1 {
		return d, usage("--shards is a number of workers, not %q", c.String("shards"))
	}
	if d.Expire, err = time.ParseDuration(c.String("expires")); err != nil || d.Expire <= 0 {
		return d, usage("--expires is a duration such as 24h, not %q", c.String("expires"))
	}
	return d, nil
}

// planned reads the plan that the command line names, and then the
// configuration with the variables that its pipelines need.
func (sh *shell) planned(c *cli.Context) (o pipeline.Options, plan *pipeline.ShardPlan, err error) {
	if form := c.String("log-format"); form != "text" && form != "json" {
		return o, nil, usage("--log-format is text or json, not %q", form)
	}
	if c.NArg() > 0 {
		return o, nil, usage("the plan says which pipelines take part: none can be named beside --plan")
	}
	o.StageDir = c.String("stage")
	first, err := sh.project(c, unused)
	if err != nil {
		return o, nil, err
	}
	if o.Store, err = sh.open(first.Destination, o.StageDir); err != nil {
		return o, nil, err
	}
	if plan, err = pipeline.ReadPlan(o.Store, c.String("plan")); err != nil {
		return o, nil, err
	}
	o.Version = version()
	o.Config, err = sh.project(c, append(plan.Names(), unused)...)
	return o, plan, err
}

// runShard does one shard of a plan.
func (sh *shell) runShard(c *cli.Context) (*pipeline.Summary, error) {
	for _, name := range []string{"since", "until", "missing", "replay", "all-parents", "new-source", "allow-shrink", "rate-share", "memory", "run-id"} {
		if c.IsSet(name) {
			return nil, usage("--%s does not go with --plan: the plan says it, or etl commit", name)
		}
	}
	shard, err := sh.shard(c)
	if err != nil {
		return nil, err
	}
	o, plan, err := sh.planned(c)
	if err != nil {
		return nil, err
	}
	if o.Ahead, err = parseSize(c.String("ahead")); err != nil {
		return nil, err
	}
	if o.Reserve, err = parseReserve(c.String("disk-reserve")); err != nil {
		return nil, err
	}
	o.Fresh = c.Bool("fresh")
	return sh.reported(c, &o, plan, func() (*pipeline.Summary, error) {
		return pipeline.RunShard(c.Context, o, plan, shard)
	})
}

// shard returns the number of the shard to do: that of the flag, else that of
// the scheduler.
func (sh *shell) shard(c *cli.Context) (int, error) {
	text, from := c.String("shard"), "--shard"
	if text == "" {
		var set []string
		for _, name := range indexes {
			if value, ok := sh.lookup(name); ok && value != "" {
				set, text, from = append(set, name), value, name
			}
		}
		if len(set) > 1 {
			return 0, usage("%s are set, and only one can number this worker", strings.Join(set, " and ")).WithHint("say which shard with --shard")
		}
		if len(set) == 0 {
			return 0, usage("--plan needs the number of a shard").WithHint("--shard 0, or one of the variables %s", strings.Join(indexes, ", "))
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, usage("%s is the number of a shard, from 0, not %q", from, text)
	}
	return n, nil
}

func (sh *shell) commitCommand() *cli.Command {
	return &cli.Command{
		Name:  "commit",
		Usage: "commit what the shards of a plan have read",
		Description: "Joins what the workers of a plan have staged, judges it as a run judges what it has\n" +
			"read, and commits each pipeline once. It asks nothing of the API, and may be done\n" +
			"again: what is committed stays. Exit 3 while shards are missing, 8 if a newer commit\n" +
			"has brought slices of the plan up to date.\n\n" + examples(
			"etl commit --plan plans/7f3a.json", "when its shards are done"),
		Flags: append(sh.projectFlags(),
			sh.text("plan", "", "`URI` of a plan of etl plan --shards"),
			sh.toggle("allow-shrink", "let a data set lose most of its rows"),
			sh.text("stage", "", "`FOLDER` for what the commit needs on the way"),
			sh.text("summary-file", "", "`FILE` for the summary"),
			sh.metricsFlag(),
			sh.text("log-format", "text", "`FORM` of progress and messages: text or json"),
			sh.toggle("json", "print the summary as JSON to a terminal too"),
			sh.toggle("quiet", "no progress", "q"),
		),
		Action: func(c *cli.Context) error { return sh.summed(c, sh.commitPlan) },
	}
}

// commitPlan commits a plan.
func (sh *shell) commitPlan(c *cli.Context) (*pipeline.Summary, error) {
	if c.String("plan") == "" {
		return nil, usage("commit needs the URI of a plan").WithHint("etl commit --plan URI")
	}
	o, plan, err := sh.planned(c)
	if err != nil {
		return nil, err
	}
	o.AllowShrink = c.Bool("allow-shrink")
	return sh.reported(c, &o, plan, func() (*pipeline.Summary, error) {
		return pipeline.CommitPlan(c.Context, o, plan)
	})
}

// reported does work while it tells how far it is.
func (sh *shell) reported(c *cli.Context, o *pipeline.Options, plan *pipeline.ShardPlan, work func() (*pipeline.Summary, error)) (*pipeline.Summary, error) {
	report := sh.reporter(c.String("log-format"), c.Bool("quiet"))
	o.Log, o.Progress = report.log, report.progress
	report.begin(plan.Names())
	s, err := work()
	report.end()
	if err != nil {
		return nil, err
	}
	settle(c.Context, s, false)
	return s, nil
}
