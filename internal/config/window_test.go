package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func window(t *testing.T, every, zone, start string) *Window {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, ok := parseStart(start, location)
	if !ok {
		t.Fatalf("no start: %s", start)
	}
	return &Window{Every: every, Start: at, Lag: time.Hour}
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestSlices(t *testing.T) {
	tests := []struct {
		name               string
		every, zone, start string
		from, to           string
		want               []string // points of the grid, first to last
	}{
		{"months", "month", "UTC", "2020-01-01", "2020-02-01T00:00:00Z", "2020-04-01T00:00:00Z",
			[]string{"2020-02-01T00:00:00Z", "2020-03-01T00:00:00Z", "2020-04-01T00:00:00Z"}},
		{"from before the start", "month", "UTC", "2020-01-01", "2019-02-01T00:00:00Z", "2020-02-01T00:00:00Z",
			[]string{"2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z"}},
		{"the open one is the last", "month", "UTC", "2020-01-01", "2020-01-01T00:00:00Z", "2020-02-10T12:00:00Z",
			[]string{"2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z", "2020-03-01T00:00:00Z"}},
		{"from between points", "month", "UTC", "2020-01-01", "2020-01-10T00:00:00Z", "2020-03-01T00:00:00Z",
			[]string{"2020-02-01T00:00:00Z", "2020-03-01T00:00:00Z"}},
		{"none", "month", "UTC", "2020-01-01", "2020-02-01T00:00:00Z", "2020-02-01T00:00:00Z", nil},
		{"weeks begin on Monday, years or not", "week", "UTC", "2019-12-23", "2019-12-23T00:00:00Z", "2020-01-07T00:00:00Z",
			[]string{"2019-12-23T00:00:00Z", "2019-12-30T00:00:00Z", "2020-01-06T00:00:00Z", "2020-01-13T00:00:00Z"}},
		{"a day of 23 hours, one of 25", "day", "Europe/Warsaw", "2026-03-28", "2026-03-28T23:00:00+01:00", "2026-03-30T01:00:00+02:00",
			[]string{"2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00"}},
		{"a day of 25 hours", "day", "Europe/Warsaw", "2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00",
			[]string{"2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"}},
		{"a day without midnight", "day", "America/Sao_Paulo", "2018-11-03", "2018-11-03T00:00:00-03:00", "2018-11-05T00:00:00-02:00",
			[]string{"2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
		{"a day with two midnights", "day", "America/Havana", "2020-10-31", "2020-10-31T00:00:00-04:00", "2020-11-02T00:00:00-05:00",
			[]string{"2020-10-31T00:00:00-04:00", "2020-11-01T00:00:00-04:00", "2020-11-02T00:00:00-05:00"}},
		{"a month across a change", "month", "Europe/Warsaw", "2026-03-01", "2026-03-01T00:00:00+01:00", "2026-05-01T00:00:00+02:00",
			[]string{"2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00", "2026-05-01T00:00:00+02:00"}},
		{"hours across a repeated hour", "hour", "Europe/Warsaw", "2026-10-25", "2026-10-25T01:00:00+02:00", "2026-10-25T03:00:00+01:00",
			[]string{"2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"}},
		{"hours across a skipped hour", "hour", "Europe/Warsaw", "2026-03-29", "2026-03-29T01:00:00+01:00", "2026-03-29T04:00:00+02:00",
			[]string{"2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"}},
		{"hours of a zone with half an hour", "hour", "Asia/Kolkata", "2026-01-01", "2026-01-01T05:00:00+05:30", "2026-01-01T06:30:00+05:30",
			[]string{"2026-01-01T05:00:00+05:30", "2026-01-01T06:00:00+05:30", "2026-01-01T07:00:00+05:30"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := window(t, test.every, test.zone, test.start)
			var got []string
			for i, s := range w.Slices(instant(t, test.from), instant(t, test.to)) {
				if i == 0 {
					got = append(got, s.Since.Format(time.RFC3339))
				} else if last := got[len(got)-1]; last != s.Since.Format(time.RFC3339) {
					t.Errorf("slice %d begins at %s, the one before ends at %s", i, s.Since, last)
				}
				got = append(got, s.Until.Format(time.RFC3339))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Slices(%s, %s) (-want +got):\n%s", test.from, test.to, diff)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	tests := []struct {
		every, at, before, after string
		on                       bool
	}{
		{"month", "2020-02-15T10:00:00+01:00", "2020-02-01T00:00:00+01:00", "2020-03-01T00:00:00+01:00", false},
		{"month", "2020-02-01T00:00:00+01:00", "2020-02-01T00:00:00+01:00", "2020-03-01T00:00:00+01:00", true},
		{"month", "2020-01-31T23:00:00Z", "2020-02-01T00:00:00+01:00", "2020-03-01T00:00:00+01:00", true},
		{"week", "2020-03-29T12:00:00+02:00", "2020-03-23T00:00:00+01:00", "2020-03-30T00:00:00+02:00", false},
		{"day", "2019-03-31T03:00:00+02:00", "2019-03-31T00:00:00+01:00", "2019-04-01T00:00:00+02:00", false},
		{"hour", "2019-12-31T10:20:30+01:00", "2019-12-31T10:00:00+01:00", "2019-12-31T11:00:00+01:00", false},
	}
	for _, test := range tests {
		w := window(t, test.every, "Europe/Warsaw", "2020-01-01")
		at := instant(t, test.at)
		before, after := w.Nearest(at)
		if got := before.Format(time.RFC3339); got != test.before {
			t.Errorf("%s before %s = %s, want %s", test.every, test.at, got, test.before)
		}
		if got := after.Format(time.RFC3339); got != test.after {
			t.Errorf("%s after %s = %s, want %s", test.every, test.at, got, test.after)
		}
		if w.OnGrid(at) != test.on {
			t.Errorf("%s on the grid of %ss = %v, want %v", test.at, test.every, !test.on, test.on)
		}
	}
}

func TestClosed(t *testing.T) {
	w := window(t, "day", "UTC", "2020-01-01")
	end := instant(t, "2020-01-02T00:00:00Z")
	for now, want := range map[string]bool{
		"2020-01-01T23:00:00Z": false,
		"2020-01-02T00:30:00Z": false,
		"2020-01-02T01:00:00Z": false,
		"2020-01-02T01:00:01Z": true,
	} {
		if got := w.Closed(end, instant(t, now)); got != want {
			t.Errorf("Closed at %s = %v, want %v", now, got, want)
		}
	}
}

// FuzzGrid: every moment lies in exactly the cell that Nearest gives, and each
// cell begins where the one before ends, in every zone.
func FuzzGrid(f *testing.F) {
	zones := []string{"UTC", "Europe/Warsaw", "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Casablanca"}
	everies := []string{"hour", "day", "week", "month"}
	f.Add(int64(1_325_239_200), uint8(5), uint8(1)) // Apia leaves out 2011-12-30
	f.Add(int64(1_541_300_400), uint8(2), uint8(1))
	f.Add(int64(1_604_206_800), uint8(3), uint8(2))
	f.Fuzz(func(t *testing.T, seconds int64, zone, every uint8) {
		w := window(t, everies[int(every)%len(everies)], zones[int(zone)%len(zones)], "2000-01-01")
		at := time.Unix(seconds%(1<<33), 0)
		before, after := w.Nearest(at)
		if before.After(at) || !after.After(at) {
			t.Fatalf("%s in %s lies not in %s – %s", at, w.Start.Location(), before, after)
		}
		if !w.OnGrid(before) || !w.OnGrid(after) {
			t.Fatalf("%s – %s are not on the grid", before, after)
		}
		if b, a := w.Nearest(after.Add(-time.Nanosecond)); !b.Equal(before) || !a.Equal(after) {
			t.Fatalf("the end of %s – %s lies in %s – %s", before, after, b, a)
		}
	})
}
