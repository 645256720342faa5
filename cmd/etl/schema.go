package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"etl"
	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/pipeline"
	"etl/internal/propose"
	"etl/load"
	"etl/schemas"
)

// A verb is what a command of several does.
type verb struct {
	name, takes string
	flags       []string // of its own; others are refused
	arguments   [2]int   // fewest and most
	do          func(*cli.Context, []string) error
}

func (sh *shell) schemaVerbs() []verb {
	return []verb{
		{"import", "import OPENAPI --path PATH", []string{"path", "method", "out", "pipeline"}, [2]int{1, 1}, sh.schemaImport},
		{"infer", "infer PIPELINE", []string{"pages", "out", "file", "f", "env-file"}, [2]int{1, 1}, sh.schemaInfer},
		{"diff", "diff OLD NEW, or diff PIPELINE", []string{"file", "f", "env-file"}, [2]int{1, 2}, sh.schemaDiff},
		{"apply", "apply PIPELINE…", []string{"null", "disk-reserve", "file", "f", "env-file"}, [2]int{1, 1000}, sh.schemaApply},
	}
}

func (sh *shell) schemaCommand() *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "propose schemas, tell how they differ, and bring data sets to them",
		Description: "import OPENAPI --path PATH   propose a schema from an OpenAPI document\n" +
			"infer PIPELINE              propose a schema from live pages of a pipeline\n" +
			"diff OLD NEW                compare two schema files\n" +
			"diff PIPELINE               compare the schema of a pipeline with its newest commit;\n" +
			"                            ends with 4 if readers of the data set break\n" +
			"apply PIPELINE              write the live files anew, by the schema that the pipeline\n" +
			"                            has now, in one commit; nothing is asked of the API\n" +
			"What a proposal could not decide stands in it and on stderr.",
		ArgsUsage: "import|infer|diff|apply OPENAPI|PIPELINE|OLD NEW",
		Flags: append(sh.projectFlags(),
			sh.text("path", "", "import: `PATH` of the request, as the document writes it"),
			sh.text("method", "get", "import: `METHOD` of the request"),
			sh.toggle("pipeline", "import: print the pipeline for pipelines.yaml too; needs --out"),
			sh.toggle("null", "apply: leave new columns empty in rows that hold nothing of them"),
			sh.text("disk-reserve", "16MiB", "apply: `SIZE` of each disk that stays free; off: free space is not looked at"),
			&cli.IntFlag{Name: "pages", Value: 5, Usage: "infer: `NUMBER` of pages to read at most", EnvVars: sh.variable("pages")},
			sh.text("out", "", "import, infer: `FILE` for the schema, one that is not there yet (default: stdout)"),
		),
		Action: sh.schema,
	}
}

// schema finds out which verb is meant.
func (sh *shell) schema(c *cli.Context) error {
	verbs := sh.schemaVerbs()
	i := slices.IndexFunc(verbs, func(v verb) bool { return v.name == c.Args().First() })
	if i < 0 {
		return usage("schema takes import, infer, diff or apply").WithHint("etl help schema")
	}
	v, arguments := verbs[i], c.Args().Tail()
	if len(arguments) < v.arguments[0] || len(arguments) > v.arguments[1] {
		return usage("usage: etl schema %s", v.takes)
	}
	for _, flag := range c.LocalFlagNames() {
		if _, set := sh.lookup(envName(flag)); !set && !slices.Contains(v.flags, flag) {
			return usage("schema %s has no flag --%s", v.name, flag).WithHint("etl help schema")
		}
	}
	return v.do(c, arguments)
}

func (sh *shell) schemaImport(c *cli.Context, arguments []string) error {
	file, out := arguments[0], c.String("out")
	switch {
	case c.String("path") == "":
		return usage("--path names no request").WithHint(`etl schema import %s --path "/v1/things/{id}/"`, file)
	case c.Bool("pipeline") && out == "":
		return usage("--pipeline prints to stdout, so the schema needs a file").WithHint("--out FILE")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fault.New(fault.Config, "reading the document: %w", err)
	}
	p, err := propose.Import(filepath.Base(file), text, propose.Operation{Path: c.String("path"), Method: strings.ToLower(c.String("method"))})
	if err != nil {
		return err
	}
	if !c.Bool("pipeline") {
		return sh.tellProposal(p, out)
	}
	if err := sh.tellProposal(p, out, p.List.Open...); err != nil {
		return err
	}
	if !filepath.IsAbs(out) {
		out = "./" + filepath.ToSlash(out)
	}
	_, err = sh.stdout.Write(p.Pipeline(out))
	return err
}

func (sh *shell) schemaInfer(c *cli.Context, arguments []string) error {
	if c.Int("pages") < 1 {
		return usage("--pages is 1 or more")
	}
	cfg, err := sh.project(c, arguments[0])
	if err != nil {
		return err
	}
	selected, err := cfg.Select(arguments)
	if err != nil {
		return err
	}
	if len(selected) != 1 {
		return usage("%q stands for %d pipelines", arguments[0], len(selected)).WithHint("name one")
	}
	o := pipeline.Options{Config: cfg}
	if hasParents(selected[0]) {
		if o.Store, err = sh.openExisting(cfg); err != nil {
			return err
		}
	}
	pages, err := pipeline.Pages(c.Context, o, selected[0], c.Int("pages"))
	if err != nil {
		return err
	}
	p, err := propose.Infer(selected[0].Name, pages)
	if err != nil {
		return err
	}
	return sh.tellProposal(p, c.String("out"))
}

