package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"etl/load"
)

func (sh *shell) inspectCommand() *cli.Command {
	return &cli.Command{
		Name:  "inspect",
		Usage: "tell what the footers of Parquet files say",
		Description: "Looks into one Parquet file, of etl or of anyone, or into all live files of a data\n" +
			"set: rows, and of each column type, nulls, size, encodings and compression. Bounds\n" +
			"are values of rows, which may be personal: they are shown only with --bounds.\n\n" + examples(
			"etl inspect requests", "a data set",
			"etl inspect lake/x.parquet --bounds", "a file, with least and greatest values",
			"etl inspect requests --json", "for a script"),
		ArgsUsage: "FILE|PIPELINE",
		Flags: append(sh.projectFlags(),
			sh.toggle("bounds", "show the least and the greatest value of each column"),
			sh.toggle("json", "one line of JSON"),
		),
		Action: sh.inspect,
	}
}

// An inspected is what inspect prints as JSON.
type inspected struct {
	Name      string              `json:"name"`             // as it was given; of an account, with its name
	Commit    int64               `json:"commit,omitempty"` // of a data set
	Files     int                 `json:"files"`
	Rows      int64               `json:"rows"`
	Bytes     int64               `json:"bytes"`
	RowGroups int                 `json:"row_groups"`
	CreatedBy []string            `json:"created_by"`
	Schema    []load.StoredColumn `json:"schema"`
	Columns   []inspectedColumn   `json:"columns"` // of the files: leaves
}

type inspectedColumn struct {
	Path         string   `json:"path"`
	Type         string   `json:"type"`
	Values       int64    `json:"values"`
	Nulls        int64    `json:"nulls"`
	Compressed   int64    `json:"compressed"`
	Uncompressed int64    `json:"uncompressed"`
	Encodings    []string `json:"encodings"`
	Codec        []string `json:"codec"`
	Min          *string  `json:"min,omitempty"`
	Max          *string  `json:"max,omitempty"`
}

func (sh *shell) inspect(c *cli.Context) error {
	if c.NArg() == 1 && isFile(c.Args().First()) {
		in, err := load.Inspect(c.Args().First())
		if err != nil {
			return err
		}
		return sh.showInspection(c, c.Args().First(), 0, in)
	}
	_, datasets, err := sh.datasets(c)
	if err != nil {
		return err
	}
	for _, d := range datasets {
		commit, err := liveCommit(d, 0)
		if err != nil {
			return err
		}
		in, err := d.Inspect(commit)
		if err != nil {
			return err
		}
		if err := sh.showInspection(c, d.Pipeline(), commit.Number, in); err != nil {
			return err
		}
	}
	return nil
}

// isFile tells files from names of pipelines, which hold neither a slash nor a
// dot.
func isFile(name string) bool {
	if strings.ContainsAny(name, "/.") {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func (sh *shell) showInspection(c *cli.Context, name string, commit int64, in *load.Inspection) error {
	if c.Bool("json") {
		return json.NewEncoder(sh.stdout).Encode(inspectionOf(name, commit, in, c.Bool("bounds")))
	}
	from := ""
	if commit > 0 {
		from = fmt.Sprintf(", commit %d", commit)
	}
	fmt.Fprintf(sh.stdout, "%s%s: %s in %s of %s, %s MB, by %s\n", name, from, count(in.Rows, "row"), count(int64(in.RowGroups), "row group"),
		count(int64(in.Files), "file"), megabytes(in.Bytes), strings.Join(in.CreatedBy, ", "))
	columnTable(sh.stdout, in, c.Bool("bounds"))
	return nil
}

// columnTable writes the leaves for people.
func columnTable(w io.Writer, in *load.Inspection, bounds bool) {
	head := []string{"column", "type", "values", "nulls", "MB", "of MB", "encodings"}
	if bounds {
		head = []string{"column", "type", "values", "nulls", "MB", "of MB", "least", "greatest", "encodings"}
	}
	rows := [][]string{head}
	for _, col := range in.Columns {
		row := []string{col.Path, col.Type, grouped(col.Values), grouped(col.Nulls), megabytes(col.Compressed), megabytes(col.Uncompressed)}
		if bounds {
			row = append(row, orNothing(col.Min), orNothing(col.Max))
		}
		rows = append(rows, append(row, strings.Join(append(col.Encodings, col.Codec...), " ")))
	}
	writeTable(w, rows)
}

func orNothing(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func inspectionOf(name string, commit int64, in *load.Inspection, bounds bool) inspected {
	out := inspected{
		Name: name, Commit: commit, Files: in.Files, Rows: in.Rows, Bytes: in.Bytes, RowGroups: in.RowGroups,
		CreatedBy: in.CreatedBy, Schema: in.Schema, Columns: []inspectedColumn{},
	}
	for _, col := range in.Columns {
		one := inspectedColumn{
			Path: col.Path, Type: col.Type, Values: col.Values, Nulls: col.Nulls,
			Compressed: col.Compressed, Uncompressed: col.Uncompressed, Encodings: col.Encodings, Codec: col.Codec,
		}
		if bounds {
			one.Min, one.Max = col.Min, col.Max
		}
		out.Columns = append(out.Columns, one)
	}
	return out
}
