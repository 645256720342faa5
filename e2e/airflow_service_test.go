package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	web "net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A service is a whole installation of Airflow: scheduler, triggerer, API.
type service struct {
	*airflow
	url, token string
}

// startService starts Airflow and waits until it does its work. It ends with the
// test.
func startService(t *testing.T, a *airflow) *service {
	t.Helper()
	s := &service{airflow: a, url: "http://" + freeAddress(t)}
	for name, value := range map[string]string{
		"API__BASE_URL": s.url, "API__HOST": "127.0.0.1", "API__PORT": port(s.url), "API__WORKERS": "1",
		"CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True", "CORE__PARALLELISM": "4", "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
		"LOGGING__WORKER_LOG_SERVER_PORT": port(freeAddress(t)), "LOGGING__TRIGGER_LOG_SERVER_PORT": port(freeAddress(t)),
	} {
		a.env["AIRFLOW__"+name] = value
	}
	log, err := os.Create(filepath.Join(a.home, "standalone.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := a.command(t, "airflow", "standalone")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end(cmd)
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it leaves its scheduler behind at times
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("the end of what Airflow logged:\n%s", tail(text))
		}
	})
	s.eventually(t, "Airflow answers", func() bool {
		var token struct {
			AccessToken string `json:"access_token"`
		}
		_, err := s.try("GET", "/auth/token", nil, &token)
		s.token = token.AccessToken
		return err == nil && s.token != ""
	})
	s.eventually(t, "Airflow knows the DAGs", func() bool {
		status, err := s.try("GET", "/api/v2/dags/etl_calls", nil, nil)
		return err == nil && status == web.StatusOK
	})
	return s
}

func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// freeAddress returns an address on loopback that nobody listened at just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// try sends a request to the REST API and decodes the reply.
func (s *service) try(method, path string, body, reply any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	r, err := web.NewRequest(method, s.url+path, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.token)
	answer, err := web.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	if err == nil && reply != nil {
		err = json.Unmarshal(text, reply)
	}
	return answer.StatusCode, err
}

// do sends a request that must go well.
func (s *service) do(t *testing.T, method, path string, body, reply any) {
	t.Helper()
	if _, err := s.try(method, path, body, reply); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// eventually waits for a condition that is looked for once a second, as Airflow
// has enough to do with itself, and no longer than the story may take.
func (s *service) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	var last time.Time
	eventually(t, what, func() bool {
		if time.Since(last) < time.Second {
			return false
		}
		if !s.until.IsZero() && last.After(s.until) {
			t.Fatalf("the story takes longer than %v: waited in vain until %s", storyLimit, what)
		}
		last = time.Now()
		return holds()
	})
}

// A pool is what the REST API says of a pool.
type pool struct {
	OccupiedSlots int `json:"occupied_slots"`
	DeferredSlots int `json:"deferred_slots"`
	OpenSlots     int `json:"open_slots"`
}

func (s *service) pool(t *testing.T, name string) (p pool) {
	t.Helper()
	s.do(t, "GET", "/api/v2/pools/"+name, nil, &p)
	return p
}

// A dagRun is a run of a DAG.
type dagRun struct {
	*service
	dag, id string
}

// trigger starts a run of a DAG, over an interval if there is one: its logical
// date, start and end. No two runs of a DAG have one logical date.
func (s *service) trigger(t *testing.T, dag, id string, interval ...string) dagRun {
	t.Helper()
	body := map[string]any{"dag_run_id": id, "logical_date": nil}
	if len(interval) > 0 {
		body["logical_date"], body["data_interval_start"], body["data_interval_end"] = interval[0], interval[1], interval[2]
	}
	s.do(t, "PATCH", "/api/v2/dags/"+dag, map[string]bool{"is_paused": false}, nil)
	s.do(t, "POST", "/api/v2/dags/"+dag+"/dagRuns", body, nil)
	return dagRun{s, dag, id}
}

func (r dagRun) path() string {
	return "/api/v2/dags/" + r.dag + "/dagRuns/" + url.PathEscape(r.id)
}

// ends waits until the run is over and holds how.
func (r dagRun) ends(t *testing.T, want string) {
	t.Helper()
	var now struct{ State string }
	r.eventually(t, "the run of "+r.dag+" is over", func() bool {
		r.do(t, "GET", r.path(), nil, &now)
		return now.State == "success" || now.State == "failed"
	})
	if now.State != want {
		t.Fatalf("the run of %s ended as %s, want %s:\n%s", r.dag, now.State, want, strings.Join(r.tasks(t), "\n"))
	}
}

// tasks returns the tasks of the run as "task[map index] state tries", in order.
func (r dagRun) tasks(t *testing.T) (all []string) {
	t.Helper()
	var found struct {
		TaskInstances []struct {
			TaskID    string `json:"task_id"`
			MapIndex  int    `json:"map_index"`
			State     string
			TryNumber int `json:"try_number"`
		} `json:"task_instances"`
	}
	r.do(t, "GET", r.path()+"/taskInstances", nil, &found)
	for _, ti := range found.TaskInstances {
		name := ti.TaskID
		if ti.MapIndex >= 0 {
			name += fmt.Sprintf("[%d]", ti.MapIndex)
		}
		all = append(all, fmt.Sprintf("%s %s %d", name, ti.State, ti.TryNumber))
	}
	slices.Sort(all)
	return all
}

// pools returns the pools of the tasks of the run, each once.
func (r dagRun) pools(t *testing.T) (names []string) {
	t.Helper()
	var found struct {
		TaskInstances []struct{ Pool string } `json:"task_instances"`
	}
	r.do(t, "GET", r.path()+"/taskInstances", nil, &found)
	for _, ti := range found.TaskInstances {
		names = append(names, ti.Pool)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// result returns what a task has left for others, its XCom.
func (r dagRun) result(t *testing.T, task string) (found struct{ Value summary }) {
	t.Helper()
	r.do(t, "GET", r.path()+"/taskInstances/"+task+"/xcomEntries/return_value?stringify=false", nil, &found)
	return found
}

// A holder stands before the simulator. While it holds, only logins pass once
// there was one: what a plan asks passes, what its shards ask waits.
type holder struct {
	web.Handler
	logins           atomic.Int64
	holds            atomic.Bool
	waiting, givenUp atomic.Int64
	released         chan struct{}
}

func hold(t *testing.T, crm *sim) (*holder, string) {
	t.Helper()
	h := &holder{Handler: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: crm.listen}), released: make(chan struct{})}
	h.holds.Store(true)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return h, strings.Replace(crm.env["RENTAL_URL"], "http://"+crm.listen, server.URL, 1)
}

func (h *holder) ServeHTTP(w web.ResponseWriter, r *web.Request) {
	if strings.Contains(r.URL.Path, "/auth/") {
		h.logins.Add(1)
	} else if h.logins.Load() > 1 && h.holds.Load() {
		h.waiting.Add(1)
		select {
		case <-r.Context().Done():
			h.givenUp.Add(1)
			return
		case <-h.released:
		}
	}
	h.Handler.ServeHTTP(w, r)
}

// release lets everything pass from now on.
func (h *holder) release() {
	h.holds.Store(false)
	close(h.released)
}
