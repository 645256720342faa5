package pipeline

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/crmsim"
)

// Two companies whose APIs are the same, but not their logins and their rows.
const twoCompanies = `version: 1
sources:
  rental:
    accounts:
      almaty: { url: "${ALMATY_URL}", tenant: "${ALMATY_TENANT}", user: "${ALMATY_USER}", password: "${ALMATY_PASSWORD}" }
      astana: { url: "${ASTANA_URL}", tenant: "${ASTANA_TENANT}", user: "${ASTANA_USER}", password: "${ASTANA_PASSWORD}" }
    base_url: "{account.url}"
    timezone: Asia/Almaty
    headers: { X-Tenant-Id: "{account.tenant}" }
    auth:
      kind: login
      login: { path: /v1/auth/login/, json: { username: "{account.user}", password: "{account.password}" } }
      token: access
    paging: { kind: page, send: { page: page, size: pageSize }, size: 100, read: { total: count, next: next } }
    records: [results, "$[]"]
pipelines:
  request_list:
    source: rental
    request: { path: /v1/crm/requests/, query: { ordering: id } }
    schema: rental/request_list
    key: [id]
  requests:
    source: rental
    for_each: { pipeline: request_list, changed: updated_at }
    request: { path: "/v1/crm/requests/{parent.id}/" }
    paging: none
    records: $
    schema: rental/request
    key: [id]
    write: merge
    version: updated_at
    partition: [{ by: month, of: created_at }]
`

// addAccount gives the world a simulator of its own for an account. The
// credentials of one are not those of the other.
func (w *world) addAccount(name string, seed uint64) (truth []int64) {
	w.t.Helper()
	sim, err := crmsim.New(crmsim.Options{Seed: seed, Scale: w.scale * float64(seed)})
	if err != nil {
		w.t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	w.t.Cleanup(server.Close)
	for variable, value := range sim.Env(server.URL) {
		if of, ok := strings.CutPrefix(variable, "RENTAL_"); ok {
			w.env[strings.ToUpper(name)+"_"+of] = value
		}
	}
	w.sim = sim
	return w.truth("request_list")
}

// Each account ends in a data set of its own, with its own parents and commits,
// and one view shows all.
func TestAccounts(t *testing.T) {
	w := newWorld(t, nil)
	w.yaml = twoCompanies
	want := map[string][]int64{"almaty": w.addAccount("almaty", 1), "astana": w.addAccount("astana", 2)}
	if slices.Equal(want["almaty"], want["astana"]) {
		t.Fatal("both simulators serve the same rows")
	}
	results := w.ok(Options{})
	for account, ids := range want {
		for _, stream := range []string{"request_list", "requests"} {
			name := stream + "@" + account
			got := w.ids(name)
			slices.Sort(got)
			if diff := cmp.Diff(ids, got); diff != "" || results[name].Commit != 1 {
				t.Errorf("%s: commit %d, ids (-want +got):\n%s", name, results[name].Commit, diff)
			}
			folders, _ := filepath.Glob(filepath.Join(w.root, "data", stream, "_account="+account))
			if len(folders) != 1 {
				t.Errorf("%s has no folder of its own", name)
			}
		}
	}
	view, err := os.ReadFile(filepath.Join(w.root, "views", "requests.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`CREATE OR REPLACE VIEW "requests" AS`, `'almaty' AS "_account"`, "UNION ALL BY NAME", `'astana' AS "_account"`} {
		if strings.Count(string(view), part) != 1 {
			t.Errorf("the view lacks %s:\n%s", part, view)
		}
	}
}

// An account that fails stops no other, and one can be run alone.
func TestAccountsAreIndependent(t *testing.T) {
	w := newWorld(t, nil)
	w.yaml = twoCompanies
	w.addAccount("almaty", 1)
	w.addAccount("astana", 2)
	right := w.env["ASTANA_PASSWORD"]
	w.env["ASTANA_PASSWORD"] = "wrong"
	s := w.run(Options{})
	status := map[string]string{}
	for _, r := range s.Pipelines {
		status[r.Name] = r.Status
	}
	want := map[string]string{
		"request_list@almaty": OK, "requests@almaty": OK, "request_list@astana": Failed, "requests@astana": Blocked,
	}
	if diff := cmp.Diff(want, status); diff != "" || s.Exit != 5 {
		t.Errorf("exit %d, want 5 (-want +got):\n%s", s.Exit, diff)
	}
	w.env["ASTANA_PASSWORD"] = right
	if got := w.ok(Options{}, "request*@astana"); len(got) != 2 || got["requests@astana"].Commit != 1 {
		t.Errorf("astana alone: %+v", got)
	}
}

// Rows with and without an account never come into one folder.
func TestAccountsAreNotMixed(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "request_list")
	w.yaml = twoCompanies
	w.addAccount("almaty", 1)
	w.addAccount("astana", 2)
	s := w.run(Options{}, "request_list@almaty")
	if s.Exit != 2 || !strings.Contains(s.Pipelines[0].Error, "were read without accounts") {
		t.Errorf("exit %d, %s", s.Exit, s.Pipelines[0].Error)
	}
	w.root = t.TempDir()
	w.ok(Options{}, "request_list")
	w.yaml = ""
	w.handler = http.HandlerFunc(w.sim.ServeHTTP)
	s = w.run(Options{}, "request_list")
	if s.Exit != 2 || !strings.Contains(s.Pipelines[0].Error, "were read with accounts") {
		t.Errorf("exit %d, %s", s.Exit, s.Pipelines[0].Error)
	}
}
