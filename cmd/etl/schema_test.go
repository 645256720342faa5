package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"etl"
	"etl/internal/config"
	"etl/internal/crmsim"
	"etl/internal/pipeline"
	"etl/internal/propose"
	"etl/load"
	"etl/schemas"
	"etl/transform"
)

// A proposal made of a few pages of the simulator reads all of its pages, in
// every column that the shipped schema has too.
func TestInferReadsWhatComesLater(t *testing.T) {
	cfg := simulated(t)
	tests := []struct {
		pipeline string
		sample   int // pages
	}{
		{"workshop_resources", 2},
		{"request_list", 2},
		{"requests", 60},
		{"sales_funnels", 1},
	}
	for _, tt := range tests {
		t.Run(tt.pipeline, func(t *testing.T) {
			all := allPages(t, cfg, tt.pipeline)
			p, err := propose.Infer(tt.pipeline, all[:tt.sample])
			if err != nil {
				t.Fatal(err)
			}
			s, err := schemas.Parse(tt.pipeline, p.Schema())
			if err != nil {
				t.Fatal(err)
			}
			d, err := transform.New(s, transform.Options{Zone: time.UTC, Key: p.Key})
			if err != nil {
				t.Fatal(err)
			}
			if len(all) < 2*tt.sample || len(p.Key) == 0 {
				t.Fatalf("%d pages and the key %v prove nothing", len(all), p.Key)
			}
			for _, page := range all {
				b, err := d.Decode(page)
				if err != nil {
					t.Fatal(err)
				}
				b.Record.Release()
				for _, r := range b.Rejects {
					t.Errorf("page %d, record %d: %s: %s", r.Page, r.Record, r.Column, r.Reason)
				}
			}
		})
	}
}

// simulated returns the shipped pipelines against a simulator, with small pages
// and the parents in place.
func simulated(t *testing.T) *config.Config {
	t.Helper()
	sim, err := crmsim.New(crmsim.Options{Seed: 1, Scale: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	env := sim.Env(server.URL)
	env["ETL_DESTINATION"] = t.TempDir()
	cfg, err := config.Parse("pipelines.yaml", etl.Pipelines(), config.Options{
		Lookup:  func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Schemas: etl.Schemas(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range cfg.Sources {
		s.Limits.Requests = 0 // no waiting
	}
	for _, p := range cfg.Pipelines {
		p.Paging.Size = min(p.Paging.Size, 50)
	}
	parents, err := cfg.Select([]string{"request_list"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := pipeline.Run(t.Context(), pipeline.Options{Config: cfg, Pipelines: parents, Store: destination(t, cfg)})
	if err != nil || s.Exit != 0 {
		t.Fatalf("reading the parents: %v, %v", s, err)
	}
	return cfg
}

func destination(t *testing.T, cfg *config.Config) *load.Store {
	t.Helper()
	store, err := load.Open(cfg.Destination)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func allPages(t *testing.T, cfg *config.Config, name string) []transform.Page {
	t.Helper()
	selected, err := cfg.Select([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := pipeline.Pages(t.Context(), pipeline.Options{Config: cfg, Store: destination(t, cfg)}, selected[0], 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// What import proposes for a list and its details is a configuration, once the
// source has its name.
func TestImportedPipelinesAreAConfiguration(t *testing.T) {
	text, err := os.ReadFile("../../internal/propose/testdata/shop.openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	yaml := "version: 1\nsources:\n  shop: { base_url: http://127.0.0.1:1, timezone: UTC }\npipelines:\n"
	for name, path := range map[string]string{"bikes": "/v1/bikes/", "bike": "/v1/bikes/{id}/", "bookings": "/v1/bookings/"} {
		p, err := propose.Import("shop", text, propose.Operation{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), p.Schema(), 0o600); err != nil {
			t.Fatal(err)
		}
		yaml += strings.ReplaceAll(string(p.Pipeline("./"+name+".yaml")), "SOURCE", "shop")
	}
	cfg, err := config.Parse(filepath.Join(dir, "pipelines.yaml"), []byte(yaml), config.Options{Lookup: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml)
	}
	details, err := cfg.Select([]string{"bikes_details"})
	if err != nil || details[0].ForEach[0].Pipeline.Name != "bikes" {
		t.Errorf("the details are not those of the list: %v", err)
	}
}
