package pipeline

import (
	"testing"
	"time"

	"etl/internal/config"
	"etl/load"
)

// A data set is no better proven than its weakest slice; the slice that is read
// again does not count with what it was.
func TestDataSetIsProvenAsItsWeakestSlice(t *testing.T) {
	march, april := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	base := &load.Commit{Slices: []load.Slice{{Since: march, Proof: config.Walked}, {Since: april, Proof: config.Counted}}}
	for _, tt := range []struct {
		name  string
		base  *load.Commit
		since time.Time
		read  string
		want  string
	}{
		{"the first", nil, march, config.Settled, config.Settled},
		{"beside a weaker one", base, april, config.Settled, config.Walked},
		{"in the place of the weakest", base, march, config.Settled, config.Counted},
		{"the weakest itself", base, april, config.Walked, config.Walked},
	} {
		take := &take{job: &job{}, slice: slice{since: tt.since}, base: tt.base}
		if got := take.dataSetProof(&built{proof: tt.read}); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
