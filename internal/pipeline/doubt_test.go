package pipeline

import (
	"testing"

	"etl/internal/config"
)

// A server that always sends more rows than were asked for is read whole, and
// asked for nothing twice but the empty place that ends the list.
func TestPagesLongerThanAskedFor(t *testing.T) {
	s := newShelf(shelfRows)
	s.extra = 3
	const paging = `{ kind: offset, send: { offset: offset, size: size }, size: 8 }, limits: { concurrency: 1 }`
	r, ids := readShelf(t, s, paging, "")
	if r.Proof != config.Walked || len(ids) != shelfRows || r.Duplicates != 0 || r.Reread != 0 {
		t.Errorf("%d rows: %+v", len(ids), r)
	}
	if want := (shelfRows+10)/11 + 2; s.count != want {
		t.Errorf("%d requests, want %d", s.count, want)
	}
}
