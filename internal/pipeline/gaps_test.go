package pipeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/load"
)

func TestGaps(t *testing.T) {
	month := func(m int) time.Time { return time.Date(2026, time.Month(m), 1, 0, 0, 0, 0, time.UTC) }
	p := &config.Pipeline{Name: "monthly", Window: &config.Window{Every: "month", Start: month(1), Lag: time.Hour}}
	slice := func(m int, state string) load.Slice {
		return load.Slice{Since: month(m), Until: month(m + 1), State: state}
	}
	commit := &load.Commit{Slices: []load.Slice{slice(1, load.SliceClosed), slice(3, load.SliceOpen), slice(5, load.SliceOpen)}}
	tests := []struct {
		name   string
		commit *load.Commit
		now    time.Time
		want   map[string]string
	}{
		{"no commit", nil, month(3).Add(2 * time.Hour), map[string]string{"2026-01-01": Missing, "2026-02-01": Missing}},
		{"the newest slice is not over", commit, month(5).Add(2 * time.Hour), map[string]string{"2026-02-01": Missing, "2026-03-01": load.SliceOpen, "2026-04-01": Missing}},
		{"within the lag it is not over", commit, month(4).Add(30 * time.Minute), map[string]string{"2026-02-01": Missing}},
		{"before the start", nil, month(1), map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gaps, err := Gaps(p, tt.commit, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, g := range gaps {
				got[g.Slice] = g.State
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := Gaps(&config.Pipeline{Name: "all"}, nil, month(1)); err == nil {
		t.Error("a pipeline without a window has gaps")
	}
}
