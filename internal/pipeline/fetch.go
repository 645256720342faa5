package pipeline

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"etl/extract"
	"etl/transform"
)

// Bounds of reading ahead. A slice holds at most listsAhead × (pagesAhead +
// pagesReady) pages that the transform has not taken yet; requests in flight are
// bounded by the source's concurrency.
const (
	listsAhead = 16
	pagesAhead = 16 // of a list whose pages are planned
	pagesReady = 2  // of any list, while those before it are read
)

// A fetched is one accepted page, or the end of a unit.
type fetched struct {
	unit, list int // indexes into the plan
	parent     map[string]any
	id         pageID
	page       *extract.Page // nil: the unit ends here. Without its body if all rows of it are there
	bytes      int64         // of the body
	free       func()        // says that what came of the page is taken
}

// A reader yields the accepted pages of a slice in plan order. Where they are
// large enough a decoder scans them as they come.
type reader func(ctx context.Context, d *transform.Decoder, out chan<- fetched) error

// fetcher asks the source for the pages of units.
type fetcher struct {
	hold *hold
	list func(unit, list int) *extract.List
	// kept returns the pages of a list that need not be asked for; nil: ask.
	kept func(ctx context.Context, unit, list int) ([]*keptPage, error)
	// open reads a page of a list that kept returned.
	open func(*extract.List, *keptPage) (*extract.Page, error)
	// arrived is told of every page as it comes, in any order.
	arrived func(id pageID, p *extract.Page) error
	// taken is told, in plan order, of every page that is passed on.
	taken func(id pageID)
	// ended is told, in plan order, that a unit was read to its end.
	ended func(unit int) error
	// planned is told of pages that are known to come, one for each list apart.
	planned func(pages int)
	// doubts is asked whether an empty page that ends a list may be asked for
	// once more; nil: it may not.
	doubts func() bool
	// concurrency is how many pages of a list are asked for at one time, so
	// that they are asked for roughly in their order.
	concurrency int
	// byOffset says that pages are asked for by the number of rows before them,
	// so that a page that came short moves those after it.
	byOffset bool
}

// read fetches the lists of units side by side and sends their pages to out in
// plan order.
func (f *fetcher) read(ctx context.Context, units []unit, out chan<- fetched) error {
	queue := make(chan *stream, listsAhead)
	slots := make(chan struct{}, max(1, f.concurrency)) // more lists than requests would only break their order
	held := &claim{}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(caught(func() error {
		defer close(queue)
		for u := range units {
			for l := range units[u].parents {
				s := &stream{unit: u, list: l, pages: make(chan placed, pagesReady), share: share{of: held}}
				if err := send(ctx, queue, s); err != nil {
					return err
				}
				if err := send(ctx, slots, struct{}{}); err != nil {
					close(s.pages) // it is in the queue: nobody else ends it
					return err
				}
				g.Go(caught(func() error {
					defer func() { <-slots }()
					defer close(s.pages)
					return f.readList(ctx, s)
				}))
			}
		}
		return nil
	}))
	g.Go(caught(func() error { return f.forward(ctx, units, queue, out) }))
	err := g.Wait()
	if err != nil {
		f.hold.end(held)
	}
	return err
}

