package extract

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
)

// times is an API that notes when it was asked, by path.
type times struct {
	mu    sync.Mutex
	start time.Time
	asked map[string][]time.Duration
	now   map[string]int
	most  map[string]int // requests at one time
	takes time.Duration  // to answer
}

func newTimes(takes time.Duration) *times {
	return &times{start: time.Now(), asked: map[string][]time.Duration{}, now: map[string]int{}, most: map[string]int{}, takes: takes}
}

func (a *times) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	a.mu.Lock()
	a.asked[path] = append(a.asked[path], time.Since(a.start))
	a.now[path]++
	a.most[path] = max(a.most[path], a.now[path])
	a.mu.Unlock()
	time.Sleep(a.takes)
	a.mu.Lock()
	a.now[path]--
	a.mu.Unlock()
	reply(w, 200, oneOrder)
}

// fetchAll fetches a list n times at once.
func fetchAll(t *testing.T, wg *sync.WaitGroup, n int, c *Client, p *config.Pipeline) {
	for range n {
		wg.Go(func() {
			l := c.List(p, Vars{}) // each page of another list
			if _, err := l.Fetch(t.Context(), l.First()); err != nil {
				t.Error(err)
			}
		})
	}
}

func called(src *config.Source, name string, limits config.Limits) *config.Pipeline {
	p := orders(src)
	p.Name, p.Request.Path, p.Limits = name, template("/"+name+"/"), limits
	return p
}

// The limit of a pipeline holds beside that of its source, and holds up no
// other pipeline.
func TestPipelineLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := source()
		src.Limits = config.Limits{Requests: 4, Per: time.Second, Concurrency: 2}
		api := newTimes(time.Millisecond)
		c := client(t, src, Options{Transport: serve(t, api.ServeHTTP)})
		var wg sync.WaitGroup
		fetchAll(t, &wg, 4, c, called(src, "slow", config.Limits{Requests: 1, Per: 10 * time.Second}))
		synctest.Wait()
		fetchAll(t, &wg, 7, c, called(src, "fast", config.Limits{}))
		wg.Wait()
		slow := []time.Duration{0, 10 * time.Second, 20 * time.Second, 30 * time.Second}
		if diff := cmp.Diff(slow, rounded(api.asked["/v1/slow/"])); diff != "" {
			t.Errorf("slow (-want +got):\n%s", diff)
		}
		fast := []time.Duration{0, 0, 0, time.Second, time.Second, time.Second, time.Second}
		if diff := cmp.Diff(fast, rounded(api.asked["/v1/fast/"])); diff != "" {
			t.Errorf("fast (-want +got):\n%s", diff)
		}
	})
}

// rounded returns times in order, to the second.
func rounded(all []time.Duration) []time.Duration {
	for i := range all {
		all[i] = all[i].Truncate(time.Second)
	}
	slices.Sort(all)
	return all
}

func TestPipelineConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := source()
		src.Limits.Concurrency = 8
		api := newTimes(time.Second)
		c := client(t, src, Options{Transport: serve(t, api.ServeHTTP)})
		var wg sync.WaitGroup
		fetchAll(t, &wg, 9, c, called(src, "few", config.Limits{Concurrency: 3}))
		fetchAll(t, &wg, 9, c, called(src, "many", config.Limits{}))
		wg.Wait()
		if got := api.most["/v1/few/"]; got != 3 {
			t.Errorf("%d at one time, want 3", got)
		}
	})
}
