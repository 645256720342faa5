package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/e2e/compare"
)

// TestAirflow puts a whole installation of Airflow through what goes wrong in
// production, and holds what is left against what the simulator served.
func TestAirflow(t *testing.T) {
	truth := truths(t)
	crm := startSim(t)
	a := newAirflow(t, airflow3, crm, "../deploy/airflow/example_dags", "airflow/dags")
	held, heldURL := hold(t, crm)
	a.env["AIRFLOW_CONN_HELD"] = connection(t, heldURL, "", "", "")
	slow := startBusy(t, crm, 20*time.Second)
	a.env["AIRFLOW_CONN_BUSY"], a.env["ETL_IMPATIENT"] = connection(t, slow.url, "", "", ""), notPatient(t)
	program, err := duckdbProgram()
	if err != nil {
		t.Fatal(err)
	}
	a.env["ETL_DUCKDB"] = program
	s := startService(t, a)
	for _, pool := range []string{"calls", "rental"} {
		s.do(t, "POST", "/api/v2/pools", map[string]any{"name": pool, "slots": 2}, nil)
	}
	calls := readTruth(t, truth["calls_report"])
	lists := readTruth(t, truth["workshop_resources"])

	s.story(t, "a shard that fails once is tried again", func(t *testing.T) {
		r := s.trigger(t, "flaky", "once")
		r.ends(t, "success")
		checkTasks(t, r, "lists.commit success 1", "lists.load success 1", "lists.plan success 1", "lists.shard[0] success 1", "lists.shard[1] success 2")
		checkDataSet(t, a.lake("flaky"), "workshop_resources", lists)
		checkLoaded(t, a.lake("flaky"), lists)
		if diff := cmp.Diff([]string{"rental"}, r.pools(t)); diff != "" {
			t.Errorf("pools of the tasks (-want +got):\n%s", diff)
		}
		left := r.result(t, "lists.commit").Value
		if got := left.of(t, "workshop_resources"); got.Commit != 1 || got.Written != int64(len(lists.Rows)) {
			t.Errorf("the XCom of the commit tells of commit %d with %d rows", got.Commit, got.Written)
		}
	})
	s.story(t, "what no retry mends is not tried again", func(t *testing.T) {
		r := s.trigger(t, "refused", "once")
		r.ends(t, "failed")
		checkTasks(t, r, "lists failed 1")
	})
	s.story(t, "a source that asks to wait is waited for without a worker and without a try", func(t *testing.T) {
		r := s.trigger(t, "busy", "once")
		s.eventually(t, "the task waits in the triggerer, outside its pool", func() bool {
			p := s.pool(t, "rental")
			return p.DeferredSlots == 1 && p.OccupiedSlots == 0
		})
		r.ends(t, "success")
		checkTasks(t, r, "list success 1")
		slow.check(t)
		checkDataSet(t, a.lake("busy"), "request_list", readTruth(t, truth["request_list"]))
	})
	s.story(t, "a shard is stopped while it reads, and cleared", func(t *testing.T) {
		r := s.trigger(t, "stopped", "once")
		s.eventually(t, "both shards read", func() bool { return held.waiting.Load() >= 2 && held.logins.Load() >= 3 })
		for _, shard := range []string{"0", "1"} {
			r.do(t, "PATCH", r.path()+"/taskInstances/lists.shard/"+shard, map[string]string{"new_state": "failed"}, nil)
		}
		s.eventually(t, "etl has given up its requests", func() bool { return held.givenUp.Load() == held.waiting.Load() })
		r.ends(t, "failed")
		held.release()
		r.do(t, "POST", "/api/v2/dags/stopped/clearTaskInstances", map[string]any{
			"dry_run": false, "dag_run_id": r.id, "only_failed": false, "reset_dag_runs": true, "task_ids": []string{"lists.shard", "lists.commit"},
		}, nil)
		r.ends(t, "success")
		checkDataSet(t, a.lake("stopped"), "workshop_resources", lists)
	})
	s.story(t, "two runs of one day at once", func(t *testing.T) {
		const since, until = "2025-03-04T21:00:00Z", "2025-03-05T21:00:00Z"
		first := s.trigger(t, "same_day", "first", since, since, until)
		second := s.trigger(t, "same_day", "second", "2025-03-04T21:00:01Z", since, until)
		first.ends(t, "success")
		second.ends(t, "success")
		checkDays(t, a.lake("same_day"), calls, "2025-03-05")
	})
	s.story(t, "three days are backfilled", func(t *testing.T) {
		s.do(t, "PATCH", "/api/v2/dags/etl_calls", map[string]bool{"is_paused": false}, nil)
		s.do(t, "POST", "/api/v2/backfills", map[string]any{
			"dag_id": "etl_calls", "from_date": "2025-03-04T21:00:00Z", "to_date": "2025-03-06T21:00:00Z", "max_active_runs": 1,
		}, nil)
		days := []string{"2025-03-05", "2025-03-06", "2025-03-07"}
		s.eventually(t, "the days are there", func() bool { return s.succeeded(t, "etl_calls", "backfill") == len(days) })
		checkDays(t, a.lake("examples"), calls, days...)
		checkLineage(t, a, "etl_calls.calls", "calls_report", "visitor_sessions")
	})
	s.story(t, "commits are events of assets", func(t *testing.T) {
		checkEvents(t, s, "file://"+a.lake("examples")+"/data/calls_report", a.lake("examples"))
	})
}

