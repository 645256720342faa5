package pipeline

import (
	"context"
	"sync"
)

// pagesHeld is how many bytes of pages may wait for their turn, by default.
const pagesHeld = 32 << 20

// A hold bounds the bytes of pages that were asked for and wait for their turn,
// as text or as rows: of all pipelines of a run together. Until a page is there
// it counts as much as the one before it in its list took to come. The next page of the list whose
// turn it is may always come, so nothing ever waits for a page that must not.
type hold struct {
	most int64

	mu    sync.Mutex
	used  int64
	freed chan struct{} // closed when more may come, then another one
}

func newHold(most int64) *hold { return &hold{most: most, freed: make(chan struct{})} }

// A claim is what a reading takes of a hold. The hold's mutex guards it.
type claim struct {
	used  int64
	ended bool // nothing of it counts any more
}

// A share is what one list of a reading takes of a hold. The hold's mutex guards
// it.
type share struct {
	of     *claim
	turn   bool  // the list's pages are what the slice waits for
	open   int   // pages
	expect int64 // bytes of the next one
}

// enter waits until the next page of a list may be asked for, and returns the
// bytes that it counts. A list enters its pages in order.
func (h *hold) enter(ctx context.Context, s *share) (int64, error) {
	for ctx.Err() == nil {
		h.mu.Lock()
		may, size, freed := h.used < h.most || s.turn && s.open == 0, s.expect, h.freed
		if may {
			s.open++
			h.add(s, size)
		}
		h.mu.Unlock()
		if may {
			return size, nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
		}
	}
	return 0, context.Cause(ctx)
}

// arrive counts a page as what is left of it, and notes what it took to come.
func (h *hold) arrive(s *share, expected, came, size int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.expect = came
	h.add(s, size-expected)
	h.wake()
}

// leave gives back what a page counts.
func (h *hold) leave(s *share, size int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.open--
	h.add(s, -size)
	h.wake()
}

// lead says that it is the turn of a list.
func (h *hold) lead(s *share) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.turn = true
	h.wake()
}

// end gives back all that a reading counts.
func (h *hold) end(c *claim) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.used -= c.used
	c.ended = true
	h.wake()
}

func (h *hold) add(s *share, size int64) {
	if !s.of.ended {
		s.of.used += size
		h.used += size
	}
}

func (h *hold) wake() {
	close(h.freed)
	h.freed = make(chan struct{})
}
