package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/pipeline"
)

func TestTellFailures(t *testing.T) {
	failed := func(class, reason, hint string) pipeline.Result {
		return pipeline.Result{Name: "requests", Status: pipeline.Failed, Class: class, Error: reason, Hint: hint}
	}
	tests := []struct {
		name       string
		result     pipeline.Result
		retryAfter float64
		file       string
		want       string
	}{
		{
			name:   "done",
			result: pipeline.Result{Name: "requests", Status: pipeline.OK}, file: "pipelines.yaml",
		},
		{
			name:   "data",
			result: failed("data", "page 7: 3 records do not fit", "look at rejects"), file: "pipelines.yaml",
			want: `requests failed (data): page 7: 3 records do not fit
  hint: look at rejects
  next: etl preview requests
`,
		},
		{
			name:   "data, with rejects",
			result: pipeline.Result{Name: "requests", Status: pipeline.Failed, Class: "data", Error: "3 records do not fit", Rejected: 3}, file: "crm.yaml",
			want: `requests failed (data): 3 records do not fit
  next: etl rejects --failed -f crm.yaml requests
`,
		},
		{
			name:   "several reasons",
			result: failed("incomplete", "slice 1: a\nslice 2: b\nslice 3: c", ""), file: "pipelines.yaml",
			want: `requests failed (incomplete): slice 1: a
  and 2 more reasons; all stand in the summary
  next: etl run requests
`,
		},
		{
			name:   "transient, and the API says when",
			result: failed("transient", "page 1: 429", ""), retryAfter: 30, file: "pipelines.yaml",
			want: `requests failed (transient): page 1: 429
  next: etl run requests, in 30 seconds or later
`,
		},
		{
			name:   "a file of another name",
			result: failed("config", "no such column", ""), file: "my pipelines.yaml",
			want: `requests failed (config): no such column
  next: etl validate -f 'my pipelines.yaml'
`,
		},
		{
			name:   "credentials",
			result: failed("auth", "logging in: refused", "check RENTAL_PASSWORD"), file: "crm.yaml",
			want: `requests failed (auth): logging in: refused
  hint: check RENTAL_PASSWORD
  next: etl check -f crm.yaml requests
`,
		},
		{
			name:   "a fault in the program",
			result: failed("bug", "an odd thing", ""), file: "pipelines.yaml",
			want: `requests failed (bug): an odd thing
  next: etl version, and report it with the lines above
`,
		},
		{
			name:   "the hint is a command",
			result: failed("config", "no commit yet", "etl run request_list requests"), file: "pipelines.yaml",
			want: `requests failed (config): no commit yet
  next: etl run request_list requests
`,
		},
		{
			name:   "blocked",
			result: pipeline.Result{Name: "requests", Status: pipeline.Blocked, Class: "bug", Error: "blocked: request_list failed"}, file: "pipelines.yaml",
			want: `requests failed (blocked): blocked: request_list failed
  next: etl run requests, after its parents
`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			tellFailures(&got, &pipeline.Summary{RetryAfter: tt.retryAfter, Pipelines: []pipeline.Result{tt.result}}, tt.file)
			if diff := cmp.Diff(tt.want, got.String()); diff != "" {
				t.Errorf("tellFailures (-want +got):\n%s", diff)
			}
		})
	}
}

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{
		"lake/views/a-b_c.sql": "lake/views/a-b_c.sql",
		"":                     "''",
		"a b":                  "'a b'",
		"it's":                 `'it'\''s'`,
		"$HOME":                "'$HOME'",
		"a*":                   "'a*'",
	} {
		if got := shellQuote(word); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", word, got, want)
		}
	}
}