// checkLoaded fails unless the table of the database beside a lake has the rows of
// the truth.
func checkLoaded(t *testing.T, lake string, want *compare.Table) {
	t.Helper()
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "ATTACH '"+lake+".duckdb' AS w (READ_ONLY)"); err != nil {
		t.Fatal(err)
	}
	got, err := compare.Read(t.Context(), db, "(SELECT * EXCLUDE (_etl_file) FROM w.main.workshop_resources)")
	if err != nil {
		t.Fatal(err)
	}
	if err := compare.Diff(want, got, "id").Err(); err != nil {
		t.Errorf("in the database: %v", err)
	}
}

// checkTasks fails unless the tasks of a run ended so.
func checkTasks(t *testing.T, r dagRun, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.tasks(t)); diff != "" {
		t.Fatalf("tasks of %s with their tries (-want +got):\n%s", r.dag, diff)
	}
}

// succeeded counts the runs of a kind that went well; one that failed ends the
// test.
func (s *service) succeeded(t *testing.T, dag, kind string) (n int) {
	t.Helper()
	var found struct {
		DagRuns []struct {
			RunType string `json:"run_type"`
			State   string
		} `json:"dag_runs"`
	}
	s.do(t, "GET", "/api/v2/dags/"+dag+"/dagRuns", nil, &found)
	for _, r := range found.DagRuns {
		if r.RunType != kind {
			continue
		}
		if r.State == "failed" {
			t.Fatalf("a %s of %s failed", kind, dag)
		}
		if r.State == "success" {
			n++
		}
	}
	return n
}

// checkEvents fails unless each commit of the calls is an event of their asset,
// with its number, rows and run.
func checkEvents(t *testing.T, s *service, asset, lake string) {
	t.Helper()
	var found struct {
		AssetEvents []struct {
			URI   string
			Extra struct {
				Rows, Commit int64
				Run          string
			}
			Timestamp time.Time
		} `json:"asset_events"`
	}
	s.do(t, "GET", "/api/v2/assets/events?limit=100", nil, &found)
	var commits []int64
	for _, e := range found.AssetEvents {
		if strings.TrimRight(e.URI, "/") != asset {
			continue
		}
		if want := rowsOf(t, lake, "calls_report", e.Extra.Commit); e.Extra.Run == "" || e.Extra.Rows != want {
			t.Errorf("the event of commit %d tells of run %q and %d rows, and %d came", e.Extra.Commit, e.Extra.Run, e.Extra.Rows, want)
		}
		commits = append(commits, e.Extra.Commit)
	}
	slices.Sort(commits)
	var want []int64
	for n := range committedDays(t, lake, "calls_report") { // each day is a commit
		want = append(want, int64(n+1))
	}
	if diff := cmp.Diff(want, commits); diff != "" {
		t.Errorf("commits that are events (-want +got):\n%s", diff)
	}
}

// rowsOf returns how many rows a commit has brought.
func rowsOf(t *testing.T, lake, pipeline string, number int64) (n int64) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(lake, "_etl", pipeline, "commits", fmt.Sprintf("%012d.json", number)))
	if err != nil {
		t.Fatal(err)
	}
	var commit struct {
		Added []string
		Files []struct {
			Path string
			Rows int64
		}
	}
	if err := json.Unmarshal(text, &commit); err != nil {
		t.Fatal(err)
	}
	for _, f := range commit.Files {
		if slices.Contains(commit.Added, f.Path) {
			n += f.Rows
		}
	}
	return n
}
