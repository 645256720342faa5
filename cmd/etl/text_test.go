package main

import (
	"testing"
	"time"

	"etl/internal/pipeline"
)

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0.0s", 0.04: "0.0s", 9.96: "10.0s", 59.9: "0m59s", 60: "1m00s", 724: "12m04s", 3600: "1h00m", 100 * 3600: "100h00m",
	} {
		if got := duration(seconds); got != want {
			t.Errorf("duration(%v) = %s, want %s", seconds, got, want)
		}
	}
}

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "7d": 7 * 24 * time.Hour, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute} {
		if got, err := parseAge(text); err != nil || got != want {
			t.Errorf("parseAge(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"7", "0d", "-1d", "-1h", "1.5d", "99999d", "d", "soon"} {
		if got, err := parseAge(text); err == nil {
			t.Errorf("parseAge(%q) = %v, want an error", text, got)
		}
	}
}

func TestClockText(t *testing.T) {
	for ahead, want := range map[float64]string{
		0: "as ours", -2: "as ours", 2: "as ours", 3: "the server's is 3 s ahead of ours", -3600: "the server's is 3600 s behind ours",
	} {
		if got := clockText(ahead); got != want {
			t.Errorf("clockText(%v) = %s, want %s", ahead, got, want)
		}
	}
}

func TestSizes(t *testing.T) {
	tests := []struct {
		check pipeline.PipelineCheck
		want  string
	}{
		{pipeline.PipelineCheck{Pages: []pipeline.Sized{{Came: 7}}}, "7 came"},
		{pipeline.PipelineCheck{Pages: []pipeline.Sized{{Asked: 10, Came: 7}}}, "10 asked, 7 came"},
		{pipeline.PipelineCheck{Pages: []pipeline.Sized{{Asked: 10, Came: 50}}, Ignored: true}, "10 asked, 50 came: the server does not go by the size"},
		{
			pipeline.PipelineCheck{Pages: []pipeline.Sized{{Asked: 10, Came: 10}, {Asked: 1000, Came: 100}}, Cut: true},
			"10 asked, 10 came; 1000 asked, 100 came: the server cuts pages",
		},
	}
	for _, tt := range tests {
		if got := sizes(tt.check); got != tt.want {
			t.Errorf("sizes = %s, want %s", got, tt.want)
		}
	}
}
