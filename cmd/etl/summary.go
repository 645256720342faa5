package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/pipeline"
)

// A delivery is where the summary of a run goes.
type delivery struct {
	line io.Writer // gets it as one line; nil: nobody
	file string    // empty: none
	xcom string    // folder that Airflow reads a task's result from; need not exist
}

// begin leaves an empty result for Airflow, which waits for one even if the
// process is killed.
func (d delivery) begin() error {
	if info, err := os.Stat(d.xcom); err != nil || !info.IsDir() {
		return nil
	}
	return replaceFile(d.result(), []byte("{}\n"))
}

func (d delivery) result() string { return filepath.Join(d.xcom, "return.json") }

// deliver writes a summary, or what a plan is, to all places. The line comes
// last: scripts read the last line of the output.
func (d delivery) deliver(summary any) error {
	text, err := json.Marshal(summary)
	if err != nil {
		return fault.New(fault.Bug, "writing the summary: %w", err)
	}
	text = append(text, '\n')
	var files []string
	if d.file != "" {
		files = append(files, d.file)
	}
	if _, err := os.Stat(d.result()); err == nil {
		files = append(files, d.result())
	}
	var first error
	for _, file := range files {
		if err := replaceFile(file, text); err != nil && first == nil {
			first = err
		}
	}
	if d.line != nil {
		if _, err := d.line.Write(text); err != nil && first == nil {
			first = fault.New(fault.Storage, "writing the summary: %w", err)
		}
	}
	return first
}

// leaveSummary leaves the summary of a command that ended before it could do
// so itself: most often its flags make no sense, so they are looked for by hand.
func (sh *shell) leaveSummary(app *cli.App, args []string, err error) {
	if len(args) == 0 || app.Command(args[0]) == nil || flagOf(app.Command(args[0]), "summary-file") == nil {
		return
	}
	d := delivery{}
	d.file, _ = sh.lookup(envName("summary-file"))
	asJSON := false
	for i, word := range args {
		name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case !strings.HasPrefix(word, "-"):
		case name == "json":
			asJSON = true
		case name == "summary-file" && hasValue:
			d.file = value
		case name == "summary-file" && i+1 < len(args):
			d.file = args[i+1]
		}
	}
	if args[0] == "run" || args[0] == "commit" {
		d.xcom = sh.xcom
		if asJSON || !isTerminal(sh.stdout) {
			d.line = sh.stdout
		}
		_ = d.begin() // what cannot be written is told by deliver
	}
	if failed := d.deliver(broken(err)); failed != nil {
		sh.tell(failed)
	}
}

// broken is the summary of a run that could not begin. Mistakes in a configuration
// are counted in it; they stand on stderr.
func broken(err error) *pipeline.Summary {
	s := &pipeline.Summary{
		Status: pipeline.Failed, Exit: fault.Exit(err), RetryAfter: fault.RetryAfter(err).Seconds(), Hint: fault.Hint(err), Pipelines: []pipeline.Result{},
	}
	if mistakes, ok := errors.AsType[*config.Mistakes](err); ok {
		s.Error = count(int64(len(*mistakes)), "mistake") + " in the configuration"
	} else if err != nil {
		s.Error = err.Error()
	}
	return s
}

// replaceFile writes a file so that its readers see the old or the new text,
// never a part.
func replaceFile(name string, text []byte) (err error) {
	dir, base := filepath.Split(name)
	f, err := os.CreateTemp(filepath.Clean(dir), "."+base+".*")
	if err != nil {
		return fault.New(fault.Storage, "writing %s: %w", name, err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(0o644) // whoever started the run reads it, often another user
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fault.New(fault.Storage, "writing %s: %w", name, err)
	}
	return nil
}

// table writes what became of the pipelines for people.
func table(w io.Writer, results []pipeline.Result) {
	rows := [][]string{{"pipeline", "rows", "pages", "MB", "seconds", "proof"}}
	for _, r := range results {
		proof := r.Proof
		if r.Status != pipeline.OK {
			proof = r.Status
		}
		rows = append(rows, []string{r.Name, grouped(r.Written), grouped(r.Pages), megabytes(r.Bytes), fmt.Sprintf("%.1f", r.Seconds), proof})
	}
	writeTable(w, rows)
}

// writeTable writes rows of equal length in columns: the first and the last to
// the left, those between, which are numbers, to the right.
func writeTable(w io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range rows {
		last := len(row) - 1
		fmt.Fprintf(w, "%-*s", widths[0], row[0])
		for i, cell := range row[1:last] {
			fmt.Fprintf(w, "  %*s", widths[i+1], cell)
		}
		fmt.Fprintf(w, "  %s\n", row[last])
	}
}