// forward passes pages on in plan order.
func (f *fetcher) forward(ctx context.Context, units []unit, queue <-chan *stream, out chan<- fetched) error {
	for s := range queue {
		f.hold.lead(&s.share)
		for p := range s.pages {
			f.taken(p.id)
			free := func() { f.hold.leave(&s.share, p.held) }
			if err := send(ctx, out, fetched{s.unit, s.list, units[s.unit].parents[s.list], p.id, p.Page, p.bytes, free}); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx) // a list that was broken off is not at its end
		}
		if !s.whole {
			return nil // its own error tells why
		}
		if s.list == len(units[s.unit].parents)-1 {
			if err := f.ended(s.unit); err != nil {
				return err
			}
			if err := send(ctx, out, fetched{unit: s.unit}); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// A stream carries the pages of one list in their order. whole is set before
// pages is closed.
type stream struct {
	unit, list int
	pages      chan placed
	whole      bool
	share      share
}

// A placed is a page and its place in the plan.
type placed struct {
	id pageID
	*extract.Page
	bytes int64 // of the body
	held  int64 // what it counts
}

// readList reads one list: from disk what is kept of it; else its first page,
// then what the first page lets plan, then page by page as long as it goes on.
func (f *fetcher) readList(ctx context.Context, s *stream) error {
	kept, err := f.kept(ctx, s.unit, s.list)
	if err != nil || kept != nil {
		return errors.Join(err, f.readKept(ctx, kept, s))
	}
	l := f.list(s.unit, s.list)
	last, err := f.fetch(ctx, l, l.First(), s)
	if err != nil {
		return err
	}
	if rest := l.Rest(last); len(rest) > 0 {
		f.planned(len(rest))
		if _, _, err := l.Next(last); err != nil {
			return err
		}
		if last, err = f.readAhead(ctx, l, rest, last, s); err != nil {
			return err
		}
	}
	for {
		at, more, err := l.Next(last)
		if err != nil {
			return err
		}
		if !more {
			s.whole = true
			return nil
		}
		if last, err = f.fetch(ctx, l, at, s); err != nil {
			return err
		}
	}
}

// id returns the place of a page that was fetched.
func (s *stream) id(p *extract.Page) pageID {
	return pageID{s.unit, s.list, p.Number, mainPart}
}

// readKept sends pages from disk.
func (f *fetcher) readKept(ctx context.Context, pages []*keptPage, s *stream) error {
	l := f.list(s.unit, s.list)
	for _, p := range pages {
		expected, err := f.hold.enter(ctx, &s.share)
		if err != nil {
			return err
		}
		page, err := f.open(l, p)
		if err != nil {
			return err
		}
		came(page)
		if err := send(ctx, s.pages, f.arrive(l, s, p.pageID, page, expected)); err != nil {
			return err
		}
	}
	s.whole = len(pages) > 0
	return nil
}

// readAhead fetches planned pages side by side, sends them in order, and
// returns the last one that was sent. The plan ends early with a page that says
// that the list ends, and with one after which the next must be asked for at
// another offset than was planned.
func (f *fetcher) readAhead(ctx context.Context, l *extract.List, rest []extract.Position, last *extract.Page, s *stream) (*extract.Page, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	futures := make(chan chan placed, min(pagesAhead, 2*f.concurrency)) // more would wait as rows for one that is slow
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(f.concurrency + 1) // and the loop that starts them
	var err error
	g.Go(caught(func() error {
		defer close(futures)
		for _, at := range rest {
			expected, err := f.hold.enter(gctx, &s.share)
			if err != nil {
				return err
			}
			future := make(chan placed, 1)
			if err := send(gctx, futures, future); err != nil {
				f.hold.leave(&s.share, expected)
				return err
			}
			g.Go(caught(func() error {
				defer close(future)
				p, err := f.ask(gctx, l, at, s, expected)
				if err == nil {
					future <- p
				}
				return err
			}))
		}
		return nil
	}))
	ended, broken := false, false
	sent := 0
	for future := range futures {
		p, ok := <-future
		broken = broken || !ok
		if ended || broken || err != nil || send(gctx, s.pages, p) != nil {
			if ok {
				f.hold.leave(&s.share, p.held)
			}
			continue // until those that were started have stopped
		}
		last = p.Page
		sent++
		// Next alone sees that a list goes in circles.
		next, more, nextErr := l.Next(last)
		err = nextErr
		if ended = !more || sent < len(rest) && f.byOffset && next.Offset != rest[sent].Offset; ended || err != nil {
			cancel()
		}
	}
	if werr := g.Wait(); err == nil && !ended {
		err = werr
	}
	return last, err
}

// fetch asks for the next page of a list and passes it on.
func (f *fetcher) fetch(ctx context.Context, l *extract.List, at extract.Position, s *stream) (*extract.Page, error) {
	expected, err := f.hold.enter(ctx, &s.share)
	if err != nil {
		return nil, err
	}
	p, err := f.ask(ctx, l, at, s, expected)
	if err != nil {
		return nil, err
	}
	return p.Page, send(ctx, s.pages, p)
}

// ask asks for a page that was let in.
func (f *fetcher) ask(ctx context.Context, l *extract.List, at extract.Position, s *stream, expected int64) (placed, error) {
	p, err := l.Fetch(ctx, at)
	if err == nil && f.doubts != nil && l.EndsEmpty(p) && f.doubts() {
		p, err = l.Fetch(ctx, at)
	}
	if err == nil {
		came(p)
		err = f.arrived(s.id(p), p)
	}
	if err != nil {
		f.hold.leave(&s.share, expected)
		return placed{}, err
	}
	return f.arrive(l, s, s.id(p), p, expected), nil
}

// arrive counts a page that has come and is kept. Once all its records are rows
// nobody asks for its text.
func (f *fetcher) arrive(l *extract.List, s *stream, id pageID, p *extract.Page, expected int64) placed {
	at := placed{id: id, Page: p, bytes: int64(len(p.Body))}
	at.held = at.bytes
	took := at.bytes
	if scan := scanOf(p); scan != nil {
		took += int64(scan.Bytes())
		if at.held = took; scan.Rejects() == 0 {
			l.Free(p)
			at.held = took - at.bytes
		}
	}
	f.hold.arrive(&s.share, expected, took, at.held)
	return at
}

// send delivers v unless ctx ends first.
func send[T any](ctx context.Context, ch chan<- T, v T) error {
	select {
	case ch <- v:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
