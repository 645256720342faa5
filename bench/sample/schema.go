// Package sample makes what the benchmark measures with: the configuration and
// schemas of requests in the manner of Django REST Framework, and pages of
// them, the same for the same seed.
package sample

import (
	"cmp"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	"etl"
	"etl/internal/config"
	"etl/schemas"
)

// Flat and Nested are the schemas: a request of the rental CRM without and with
// its services and actions.
const (
	Flat   = "flat"
	Nested = "nested"
)

// PageSize is how many records are on a page.
const PageSize = 1000

// configuration is what a run is given. Nothing is asked for credentials, so
// that pages alone are measured.
const configuration = `version: 1
destination: %s
sources:
  bench:
    base_url: %s
    timezone: UTC
    limits: { concurrency: 8%s }
    paging: { kind: page, send: { page: page, size: pageSize }, size: %d, read: { total: count, next: next } }
    records: results
pipelines:
  requests:
    source: bench
    request: { path: /requests/, query: { ordering: id } }
    schema: bench/%s
    key: [id]
    partition: [{ by: month, of: created_at }]
`

// A Run is what a configuration is made for. The zero value of all but
// Destination and Schema works.
type Run struct {
	Destination string
	Schema      string // Flat or Nested
	Columns     int    // the first so many columns and those that a run needs; 0: all
	BaseURL     string
	PageSize    int
	Limit       string // "requests: 300, per: 1m"; empty: none
}

// Config returns the configuration of a run.
func Config(r Run) (*config.Config, error) {
	files, err := schemaFiles(r.Columns)
	if err != nil {
		return nil, err
	}
	if r.Limit != "" {
		r.Limit = ", " + r.Limit
	}
	text := fmt.Sprintf(configuration, r.Destination, cmp.Or(r.BaseURL, "https://bench.invalid"), r.Limit, cmp.Or(r.PageSize, PageSize), r.Schema)
	return config.Parse("pipelines.yaml", []byte(text), config.Options{Schemas: files})
}

// Schema returns a schema as a run has it.
func Schema(name string, columns int) (*schemas.Schema, error) {
	c, err := Config(Run{Destination: "out", Schema: name, Columns: columns})
	if err != nil {
		return nil, err
	}
	return c.Pipelines[0].Schema, nil
}

// schemaFiles returns the schemas of the shipped one: whole, and flat.
func schemaFiles(columns int) (fs.FS, error) {
	text, err := fs.ReadFile(etl.Schemas(), "rental/request.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the shipped schema: %w", err)
	}
	return fstest.MapFS{
		"bench/nested.yaml": {Data: text},
		"bench/flat.yaml":   {Data: []byte(flat(string(text), columns))},
	}, nil
}

// flat leaves out the columns with columns inside, and of the others all but
// the first so many, and those that keys, versions and partitions are made of.
func flat(text string, columns int) string {
	var b strings.Builder
	kept, keep := 0, true
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "  - "); ok {
			needed := strings.HasPrefix(name, "{ name: id,") || strings.HasPrefix(name, "{ name: created_at,")
			keep = strings.HasPrefix(name, "{") && (needed || columns == 0 || kept < columns-2)
			if keep && !needed {
				kept++
			}
		}
		if keep {
			b.WriteString(line)
		}
	}
	return b.String()
}

// Listing returns the configuration of a run that reads the simulator's list of
// requests as the shipped one does, with other pages and limits.
func Listing(r Run, env map[string]string) (*config.Config, error) {
	if r.Limit != "" {
		r.Limit = ", " + r.Limit
	}
	text := fmt.Sprintf(listing, r.Destination, r.BaseURL, r.Limit, r.PageSize)
	return config.Parse("pipelines.yaml", []byte(text), config.Options{
		Schemas: etl.Schemas(), Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
}

const listing = `version: 1
destination: %s
sources:
  rental:
    base_url: %s
    timezone: Asia/Almaty
    headers: { X-Tenant-Id: "${RENTAL_TENANT}" }
    auth:
      kind: login
      login: { path: /v1/auth/login/, json: { username: "${RENTAL_USER}", password: "${RENTAL_PASSWORD}" } }
      token: access
    limits: { concurrency: 8%s }
    paging: { kind: page, send: { page: page, size: pageSize }, size: %d, read: { total: count, next: next } }
    records: results
pipelines:
  request_list:
    source: rental
    request: { path: /v1/crm/requests/, query: { ordering: id } }
    schema: rental/request_list
    key: [id]
`
