package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/pipeline"
)

func (sh *shell) checkCommand() *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "log in, ask one small page of each pipeline, and tell what is seen",
		Description: "Tells whether the source is reached, the login works, what is left of the budget,\n" +
			"how far the server's clock is from ours, where the records and the total stand,\n" +
			"and whether the size of pages is cut. It asks a page of five rows of each pipeline,\n" +
			"and where more follows one of the full size. Pipelines that take their parents from\n" +
			"another one are asked only by name. It writes nothing.\n\n" + examples(
			"etl check", "all sources",
			"etl check rental", "one source",
			"etl check requests --json", "one pipeline, for a script"),
		ArgsUsage: "[SOURCE|PIPELINE…]",
		Flags:     append(sh.projectFlags(), sh.toggle("json", "one line of JSON")),
		Action:    sh.check,
	}
}

// A checked is what check prints as JSON.
type checked struct {
	Exit       int                     `json:"exit"`
	RetryAfter float64                 `json:"retry_after,omitempty"` // seconds
	Sources    []*pipeline.SourceCheck `json:"sources"`
}

func (sh *shell) check(c *cli.Context) error {
	names := c.Args().Slice()
	var only []string
	for _, name := range names {
		only = append(only, name, "source:"+name)
	}
	cfg, err := sh.project(c, only...)
	if err != nil {
		return err
	}
	plan, err := toCheck(cfg, names)
	if err != nil {
		return err
	}
	o := pipeline.Options{Config: cfg}
	if slices.ContainsFunc(slices.Concat(plan...), hasParents) {
		if o.Store, err = sh.openExisting(cfg); err != nil {
			return err
		}
	}
	all := checked{}
	var errs []error
	for i, source := range cfg.Sources {
		if plan[i] == nil {
			continue
		}
		s := pipeline.Check(c.Context, o, source, plan[i])
		if c.Context.Err() != nil {
			return c.Context.Err()
		}
		if !c.Bool("json") {
			tellCheck(sh.stdout, source, s)
		}
		all.Sources, errs = append(all.Sources, s), append(errs, s.Errors()...)
	}
	all.Exit, all.RetryAfter = fault.Exit(errs...), fault.RetryAfter(errs...).Seconds()
	if c.Bool("json") {
		if err := json.NewEncoder(sh.stdout).Encode(all); err != nil {
			return err
		}
	}
	return ended(all.Exit)
}

// toCheck returns, for each source, the pipelines to ask: those that are named,
// or those of a named source that need no parents. nil: the source is not asked.
func toCheck(cfg *config.Config, names []string) ([][]*config.Pipeline, error) {
	sources, pipelines, err := named(cfg, names)
	if err != nil {
		return nil, err
	}
	plan := make([][]*config.Pipeline, len(cfg.Sources))
	for i, s := range cfg.Sources {
		whole := slices.Contains(sources, s)
		if whole {
			plan[i] = []*config.Pipeline{}
		}
		for _, p := range cfg.Pipelines {
			one := len(names) > 0 && slices.Contains(pipelines, p)
			if p.Source == s && (one || whole && !hasParents(p)) {
				plan[i] = append(plan[i], p)
			}
		}
	}
	return plan, nil
}

// hasParents tells whether a pipeline takes its parents from another one.
func hasParents(p *config.Pipeline) bool {
	return slices.ContainsFunc(p.ForEach, func(f config.ForEach) bool { return f.Pipeline != nil })
}

// tellCheck writes for people what was seen of a source.
func tellCheck(w io.Writer, source *config.Source, s *pipeline.SourceCheck) {
	fmt.Fprintf(w, "source %s, %s\n", s.Source, source.BaseURL)
	say := func(what, format string, args ...any) {
		fmt.Fprintf(w, "  %-9s %s\n", what, fmt.Sprintf(format, args...))
	}
	say("reached", "%s", map[bool]string{true: "yes", false: "no"}[s.Reached])
	if s.Login != "" {
		say("login", "%s", s.Login)
	}
	if s.ClockAhead != nil {
		say("clock", "%s", clockText(*s.ClockAhead))
	}
	if l := source.Limits; l.Requests > 0 {
		say("limit", "%d requests in %v, %g%% of them used", l.Requests, l.Per, 100*orOne(l.Share))
	}
	for _, b := range s.Budget {
		say("budget", "%g left, more in %g s (%s)", b.Left, b.ResetsIn, b.At)
	}
	tellFailure(say, s.Failure)
	for _, p := range s.Pipelines {
		fmt.Fprintf(w, "pipeline %s\n", p.Name)
		tellPage(say, p)
		tellFailure(say, p.Failure)
	}
}

// tellPage writes what was seen of the first page of a pipeline.
func tellPage(say func(what, format string, args ...any), p pipeline.PipelineCheck) {
	if len(p.Pages) == 0 {
		return // it did not come
	}
	say("answered", "in %v", time.Duration(p.Seconds*float64(time.Second)).Round(time.Millisecond))
	if p.Gone {
		say("gone", "the API does not know the first parent any more")
	}
	records := "at " + p.Records
	switch {
	case p.Records == "" && len(p.Lists) == 0 && p.Error == "":
		records = "none on this page"
	case p.Records == "":
		records = "nowhere"
	}
	say("records", "%s%s", records, elsewhere(p))
	total := "no total"
	if p.Total != nil {
		total = "a total of " + grouped(*p.Total)
	}
	if p.Hint {
		total += ", a hint"
	}
	if len(p.Totals) > 0 {
		total += "; one may stand at " + strings.Join(p.Totals, " or ")
	}
	say("paging", "%s, %s; proof: %s", p.Paging, total, p.Proof)
	say("size", "%s", sizes(p))
}

// elsewhere names the lists that stand at other places than the records.
func elsewhere(p pipeline.PipelineCheck) string {
	var places []string
	for _, place := range p.Lists {
		if place.Path != p.Records {
			places = append(places, fmt.Sprintf("%s (%s)", place.Path, count(int64(place.Rows), "row")))
		}
	}
	if len(places) == 0 {
		return ""
	}
	return "; a list stands at " + strings.Join(places, " and ")
}

// sizes tells how many rows pages had.
func sizes(p pipeline.PipelineCheck) string {
	var texts []string
	for _, page := range p.Pages {
		text := fmt.Sprintf("%d came", page.Came)
		if page.Asked > 0 {
			text = fmt.Sprintf("%d asked, %s", page.Asked, text)
		}
		texts = append(texts, text)
	}
	text := strings.Join(texts, "; ")
	switch {
	case p.Cut:
		text += ": the server cuts pages"
	case p.Ignored:
		text += ": the server does not go by the size"
	}
	return text
}

// clockText tells how far the server's clock is from ours. Its time comes in whole
// seconds and took a moment, so two seconds are none.
func clockText(ahead float64) string {
	switch {
	case math.Abs(ahead) <= 2:
		return "as ours"
	case ahead > 0:
		return fmt.Sprintf("the server's is %g s ahead of ours", ahead)
	}
	return fmt.Sprintf("the server's is %g s behind ours", -ahead)
}

func tellFailure(say func(what, format string, args ...any), f pipeline.Failure) {
	if f.Error == "" {
		return
	}
	say("failed", "(%s) %s", f.Class, f.Error)
	if f.What != "" {
		say("hint", "%s", f.What)
	}
}

// orOne returns a share, of which 0 stands for all.
func orOne(share float64) float64 {
	if share == 0 {
		return 1
	}
	return share
}