// tellProposal writes the schema, and says on stderr what is undecided.
func (sh *shell) tellProposal(p *propose.Proposal, out string, more ...string) error {
	if out == "" {
		if _, err := sh.stdout.Write(p.Schema()); err != nil {
			return err
		}
	} else if err := writeProposal(out, p.Schema()); err != nil {
		return err
	}
	undecided := append(p.Undecided(), more...)
	for _, line := range undecided {
		fmt.Fprintf(sh.stderr, "undecided: %s\n", line)
	}
	key := "none found"
	if len(p.Key) > 0 {
		key = strings.Join(p.Key, ", ")
	}
	fmt.Fprintf(sh.stderr, "%s, key %s, %d undecided\n", count(int64(len(p.Columns)), "column"), key, len(undecided))
	return nil
}

// writeProposal writes a file that is not there yet: what somebody has decided
// in one is not undone.
func writeProposal(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usage("%s exists already, and schema overwrites nothing", name).
			WithHint("write to another file, and compare: etl schema diff %s OTHER", name)
	}
	if err != nil {
		return fault.New(fault.Storage, "writing the schema: %w", err)
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fault.New(fault.Storage, "writing the schema: %w", err)
	}
	return nil
}

func (sh *shell) schemaDiff(c *cli.Context, arguments []string) error {
	if len(arguments) == 1 {
		return sh.diffPipeline(c, arguments[0])
	}
	var sides [2]load.SchemaRef
	for i, name := range arguments {
		s, err := readSchema(name)
		if err != nil {
			return err
		}
		sides[i] = load.Describe(s, nil)
	}
	next := "nothing"
	if sides[0].Fingerprint != sides[1].Fingerprint {
		next = "a run that would leave files of the old columns needs etl schema apply PIPELINE before it"
	}
	return sh.tellDiff(sides[0], sides[1], next)
}

// diffPipeline compares the schema of a pipeline with the columns of its newest
// commit, and tells how what that commit read has drifted. That needs no variables of sources.
func (sh *shell) diffPipeline(c *cli.Context, name string) error {
	cfg, err := sh.project(c, unused)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(cfg.Pipelines, func(p *config.Pipeline) bool { return p.Name == name || p.Stream == name })
	if i < 0 {
		return unknownPipeline(cfg, name)
	}
	store, err := sh.openExisting(cfg)
	if err != nil {
		return err
	}
	all := []*load.Dataset{store.Dataset(name)}
	if !strings.Contains(name, "@") {
		if all, err = store.Datasets(name); err != nil {
			return err
		}
	}
	if len(all) > 1 {
		return usage("%q stands for the data sets of %d accounts", name, len(all)).WithHint("name one, such as %s", all[0].Pipeline())
	}
	commit, err := liveCommit(all[0], 0)
	if err != nil {
		return err
	}
	p := cfg.Pipelines[i]
	now := load.Describe(p.Schema, p.Key)
	for _, d := range commit.Drifted {
		where := fmt.Sprintf("page %d", d.Page)
		if d.Slice != "" {
			where += " of slice " + d.Slice
		}
		fmt.Fprintf(sh.stdout, "%-12s %s (commit %d, first on %s)\n", d.Kind, pipeline.DriftText(d), commit.Number, where)
	}
	return sh.tellDiff(commit.Schema, now, nextRun(p, commit, now))
}

// nextRun says what the next run does about other columns.
func nextRun(p *config.Pipeline, commit *load.Commit, now load.SchemaRef) string {
	switch {
	case commit.Schema.Fingerprint == now.Fingerprint || len(commit.Files) == 0:
		return "nothing"
	case !p.Merge && p.Window == nil:
		return "nothing; it writes all rows anew, with the new columns"
	}
	return "needs etl schema apply " + p.Name + " before it, which writes the live files anew"
}

// tellDiff prints the changes, whom they break, and what the next run does.
func (sh *shell) tellDiff(before, after load.SchemaRef, next string) error {
	changes := propose.Diff(before.Columns, after.Columns)
	for _, c := range changes {
		column := c.Column
		if column == "" {
			column = "columns"
		}
		fmt.Fprintf(sh.stdout, "%-12s %s: %s\n", c.Kind, column, c.What)
	}
	if len(changes) == 0 {
		fmt.Fprintln(sh.stdout, "no difference in columns")
	}
	for _, reader := range []string{propose.BigQueryLoad, propose.DuckDBView} {
		var by []string
		for _, c := range changes {
			if slices.Contains(c.Breaks, reader) {
				by = append(by, c.Kind+" "+c.Column)
			}
		}
		verdict := "goes on"
		if len(by) > 0 {
			verdict = "breaks (" + strings.Join(by, ", ") + ")"
		}
		fmt.Fprintf(sh.stdout, "%-14s %s\n", reader+":", verdict)
	}
	fmt.Fprintf(sh.stdout, "%-14s %s\n", "next run:", next)
	if propose.Breaks(changes) {
		return ended(fault.Exit(fault.New(fault.Data, "readers break")))
	}
	return nil
}

// readSchema reads a schema file, or a schema in the binary by its name. What it
// extends is looked for in the same way; from are the schemas that extend it.
func readSchema(name string, from ...string) (*schemas.Schema, error) {
	if slices.Contains(from, name) {
		return nil, fmt.Errorf("it extends itself")
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && fs.ValidPath(name) {
		if shipped, other := fs.ReadFile(etl.Schemas(), name+".yaml"); other == nil {
			text, err = shipped, nil
		}
	}
	if err != nil {
		return nil, fault.New(fault.Config, "reading the schema: %w", err)
	}
	return schemas.ParseOver(name, text, func(base string) (*schemas.Schema, error) {
		return readSchema(base, append(from, name)...)
	})
}
