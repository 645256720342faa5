package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"etl/internal/fault"
	"etl/internal/pipeline"
)

func (sh *shell) planCommand() *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "tell what a run would do, and what it would take",
		Description: "Tells, for each pipeline, the slices, units and parents that a run with the same\n" +
			"flags would ask for, the proof that a commit needs, and what it would resume. That\n" +
			"asks nothing of the API. With --estimate it logs in and asks for up to five first\n" +
			"pages of each pipeline, and reckons requests, time and disk from them; ~ marks what\n" +
			"is reckoned from a part. It writes nothing, but with --shards a plan for several\n" +
			"workers, for etl run --plan and etl commit --plan; see docs/scaling.md.\n\n" + examples(
			"etl plan", "everything",
			"etl plan --estimate requests", "how long will it take?",
			"etl plan --missing --json", "for a script",
			"etl plan --shards 8 --plan-out plans/", "freeze it for several workers"),
		ArgsUsage: "[PIPELINE|GLOB…]",
		Flags: append(append(sh.projectFlags(), sh.choiceFlags()...),
			sh.toggle("estimate", "add requests, rows, time and disk, by first pages"),
			sh.toggle("json", "one line of JSON"),
			sh.text("shards", "", "`NUMBER` of workers to divide the run among: needs --plan-out"),
			sh.text("plan-out", "", "`URI` for the plan of several workers: a file, or a name below the destination; a folder if it ends in /"),
			sh.text("expires", "24h", "`DURATION` in which such a plan must be done"),
			sh.text("memory", "", "`SIZE` of what each of several workers holds in memory before it is written, as 96MiB"),
			sh.text("run-id", "", "`NAME` of such a plan in its commits, for people"),
		),
		Action: sh.plan,
	}
}

// A planned is what plan prints as JSON.
type planned struct {
	Exit int `json:"exit"`
	*pipeline.Outline
}

func (sh *shell) plan(c *cli.Context) error {
	if c.String("shards") != "" || c.String("plan-out") != "" {
		return sh.planShards(c)
	}
	o, err := sh.planChoice(c)
	if err != nil {
		return err
	}
	if o.Store, err = sh.openIfThere(o.Config); err != nil {
		return err
	}
	outline, err := pipeline.Plan(c.Context, o)
	if err == nil && c.Bool("estimate") {
		err = outline.Estimate(c.Context)
	}
	if err != nil {
		return err
	}
	code := fault.Exit(outline.Errors()...)
	if c.Bool("json") {
		if err := json.NewEncoder(sh.stdout).Encode(planned{code, outline}); err != nil {
			return err
		}
		return ended(code)
	}
	planTable(sh.stdout, outline, c.Bool("estimate"))
	for _, p := range outline.Pipelines {
		if p.Error == "" {
			continue
		}
		fmt.Fprintf(sh.stderr, "%s would fail (%s): %s\n", p.Name, p.Class, p.Error)
		if p.What != "" {
			fmt.Fprintf(sh.stderr, "  hint: %s\n", p.What)
		}
	}
	return ended(code)
}

// planChoice is the choice of a command that plans: nothing but warnings is told
// on the way.
func (sh *shell) planChoice(c *cli.Context) (pipeline.Options, error) {
	o, err := sh.choice(c)
	o.Log = slog.New(slog.NewTextHandler(sh.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return o, err
}

// planTable writes for people what a run would do.
func planTable(w io.Writer, o *pipeline.Outline, estimate bool) {
	head := []string{"pipeline", "slices", "units", "parents", "unchanged"}
	if estimate {
		head = append(head, "requests", "rows", "time", "disk MB")
	}
	rows := [][]string{append(head, "proof")}
	for _, p := range o.Pipelines {
		parents := ""
		if p.Asked != nil {
			parents = grouped(*p.Asked)
		}
		row := []string{p.Name, grouped(int64(len(p.Slices))), grouped(p.Units), parents, grouped(p.Unchanged)}
		if estimate {
			row = append(row, estimateCells(p.Estimate)...)
		}
		rows = append(rows, append(row, strings.Join(planNotes(p), "; ")))
	}
	writeTable(w, rows)
	for _, d := range o.Sources {
		fmt.Fprintln(w, demandLine(d))
	}
}

// estimateCells are the columns of an estimate. What is reckoned from a part of
// what there is has a tilde.
func estimateCells(e *pipeline.Estimate) []string {
	if e == nil {
		return []string{"", "", "", ""}
	}
	rough := ""
	if e.Rough {
		rough = "~"
	}
	return []string{rough + grouped(e.Requests), rough + grouped(e.Rows), rough + duration(e.Seconds), rough + megabytes(e.Disk)}
}

// planNotes are the proof of a pipeline, and what is particular about its run.
func planNotes(p pipeline.Planned) []string {
	notes := []string{p.Proof}
	if n := len(p.Slices); n > 0 && p.Slices[0] != "" {
		notes = append(notes, "slices "+p.Slices[0]+" to "+p.Slices[n-1])
	}
	for _, r := range p.Resumes {
		what := "resumes"
		if r.Rebuild {
			what = "builds anew, without a request,"
		}
		if r.Slice != "" {
			what += " slice " + r.Slice + " of"
		}
		notes = append(notes, fmt.Sprintf("%s run %s of %s", what, r.Run, r.Started.Format(time.RFC3339)))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Parents)) {
		if number := p.Parents[name]; number > 0 {
			notes = append(notes, fmt.Sprintf("parents of %s, commit %d", name, number))
		}
	}
	if p.Waits {
		notes = append(notes, "after its parents, whose run may change the counts")
	}
	if p.Error != "" {
		notes = append(notes, "would fail")
	}
	return notes
}

// demandLine says what all pipelines of a source take together.
func demandLine(d pipeline.Demand) string {
	rate := "no limit declared"
	if d.Allowed > 0 {
		rate = fmt.Sprintf("%s in %v allowed", grouped(d.Allowed), time.Duration(d.Per*float64(time.Second)))
	}
	return fmt.Sprintf("source %s: %s, %s, %s; %s, %d at a time, %v each", d.Source, count(d.Requests, "request"), duration(d.Seconds),
		count(d.Logins, "login"), rate, d.Concurrency, time.Duration(d.Latency*float64(time.Second)).Round(time.Millisecond))
}

// duration writes a time for people: 3h05m, 12m04s, 0.8s.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", seconds)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
