package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"etl/load"
)

// A parent's value can stand inside of a struct of its row.
func TestParentInsideStruct(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(Options{}, "request_list")
	var id, client any
	w.scan("request_list", []string{"id", "client.id"}, func(row []any) {
		if client == nil {
			id, client = row[0], row[1]
		}
	})
	w.yaml = fmt.Sprintf(`version: 1
sources:
  rental:
    base_url: ${RENTAL_URL}
    timezone: UTC
    headers: { X-Tenant-Id: "${RENTAL_TENANT}" }
    auth: { kind: login, login: { path: /v1/auth/login/, json: { username: "${RENTAL_USER}", password: "${RENTAL_PASSWORD}" } }, token: access }
    records: results
pipelines:
  request_list: { source: rental, request: { path: /v1/crm/requests/ }, schema: rental/request_list, key: [id] }
  of_client:
    source: rental
    for_each: { pipeline: request_list, where: { id: %v } }
    request: { path: /v1/crm/requests/, query: { search: "{parent.client.id}" } }
    schema: rental/request_list
`, id)
	c := w.config()
	p, err := c.Select([]string{"of_client"})
	if err != nil {
		t.Fatal(err)
	}
	store, err := load.Open(w.root)
	if err != nil {
		t.Fatal(err)
	}
	w.requests()
	if _, err := Preview(t.Context(), Options{Config: c, Store: store}, p[0], 1); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`search=%v"`, client)
	if asked := fmt.Sprint(w.requests()); client == nil || !strings.Contains(asked, want) {
		t.Errorf("the source was asked %s, want %s", asked, want)
	}
}
