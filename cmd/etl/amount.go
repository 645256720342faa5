package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"etl/internal/config"
)

// units are the units of sizes in bytes, the longest names first.
var units = []struct {
	name  string
	bytes float64
}{
	{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"B", 1},
}

// parseSize reads an amount of memory above 0: a number and a unit, as in
// 512MiB, 1.5GB or 96M; K, M and G alone are KiB, MiB and GiB. Empty is 0.
func parseSize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number, factor := strings.ToUpper(strings.TrimSpace(text)), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if n *= factor; err != nil || !(n >= 1) || n > 1<<50 {
		return 0, usage("%q is not a size", text).WithHint("write a number and a unit: 512MiB")
	}
	return int64(n), nil
}

// parseReserve reads what stays free of a disk: a size, or "off", which is -1.
func parseReserve(text string) (int64, error) {
	if text == "off" {
		return -1, nil
	}
	return parseSize(text)
}

// parseShare reads a share above 0 and up to 1: 0.25, 25% or 1/4. Empty is 0.
func parseShare(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, divisor := strings.TrimSpace(text), 1.0
	if rest, ok := strings.CutSuffix(number, "%"); ok {
		number, divisor = rest, 100
	} else if a, b, ok := strings.Cut(number, "/"); ok {
		d, err := strconv.ParseFloat(strings.TrimSpace(b), 64)
		if err != nil {
			d = math.NaN()
		}
		number, divisor = strings.TrimSpace(a), d
	}
	n, err := strconv.ParseFloat(number, 64)
	if n /= divisor; err != nil || !(n > 0 && n <= 1) {
		return 0, usage("%q is not a share of a limit", text).WithHint("write 0.25, 25%% or 1/4")
	}
	return n, nil
}

// parseInstant reads a bound of slices: RFC 3339, or a date or a date and time
// in the given zone. Empty is the zero time.
func parseInstant(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, text); err != nil {
			continue
		}
		if zone == nil {
			return time.Time{}, usage("%s names no zone, and the sources lie in several", text).
				WithHint("write it as 2026-01-01T00:00:00Z, or run the sources one by one")
		}
		return time.ParseInLocation(layout, text, zone)
	}
	return time.Time{}, usage("%q is not a time", text).WithHint("write 2026-01-01, or 2026-01-01T00:00:00Z")
}

// zoneOf returns the zone that the windowed pipelines share, UTC if none has a
// window, and nil if they lie in several.
func zoneOf(pipelines []*config.Pipeline) *time.Location {
	zone := time.UTC
	found := false
	for _, p := range pipelines {
		if p.Window == nil {
			continue
		}
		if found && p.Source.Zone.String() != zone.String() {
			return nil
		}
		zone, found = p.Source.Zone, true
	}
	return zone
}

// megabytes writes an amount of bytes for people.
func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }

// grouped writes a count for people: 1,234,567.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
