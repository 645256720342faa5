package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"etl/load"
)

func (sh *shell) gcCommand() *cli.Command {
	return &cli.Command{
		Name:  "gc",
		Usage: "remove what no commit needs any more",
		Description: "Removes stages that runs have left behind, replaced files that are old enough, and\n" +
			"what no commit names. It may go beside runs. A stage goes in two passes: one closes\n" +
			"it, and one removes it once another commit was made. Commits are never removed.\n\n" + examples(
			"etl gc --dry-run", "what would go?",
			"etl gc requests --older 1d", "also failed readings from yesterday"),
		ArgsUsage: "[PIPELINE|GLOB…]",
		Flags: append(sh.projectFlags(),
			sh.toggle("dry-run", "change nothing"),
			sh.text("older", "", "`AGE` above which stages and failed readings go, such as 7d or 12h (default: keep_failed)"),
			sh.toggle("json", "a line of JSON for each thing that goes"),
		),
		Action: sh.gc,
	}
}

// A collected is something that gc did, as it prints it.
type collected struct {
	Pipeline string `json:"pipeline"`
	Do       string `json:"do"` // close, remove, set aside, restore
	Name     string `json:"name"`
	Why      string `json:"why"`
}

func (sh *shell) gc(c *cli.Context) error {
	older, err := parseAge(c.String("older"))
	if err != nil {
		return err
	}
	all, err := sh.eachDataset(c)
	if err != nil {
		return err
	}
	n := int64(0)
	for _, d := range all {
		o := load.GCOptions{Now: sh.now(), KeepReplaced: d.of.KeepReplaced, KeepStages: older, DryRun: c.Bool("dry-run")}
		if older == 0 {
			o.KeepStages = d.of.KeepFailed
		}
		actions, err := d.GC(o)
		for _, a := range actions {
			if err := sh.tellAction(c.Bool("json"), collected{d.Pipeline(), a.Do, a.Name, a.Why}); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		n += int64(len(actions))
	}
	what := "done"
	if c.Bool("dry-run") {
		what = "would be done"
	}
	fmt.Fprintf(sh.stderr, "%s %s in %s\n", count(n, "thing"), what, count(int64(len(all)), "data set"))
	return nil
}

func (sh *shell) tellAction(asJSON bool, a collected) error {
	if asJSON {
		return json.NewEncoder(sh.stdout).Encode(a)
	}
	_, err := fmt.Fprintf(sh.stdout, "%s %s: %s\n", a.Do, a.Name, a.Why)
	return err
}

// parseAge reads a length of time: 7d, 12h, 90m. Empty is 0.
func parseAge(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n > 0 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, usage("%q is not an age", text).WithHint("write 7d, 12h or 30m")
}
