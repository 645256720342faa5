package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAirflow puts a whole installation of Airflow through what goes wrong in
// production, and holds what is left against what the simulator served.
func TestAirflow(t *testing.T) {
	truth := truths(t)
	crm := startSim(t)
	a := newAirflow(t, airflow3, crm, "../deploy/airflow/example_dags", "airflow/dags")
	held, heldURL := hold(t, crm)
	a.env["AIRFLOW_CONN_HELD"] = connection(t, heldURL, "", "", "")
	s := startService(t, a)
	for _, pool := range []string{"calls", "rental"} {
		s.do(t, "POST", "/api/v2/pools", map[string]any{"name": pool, "slots": 2}, nil)
	}
	calls := readTruth(t, truth["calls_report"])
	lists := readTruth(t, truth["workshop_resources"])

	t.Run("a shard that fails once is tried again", func(t *testing.T) {
		r := s.trigger(t, "flaky", "once")
		r.ends(t, "success")
		checkTasks(t, r, "lists.commit success 1", "lists.load success 1", "lists.plan success 1", "lists.shard[0] success 1", "lists.shard[1] success 2")
		checkDataSet(t, a.lake("flaky"), "workshop_resources", lists)
	})
	t.Run("what no retry mends is not tried again", func(t *testing.T) {
		r := s.trigger(t, "refused", "once")
		r.ends(t, "failed")
		checkTasks(t, r, "lists failed 1")
	})
	t.Run("a shard is stopped while it reads, and cleared", func(t *testing.T) {
		r := s.trigger(t, "stopped", "once")
		eventually(t, "both shards read", func() bool { return held.waiting.Load() >= 2 && held.logins.Load() >= 3 })
		for _, shard := range []string{"0", "1"} {
			r.do(t, "PATCH", r.path()+"/taskInstances/lists.shard/"+shard, map[string]string{"new_state": "failed"}, nil)
		}
		eventually(t, "etl has given up its requests", func() bool { return held.givenUp.Load() == held.waiting.Load() })
		r.ends(t, "failed")
		held.release()
		r.do(t, "POST", "/api/v2/dags/stopped/clearTaskInstances", map[string]any{
			"dry_run": false, "dag_run_id": r.id, "only_failed": false, "reset_dag_runs": true, "task_ids": []string{"lists.shard", "lists.commit"},
		}, nil)
		r.ends(t, "success")
		checkDataSet(t, a.lake("stopped"), "workshop_resources", lists)
	})
	t.Run("two runs of one day at once", func(t *testing.T) {
		const since, until = "2025-03-04T21:00:00Z", "2025-03-05T21:00:00Z"
		first := s.trigger(t, "same_day", "first", since, since, until)
		second := s.trigger(t, "same_day", "second", "2025-03-04T21:00:01Z", since, until)
		first.ends(t, "success")
		second.ends(t, "success")
		checkDays(t, a.lake("same_day"), calls, "2025-03-05")
	})
	t.Run("three days are backfilled", func(t *testing.T) {
		s.do(t, "PATCH", "/api/v2/dags/etl_calls", map[string]bool{"is_paused": false}, nil)
		s.do(t, "POST", "/api/v2/backfills", map[string]any{
			"dag_id": "etl_calls", "from_date": "2025-03-04T21:00:00Z", "to_date": "2025-03-06T21:00:00Z", "max_active_runs": 1,
		}, nil)
		days := []string{"2025-03-05", "2025-03-06", "2025-03-07"}
		s.eventually(t, "the days are there", func() bool { return s.succeeded(t, "etl_calls", "backfill") == len(days) })
		checkDays(t, a.lake("examples"), calls, days...)
		checkLineage(t, a, "etl_calls.calls", "calls_report", "visitor_sessions")
	})
	t.Run("commits are events of assets", func(t *testing.T) {
		checkEvents(t, s, "file://"+a.lake("examples")+"/data/calls_report", a.lake("examples"))
	})
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
		if e.Extra.Run == "" {
			t.Errorf("the event of commit %d names no run", e.Extra.Commit)
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
