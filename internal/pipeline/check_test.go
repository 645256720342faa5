package pipeline

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/extract"
	"etl/internal/config"
	"etl/load"
)

// check checks the pipelines of one source, by name.
func (w *world) check(c *config.Config, source string, names ...string) *SourceCheck {
	w.t.Helper()
	return w.checkWith(Options{Config: c}, source, names...)
}

func (w *world) checkWith(o Options, source string, names ...string) *SourceCheck {
	w.t.Helper()
	c := o.Config
	pipelines, err := c.Select(names)
	if err != nil {
		w.t.Fatal(err)
	}
	if o.Store, err = load.Open(w.root); err != nil {
		w.t.Fatal(err)
	}
	for _, s := range c.Sources {
		if s.Name == source {
			return Check(w.t.Context(), o, s, pipelines)
		}
	}
	w.t.Fatalf("no source %s", source)
	return nil
}

func TestCheckTellsWhatItSees(t *testing.T) {
	w := newWorld(t, nil)
	s := w.check(w.config(), "rental", "request_list")
	if !s.Reached || s.Login != LoginOK || s.ClockAhead == nil || len(s.Errors()) != 2 || s.Errors()[0] != nil || s.Errors()[1] != nil {
		t.Errorf("%+v", s)
	}
	got := s.Pipelines[0]
	got.Seconds = 0
	total := int64(60)
	want := PipelineCheck{
		Name: "request_list", Records: "results", Lists: []Place{{"results", 5}}, Paging: "page", More: true, Total: &total,
		Pages: []Sized{{5, 5}, {1000, 60}}, Proof: config.Counted,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(PipelineCheck{}), cmp.Comparer(func(a, b Failure) bool { return a.Error == b.Error })); diff != "" {
		t.Errorf("request_list (-want +got):\n%s", diff)
	}
}

// It makes a login and at most two requests for a pipeline, and writes nothing.
func TestCheckAsksLittle(t *testing.T) {
	w := newWorld(t, nil)
	w.check(w.config(), "rental", "request_list", "workshop_resources")
	if lines := w.requests(); len(lines) != 5 || !strings.Contains(lines[0], "/auth/login/") {
		t.Errorf("%d requests: %s", len(lines), lines)
	}
	if left, _ := os.ReadDir(w.root); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCheckSeesSizesThatWereCut(t *testing.T) {
	w := newWorld(t, map[string]string{"rental.page_cap": "25"})
	got := w.check(w.config(), "rental", "request_list").Pipelines[0]
	if diff := cmp.Diff([]Sized{{5, 5}, {1000, 25}}, got.Pages); diff != "" || !got.Cut || got.Ignored {
		t.Errorf("cut %v, ignored %v, pages (-want +got):\n%s", got.Cut, got.Ignored, diff)
	}
	w = newWorld(t, map[string]string{"rental.page_cap": "3"})
	got = w.check(w.config(), "rental", "request_list").Pipelines[0]
	if diff := cmp.Diff([]Sized{{5, 3}, {1000, 3}}, got.Pages); diff != "" || !got.Cut {
		t.Errorf("cut %v, pages (-want +got):\n%s", got.Cut, diff)
	}
}

// A name under paging.send that the API does not know changes nothing there.
func TestCheckSeesSizesThatAreIgnored(t *testing.T) {
	w := newWorldOf(t, 0.2, nil)
	c := w.config()
	for _, p := range c.Pipelines {
		p.Paging.Send.Size = "per_page"
	}
	got := w.check(c, "rental", "request_list").Pipelines[0]
	if !got.Ignored || got.Pages[0].Came <= got.Pages[0].Asked {
		t.Errorf("ignored %v, pages %v", got.Ignored, got.Pages)
	}
}

func TestCheckTellsHowFarTheClockIs(t *testing.T) {
	w := newWorld(t, nil)
	late := func() time.Time { return time.Now().Add(time.Hour) }
	s := w.checkWith(Options{Config: w.config(), Now: late}, "rental", "request_list")
	if s.ClockAhead == nil || *s.ClockAhead < -3602 || *s.ClockAhead > -3598 {
		t.Errorf("clock ahead by %v, want about -3600", s.ClockAhead)
	}
}

// What the configuration does not say right is told with what would be.
func TestCheckNamesOtherPlaces(t *testing.T) {
	w := newWorld(t, nil)
	c := w.config()
	for _, p := range c.Pipelines {
		p.Records.At = []config.RecordPath{{Path: config.Path{"payload"}}}
		p.Paging.Read.Total = nil
	}
	s := w.check(c, "rental", "request_list")
	got := s.Pipelines[0]
	if got.Class != "data" || got.What != "a list stands at results: records: results" {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]string{"count"}, got.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	for _, p := range c.Pipelines {
		p.Records.MissingEmpty = true
	}
	if got = w.check(c, "rental", "request_list").Pipelines[0]; got.Class != "data" || len(got.Lists) != 1 {
		t.Errorf("missing: empty does not explain a list elsewhere: %+v", got)
	}
}

func TestCheckOfBadCredentials(t *testing.T) {
	w := newWorld(t, nil)
	w.env["RENTAL_PASSWORD"] = "hunter2"
	s := w.check(w.config(), "rental", "request_list")
	if !s.Reached || s.Login != LoginFailed || s.Class != "auth" || len(s.Pipelines) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestCheckOfASilentHost(t *testing.T) {
	w := newWorld(t, nil)
	w.wrap(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	})
	c := w.config()
	for _, s := range c.Sources {
		s.Retries = -1
	}
	s := w.check(c, "rental", "request_list")
	if s.Reached || s.Login != "" || s.Class != "transient" {
		t.Errorf("%+v", s)
	}
}

func TestCheckTellsTheBudget(t *testing.T) {
	w := newWorld(t, nil)
	s := w.check(w.config(), "calls", "sales_funnels")
	if len(s.Budget) != 1 || s.Budget[0].At != "result.metadata.limits.minute_remaining" || s.Budget[0].Left < 1 || s.Budget[0].ResetsIn < 1 {
		t.Errorf("budget %+v", s.Budget)
	}
	if p := s.Pipelines[0]; p.Records != "result.data" || !p.Hint || p.Total == nil || *p.Total != 40 {
		t.Errorf("%+v", p)
	}
}

// A slice that has just begun tells little: the one before it is asked for.
func TestFirstVarsAreOfASliceThatIsOver(t *testing.T) {
	w := newWorld(t, nil)
	c := w.config()
	pipelines, err := c.Select([]string{"calls_report"})
	if err != nil {
		t.Fatal(err)
	}
	p := pipelines[0]
	for at, want := range map[time.Duration]time.Month{12 * time.Hour: time.February, 24*31*time.Hour + 2*time.Hour: time.March} {
		o := Options{Config: c, Now: func() time.Time { return time.Date(2025, 3, 1, 0, 0, 0, 0, p.Source.Zone).Add(at) }}
		o.setDefaults()
		r := &runner{o: o, clients: map[*config.Source]*extract.Client{}}
		j, err := r.job(p)
		if err != nil {
			t.Fatal(err)
		}
		vars, err := j.firstVars(t.Context())
		if err != nil || vars.Since.Month() != want || vars.Parent != nil {
			t.Errorf("%v after the start of March: %+v, %v, want %v", at, vars, err, want)
		}
	}
}
