package extract

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

// An ailing source answers with a failure while it is ill, and counts what it
// is asked.
type ailing struct {
	times
	mu     sync.Mutex
	ill    func(n int, since time.Duration) bool
	n      int
	failed int
	at     []time.Duration
	begun  time.Time
	status int
	header []string
}

func newAiling(status int, ill func(int, time.Duration) bool, header ...string) *ailing {
	return &ailing{times: *newTimes(time.Second), ill: ill, begun: time.Now(), status: status, header: header}
}

func (a *ailing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.n++
	since := time.Since(a.begun)
	a.at = append(a.at, since)
	ill := a.ill(a.n, since)
	if ill {
		a.failed++
	}
	a.mu.Unlock()
	if ill {
		reply(w, a.status, "", a.header...)
		return
	}
	a.times.ServeHTTP(w, r)
}

func always(int, time.Duration) bool { return true }

// fetchEach fetches pages of a list at once and returns their errors.
func fetchEach(t *testing.T, c *Client, p *config.Pipeline, pages int) (errs []error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range pages {
		wg.Go(func() {
			_, err := fetch(t, c.List(p, Vars{}))
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	wg.Wait()
	return errs
}

// A source that answers nothing but failures is asked ten times, then left
// alone for longer and longer, and given up: whoever else wants something of it
// asks no more.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newAiling(503, always)
		src := source()
		src.Limits.Concurrency = 8
		c := client(t, src, Options{Transport: serve(t, api.ServeHTTP), Rand: func() float64 { return 0.5 }})
		for _, err := range fetchEach(t, c, orders(src), 40) {
			wantFault(t, err, fault.Transient, "HTTP 503")
			if fault.RetryAfter(err) == 0 && strings.Contains(err.Error(), "in a row") {
				t.Errorf("%v: no time to come back", err)
			}
		}
		if _, err := fetch(t, c.List(orders(src), Vars{})); err == nil || !strings.Contains(err.Error(), "source shop: 15 failures in a row") {
			t.Errorf("afterwards: %v", err)
		}
		if most := breakAfter + 8 + mostProbes; api.n > most {
			t.Errorf("%d requests, want at most %d", api.n, most)
		}
		if took, pauses := api.at[len(api.at)-1]-api.at[0], 15*firstBreak+longestBreak; took < pauses {
			t.Errorf("the last request came after %v, want the pauses of %v before it", took, pauses)
		}
	})
}

// A source that is down for a while is found well again by one probe.
func TestBreakerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newAiling(503, func(_ int, since time.Duration) bool { return since < 20*time.Second })
		src := source()
		src.Limits.Concurrency = 8
		c := client(t, src, Options{Transport: serve(t, api.ServeHTTP)})
		for _, err := range fetchEach(t, c, orders(src), 40) {
			if err != nil {
				t.Error(err)
			}
		}
		if api.failed > breakAfter+8+mostProbes {
			t.Errorf("%d requests failed", api.failed)
		}
	})
}

// Failures halve the room for requests, good replies widen it again, and it is
// never more than the configuration allows.
func TestRoom(t *testing.T) {
	h := newHealth(8)
	fits := func() int64 { return h.capacity() / h.weight() }
	now := time.Unix(0, 0)
	steps := []struct {
		name string
		do   func()
		want int64
	}{
		{"at first", func() {}, 8},
		{"throttled", func() { h.throttled(now) }, 4},
		{"by requests of the same moment", func() { h.throttled(now); h.throttled(now) }, 4},
		{"again, later", func() { now = now.Add(time.Second); h.throttled(now) }, 2},
		{"down to one", func() {
			for range 5 {
				now = now.Add(time.Second)
				h.throttled(now)
			}
		}, 1},
		{"a good reply", func() { h.well(now, false) }, 2},
		{"many", func() {
			for range 100 {
				h.well(now, false)
			}
		}, 8},
		{"a slow one", func() { now = now.Add(time.Second); h.well(now, true) }, 4},
	}
	for _, s := range steps {
		if s.do(); fits() != s.want {
			t.Errorf("%s: room for %d requests, want %d", s.name, fits(), s.want)
		}
	}
	for most := 1; most <= 64; most++ {
		for room := 1; room <= most; room++ {
			h := newHealth(most)
			h.room = float64(room)
			if fits := h.capacity() / h.weight(); fits != int64(room) {
				t.Fatalf("room for %d of %d, want %d", fits, most, room)
			}
		}
	}
}

