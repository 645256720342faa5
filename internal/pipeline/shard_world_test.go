package pipeline

import (
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"etl/internal/config"
)

// patient lets the simulator answer any number of requests in a minute.
var patient = map[string]string{"calls.minute": "1000000", "calls.day": "1000000"}

// unlimited is the configuration without limits, for tests that read a lot.
func (w *world) unlimited() *config.Config {
	c := w.config()
	for _, s := range c.Sources {
		s.Limits.Requests = 0
	}
	return c
}

// failAfter lets the simulator answer some more requests, and refuse all others.
func (w *world) failAfter(n int64) {
	var count atomic.Int64
	w.wrap(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if count.Add(1) > n {
				rw.WriteHeader(http.StatusForbidden)
				return
			}
			h.ServeHTTP(rw, r)
		})
	})
}

func (w *world) wrapNothing() { w.wrap(func(h http.Handler) http.Handler { return h }) }

func removeFile(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}
