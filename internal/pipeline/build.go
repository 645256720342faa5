package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"etl/internal/config"
	"etl/internal/keyset"
	"etl/load"
	"etl/schemas"
	"etl/transform"
)

// A built is what became of the pages of a slice: staged files, and what was
// counted on the way.
type built struct {
	counts  load.Counts
	files   []load.StagedFile
	keys    *keyset.Set    // of all rows, those in drop too; nil: the pipeline has no key
	drop    map[int64]bool // ordinals of rows that were left out
	lists   []tally        // in plan order
	gaps    []gap          // where overlapping pages do not hold together
	chain   *chain         // nil: pages do not overlap
	watch   *watch
	drifted []load.Drifted // set by sumUp, as are
	checks  []load.Check
	reject  *rejects
	parents *kin // nil: nothing is kept for each parent
	proof   string
	looked  int64 // bytes of pages that had come when the disks were looked at
}

// close frees what the built keeps outside of the stage.
func (b *built) close() {
	if b != nil && b.keys != nil {
		_ = b.keys.Close() // its folder goes with the reading
	}
}

// A tally is what one list told of itself and delivered.
type tally struct {
	unit, list  int
	first       int64 // ordinal of its first row among the rows of the slice
	pages       int
	records     int64
	rejected    int64
	firstTotal  int64 // declared by its first page; -1: none
	lastTotal   int64
	hint        bool
	gone        bool
	strongest   string
	distinct    int64 // set by judge
	mixedTotals bool  // pages between the first and the last declared other totals

	places []place // of a list that is walked
	doubt  stretch // set by judge, as holes
	holes  []int   // places before which rows are missing
	apart  bool    // a key came in two pages that do not touch
}

// build sends the pages of read through transform to files in the stage. Rows
// whose ordinal is in drop are left out.
func (t *take) build(ctx context.Context, read reader, drop map[int64]bool) (b *built, err error) {
	b = &built{drop: drop, watch: &watch{}}
	writer, err := t.stage.Writer(t.writerOptions())
	if err != nil {
		return b, err
	}
	d, err := transform.New(t.p.Schema, t.decoding())
	if err = errors.Join(err, t.prepare(b)); err != nil {
		return b, errors.Join(err, writer.Abort())
	}
	pages, batches := make(chan fetched), make(chan gathered)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(caught(func() error {
		defer close(pages)
		defer t.watched.start(stageFetch)()
		return read(gctx, d, pages)
	}))
	g.Go(caught(func() error {
		defer close(batches)
		return t.decode(gctx, d, pages, batches)
	}))
	g.Go(caught(func() error { return t.write(gctx, b, writer, batches) }))
	if err := g.Wait(); err != nil {
		return b, errors.Join(err, writer.Abort())
	}
	stop := t.watched.start(stageLoad)
	err = together([]func() error{b.arrange, func() (err error) {
		b.files, err = writer.Close()
		return err
	}})
	if stop(); err != nil {
		return b, err
	}
	if b.parents != nil {
		err = b.parents.finish()
	}
	return b, err
}

func (t *take) writerOptions() load.WriterOptions {
	o := load.WriterOptions{
		Schema: t.p.Schema, Arrow: transform.ArrowSchema(t.p.Schema), Zone: t.p.Source.Zone, OpenBytes: t.o.Memory,
		Together: together,
	}
	if !t.p.Merge { // a merged row may come from any slice
		o.Slice = t.slice.name
	}
	for _, p := range t.p.Partition {
		o.Partition = append(o.Partition, load.Partition{By: p.By, N: p.N, Of: p.Of})
	}
	return o
}

// arrange prepares the keys for judge.
func (b *built) arrange() error {
	if b.keys != nil {
		b.keys.Arrange()
	}
	return nil
}

// together runs tasks on all cores: twice as many at a time, since they wait for
// the disk too.
func together(tasks []func() error) error {
	var g errgroup.Group
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for _, task := range tasks {
		g.Go(caught(task))
	}
	return g.Wait()
}

// prepare makes what the pass collects beside files.
func (t *take) prepare(b *built) (err error) {
	if b.watch, err = t.newWatch(); err != nil {
		return err
	}
	if len(t.p.Key) > 0 {
		dir := filepath.Join(t.reading.dir, "keys")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the folder for keys: %w", err)
		}
		b.keys = keyset.New(dir)
	}
	if t.p.Overlap() > 0 {
		b.chain = &chain{}
	}
	b.reject = newRejects(t.p, t.units, t.stage)
	if t.family != nil && t.family.changed != "" {
		b.parents, err = t.newKin()
	}
	return err
}

