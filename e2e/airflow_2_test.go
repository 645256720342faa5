package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAirflow2 has Airflow 2 import the example DAGs and run a day of one.
func TestAirflow2(t *testing.T) {
	truth := truths(t)
	a := newAirflow(t, airflow2, startSim(t), "../deploy/airflow/example_dags")
	if err := os.Remove(filepath.Join(a.home, "dags", "etl_pods.py")); err != nil { // it needs a provider of its own
		t.Fatal(err)
	}
	if out := a.run(t, "dags", "list-import-errors", "-o", "json"); strings.Contains(out, "filepath") {
		t.Fatalf("DAGs that Airflow cannot import:\n%s", out)
	}
	a.run(t, "dags", "reserialize") // else dags test knows no alias, and fails once the task is done
	a.run(t, "dags", "test", "etl_calls", "2025-03-06")
	checkStates(t, a, "etl_calls", "calls success")
	checkDays(t, a.lake("examples"), readTruth(t, truth["calls_report"]), "2025-03-05")
	checkLineage(t, a, "etl_calls.calls", "calls_report")
}
