package pipeline

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"etl"
	"etl/internal/config"
	"etl/internal/crmsim"
	"etl/load"
)

// recorded answers requests from memory; those that are new it asks the
// simulator.
type recorded struct {
	sim   http.Handler
	mu    sync.Mutex
	known map[string]*httptest.ResponseRecorder
}

func (r *recorded) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := request.Method + request.URL.String()
	reply := r.known[name]
	if reply == nil {
		reply = httptest.NewRecorder()
		if request.Body == nil {
			request.Body = http.NoBody
		}
		asked := request.Clone(request.Context())
		asked.Header.Del("Accept-Encoding") // the processor time of gzip is the server's choice
		r.sim.ServeHTTP(reply, asked)
		r.known[name] = reply
	}
	again := *reply
	again.Body = bytes.NewBuffer(reply.Body.Bytes())
	response := again.Result()
	response.ContentLength, response.Request = int64(reply.Body.Len()), request
	return response, nil
}

// BenchmarkRun reads pages that are in memory into a folder for each month: all
// of a run but the network, on one core and on two.
func BenchmarkRun(b *testing.B) {
	const scale = 10
	sim, err := crmsim.New(crmsim.Options{Seed: 1, Scale: scale})
	if err != nil {
		b.Fatal(err)
	}
	source := &recorded{sim: sim, known: map[string]*httptest.ResponseRecorder{}}
	env := sim.Env("http://127.0.0.1")
	env["RENTAL_REQUESTS"] = "1000000"
	text := bytes.Replace(etl.Pipelines(), []byte("schema: rental/request_list\n"),
		[]byte("schema: rental/request_list\n    partition: [{ by: month, of: created_at }]\n"), 1)
	c, err := config.Parse("pipelines.yaml", text, config.Options{
		Lookup:  func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Schemas: etl.Schemas(),
	})
	if err != nil {
		b.Fatal(err)
	}
	run := func() (rows int64) {
		o := Options{Config: c, Transport: source}
		if o.Pipelines, err = c.Select([]string{"request_list"}); err != nil {
			b.Fatal(err)
		}
		if o.Store, err = load.Open(b.TempDir()); err != nil {
			b.Fatal(err)
		}
		s, err := Run(b.Context(), o)
		if err != nil || s.Status != OK {
			b.Fatal(err, s)
		}
		return s.Pipelines[0].Written
	}
	run()
	for _, cores := range []int{1, 2} {
		b.Run(fmt.Sprintf("cores=%d", cores), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			b.ReportAllocs()
			before, rows := cpuTime(b), int64(0)
			for b.Loop() {
				rows += run()
			}
			b.ReportMetric(float64(cpuTime(b)-before)/float64(rows), "cpu-ns/row")
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// cpuTime is the processor time that this process has taken: on a machine that
// others use too it tells more than the clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
