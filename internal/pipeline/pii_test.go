package pipeline

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"etl/load"
)

// Personal data is hashed with the key of the environment; it stands in no
// file, not even with the records that were set aside.
func TestPersonalData(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write([]byte(`[{"id":1,"phone":"+7 701 555 01 01"},{"id":"x","phone":"+7 701 555 01 02"}]`))
	}))
	defer server.Close()
	w := newWorld(t, nil)
	dir := t.TempDir()
	writeFile(t, dir+"/person.yaml", "columns:\n  - { name: id, type: int64, required: true }\n  - { name: phone, type: string, pii: hash }\n")
	w.file = dir + "/pipelines.yaml"
	w.yaml = `
version: 1
sources: { shop: { base_url: "` + server.URL + `", records: "$", paging: { kind: none } } }
pipelines: { people: { source: shop, request: { path: /people }, schema: ./person.yaml, key: [id], max_rejects: 1 } }
`
	w.env["ETL_PII_KEY"] = "a long random text"
	if r := w.ok(Options{}, "people")["people"]; r.Written != 1 || r.Rejected != 1 {
		t.Errorf("%d rows, %d rejects", r.Written, r.Rejected)
	}
	w.scan("people", []string{"phone"}, func(row []any) {
		if phone := row[0].(string); len(phone) != 64 || strings.Trim(phone, "0123456789abcdef") != "" {
			t.Errorf("phone is %q, want a hash in hex", phone)
		}
	})
	commit, err := w.dataset("people").Newest()
	if err != nil {
		t.Fatal(err)
	}
	rejects := 0
	err = w.dataset("people").Rejects(commit, func(r load.Reject) error {
		rejects++
		if strings.Contains(r.Raw, "701") {
			t.Errorf("a reject holds a phone number: %s", r.Raw)
		}
		return nil
	})
	if err != nil || rejects != 1 {
		t.Errorf("%d rejects kept, %v", rejects, err)
	}
}
