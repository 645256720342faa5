package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"etl"
	"etl/internal/config"
	"etl/internal/fault"
)

//go:embed skeleton/pipelines.yaml
var skeletonPipelines string

//go:embed skeleton/records.yaml
var skeletonSchema string

// above stands at the top of a file that was cut from the shipped one.
const above = `# What etl reads: an account of an API (the source), and its streams (the
# pipelines), each of which ends in a data set of Parquet files. Take what you
# need and change it: etl validate tells every mistake at once, with line, column
# and a hint, and etl validate --explain what each value came to.
#
# ${NAME} is a variable of the environment; ${NAME:-default} has a default, and
# ${NAME:-} alone may be missing: the parameter is then left out. A type can
# follow: ${NAME|int}. $$ stands for a dollar sign, {{ for a brace.
`

func (sh *shell) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "write a pipelines.yaml to start from",
		Description: "Writes the source and the pipelines of a known system: " + strings.Join(systems(), ", ") + ".\n" +
			"For any other NAME, crm by default, it writes a skeleton in which every kind of\n" +
			"login and paging stands as a comment, and a schema for it. It asks nothing and\n" +
			"overwrites nothing.\n\n" + examples(
			"etl init rental", "pipelines.yaml for a known system",
			"etl init shop --out shop.yaml", "a skeleton, and schemas/shop/records.yaml"),
		ArgsUsage: "[" + strings.Join(systems(), "|") + "|NAME]",
		Flags:     []cli.Flag{sh.text("out", "pipelines.yaml", "`FILE` to write")},
		Action:    sh.init,
	}
}

// systems returns the names of the sources in the binary.
func systems() (names []string) {
	for _, c := range takeApart(string(etl.Pipelines())).sources {
		names = append(names, c.name)
	}
	return names
}

// sourceName matches what a source may be named.
var sourceName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

func (sh *shell) init(c *cli.Context) error {
	name := "crm"
	if c.NArg() > 0 {
		name = c.Args().First()
	}
	if c.NArg() > 1 || !sourceName.MatchString(name) {
		return usage("init takes one name of small letters, digits and _").WithHint("one of %s, or a name of your own", strings.Join(systems(), ", "))
	}
	out := c.String("out")
	files := []written{{out, skeleton(name)}, {filepath.Join(filepath.Dir(out), "schemas", name, "records.yaml"), skeletonSchema}}
	if slices.Contains(systems(), name) {
		text, err := known(name)
		if err != nil {
			return err
		}
		files = []written{{out, text}}
	}
	if err := writeNew(files); err != nil {
		return err
	}
	return sh.tellInit(c, name, files)
}

// known returns the configuration of a system in the binary.
func known(name string) (string, error) {
	cfg, err := config.Parse("pipelines.yaml", etl.Pipelines(), config.Options{Schemas: etl.Schemas(), Only: []string{unused}})
	if err != nil {
		return "", err
	}
	var pipelines []string
	for _, p := range cfg.Pipelines {
		if p.Source.Name == name {
			pipelines = append(pipelines, p.Name)
		}
	}
	return above + takeApart(string(etl.Pipelines())).only([]string{name}, pipelines), nil
}

// skeleton returns the skeleton for a source of another name.
func skeleton(name string) string {
	return strings.NewReplacer("mycrm", name, "MYCRM", strings.ToUpper(name)).Replace(skeletonPipelines)
}

// A written is a file that a command writes.
type written struct{ name, text string }

// writeNew writes files, or none if one of them exists.
func writeNew(files []written) error {
	for _, f := range files {
		if _, err := os.Lstat(f.name); !errors.Is(err, fs.ErrNotExist) {
			return exists(f.name)
		}
	}
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(f.name), 0o750); err != nil {
			return fault.New(fault.Storage, "writing %s: %w", f.name, err)
		}
		file, err := os.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return exists(f.name)
		}
		if err == nil {
			_, err = file.WriteString(f.text)
			err = errors.Join(err, file.Close())
		}
		if err != nil {
			return fault.New(fault.Storage, "writing %s: %w", f.name, err)
		}
	}
	return nil
}

func exists(file string) error {
	return usage("%s exists already, and init overwrites nothing", file).WithHint("name another file: etl init --out FILE")
}

// tellInit says what was written, which variables to set, and what comes next.
func (sh *shell) tellInit(c *cli.Context, name string, files []written) error {
	cfg, err := config.Load(files[0].name, config.Options{Lookup: sh.lookup, Schemas: etl.Schemas(), Only: []string{unused}})
	if err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(sh.stdout, "wrote %s\n", f.name)
	}
	var unset []string
	for _, p := range cfg.Pipelines {
		unset = append(unset, p.Unset...)
	}
	slices.Sort(unset)
	if unset = slices.Compact(unset); len(unset) > 0 {
		fmt.Fprintln(sh.stdout, "set these variables, or write lines of KEY=VALUE to a file for --env-file:")
		for _, variable := range unset {
			fmt.Fprintf(sh.stdout, "  %s\n", variable)
		}
	}
	_, err = fmt.Fprintf(sh.stdout, "next: etl check%s %s\n", fileFlag(c.String("out")), name)
	return err
}
