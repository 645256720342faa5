package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/internal/pipeline"
)

func TestTable(t *testing.T) {
	var got strings.Builder
	table(&got, []pipeline.Result{
		{Name: "workshop_resources", Status: pipeline.OK, Written: 20000, Pages: 21, Bytes: 31_415_926, Seconds: 2.34, Proof: "counted"},
		{Name: "requests", Status: pipeline.Failed, Proof: "answered"},
	})
	want := `pipeline              rows  pages    MB  seconds  proof
workshop_resources  20,000     21  31.4      2.3  counted
requests                 0      0   0.0      0.0  failed
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// Airflow finds {} from the start, and the summary at the end.
func TestDeliveryToAirflow(t *testing.T) {
	dir := t.TempDir()
	d := delivery{xcom: dir, file: filepath.Join(t.TempDir(), "summary.json")}
	if err := d.begin(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(dir, "return.json")); got != "{}\n" {
		t.Errorf("at the start return.json holds %q", got)
	}
	if err := d.deliver(broken(usage("no"))); err != nil {
		t.Fatal(err)
	}
	want := `{"run":"","status":"failed","exit":2,"seconds":0,"error":"no","pipelines":[]}` + "\n"
	for _, file := range []string{filepath.Join(dir, "return.json"), d.file} {
		if got := read(t, file); got != want {
			t.Errorf("%s holds %s, want %s", filepath.Base(file), got, want)
		}
	}
}

// A command that could not begin tells when it may, and so does a plan.
func TestBrokenTellsWhenToComeBack(t *testing.T) {
	err := fault.New(fault.Transient, "source rental asks to wait 40s")
	err.RetryAfter = 40 * time.Second
	if got := broken(err); got.Exit != 3 || got.RetryAfter != 40 {
		t.Errorf("exit %d, retry_after %v; want 3 and 40", got.Exit, got.RetryAfter)
	}
}

func TestDeliveryWithoutAirflow(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	d := delivery{xcom: dir}
	if err := errors.Join(d.begin(), d.deliver(broken(nil))); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder of Airflow was created")
	}
}

// A summary that cannot be written is told, but the line still comes.
func TestDeliveryToNowhere(t *testing.T) {
	var line strings.Builder
	d := delivery{line: &line, file: filepath.Join(t.TempDir(), "none", "summary.json")}
	if err := d.deliver(&pipeline.Summary{}); fault.Of(err) != fault.Storage {
		t.Errorf("deliver = %v, want a fault of storage", err)
	}
	if !strings.HasSuffix(line.String(), "}\n") || strings.Count(line.String(), "\n") != 1 {
		t.Errorf("the line is %q", &line)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSettle(t *testing.T) {
	stopped, cancel := context.WithCancelCause(t.Context())
	cancel(&fault.Signal{Signal: syscall.SIGTERM})
	idle := []pipeline.Result{{Status: pipeline.OK, Served: 5, Duplicates: 5}, {Status: pipeline.OK}}
	tests := []struct {
		name      string
		ctx       context.Context
		s         pipeline.Summary
		emptyIs99 bool
		want      int
	}{
		{"done", t.Context(), pipeline.Summary{Status: pipeline.OK, Pipelines: idle}, false, 0},
		{"nothing to do", t.Context(), pipeline.Summary{Status: pipeline.OK, Pipelines: idle}, true, 99},
		{"rows to write", t.Context(), pipeline.Summary{Status: pipeline.OK, Pipelines: append(idle, pipeline.Result{Written: 1})}, true, 0},
		{"an empty slice that was committed", t.Context(), pipeline.Summary{Status: pipeline.OK, Pipelines: []pipeline.Result{{Slices: 1}}}, true, 0},
		{"failed", t.Context(), pipeline.Summary{Status: pipeline.Failed, Exit: 4, Pipelines: idle}, true, 4},
		{"stopped", stopped, pipeline.Summary{Status: pipeline.Failed, Exit: 130, Pipelines: idle}, false, 143},
		{"done before the signal had an effect", stopped, pipeline.Summary{Status: pipeline.OK, Pipelines: idle}, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			settle(tt.ctx, &tt.s, tt.emptyIs99)
			if tt.s.Exit != tt.want {
				t.Errorf("exit %d, want %d", tt.s.Exit, tt.want)
			}
		})
	}
}

func TestObey(t *testing.T) {
	signals := make(chan os.Signal, 2)
	signals <- syscall.SIGINT
	signals <- syscall.SIGTERM
	ctx, cancel := context.WithCancelCause(t.Context())
	code := 0
	obey(signals, cancel, func(c int) { code = c })
	if got := fault.Exit(context.Cause(ctx)); got != 130 {
		t.Errorf("the first signal ends with %d, want 130", got)
	}
	if code != 143 {
		t.Errorf("the second signal ends with %d at once, want 143", code)
	}
}
