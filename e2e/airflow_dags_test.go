package e2e

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAirflowDags runs the example DAGs in real Airflow, one process each, and
// holds what they leave against what the simulator served.
func TestAirflowDags(t *testing.T) {
	truth := truths(t)
	crm := startSim(t)
	a := newAirflow(t, airflow3, crm, "../deploy/airflow/example_dags", "airflow/dags")
	if out := a.run(t, "dags", "list-import-errors", "-o", "json"); strings.Contains(out, "filepath") {
		t.Fatalf("DAGs that Airflow cannot import:\n%s", out)
	}
	a.story(t, "a day", func(t *testing.T) {
		a.run(t, "dags", "test", "etl_calls", "2025-03-06")
		checkStates(t, a, "etl_calls", "calls success")
		checkDays(t, a.lake("examples"), readTruth(t, truth["calls_report"]), "2025-03-05")
		checkLineage(t, a, "etl_calls.calls", "calls_report")
	})
	a.story(t, "shards", func(t *testing.T) {
		a.run(t, "dags", "test", "etl_rental", "2025-03-06")
		checkStates(t, a, "etl_rental", "request_list success", "requests.commit success", "requests.plan success",
			"requests.shard success", "requests.shard success", "requests.shard success", "requests.shard success")
		for _, pipeline := range []string{"request_list", "requests"} {
			checkDataSet(t, a.lake("examples"), pipeline, readTruth(t, truth[pipeline]))
		}
	})
	a.story(t, "nothing to divide", func(t *testing.T) {
		a.run(t, "dags", "test", "etl_rental", "2025-03-07")
		checkStates(t, a, "etl_rental", "request_list success", "request_list success",
			"requests.commit success", "requests.commit skipped", "requests.plan success", "requests.plan success", "requests.shard skipped",
			"requests.shard success", "requests.shard success", "requests.shard success", "requests.shard success")
	})
	a.story(t, "bash", func(t *testing.T) {
		a.run(t, "dags", "test", "etl_bash", "2025-03-08")
		checkStates(t, a, "etl_bash", "calls success")
		checkDays(t, a.lake("examples"), readTruth(t, truth["calls_report"]), "2025-03-05", "2025-03-07")
	})
	a.story(t, "nothing to do", func(t *testing.T) {
		r, _ := runPipelines(t, crm.env, shipped, a.lake("nothing"), "request_list", "requests")
		r.want(t, 0)
		a.run(t, "dags", "test", "nothing", "2025-03-06")
		checkStates(t, a, "nothing", "requests skipped")
	})
}

// checkStates fails unless the tasks of a DAG are in these states.
func checkStates(t *testing.T, a *airflow, dag string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, a.states(t, dag)); diff != "" {
		t.Fatalf("the tasks of %s (-want +got):\n%s", dag, diff)
	}
}

// checkLineage fails unless a task has told OpenLineage of data sets in the lake of
// the examples.
func checkLineage(t *testing.T, a *airflow, job string, pipelines ...string) {
	t.Helper()
	for _, pipeline := range pipelines {
		checkLineageOf(t, a, job, "file", a.lake("examples")+"/data/"+pipeline)
	}
}

// checkLineageOf fails unless a task has told OpenLineage, when it was done, of a
// data set it wrote: where it lies, its columns, and how many rows came.
func checkLineageOf(t *testing.T, a *airflow, job, namespace, name string) {
	t.Helper()
	text, err := os.ReadFile(a.events())
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for line := range strings.Lines(string(text)) {
		var event struct {
			EventType string
			Job       struct{ Name string }
			Outputs   []struct {
				Namespace, Name string
				Facets          struct {
					Schema struct {
						Fields []struct{ Name, Type string }
					}
				}
				OutputFacets struct {
					OutputStatistics struct{ RowCount int }
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		if event.EventType != "COMPLETE" || event.Job.Name != job {
			continue
		}
		for _, out := range event.Outputs {
			if len(out.Facets.Schema.Fields) > 0 && out.OutputFacets.OutputStatistics.RowCount > 0 {
				told = append(told, out.Namespace+" "+out.Name)
			}
		}
	}
	if want := namespace + " " + name; !slices.Contains(told, want) {
		t.Errorf("%s told OpenLineage of %q, not of %s", job, told, want)
	}
}
