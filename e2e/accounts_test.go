package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/e2e/compare"
)

// Two companies with an API and a login of their own, read as two accounts of
// one source.
const accountsFile = `version: 1
destination: ${ETL_DESTINATION}
sources:
  rental:
    accounts:
      almaty: { url: "${A_URL}", tenant: "${A_TENANT}", user: "${A_USER}", password: "${A_PASSWORD}" }
      astana: { url: "${B_URL}", tenant: "${B_TENANT}", user: "${B_USER}", password: "${B_PASSWORD}" }
    base_url: "{account.url}"
    timezone: Asia/Almaty
    headers: { X-Tenant-Id: "{account.tenant}" }
    auth:
      kind: login
      login: { path: /v1/auth/login/, json: { username: "{account.user}", password: "{account.password}" } }
      token: access
    paging: { kind: page, send: { page: page, size: pageSize }, size: 1000, read: { total: count, next: next } }
    records: [results, "$[]"]
pipelines:
  request_list: { source: rental, request: { path: /v1/crm/requests/, query: { ordering: id } }, schema: rental/request_list, key: [id] }
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

// The view and its elements hold the rows of all accounts, told apart by
// _account, and so does a glob with the names of the folders.
func TestAccounts(t *testing.T) {
	e := env{}
	for name, s := range map[string]*sim{"A_": startSim(t, "--scale", "0.05"), "B_": startSim(t, "--seed", "8", "--scale", "0.1")} {
		for _, variable := range []string{"URL", "TENANT", "USER", "PASSWORD"} {
			e[name+variable] = s.env["RENTAL_"+variable]
		}
	}
	lake, file := t.TempDir(), filepath.Join(t.TempDir(), "pipelines.yaml")
	if err := os.WriteFile(file, []byte(accountsFile), 0o600); err != nil {
		t.Fatal(err)
	}
	r, s := runPipelines(t, e, file, lake)
	r.want(t, 0)
	want := fmt.Sprintf("almaty %d, astana %d", s.of(t, "requests@almaty").Written, s.of(t, "requests@astana").Written)
	if want != "almaty 150, astana 300" {
		t.Fatalf("the accounts delivered %s", want)
	}
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	view, err := os.ReadFile(filepath.Join(lake, "views", "requests.sql"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), string(view)); err != nil {
		t.Fatalf("making the view: %v\n%s", err, view)
	}
	glob := "read_parquet('" + filepath.Join(lake, "data", "requests", "**", "*.parquet") + "', hive_partitioning = true)"
	elements := `(SELECT DISTINCT _account, requests_id FROM requests__services UNION
		SELECT _account, id FROM requests WHERE coalesce(len(services), 0) = 0)`
	for way, from := range map[string]string{"view": "requests", "glob": glob, "elements": elements} {
		var got string
		err := db.QueryRowContext(t.Context(), "SELECT string_agg(_account || ' ' || n, ', ' ORDER BY _account) FROM (SELECT _account, count(*) AS n FROM "+from+" GROUP BY ALL)").Scan(&got)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", way, diff)
		}
	}
}
