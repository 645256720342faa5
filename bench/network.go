package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"etl/bench/sample"
	"etl/internal/crmsim"
	"etl/internal/pipeline"
	"etl/load"
)

// A source is the simulator with a clock at its door.
type source struct {
	*httptest.Server
	sim     *crmsim.Server
	latency time.Duration // of every reply
	allowed int           // requests in any window; 0: no limit
	window  time.Duration

	mu      sync.Mutex
	sent    []time.Time // when requests came that were let in
	ended   time.Time   // of the last reply
	refused int
}

// newSource starts a simulator on a port of this machine.
func newSource(s *source, scale float64) (*source, error) {
	var err error
	if s.sim, err = crmsim.New(crmsim.Options{Seed: 1, Scale: scale}); err != nil {
		return nil, err
	}
	s.Server = httptest.NewServer(s)
	return s, nil
}

// ServeHTTP lets a request in, or refuses it; the reply of the simulator comes
// when the latency is over.
func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	due := time.Now().Add(s.latency)
	if !s.admit(time.Now()) {
		w.Header().Set("Retry-After", strconv.Itoa(1+int(s.window.Seconds())))
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	reply := httptest.NewRecorder()
	s.sim.ServeHTTP(reply, r)
	wait(r.Context(), time.Until(due))
	for name, values := range reply.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(reply.Code)
	_, _ = w.Write(reply.Body.Bytes()) // who asked will tell
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = time.Now()
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// admit notes a request, unless there were as many as allowed in the window that
// ends now.
func (s *source) admit(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.sent); s.allowed > 0 && n >= s.allowed && now.Sub(s.sent[n-s.allowed]) < s.window {
		s.refused++
		return false
	}
	s.sent = append(s.sent, now)
	return true
}

// read is a run of the pipelines of a configuration that reads the simulator's
// list of requests.
func (b *bench) read(ctx context.Context, s *source, pageSize int, limit string) (*pipeline.Summary, error) {
	out := b.path("lake", "read")
	if err := os.RemoveAll(out); err != nil {
		return nil, err
	}
	c, err := sample.Listing(sample.Run{Destination: out, BaseURL: s.URL + "/rental", PageSize: pageSize, Limit: limit}, s.sim.Env(s.URL))
	if err != nil {
		return nil, err
	}
	store, err := load.Open(out)
	if err != nil {
		return nil, err
	}
	return pipeline.Run(ctx, pipeline.Options{Config: c, Pipelines: c.Pipelines, Store: store, Version: "bench"})
}

// latency measures one list whose replies take their time. Ideal is the first
// page alone, then all others eight at once.
func (b *bench) latency() error {
	const delay, atOnce, size = 50 * time.Millisecond, 8, 10
	scale, rounds := 2.0, 3
	if b.quick {
		scale, rounds = 0.5, 1
	}
	t := newTable("pages", "ideal s", "first request to last reply s", "to ideal", "whole run s")
	var ratios []float64
	for range rounds {
		s, err := newSource(&source{latency: delay}, scale)
		if err != nil {
			return err
		}
		started := time.Now()
		summary, err := b.read(b.ctx, s, size, "")
		took := time.Since(started)
		s.Close()
		if err != nil {
			return err
		}
		r := summary.Pipelines[0]
		if summary.Exit != 0 {
			return errors.New(r.Error)
		}
		ideal := delay + time.Duration((r.Pages-1+atOnce-1)/atOnce)*delay
		first := s.sent[1] // the one before is the login
		ratios = append(ratios, s.ended.Sub(first).Seconds()/ideal.Seconds())
		t.row(fmt.Sprint(r.Pages), fmt.Sprintf("%.2f", ideal.Seconds()), fmt.Sprintf("%.2f", s.ended.Sub(first).Seconds()),
			fmt.Sprintf("%.3f", ratios[len(ratios)-1]), fmt.Sprintf("%.2f", took.Seconds()))
	}
	section("A list over the network", "The simulator on this machine, 50 ms a reply, 8 requests at once, 10 records a page.", t)
	b.results["list_latency_vs_ideal"] = median(ratios)
	return nil
}

// rate measures how much of an allowed rate is used from cold. The allowed
// requests of three windows can be sent at once at the start of each; so the
// request after them should be let in when three windows are over.
func (b *bench) rate() error {
	const windows = 3
	allowed, window := 300, time.Minute
	if b.quick {
		allowed, window = 60, 5*time.Second
	}
	s, err := newSource(&source{allowed: allowed, window: window}, 5)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(b.ctx, windows*window+window/2)
	defer cancel()
	if _, err := b.read(ctx, s, 3, fmt.Sprintf("requests: %d, per: %s", allowed, window)); err != nil && ctx.Err() == nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	after, took := "none came", float64(windows*window)
	if len(s.sent) > windows*allowed {
		took = float64(s.sent[windows*allowed].Sub(s.sent[0]))
		after = fmt.Sprintf("%.2f s", took/1e9)
	}
	within := 0
	for _, at := range s.sent {
		if at.Sub(s.sent[0]) < windows*window {
			within++
		}
	}
	used := 100 * min(float64(windows*window)/took, float64(within)/float64(windows*allowed))
	t := newTable("allowed", "sent in three windows", "request after them came at", "refused (429)", "used")
	t.row(fmt.Sprintf("%d in %s", allowed, window), fmt.Sprint(within), after, fmt.Sprint(s.refused), fmt.Sprintf("%.1f %%", used))
	if s.refused > 0 { // the measure is one without any
		used = 0
	}
	section("An allowed rate", fmt.Sprintf("The simulator behind a sliding window, three windows of %s from cold. With a request refused, the figure is 0.", window), t)
	b.results["rate_used_percent"] = used
	return nil
}

// start measures etl run on the shipped pipelines.yaml, from the start of the
// process to its first request.
func (b *bench) start() error {
	came := make(chan time.Time, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came <- time.Now()
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	sim, err := crmsim.New(crmsim.Options{Seed: 1, Scale: 1})
	if err != nil {
		return err
	}
	env := os.Environ()
	for name, value := range sim.Env(server.URL) {
		env = append(env, name+"="+value)
	}
	var times []float64
	for range 2*b.rounds + 2 {
		took, err := b.firstRequest(env, came)
		if err != nil {
			return err
		}
		times = append(times, 1000*took.Seconds())
	}
	times = times[1:]
	t := newTable("starts", "ms")
	t.row(fmt.Sprint(len(times)), spread(times, 1))
	section("Start", "`etl run` on the shipped pipelines.yaml, all pipelines, from the start of the process to the first request.", t)
	b.results["start_ms"] = median(times)
	return nil
}

// firstRequest starts etl and waits for its first request.
func (b *bench) firstRequest(env []string, came chan time.Time) (time.Duration, error) {
	for len(came) > 0 {
		<-came
	}
	var said strings.Builder
	cmd := exec.CommandContext(b.ctx, b.program("etl"), "run", "-f", "../pipelines.yaml")
	cmd.Env = append(env, "ETL_DESTINATION="+b.path("lake", "start"))
	cmd.Stderr = &said
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	select {
	case at := <-came:
		return at.Sub(started), nil
	case <-time.After(10 * time.Second):
		return 0, fmt.Errorf("etl sent nothing in 10 s: %s", said.String())
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}
