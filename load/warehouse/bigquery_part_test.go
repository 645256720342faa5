package warehouse

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/bigsim"
	"etl/load"
)

// Slices of each unit have a partition of their own: a week that of its Monday.
func TestPartitionsOfSlices(t *testing.T) {
	for _, test := range []struct {
		unit, slice    string
		until          string
		grid, by       string
		decorator, day string
	}{
		{"hour", "2026-03-29T01Z", "2026-03-29T02:00:00Z", "hour", "TIMESTAMP_TRUNC(_PARTITIONTIME, HOUR)", "$2026032901", "2026-03-29 01:00:00"},
		{"day", "2026-03-29", "2026-03-30T00:00:00Z", "day", "_PARTITIONDATE", "$20260329", "2026-03-29 00:00:00"},
		{"week", "2026-03-23", "2026-03-30T00:00:00Z", "day", "_PARTITIONDATE", "$20260323", "2026-03-23 00:00:00"},
		{"month", "2026-03-01", "2026-04-01T00:00:00Z", "month", "TIMESTAMP_TRUNC(_PARTITIONTIME, MONTH)", "$202603", "2026-03-01 00:00:00"},
		{"month", "2026-02-01", "2026-03-01T00:00:00Z", "month", "TIMESTAMP_TRUNC(_PARTITIONTIME, MONTH)", "$202602", "2026-02-01 00:00:00"},
	} {
		t.Run(test.unit+" "+test.slice, func(t *testing.T) {
			l := newLake(t)
			until, err := time.Parse(time.RFC3339, test.until)
			if err != nil {
				t.Fatal(err)
			}
			length := map[string]time.Time{"hour": until.Add(-time.Hour), "day": until.AddDate(0, 0, -1), "week": until.AddDate(0, 0, -7), "month": until.AddDate(0, -1, 0)}
			c := l.commit("requests", requests)
			c.Slices = []load.Slice{{Since: length[test.unit], Until: until}}
			c.Files = []load.File{{Path: "data/requests/000001-0001.parquet", Slice: test.slice}}
			w := l.on(newFake(t))
			big, err := w.plan(l.stream("requests"), []*load.Commit{c}, bigBooks{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if big.grid != test.grid || !strings.Contains(big.create(), " PARTITION BY "+test.by+" CLUSTER BY `id` ") {
				t.Errorf("grid %s of\n%s", big.grid, big.create())
			}
			works, err := big.loads(&w, big.todo[0])
			if err != nil {
				t.Fatal(err)
			}
			to := works[0].config.Load
			if to.DestinationTable.TableID != "requests"+test.decorator || to.WriteDisposition != "WRITE_TRUNCATE" {
				t.Errorf("the job writes to %s by %s", to.DestinationTable.TableID, to.WriteDisposition)
			}
			if got, want := partitionTime(big.grid, test.slice), "TIMESTAMP '"+test.day+"+00'"; got != want {
				t.Errorf("the partition is that of %s, want %s", got, want)
			}
		})
	}
}

// loadJobs loads two slices, whose first load jobs fail so many times, and
// returns the ids of all load jobs.
func loadJobs(t *testing.T, failures int) (ids []string) {
	l, f := newLake(t), newFake(t)
	l.commit("requests", requests, histories["slices"][0]...)
	f.Fail = func(method, _ string, job map[string]any) *bigsim.Failure {
		if method != "JOB" || job["configuration"].(map[string]any)["load"] == nil {
			return nil
		}
		id := job["jobReference"].(map[string]any)["jobId"].(string)
		attempt, err := strconv.Atoi(id[strings.LastIndex(id, "_")+1:])
		if err != nil || attempt > failures {
			return nil
		}
		return &bigsim.Failure{Reason: "backendError"}
	}
	if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
		t.Fatal(err)
	}
	l.check(t, f, "requests")
	for id, job := range f.Jobs {
		if job["configuration"].(map[string]any)["load"] != nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// The id of a job follows from what it loads, whenever that is; one that has
// failed is followed by the next number.
func TestBigQueryNamesJobs(t *testing.T) {
	var want []string
	for failures := range 4 {
		synctest.Test(t, func(t *testing.T) {
			got := loadJobs(t, failures)
			if failures == 0 {
				want = got
			} else {
				for _, id := range want[:2] {
					want = append(want, strings.TrimSuffix(id, "1")+strconv.Itoa(failures+1))
				}
			}
			slices.Sort(want[2:])
			sorted := slices.Sorted(slices.Values(want))
			if diff := cmp.Diff(sorted, got); diff != "" || len(got) != 2*(failures+1) {
				t.Errorf("load jobs after %d failures of each (-want +got):\n%s", failures, diff)
			}
		})
	}
}

// A job whose answer was lost is there already: the next load looks at it, and
// sends only what was not sent.
func TestBigQueryFindsJobsThatWereSent(t *testing.T) {
	for at := 1; ; at++ {
		l, f := newLake(t), newFake(t)
		l.commit("requests", requests, histories["slices"][0]...)
		if crash(t, l, f, at) {
			t.Fatal("no load was cut off between its load jobs")
		}
		if loads, _, _ := counted(f); loads != 1 {
			continue
		}
		refused := 0
		f.Before = func(method, path string, body map[string]any) {
			if reference, ok := body["jobReference"].(map[string]any); ok && path == "jobs" && f.Jobs[reference["jobId"].(string)] != nil {
				refused++
			}
		}
		if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
			t.Fatal(err)
		}
		l.check(t, f, "requests")
		if loads, _, _ := counted(f); loads != 2 || refused != 1 {
			t.Errorf("%d load jobs, %d refused as sent before, want 2 and 1", loads, refused)
		}
		return
	}
}

// A statement empties no more partitions than one job may change.
func TestBigQueryEmptiesPartitionsInBounds(t *testing.T) {
	l := &bigLoad{grid: "hour", table: "t"}
	hour := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 2*maxModified + 1 {
		l.gone = append(l.gone, partName{"requests", hour.Format("2006-01-02T15Z")})
		hour = hour.Add(time.Hour)
	}
	text := &strings.Builder{}
	l.exchange(text)
	var counts []int
	for statement := range strings.Lines(text.String()) {
		counts = append(counts, strings.Count(statement, "TIMESTAMP '"))
	}
	if diff := cmp.Diff([]int{maxModified, maxModified, 1}, counts); diff != "" {
		t.Errorf("partitions by statement (-want +got):\n%s", diff)
	}
}
