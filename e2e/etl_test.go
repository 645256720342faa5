package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// deadline bounds every process and every wait: what takes longer hangs.
const deadline = 5 * time.Minute

// build makes the binary once, from the sources beside this module.
var build = sync.OnceValues(func() (string, error) {
	binary, err := filepath.Abs(filepath.Join("..", ".cache", "e2e", "etl"))
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/etl")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building etl: %w\n%s", err, out)
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	if _, err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// An env is the environment of a process, beside what every process has.
type env map[string]string

// with returns env and more, which wins.
func (e env) with(more env) env {
	all := env{}
	for _, part := range []env{e, more} {
		for name, value := range part {
			all[name] = value
		}
	}
	return all
}

// list is env as exec.Cmd takes it. Nothing else of the test's own environment
// reaches a process than where programs and temporary files are.
func (e env) list() []string {
	list := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "TMPDIR=" + os.TempDir()}
	for name, value := range e {
		list = append(list, name+"="+value)
	}
	return list
}

// command prepares a run of etl that ends with the test or its deadline.
func command(t *testing.T, e env, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	return commandContext(ctx, t, e, args...)
}

// commandContext prepares a run of etl that ends with a context.
func commandContext(ctx context.Context, t *testing.T, e env, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = e.list()
	return cmd
}

// A result is what a command left.
type result struct {
	exit           int
	stdout, stderr string
}

// run runs etl to its end.
func run(t *testing.T, e env, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := command(t, e, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("running etl %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// want fails the test unless the command ended with a code.
func (r result) want(t *testing.T, exit int) {
	t.Helper()
	if r.exit != exit {
		t.Fatalf("exit %d, want %d\nstdout: %s\nstderr: %s", r.exit, exit, r.stdout, r.stderr)
	}
}

// A summary is what etl run writes with --summary-file.
type summary struct {
	Status    string
	Exit      int
	Pipelines []outcome
}

// An outcome is the part of a summary about one pipeline.
type outcome struct {
	Name, Status, Proof         string
	Pages, Slices               int
	Served, Written, Duplicates int64
	Rejected                    int64
	Asked, Unchanged, Gone      int
	Files                       int
	Commit                      int64
	Error                       json.RawMessage
}

// of returns the outcome of a pipeline.
func (s summary) of(t *testing.T, pipeline string) outcome {
	t.Helper()
	for _, o := range s.Pipelines {
		if o.Name == pipeline {
			return o
		}
	}
	t.Fatalf("the summary has no pipeline %s", pipeline)
	return outcome{}
}

// runPipelines runs etl run with a pipelines file into a destination.
func runPipelines(t *testing.T, e env, file, destination string, args ...string) (result, summary) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "summary.json")
	args = append([]string{"run", "-f", file, "--summary-file", path}, args...)
	r := run(t, e.with(env{"ETL_DESTINATION": destination}), args...)
	return r, readSummary(t, path)
}

func readSummary(t *testing.T, path string) (s summary) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatalf("reading the summary: %v\n%s", err, text)
	}
	return s
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}
