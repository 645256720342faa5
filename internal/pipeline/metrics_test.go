package pipeline

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"etl/extract"
)

// exposition reads the text form of Prometheus strictly: a family is its HELP,
// its TYPE and then its samples, together; no sample comes twice. It returns the
// values by name and labels as they are written.
func exposition(t *testing.T, text string) map[string]string {
	t.Helper()
	help := regexp.MustCompile(`^# HELP ([a-z_]+) \S.*\.$`)
	sample := regexp.MustCompile(`^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\]|\\["\\n])*",?)+\})? (-?[0-9.]+(?:e[+-][0-9]+)?)$`)
	values, families := map[string]string{}, map[string]bool{}
	family := ""
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		if m := help.FindStringSubmatch(lines[i]); m != nil {
			family = m[1]
			if families[family] || i+1 == len(lines) || lines[i+1] != "# TYPE "+family+" gauge" {
				t.Errorf("family %s comes twice or has no type", family)
			}
			families[family] = true
			i++
			continue
		}
		m := sample.FindStringSubmatch(lines[i])
		if m == nil || m[1] != family {
			t.Errorf("no sample of %s: %s", family, lines[i])
			continue
		}
		if _, twice := values[m[1]+m[2]]; twice {
			t.Errorf("a sample comes twice: %s", lines[i])
		}
		values[m[1]+m[2]] = m[3]
	}
	return values
}

func TestMetrics(t *testing.T) {
	s := &Summary{
		Status: Failed, Exit: 3, Seconds: 1.5,
		Pipelines: []Result{
			{Name: "orders", Status: OK, Pages: 7, Bytes: 1 << 40, Served: 10, Written: 7, Duplicates: 2, Rejected: 1, stages: map[string]time.Duration{stageFetch: 1500 * time.Millisecond}},
			{Name: `a"b\`, Status: Failed},
		},
		sources: []sourceUse{{"shop", extract.Stats{Requests: 9, Retries: 2, Waited: 250 * time.Millisecond}}},
	}
	var text bytes.Buffer
	if err := s.WriteMetrics(&text, time.UnixMilli(1_700_000_000_500)); err != nil {
		t.Fatal(err)
	}
	got := exposition(t, text.String())
	for name, want := range map[string]string{
		"etl_run_success":                                             "0",
		"etl_run_exit_code":                                           "3",
		"etl_run_end_timestamp_seconds":                               "1.7000000005e+09",
		`etl_pipeline_success{pipeline="orders"}`:                     "1",
		`etl_pipeline_success{pipeline="a\"b\\"}`:                     "0",
		`etl_pipeline_page_bytes{pipeline="orders"}`:                  "1.099511627776e+12",
		`etl_pipeline_rows{pipeline="orders",state="duplicate"}`:      "2",
		`etl_pipeline_rows{pipeline="orders",state="rejected"}`:       "1",
		`etl_pipeline_stage_seconds{pipeline="orders",stage="fetch"}`: "1.5",
		`etl_source_retries{source="shop"}`:                           "2",
		`etl_source_wait_seconds{source="shop"}`:                      "0.25",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

// Every metric of a run is in the guide, and the guide names no other.
func TestGuideNamesMetrics(t *testing.T) {
	guide, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(etl_[a-z_]+)`").FindAllStringSubmatch(string(guide), -1) {
		told[m[1]] = true
	}
	w := newWorld(t, nil)
	s := w.run(Options{}, "workshop_resources")
	var text bytes.Buffer
	if err := s.WriteMetrics(&text, time.Now()); err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for sample, value := range exposition(t, text.String()) {
		name, _, _ := strings.Cut(sample, "{")
		made[name] = true
		if !told[name] {
			t.Errorf("the guide does not name %s", name)
		}
		if strings.HasPrefix(sample, "etl_pipeline_rows") && strings.Contains(sample, "written") && value != "400" {
			t.Errorf("%s is %s, want 400", sample, value)
		}
	}
	for name := range told {
		if !made[name] {
			t.Errorf("a run gives no %s", name)
		}
	}
}
