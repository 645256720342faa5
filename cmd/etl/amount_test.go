package main

import (
	"testing"
	"time"

	"etl/internal/config"
)

func TestParseSize(t *testing.T) {
	tests := []struct {
		text string
		want int64 // -1: refused
	}{
		{"", 0}, {"1", 1}, {"4096", 4096}, {"10B", 10},
		{"1KiB", 1024}, {"1K", 1024}, {"1KB", 1000}, {"96MiB", 96 << 20}, {"96m", 96 << 20}, {"1GB", 1e9}, {"2 GiB", 2 << 30}, {"1.5G", 3 << 29},
		{"0", -1}, {"-1M", -1}, {"M", -1}, {"1T", -1}, {"1e99", -1}, {"nan", -1}, {"infK", -1}, {"1MM", -1},
	}
	for _, tt := range tests {
		got, err := parseSize(tt.text)
		if err != nil {
			got = -1
		}
		if got != tt.want {
			t.Errorf("parseSize(%q) = %d, %v, want %d", tt.text, got, err, tt.want)
		}
	}
}

func TestParseShare(t *testing.T) {
	tests := []struct {
		text string
		want float64 // -1: refused
	}{
		{"", 0}, {"1", 1}, {"0.25", 0.25}, {"25%", 0.25}, {"1/4", 0.25}, {" 3 / 4 ", 0.75}, {"100%", 1},
		{"0", -1}, {"-0.5", -1}, {"1.1", -1}, {"5/4", -1}, {"1/0", -1}, {"0/0", -1}, {"1/", -1}, {"/4", -1}, {"1/2/4", -1}, {"nan", -1}, {"half", -1}, {"101%", -1},
	}
	for _, tt := range tests {
		got, err := parseShare(tt.text)
		if err != nil {
			got = -1
		}
		if got != tt.want {
			t.Errorf("parseShare(%q) = %v, %v, want %v", tt.text, got, err, tt.want)
		}
	}
}

func TestParseInstant(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		text string
		zone *time.Location
		want string // in UTC; empty: refused
	}{
		{"", nil, "0001-01-01T00:00:00Z"},
		{"2026-01-01", time.UTC, "2026-01-01T00:00:00Z"},
		{"2026-01-01", warsaw, "2025-12-31T23:00:00Z"},
		{"2026-07-01 12:00:00", warsaw, "2026-07-01T10:00:00Z"},
		{"2026-07-01T12:00:00", warsaw, "2026-07-01T10:00:00Z"},
		{"2026-01-01T00:00:00+05:00", warsaw, "2025-12-31T19:00:00Z"},
		{"2026-01-01T00:00:00+05:00", nil, "2025-12-31T19:00:00Z"},
		{"2026-01-01", nil, ""},
		{"2026-13-01", time.UTC, ""},
		{"yesterday", time.UTC, ""},
	}
	for _, tt := range tests {
		at, err := parseInstant(tt.text, tt.zone)
		got := at.UTC().Format(time.RFC3339)
		if err != nil {
			got = ""
		}
		if got != tt.want {
			t.Errorf("parseInstant(%q, %v) = %q, %v, want %q", tt.text, tt.zone, got, err, tt.want)
		}
	}
}

func TestZoneOf(t *testing.T) {
	almaty := time.FixedZone("Asia/Almaty", 5*3600)
	pipeline := func(zone *time.Location, windowed bool) *config.Pipeline {
		p := &config.Pipeline{Source: &config.Source{Zone: zone}}
		if windowed {
			p.Window = &config.Window{}
		}
		return p
	}
	tests := []struct {
		name      string
		pipelines []*config.Pipeline
		want      *time.Location
	}{
		{"no window", []*config.Pipeline{pipeline(almaty, false)}, time.UTC},
		{"one window", []*config.Pipeline{pipeline(time.UTC, false), pipeline(almaty, true)}, almaty},
		{"the same zone twice", []*config.Pipeline{pipeline(almaty, true), pipeline(almaty, true)}, almaty},
		{"two zones", []*config.Pipeline{pipeline(almaty, true), pipeline(time.UTC, true)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := zoneOf(tt.pipelines); got != tt.want {
				t.Errorf("zoneOf = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %s, want %s", n, got, want)
		}
	}
}
