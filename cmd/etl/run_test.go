package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"etl"
	"etl/internal/crmsim"
	"etl/internal/fault"
	"etl/internal/pipeline"
)

// A hook is a ledger that calls a function before each reply.
type hook func()

func (h hook) Write(line []byte) (int, error) {
	h()
	return len(line), nil
}

// serveSim serves the simulator until the test ends, and returns the variables
// that reach it.
func serveSim(t *testing.T, o crmsim.Options) map[string]string {
	t.Helper()
	server, err := crmsim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- crmsim.Serve(ctx, listener, server) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return server.Ready(listener).Env
}

// shipped writes the shipped configuration into a folder, and returns its name
// and an environment that lets it read what env names into the folder lake.
func shipped(t *testing.T, dir string, env map[string]string) (file string, lookup func(string) (string, bool)) {
	t.Helper()
	file = filepath.Join(dir, "pipelines.yaml")
	if err := os.WriteFile(file, etl.Pipelines(), 0o600); err != nil {
		t.Fatal(err)
	}
	env = maps.Clone(env)
	env["ETL_DESTINATION"] = filepath.Join(dir, "lake")
	return file, func(name string) (string, bool) { value, ok := env[name]; return value, ok }
}

// A signal in the middle of a run: it ends with the code of the signal, tells
// so in the summary, and leaves no commit. The next run does the work.
func TestASignalStopsARun(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	replies := 0
	env := serveSim(t, crmsim.Options{Seed: 1, Scale: 0.01, Ledger: hook(func() {
		if replies++; replies == 5 {
			cancel(&fault.Signal{Signal: syscall.SIGTERM})
		}
	})})
	dir := t.TempDir()
	file, lookup := shipped(t, dir, env)
	var stdout, stderr strings.Builder
	if code := run(ctx, []string{"run", "request_list", "requests", "-f", file}, lookup, &stdout, &stderr); code != 143 {
		t.Fatalf("the run ended with %d, want 143\n%s", code, &stderr)
	}
	var s pipeline.Summary
	if err := json.Unmarshal([]byte(stdout.String()), &s); err != nil {
		t.Fatalf("the summary is %q: %v", &stdout, err)
	}
	if s.Status != pipeline.Failed || s.Exit != 143 {
		t.Errorf("the summary says %s, exit %d", s.Status, s.Exit)
	}
	if !strings.HasSuffix(stderr.String(), "  next: etl run -f "+file+" requests\n") {
		t.Errorf("the last line names no command:\n%s", &stderr)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "lake", "_etl", "requests", "commits", "*")); len(left) > 0 {
		t.Errorf("it left commits: %v", left)
	}
	stdout.Reset()
	if code := run(t.Context(), []string{"run", "-q", "requests", "-f", file}, lookup, &stdout, &stderr); code != 0 {
		t.Fatalf("the next run ended with %d\n%s", code, &stderr)
	}
}

// A fault in the program is 1; Go itself would say 2.
func TestAPanicIsABug(t *testing.T) {
	var stderr strings.Builder
	panics := func(string) (string, bool) { panic("odd") }
	if code := run(t.Context(), []string{"version"}, panics, io.Discard, &stderr); code != 1 {
		t.Errorf("it ended with %d, want 1", code)
	}
	if !strings.HasPrefix(stderr.String(), "etl: a fault in the program: odd\n") {
		t.Errorf("stderr is %q", &stderr)
	}
}
