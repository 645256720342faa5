package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopsWithin is how soon a run ends that is asked to, whatever it is doing.
const stopsWithin = 10 * time.Second

// A run that is stopped by a signal ends in time, whatever it is doing, with
// the signal's exit code and nothing committed; and by a second signal too.
func TestStopped(t *testing.T) {
	answered := func(of string) func(*sim, string) bool {
		pattern := regexp.MustCompile(of)
		return func(crm *sim, _ string) bool {
			text, _ := os.ReadFile(crm.ledger) // none yet is none that matches
			return pattern.Match(text)
		}
	}
	list := answered(`/v1/crm/requests/`)
	tests := []struct {
		name, pipeline string
		sim            []string
		env            env
		doing          func(crm *sim, lake string) bool
	}{
		{"waiting for a limit", "request_list", nil, env{"RENTAL_REQUESTS": "1"}, answered(`/v1/auth/login/`)},
		{"backing off", "request_list", []string{"--switch", "rental.fail=500:1"}, nil, answered(`(?s)"status":500.*"status":500`)},
		{"told to wait", "request_list", []string{"--switch", "rental.fail=429:1"}, nil, answered(`"status":429`)},
		{"before a reply", "request_list", []string{"--switch", "rental.fail=hang:1"}, nil, list},
		{"in a body that stalls", "request_list", []string{"--switch", "rental.fail=stall:1"}, nil, list},
		{"in a body that dribbles", "request_list", []string{"--switch", "rental.fail=dribble:1"}, nil, list},
		{"keeping pages", "workshop_resources", []string{"--latency", "20ms", "--scale", "20"}, nil, staged(`\.json\.`)},
		{"writing files", "workshop_resources", []string{"--latency", "20ms", "--scale", "20"}, nil, staged(`\.part$`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			crm := startSim(t, tt.sim...)
			for _, signals := range [][]syscall.Signal{{syscall.SIGINT}, {syscall.SIGTERM}, {syscall.SIGTERM, syscall.SIGINT}} {
				lake := t.TempDir()
				if err := os.Truncate(crm.ledger, 0); err != nil {
					t.Fatal(err)
				}
				exit, stderr := stopped(t, crm, tt.env, tt.pipeline, lake, tt.doing, signals)
				first, last := 128+int(signals[0]), 128+int(signals[len(signals)-1])
				if exit != first && exit != last { // it may have ended before the second signal came
					t.Errorf("%v: exit %d, want %d or %d\n%s", signals, exit, first, last, stderr)
				}
				if there, err := filepath.Glob(filepath.Join(lake, "_etl", tt.pipeline, "commits", "*")); err != nil || len(there) > 0 {
					t.Errorf("%v: it committed %v (%v)", signals, there, err)
				}
			}
		})
	}
}

// stopped runs a pipeline, sends it signals once it does what is asked for, and
// returns how it ended.
func stopped(t *testing.T, crm *sim, e env, pipeline, lake string, doing func(*sim, string) bool, signals []syscall.Signal) (int, string) {
	t.Helper()
	cmd := command(t, crm.env.with(e).with(env{"ETL_DESTINATION": lake}), "run", "-f", shipped, pipeline)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	eventually(t, "the run does what it is to be stopped in", func() bool { return doing(crm, lake) })
	for _, s := range signals {
		_ = cmd.Process.Signal(s) // it may have ended by the first
	}
	select {
	case <-ended:
	case <-time.After(stopsWithin):
		_ = cmd.Process.Signal(syscall.SIGQUIT) // which shows where it is
		<-ended
		t.Fatalf("%v: it did not end within %v\n%s", signals, stopsWithin, &stderr)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}

// staged tells whether a file lies in a stage whose name matches.
func staged(name string) func(*sim, string) bool {
	pattern := regexp.MustCompile(name)
	return func(_ *sim, lake string) (found bool) {
		_ = filepath.WalkDir(lake, func(path string, e fs.DirEntry, err error) error { // files come and go
			if err == nil && !e.IsDir() && strings.Contains(path, "/stage/") && pattern.MatchString(path) {
				found = true
				return fs.SkipAll
			}
			return nil
		})
		return found
	}
}
