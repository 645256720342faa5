package warehouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"etl/internal/fault"
)

// answerMark begins the lines of the program's output that are for us: what else
// it prints depends on the user's settings.
const answerMark = "etl-answer "

// ask runs a script that has one answer, and returns that.
func (w DuckDB) ask(ctx context.Context, script string) (string, error) {
	out, err := w.run(ctx, script)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		if answer, ours := strings.CutPrefix(line, answerMark); ours {
			return strings.TrimSpace(answer), nil
		}
	}
	return "", fault.New(fault.Config, "reading %s: %s does not answer as DuckDB does", w.Database, w.Program).
		WithHint("name the command line program of DuckDB with --duckdb")
}

// run gives a script to the program and returns its output.
func (w DuckDB) run(ctx context.Context, script string) (out string, err error) {
	database := w.Database
	if !strings.Contains(database, ":") { // else it is the address of a server
		if database, err = filepath.Abs(database); err != nil {
			return "", fault.New(fault.Storage, "opening %s: %w", w.Database, err)
		}
	}
	for range openings {
		var half bool
		if out, half, err = w.runOnce(ctx, database, script); !half {
			break
		}
	}
	return out, err
}

// openings is how often a database is opened that another process seems to be
// creating: for some milliseconds its file is there and not yet valid.
const openings = 5

const notYetValid = "it is not a valid DuckDB database file"

// runOnce runs the program, and reports whether it met a file that is no
// database, before it did anything.
func (w DuckDB) runOnce(ctx context.Context, database, script string) (out string, half bool, err error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, w.Program, "-batch", "-bail", "-noheader", "-list", database)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(script), &stdout, &stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		return "", false, context.Cause(ctx)
	}
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		return "", strings.Contains(stderr.String(), notYetValid), w.complaint(stderr.String())
	}
	if err != nil {
		return "", false, fault.New(fault.Config, "running DuckDB: %w", err).WithHint("name its program with --duckdb")
	}
	return stdout.String(), false, nil
}

// Errors that the scripts raise.
const (
	raiseOvertaken = "etl: another load came first"
	raiseCounts    = "etl: the table has not the rows of the commit"
	raiseForeign   = "etl: there is a table or view of that name which etl has not made"
)

// complaint turns what the program has written to stderr into an error.
func (w DuckDB) complaint(stderr string) error {
	switch {
	case strings.Contains(stderr, raiseOvertaken):
		return errOvertaken
	case strings.Contains(stderr, "Could not set lock on file"):
		e := fault.New(fault.Conflict, "opening %s: another process has it open", w.Database).
			WithHint("try again when it is closed: DuckDB lets in one process at a time")
		e.RetryAfter = 10 * time.Second
		return e
	case strings.Contains(stderr, raiseCounts):
		return fault.New(fault.Data, "loading into %s: the table would not have the rows of the commit; nothing was changed", w.Database).
			WithHint("somebody has changed the table: drop it and load again")
	}
	return fault.New(fault.Storage, "working on %s: %s", w.Database, safeLine(stderr))
}

// telling are the kinds of DuckDB's errors whose text speaks of files, tables
// and SQL. Others may hold values of records.
var telling = []string{"IO", "Catalog", "Binder", "Parser", "Permission", "Out of Memory", "TransactionContext", "Not implemented"}

// safeLine returns the first line of an error of DuckDB, or only its kind if the
// rest may hold values.
func safeLine(stderr string) string {
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		kind, _, found := strings.Cut(line, " Error: ")
		if !found {
			continue
		}
		if slices.ContainsFunc(telling, func(k string) bool { return strings.HasSuffix(kind, k) }) {
			return line
		}
		return fmt.Sprintf("%s Error (the text is left out: it may hold values)", kind)
	}
	return "its program ended without a word"
}
