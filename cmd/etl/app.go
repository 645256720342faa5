package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"etl/internal/config"
	"etl/internal/fault"
)

// A shell is what commands see of the process that they run in.
type shell struct {
	lookup         func(name string) (string, bool) // environment
	stdout, stderr io.Writer
	now            func() time.Time
	xcom           string // folder that Airflow reads a task's result from
}

// run runs one command and returns the exit code.
func run(ctx context.Context, args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			// Without this Go would end the process with 2, the code for mistakes of the user.
			fmt.Fprintf(stderr, "etl: a fault in the program: %v\n%s", p, debug.Stack())
			code = fault.Exit(fault.New(fault.Bug, "panic"))
		}
	}()
	sh := &shell{lookup: lookup, stdout: stdout, stderr: stderr, now: time.Now, xcom: "/airflow/xcom"}
	app := sh.app()
	arranged, err := arrange(app, args)
	if err == nil {
		err = app.RunContext(ctx, append([]string{app.Name}, arranged...))
	}
	if code, ok := errors.AsType[ended](err); ok {
		return int(code)
	}
	if err != nil {
		err = stoppedBy(ctx, err)
		sh.tell(err)
		sh.leaveSummary(app, args, err)
	}
	return fault.Exit(err)
}

// ended is the end of a command that has told everything itself: its exit code.
type ended int

func (e ended) Error() string { return fmt.Sprintf("ended with exit code %d", int(e)) }

// app is the table of commands.
func (sh *shell) app() *cli.App {
	app := &cli.App{
		Name:        "etl",
		Usage:       "read CRM APIs, leave exact, partitioned Parquet",
		UsageText:   "etl COMMAND [FLAGS] [ARGUMENTS]",
		Description: "Start with: etl demo",
		Writer:      sh.stdout,
		ErrWriter:   sh.stderr,
		Commands: []*cli.Command{
			sh.demoCommand(), sh.initCommand(), sh.checkCommand(), sh.validateCommand(), sh.planCommand(), sh.runCommand(), sh.commitCommand(),
			sh.previewCommand(), sh.rejectsCommand(), sh.filesCommand(), sh.loadCommand(), sh.schemaCommand(), sh.inspectCommand(), sh.logCommand(),
			sh.verifyCommand(), sh.rollbackCommand(), sh.gcCommand(),
			sh.simCommand(), sh.versionCommand(), sh.completionCommand(), sh.completeCommand(),
		},
		DisableSliceFlagSeparator: true, // a value may hold a comma
		OnUsageError:              usageError,
		ExitErrHandler:            func(*cli.Context, error) {}, // run turns errors into exit codes
	}
	for _, c := range app.Commands {
		c.HideHelpCommand = true // an argument may be named help
		c.OnUsageError = usageError
	}
	app.Setup()
	return app
}

func usageError(c *cli.Context, err error, _ bool) error {
	return usage("%v", err).WithHint("etl help %s", c.Command.Name)
}

// usage is the error of a command line that makes no sense.
func usage(format string, args ...any) *fault.Error {
	return fault.New(fault.Config, format, args...)
}

// tell prints the error that a command ended with, and its hint.
func (sh *shell) tell(err error) {
	if err == nil {
		return
	}
	if mistakes, ok := errors.AsType[*config.Mistakes](err); ok {
		fmt.Fprintf(sh.stderr, "%v\n%s in the configuration\n", mistakes, count(int64(len(*mistakes)), "mistake"))
		return
	}
	fmt.Fprintf(sh.stderr, "etl: %v\n", err)
	if hint := fault.Hint(err); hint != "" {
		fmt.Fprintf(sh.stderr, "  hint: %s\n", hint)
	}
}

// examples writes command lines, each with what it does, for the help of a
// command.
func examples(lines ...string) string {
	var b strings.Builder
	b.WriteString("EXAMPLES:\n")
	for pair := range slices.Chunk(lines, 2) {
		fmt.Fprintf(&b, "%-38s %s\n", pair[0], pair[1])
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// count writes a number of things: "1 page", "2,000 pages".
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return grouped(n) + " " + thing + "s"
}

// isTerminal tells whether somebody watches what is written to w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "ETL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// variable names the environment variable of a flag to the library, unless it is
// empty, which counts as not set.
func (sh *shell) variable(flag string) []string {
	if value, ok := sh.lookup(envName(flag)); ok && value == "" {
		return nil
	}
	return []string{envName(flag)}
}

func (sh *shell) text(name, value, usage string, aliases ...string) *cli.StringFlag {
	return &cli.StringFlag{Name: name, Aliases: aliases, Value: value, Usage: usage, EnvVars: sh.variable(name)}
}

func (sh *shell) toggle(name, usage string, aliases ...string) *cli.BoolFlag {
	return &cli.BoolFlag{Name: name, Aliases: aliases, Usage: usage, EnvVars: sh.variable(name), DisableDefaultText: true}
}
