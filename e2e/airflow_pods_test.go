package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/e2e/compare"
)

// TestAirflowPods has Airflow's own Kubernetes provider run a group of pods into
// a bucket: plan, shards, commit, load. Kubernetes is stood in for; what its pods
// run is the binary, in a root with nothing else.
func TestAirflowPods(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: another root directory takes the rights of root")
	}
	truth := truths(t, small...)
	crm := startSim(t, small...)
	slow := startBusy(t, crm, 5*time.Second)
	buckets := startBuckets(t)
	pipelines, err := os.ReadFile(notPatient(t))
	if err != nil {
		t.Fatal(err)
	}
	c := startCluster(t, map[string]env{
		"crm":  crm.env.with(buckets).with(env{"ETL_DESTINATION": "s3://lake/pods"}),
		"slow": crm.env.with(buckets).with(env{"ETL_DESTINATION": "s3://lake/slow", "RENTAL_URL": slow.url}),
	}, map[string]string{"pipelines.yaml": string(pipelines)})
	a := newAirflow(t, airflow3, crm, "airflow/dags", "../deploy/airflow/example_dags")
	noRetries(t, a, "etl_pods.py")
	a.env["AIRFLOW_CONN_KUBERNETES_DEFAULT"] = kubernetes(t, c)

	a.story(t, "a group", func(t *testing.T) {
		a.run(t, "dags", "test", "etl_pods", "2025-03-06")
		checkStates(t, a, "etl_pods", "lists.commit success", "lists.load success", "lists.plan success", "lists.shard success", "lists.shard success")
		if diff := cmp.Diff([]string{"plan 0", "run 0", "run 0", "commit 0", "load 0"}, c.ran()); diff != "" {
			t.Errorf("pods (-want +got):\n%s", diff)
		}
		checkBucket(t, buckets, "s3://lake/pods", "workshop_resources", readTruth(t, truth["workshop_resources"]))
		checkLineageOf(t, a, "etl_pods.lists.commit", "s3://lake", "pods/data/workshop_resources")
	})
	a.story(t, "a source that asks to wait", func(t *testing.T) {
		before := len(c.ran())
		a.run(t, "dags", "test", "busy_pods", "2025-03-06")
		checkStates(t, a, "busy_pods", "list success")
		if diff := cmp.Diff([]string{"run 3", "run 0"}, c.ran()[before:]); diff != "" {
			t.Errorf("pods (-want +got):\n%s", diff)
		}
		slow.check(t)
		checkBucket(t, buckets, "s3://lake/slow", "request_list", readTruth(t, truth["request_list"]))
	})
}

// noRetries has the tasks of a DAG fail at once: airflow dags test would wait
// between the tries.
func noRetries(t *testing.T, a *airflow, dag string) {
	t.Helper()
	file := filepath.Join(a.home, "dags", dag)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "retries=3") {
		t.Fatalf("%s has no retries to take away: %v", dag, err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "retries=3", "retries=0")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// kubernetes is a connection of Airflow to a cluster.
func kubernetes(t *testing.T, c *cluster) string {
	t.Helper()
	return encoded(t, map[string]any{"conn_type": "kubernetes", "extra": map[string]any{"kube_config": c.config()}})
}

// checkBucket fails unless a glob over the files of a data set in a bucket has the
// rows of the truth.
func checkBucket(t *testing.T, e env, lake, pipeline string, want *compare.Table) {
	t.Helper()
	folder := t.TempDir()
	for i, name := range objects(t, e, lake+"/data/"+pipeline+"/") {
		content, err := object(e, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, string(rune('a'+i))+".parquet"), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	checkTable(t, db, compare.Files(filepath.Join(folder, "*.parquet")), pipeline+".glob", want, []string{"id"})
}

// notPatient is a pipelines file whose rental source waits for a second, and no
// longer.
func notPatient(t *testing.T) string {
	t.Helper()
	return edited(t, edit{`"\$\{RENTAL_REQUESTS[^"]*"`, "1000000"}, edit{`(?m)^  rental:$`, "  rental:\n    max_wait: 1s"})
}

// A busy server stands before the simulator. It refuses the first request that is
// no login, asks to come back later, and notes who does not wait.
type busy struct {
	http.Handler
	url  string
	wait time.Duration

	mu       sync.Mutex
	until    time.Time // zero before the refusal
	tooEarly []string
	waiting  bool // nobody has come back
}

func startBusy(t *testing.T, crm *sim, wait time.Duration) *busy {
	t.Helper()
	b := &busy{Handler: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: crm.listen}), wait: wait}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.url = strings.Replace(crm.env["RENTAL_URL"], "http://"+crm.listen, server.URL, 1)
	return b
}

func (b *busy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.refuses(r) {
		w.Header().Set("Retry-After", fmt.Sprint(int(b.wait.Seconds())))
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	b.Handler.ServeHTTP(w, r)
}

func (b *busy) refuses(r *http.Request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, login := time.Now(), strings.Contains(r.URL.Path, "/auth/")
	if b.until.IsZero() && !login {
		b.until, b.waiting = now.Add(b.wait), true
		return true
	}
	if b.waiting && now.Before(b.until) {
		b.tooEarly = append(b.tooEarly, r.URL.Path)
	} else if b.waiting {
		b.waiting = false
	}
	return false
}

// check fails unless it was waited, and then come back.
func (b *busy) check(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() || b.waiting || len(b.tooEarly) > 0 {
		t.Errorf("refused: %t, nobody came back: %t, did not wait: %q", !b.until.IsZero(), b.waiting, b.tooEarly)
	}
}
