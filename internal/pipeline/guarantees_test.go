package pipeline

import (
	"slices"
	"testing"

	"etl/internal/config"
)

// As many rows deleted as inserted leave the totals and the number of different
// keys equal, while a row that moved to a page already read is skipped: this is
// what counted leaves open, and what settled is for.
func TestCountedLeavesRoomForASkippedRow(t *testing.T) {
	const paging = `{ kind: page, send: { page: page, size: size }, size: 8, read: { total: total } }, limits: { concurrency: 1 }`
	s := newShelf(shelfRows)
	s.total = true
	s.moves[3] = 1
	r, ids := readShelf(t, s, paging, "complete: counted")
	if skipped := int64(2*shelfPage + 1); r.Proof != config.Counted || slices.Contains(ids, skipped) || len(ids) != shelfRows {
		t.Errorf("proof %q, %d rows, row %d there: %v (%s)", r.Proof, len(ids), skipped, slices.Contains(ids, skipped), r.Error)
	}
}