// A source where every third reply fails gets no more than a fifth more
// requests, and those that are free.
func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newAiling(500, func(n int, _ time.Duration) bool { return n%3 == 0 })
		src := source()
		src.Limits.Concurrency = 4
		c := client(t, src, Options{Transport: serve(t, api.ServeHTTP)})
		failed := 0
		for _, err := range fetchEach(t, c, orders(src), 400) {
			if err != nil {
				wantFault(t, err, fault.Transient, "no more tries are left to this source")
				failed++
			}
		}
		s := c.Stats()
		if failed == 0 || s.Retries > freeRetries+s.Requests*retryPercent/100 {
			t.Errorf("%d failed; %d tries again of %d requests", failed, s.Retries, s.Requests)
		}
	})
}

// Due tells when the limit will have let requests through.
func TestDue(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := newLimiter(config.Limits{Requests: 3, Per: time.Minute}, 1)
	want := func(n int64, d time.Duration) {
		t.Helper()
		if got := l.dueAll(now, n); got != d {
			t.Errorf("%d requests are due in %v, want %v", n, got, d)
		}
	}
	want(3, 0)
	want(4, time.Minute)
	want(7, 2*time.Minute)
	for range 3 {
		take(now, l)
		land(now, l)
		now = now.Add(10 * time.Second)
	}
	want(1, 30*time.Second)
	want(2, 40*time.Second)
	want(4, 90*time.Second)
	now = now.Add(30 * time.Second)
	take(now, l) // its reply may begin now at the soonest
	want(2, 20*time.Second)
	want(3, time.Minute)
	l.pause(now.Add(time.Hour))
	want(1, time.Hour)
}

// A token that says how long it lives is refreshed before it ends: no request
// is refused.
func TestTokenOfAKnownLifetime(t *testing.T) {
	for name, login := range map[string]string{
		"exp of a JWT": `{"access":"e30.eyJleHAiOjk0NjY4NDg2MH0.c2ln"}`, // 946684860: a minute after the clock of synctest begins
		"expires_in":   `{"access":"t","expires_in":60}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := loginSource()
				src.Auth.Login.Refresh = nil
				logins := 0
				c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/login/") {
						logins++
						reply(w, 200, login)
						return
					}
					reply(w, 200, oneOrder)
				})})
				for wait, want := range []int{1, 1, 2} { // 27 seconds apart: the last is due after 54
					time.Sleep(time.Duration(min(wait, 1)) * 27 * time.Second)
					if _, err := fetch(t, c.List(orders(src), Vars{})); err != nil {
						t.Fatal(err)
					}
					if logins != want {
						t.Errorf("%d logins, want %d", logins, want)
					}
				}
			})
		})
	}
}

// Of a token that ends without a word, at most the requests under way are
// refused.
func TestRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &tokens{}
		src := loginSource()
		src.Limits.Concurrency = 4
		var mu sync.Mutex
		refused, n := 0, 0
		c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second) // so that requests are under way together
			mu.Lock()
			if n++; n == 20 {
				api.expire()
			}
			mu.Unlock()
			rw := &statusOf{ResponseWriter: w}
			api.ServeHTTP(rw, r)
			mu.Lock()
			defer mu.Unlock()
			if rw.status == 401 {
				refused++
			}
		})})
		for _, err := range fetchEach(t, c, orders(src), 60) {
			if err != nil {
				t.Error(err)
			}
		}
		if refused == 0 || refused > 4 {
			t.Errorf("%d requests were refused, want at most the 4 under way", refused)
		}
	})
}

// statusOf remembers the status of a reply.
type statusOf struct {
	http.ResponseWriter
	status int
}

func (s *statusOf) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
