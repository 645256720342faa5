package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/keyset"
	"etl/transform"
)

// sweeps tells whether a pipeline proves itself by reading everything twice:
// settled is asked for, and its pages can neither overlap nor be told by a cursor.
func (t *take) sweeps() bool {
	p := t.p
	return p.Complete == config.Settled && p.Overlap() == 0 && p.Paging.Kind != config.PagingCursor && len(p.Key) > 0
}

// sweep reads all lists a second time and compares the keys of both readings.
func (t *take) sweep(ctx context.Context, b *built) (equal bool, err error) {
	dir := filepath.Join(t.reading.dir, "keys", "sweep")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("making the folder for keys: %w", err)
	}
	second := &built{keys: keyset.New(dir)}
	defer second.close()
	d, err := transform.New(t.p.Schema, t.decoding())
	if err != nil {
		return false, err
	}
	f := &fetcher{
		hold:        t.o.hold,
		list:        t.scanned(d),
		kept:        func(context.Context, int, int) ([]*keptPage, error) { return nil, nil },
		arrived:     func(pageID, *extract.Page) error { return nil },
		taken:       func(pageID) {},
		ended:       func(int) error { return nil },
		planned:     func(int) {},
		concurrency: t.reading.concurrency(),
		byOffset:    t.p.Paging.Kind == config.PagingOffset,
	}
	pages, batches := make(chan fetched), make(chan gathered)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(caught(func() error {
		defer close(pages)
		return f.read(ctx, t.units, pages)
	}))
	g.Go(caught(func() error {
		defer close(batches)
		return t.decode(ctx, d, pages, batches)
	}))
	g.Go(caught(func() error {
		for g := range batches {
			g.rows.Release()
			for _, item := range g.pages {
				b.counts.Reread += int64(len(item.page.Records))
				if err := second.note(item); err != nil {
					return err
				}
			}
		}
		return ctx.Err()
	}))
	if err := g.Wait(); err != nil {
		return false, err
	}
	return sameKeys(b.keys, second.keys)
}

// sameKeys tells whether two sets hold the same keys.
func sameKeys(a, b *keyset.Set) (bool, error) {
	next, stop := iter.Pull2(b.Groups())
	defer stop()
	for group, err := range a.Groups() {
		other, otherErr, ok := next()
		if err != nil || otherErr != nil {
			return false, fmt.Errorf("comparing two readings: %w", cmp.Or(err, otherErr))
		}
		if !ok || other[0].Key != group[0].Key {
			return false, nil
		}
	}
	_, err, more := next()
	return !more, err
}
