package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"etl"
)

func TestMain(m *testing.M) {
	testscript.Main(withoutLeaks{m}, map[string]func(){"etl": main})
}

// withoutLeaks fails if tests leave goroutines behind: each ends what it has
// begun.
type withoutLeaks struct{ *testing.M }

func (m withoutLeaks) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestScripts runs each script of testdata/script in an empty folder. There it
// finds the shipped pipelines.yaml, unless it brings its own, and the
// configuration of the README as readme.yaml. Beside the commands of testscript
// it has
//
//	sim [FLAGS]              start etl sim and set the variables that it names
//	sim stop                 stop it
//	exits CODE PROGRAM …     as exec, for a program that ends with this code
func TestScripts(t *testing.T) {
	readme := readmeConfiguration(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values["sim"] = &simulator{}
			env.Vars = append(env.Vars, endsAtOnce)
			if err := os.WriteFile(filepath.Join(env.WorkDir, "readme.yaml"), readme, 0o600); err != nil {
				return err
			}
			shipped := filepath.Join(env.WorkDir, "pipelines.yaml")
			if _, err := os.Stat(shipped); err == nil {
				return nil
			}
			return os.WriteFile(shipped, etl.Pipelines(), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"sim": sim, "exits": exits},
	})
}

// endsAtOnce is a variable for programs that the race detector is built into:
// without it each sleeps for a second before it ends.
const endsAtOnce = "GORACE=atexit_sleep_ms=0"

// readmeConfiguration returns the block of YAML in the README.
func readmeConfiguration(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```yaml\n")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the README has no configuration")
	}
	return []byte(block)
}

// A simulator is etl sim in a process of its own.
type simulator struct{ process *exec.Cmd }

// sim starts or stops the simulator of a script.
func sim(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value("sim").(*simulator)
	if len(args) == 1 && args[0] == "stop" {
		s.end(ts)
		return
	}
	s.process = exec.Command("etl", append([]string{"sim"}, args...)...)
	s.process.Dir, s.process.Stderr = ts.MkAbs("."), os.Stderr
	s.process.Env = append(os.Environ(), endsAtOnce)
	out, err := s.process.StdoutPipe()
	ts.Check(err)
	ts.Check(s.process.Start())
	ts.Defer(func() { s.end(ts) })
	var ready struct{ Env map[string]string }
	ts.Check(json.NewDecoder(out).Decode(&ready))
	for name, value := range ready.Env {
		ts.Setenv(name, value)
	}
}

// end stops the simulator, if it runs.
func (s *simulator) end(ts *testscript.TestScript) {
	if s.process == nil {
		return
	}
	process := s.process
	s.process = nil
	ts.Check(process.Process.Signal(os.Interrupt))
	if err := process.Wait(); err != nil {
		ts.Fatalf("etl sim ended with %v", err)
	}
}

// exits runs a program that must end with a code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENTS]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("%s ended with %d, want %d", args[1], code, want)
	}
}
