package pipeline

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"etl/extract"
)

// Stages of a pipeline's run. Fetching, transforming and loading go on side by
// side, so their seconds may add up to more than those of the pipeline.
const (
	stagePlan      = "plan"
	stageFetch     = "fetch"
	stageTransform = "transform"
	stageLoad      = "load"
	stageCommit    = "commit"
)

// A stopwatch adds up the time that the stages of a pipeline take. It is safe
// for concurrent use.
type stopwatch struct {
	now   func() time.Time
	mu    sync.Mutex
	spent map[string]time.Duration
}

// start starts a stage; what it returns ends it.
func (s *stopwatch) start(stage string) (stop func()) {
	began := s.now()
	return func() {
		took := s.now().Sub(began)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.spent == nil {
			s.spent = map[string]time.Duration{}
		}
		s.spent[stage] += took
	}
}

// A metric is a family of samples in the text form of Prometheus. They are
// gauges: each tells of one run, and starts anew with the next.
type metric struct {
	name, help string
	samples    []sample
}

type sample struct {
	labels []string // name, value, name, value, …
	value  float64
}

// WriteMetrics writes what became of a run in the text form of Prometheus
// (exposition format 0.0.4), for the collector of text files of its node exporter
// or for a push gateway.
func (s *Summary) WriteMetrics(w io.Writer, end time.Time) error {
	var b strings.Builder
	for _, m := range slices.Concat(s.runMetrics(end), s.pipelineMetrics(), s.sourceMetrics()) {
		if len(m.samples) == 0 {
			continue
		}
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", m.name, m.help, m.name)
		for _, x := range m.samples {
			fmt.Fprintf(&b, "%s%s %s\n", m.name, labelText(x.labels), strconv.FormatFloat(x.value, 'g', -1, 64))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// labelText writes labels, whose values are quoted as the format says.
func labelText(labels []string) string {
	if len(labels) == 0 {
		return ""
	}
	quote := strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	var all []string
	for pair := range slices.Chunk(labels, 2) {
		all = append(all, pair[0]+`="`+quote.Replace(pair[1])+`"`)
	}
	return "{" + strings.Join(all, ",") + "}"
}

func one(name, help string, value float64) metric {
	return metric{name, help, []sample{{nil, value}}}
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func (s *Summary) runMetrics(end time.Time) []metric {
	return []metric{
		one("etl_run_success", "1 if the run did all that it was to do.", truth(s.Status == OK)),
		one("etl_run_exit_code", "Exit code of the run.", float64(s.Exit)),
		one("etl_run_duration_seconds", "How long the run took.", s.Seconds),
		one("etl_run_end_timestamp_seconds", "When the run ended, since 1970.", float64(end.UnixMilli())/1000),
	}
}

// pipelineMetrics tells of each pipeline what the summary does.
func (s *Summary) pipelineMetrics() []metric {
	each := func(name, help string, value func(*Result) float64) metric {
		m := metric{name: name, help: help}
		for i := range s.Pipelines {
			r := &s.Pipelines[i]
			m.samples = append(m.samples, sample{[]string{"pipeline", r.Name}, value(r)})
		}
		return m
	}
	split := func(name, help, label string, values func(*Result) map[string]float64) metric {
		m := metric{name: name, help: help}
		for i := range s.Pipelines {
			r := &s.Pipelines[i]
			of := values(r)
			for _, key := range slices.Sorted(maps.Keys(of)) {
				m.samples = append(m.samples, sample{[]string{"pipeline", r.Name, label, key}, of[key]})
			}
		}
		return m
	}
	return []metric{
		each("etl_pipeline_success", "1 if the pipeline was brought up to date.", func(r *Result) float64 { return truth(r.Status == OK) }),
		each("etl_pipeline_pages", "Pages that were accepted.", func(r *Result) float64 { return float64(r.Pages) }),
		each("etl_pipeline_page_bytes", "Bytes of their JSON text.", func(r *Result) float64 { return float64(r.Bytes) }),
		split("etl_pipeline_rows", "Records by what became of them: served = written + duplicate + rejected; reread is apart.", "state", func(r *Result) map[string]float64 {
			return map[string]float64{
				"served": float64(r.Served), "written": float64(r.Written), "duplicate": float64(r.Duplicates),
				"rejected": float64(r.Rejected), "reread": float64(r.Reread),
			}
		}),
		split("etl_pipeline_parents", "Parents by what became of them.", "state", func(r *Result) map[string]float64 {
			return map[string]float64{"asked": float64(r.Asked), "unchanged": float64(r.Unchanged), "gone": float64(r.Gone)}
		}),
		each("etl_pipeline_slices", "Slices that were committed.", func(r *Result) float64 { return float64(r.Slices) }),
		each("etl_pipeline_files", "Live files after the last commit.", func(r *Result) float64 { return float64(r.Files) }),
		each("etl_pipeline_commit", "Number of the last commit; 0: none.", func(r *Result) float64 { return float64(r.Commit) }),
		each("etl_pipeline_duration_seconds", "How long the pipeline took, waiting for others not counted in.", func(r *Result) float64 { return r.Seconds }),
		split("etl_pipeline_stage_seconds", "How long each stage took; fetch, transform and load go on side by side.", "stage", func(r *Result) map[string]float64 {
			of := map[string]float64{}
			for stage, took := range r.stages {
				of[stage] = took.Seconds()
			}
			return of
		}),
	}
}

// A sourceUse is what a run did with a source.
type sourceUse struct {
	name string
	extract.Stats
}

// sourceMetrics tells what was asked of each source.
func (s *Summary) sourceMetrics() []metric {
	each := func(name, help string, value func(extract.Stats) float64) metric {
		m := metric{name: name, help: help}
		for _, u := range s.sources {
			m.samples = append(m.samples, sample{[]string{"source", u.name}, value(u.Stats)})
		}
		return m
	}
	return []metric{
		each("etl_source_requests", "Requests that were sent, logins counted in.", func(u extract.Stats) float64 { return float64(u.Requests) }),
		each("etl_source_retries", "Of them those that were sent again after a failure.", func(u extract.Stats) float64 { return float64(u.Retries) }),
		each("etl_source_wait_seconds", "Time that requests waited for limits and pauses, added up.", func(u extract.Stats) float64 { return u.Waited.Seconds() }),
		each("etl_source_wire_bytes", "Bytes of bodies as received.", func(u extract.Stats) float64 { return float64(u.Wire) }),
	}
}

// use lists what was done with each source, by name.
func (r *runner) use() (all []sourceUse) {
	for src, c := range r.clients {
		all = append(all, sourceUse{src.Name, c.Stats()})
	}
	slices.SortFunc(all, func(a, b sourceUse) int { return strings.Compare(a.name, b.name) })
	return all
}