// write takes decoded pages in plan order: it counts them, notes keys and
// rejects, and hands their rows to the writer.
func (t *take) write(ctx context.Context, b *built, w *load.Writer, batches <-chan gathered) error {
	var ordinal int64
	for g := range batches {
		if err := errors.Join(t.look(b), t.checkSlice(g.rows)); err != nil {
			return err
		}
		keep := keepers{rows: int(g.rows.NumRows())}
		for _, item := range g.pages {
			item.known = b.link(item)
			b.tell(t, item, ordinal)
			if err := errors.Join(b.reject.add(item), b.note(item)); err != nil {
				return err
			}
			keep.leave(item.known)
			for range item.rows() - item.known {
				if b.drop[ordinal] {
					b.counts.Duplicates++
					keep.leave(1)
				} else {
					keep.stay()
				}
				ordinal++
			}
		}
		stop := t.watched.start(stageLoad)
		err := w.Write(g.rows, keep.mask)
		stop()
		g.rows.Release()
		if err != nil {
			return err
		}
		t.report(b)
	}
	return ctx.Err()
}

// keepers marks which rows of a record stay.
type keepers struct {
	rows int
	at   int
	mask []bool // nil: all so far
}

func (k *keepers) stay() {
	if k.mask != nil {
		k.mask[k.at] = true
	}
	k.at++
}

func (k *keepers) leave(n int) {
	if n > 0 && k.mask == nil {
		k.mask = make([]bool, k.rows)
		for i := range k.at {
			k.mask[i] = true
		}
	}
	k.at += n
}

// link returns how many of the first rows of a page are known from the page
// before it, and notes where the two do not hold together.
func (b *built) link(item decoded) int {
	if b.chain == nil {
		return 0
	}
	before := b.chain.id
	known, holds := b.chain.link(item)
	if !holds {
		b.gaps = append(b.gaps, gap{before, item.id})
	}
	return known
}

// tell counts a page and what it says of its list.
func (b *built) tell(t *take, item decoded, ordinal int64) {
	p := item.page
	if n := len(b.lists); n == 0 || b.lists[n-1].unit != item.unit || b.lists[n-1].list != item.list {
		b.lists = append(b.lists, tally{
			unit: item.unit, list: item.list, first: ordinal, firstTotal: p.Total, hint: p.Hint,
			strongest: t.list(item.unit, item.list).Strongest(), doubt: stretch{0, -1},
		})
	}
	l := &b.lists[len(b.lists)-1]
	l.pages++
	l.records += int64(len(p.Records) - item.known)
	l.rejected += int64(len(item.batch.Rejects))
	if l.pages == 1 || p.Total >= 0 || len(p.Records) > 0 { // a page behind the end tells nothing
		l.mixedTotals = l.mixedTotals || l.pages > 1 && l.lastTotal != p.Total
		l.lastTotal = p.Total
	}
	if t.p.Complete != config.Settled && (l.strongest == config.Walked || l.hint) {
		l.places = append(l.places, place{id: item.id, at: p.Position, first: ordinal, rows: int64(len(p.Records)), total: p.Total})
	}
	l.gone = l.gone || p.Gone
	b.counts.Pages++
	b.counts.Bytes += item.bytes
	b.counts.Served += int64(len(p.Records) - item.known)
	b.counts.Reread += int64(item.known)
	b.counts.Rejected += int64(len(item.batch.Rejects))
	if p.Gone {
		b.counts.Gone++
	}
	b.watch.add(item.batch, spot{int64(p.Number), item.unit})
}

// note keeps the keys of a page's rows.
func (b *built) note(item decoded) error {
	if b.parents == nil && b.keys == nil {
		return nil
	}
	keys, versions := item.batch.Keys[item.known:], item.batch.Versions
	if versions != nil {
		versions = versions[item.known:]
	}
	if b.parents != nil {
		if err := b.parents.add(item.fetched, keys, versions); err != nil {
			return err
		}
	}
	if b.keys == nil {
		return nil
	}
	for i, key := range keys {
		version := int64(0)
		if versions != nil {
			version = versions[i]
		}
		if err := b.keys.Add(keyset.Key(key), version); err != nil {
			return err
		}
	}
	return nil
}

func (t *take) report(b *built) {
	t.o.Progress(Progress{
		Pipeline: t.p.Name, Slice: t.slice.name, Pages: b.counts.Pages, Planned: t.reading.planned.Load(),
		Rows: b.counts.Served, Bytes: b.counts.Bytes,
		Wait: t.client.Due(1), Budget: t.client.Due(t.reading.planned.Load() - b.counts.Pages),
	})
}

// keyOf turns a key of keyset back into that of a row.
func keyOf(k keyset.Key) schemas.Key { return schemas.Key(k) }
