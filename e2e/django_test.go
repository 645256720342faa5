package e2e

import (
	"bytes"
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// python is that of the environment that tools/suites makes.
const python = "../.cache/venv-django/bin/python"

// A shop is the running Django application.
type shop struct {
	url, dir string
}

// manage runs a command of the application.
func manage(t *testing.T, dir string, args ...string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := pythonCommand(t, dir, append([]string{"manage.py"}, args...)...)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("manage.py %s: %v (make e2e-django prepares Python)\n%s", args[0], err, &stderr)
	}
}

func pythonCommand(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := filepath.Abs(python)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = "django"
	cmd.Env = env{"SHOP_DIR": dir, "PYTHONDONTWRITEBYTECODE": "1"}.list()
	return cmd
}

// startShop fills a database and serves it until the test ends.
func startShop(t *testing.T) shop {
	t.Helper()
	dir := t.TempDir()
	manage(t, dir, "migrate", "--run-syncdb", "--verbosity", "0")
	manage(t, dir, "fill")
	manage(t, dir, "truth", dir)
	server := pythonCommand(t, dir, "manage.py", "serve")
	server.WaitDelay = 10 * time.Second
	var ready struct{ URL string }
	if line := start(t, server); json.Unmarshal(line, &ready) != nil || ready.URL == "" {
		t.Fatalf("the shop is ready with %q, want its url", line)
	}
	return shop{ready.URL, dir}
}

// keys returns the keys of every pipeline as SQLite holds them.
func (s shop) keys(t *testing.T) (keys map[string][]string) {
	t.Helper()
	out, err := pythonCommand(t, s.dir, "keys.py", filepath.Join(s.dir, "shop.sqlite3")).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &keys); err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestDjango reads a real Django REST application that pages by number and by
// cursor, cuts page sizes, throttles and lets tokens expire, and holds every value against what Django
// itself says its rows are, and the keys against the database file.
func TestDjango(t *testing.T) {
	shop := startShop(t)
	lake := t.TempDir()
	r, sum := runPipelines(t, env{"SHOP_URL": shop.url, "SHOP_PASSWORD": "correct horse"}, "django/etl/pipelines.yaml", lake)
	r.want(t, 0)
	keys := shop.keys(t)
	checkNames(t, sum, slices.Collect(maps.Keys(keys)), "those whose keys the database tells")
	for pipeline := range keys {
		t.Run(pipeline, func(t *testing.T) {
			want := readTruth(t, filepath.Join(shop.dir, pipeline+".ndjson"))
			checkNeverSet(t, want)
			checkDataSet(t, lake, pipeline, want)
			checkCounts(t, sum.of(t, pipeline), want)
			inTruth := want.Keys("id")
			slices.Sort(inTruth)
			slices.Sort(keys[pipeline])
			if diff := cmp.Diff(keys[pipeline], inTruth); diff != "" {
				t.Errorf("the truth has other keys than the database (-database +truth):\n%s", diff)
			}
		})
	}
	t.Run("server", func(t *testing.T) { checkHabits(t, shop, sum) })
}

// checkHabits fails if the run did not meet what it is there to meet.
func checkHabits(t *testing.T, s shop, sum summary) {
	t.Helper()
	seen := map[string]int{} // "login 200" → how often
	for _, r := range readLedger(t, filepath.Join(s.dir, "ledger.ndjson")) {
		what := "other"
		for _, path := range []string{"login", "refresh", "bikes", "bookings", "repairs"} {
			if strings.HasPrefix(r.Path, "/v1/"+path) || strings.HasPrefix(r.Path, "/v1/auth/"+path) {
				what = path
			}
		}
		seen[what+" "+meaning(r.Status)]++
	}
	t.Logf("the server answered %v", seen)
	if seen["bikes throttled"]+seen["bookings throttled"] == 0 {
		t.Error("the server never had to throttle")
	}
	if seen["refresh ok"] == 0 || seen["login ok"] != 1 || seen["refresh refused"] > 0 {
		t.Error("want one login and then refreshes, each with the newest refresh token")
	}
	const cut = 50
	for pipeline, rows := range map[string]int{"bookings": 3000, "repairs": 1200, "repairs_by_cursor": 1200} {
		if pages := sum.of(t, pipeline).Pages; pages != rows/cut {
			t.Errorf("%s came in %d pages, want %d: the server cuts them", pipeline, pages, rows/cut)
		}
	}
	if proof := sum.of(t, "repairs_by_cursor").Proof; proof != "settled" {
		t.Errorf("by cursor the proof is %s, want settled", proof)
	}
	listed, gone := sum.of(t, "bikes").Written, sum.of(t, "bike_details").Gone
	if shown := sum.of(t, "bike_details").Written; gone == 0 || shown+int64(gone) != listed {
		t.Errorf("%d bikes listed, %d shown, %d gone: want some gone, and none forgotten", listed, shown, gone)
	}
}

// meaning names what a status means.
func meaning(status int) string {
	switch status {
	case 200:
		return "ok"
	case 401, 403:
		return "refused"
	case 404:
		return "gone"
	case 429:
		return "throttled"
	}
	return "strange"
}
