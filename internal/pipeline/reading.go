package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
	"etl/load"
	"etl/transform"
)

// A reading is all that was read of a slice: the accepted pages, kept on this
// machine until they are committed.
type reading struct {
	t       *take
	dir     string
	kept    *load.Pages
	about   load.Reading
	resumed bool // some pages may be kept already
	rebuilt bool // every page is kept already: nothing is asked

	abandoned []*load.Stage // of runs that seem to be no more
	planned   atomic.Int64

	reread int64 // records of pages that another copy took the place of
	again  int64 // requests for pages that were there before

	mu      sync.Mutex
	date    time.Time            // newest Date of the server
	arrived map[pageID]*keptPage // fetched ahead, perhaps behind the end of their list
	pages   map[pageID]*keptPage // accepted
}

// A pageID is the place of a page in the plan. A page that was put between two
// others has the number of the second, and a lower part.
type pageID struct{ unit, list, number, part int }

// mainPart is the part of every page that was planned.
const mainPart = 64

// A keptPage is an accepted page that lies on disk.
type keptPage struct {
	pageID
	at      extract.Position
	ref     load.PageRef
	total   int64
	records int64
}

// Room for the parts of a page, and for the pages of a list, in the numbers of
// a unit's pages.
const (
	partsOfPage = 2 * mainPart
	pagesOfList = partsOfPage << 24
)

// fileNumber is the number of a page in its unit, in plan order.
func (id pageID) fileNumber() int { return id.list*pagesOfList + id.number*partsOfPage + id.part }

// placeOf is the place of a page by its number in its unit.
func placeOf(unit, fileNumber int) pageID {
	in := fileNumber % pagesOfList
	return pageID{unit, fileNumber / pagesOfList, in / partsOfPage, in % partsOfPage}
}

// openReading starts a reading, or goes on with one that was left behind: one
// that was broken off not long ago, or one that was whole but did not fit a
// schema that has changed since.
func (t *take) openReading() (err error) {
	r := &reading{t: t, arrived: map[pageID]*keptPage{}, pages: map[pageID]*keptPage{}}
	t.reading = r
	fresh, err := t.ds.Stage(t.place(), t.run)
	if err != nil {
		return err
	}
	dir := t.keptIn(fresh)
	r.about = load.Reading{Identity: t.place(), Run: t.run, Started: t.o.Now().UTC(), Schema: t.schemaHash(), State: load.BrokenOff}
	if t.base != nil {
		r.about.Base = t.base.Number
	}
	if !t.beside {
		err = r.choose(dir)
	}
	if err != nil {
		return err
	}
	r.dir = filepath.Join(dir, r.about.Run) // pages may be another run's, files never
	t.stage = fresh
	if r.kept, err = load.OpenPages(r.dir, t.o.Now); err != nil {
		return err
	}
	r.about.Schema = t.schemaHash()
	return r.kept.Describe(r.about)
}

// schemaHash tells schemas apart in all that they say: null_if and layouts too,
// which the fingerprint of the columns leaves out.
func (t *take) schemaHash() string {
	text, _ := json.Marshal(t.p.Schema) // plain data: cannot go wrong
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// fetch is the reader of the first pass: units that an earlier run read to their
// end come from disk, the others from the source.
func (r *reading) fetch(ctx context.Context, d *transform.Decoder, out chan<- fetched) error {
	if r.rebuilt {
		return r.replay(ctx, d, out)
	}
	for _, u := range r.t.units {
		r.planned.Add(int64(len(u.parents)))
	}
	f := &fetcher{
		hold:    r.t.o.hold,
		list:    r.t.scanned(d),
		kept:    r.keptList,
		open:    r.open,
		arrived: r.keep,
		taken:   r.accept,
		ended:   r.end,
		planned: func(n int) { r.planned.Add(int64(n)) },
		doubts:  r.t.mayDoubt,

		concurrency: r.concurrency(),
		byOffset:    r.t.p.Paging.Kind == config.PagingOffset,
	}
	return f.read(ctx, r.t.units, out)
}

// concurrency is how many pages of a list are asked for at one time.
func (r *reading) concurrency() int {
	most := cmp.Or(r.t.p.Source.Limits.Concurrency, 4)
	return min(most, cmp.Or(r.t.p.Limits.Concurrency, most))
}

// replay is the reader of every later pass: all pages come from disk.
func (r *reading) replay(ctx context.Context, d *transform.Decoder, out chan<- fetched) error {
	f := &fetcher{
		hold: r.t.o.hold,
		list: r.t.scanned(d),
		kept: func(ctx context.Context, u, l int) ([]*keptPage, error) {
			pages, whole, err := r.load(u, l)
			if err == nil && !whole {
				err = fault.New(fault.Storage, "unit %s of the kept pages is not whole", r.t.units[u].name).
					WithHint("etl run --fresh %s", r.t.p.Name)
			}
			return pages, err
		},
		open:    r.open,
		taken:   r.accept,
		ended:   func(int) error { return nil },
		planned: func(int) {},
	}
	return f.read(ctx, r.t.units, out)
}

// keptList returns the pages of a list that an earlier run kept, if its unit
// was read to its end and the source still declares the same total; else nil.
func (r *reading) keptList(ctx context.Context, u, l int) ([]*keptPage, error) {
	if !r.resumed {
		return nil, nil
	}
	pages, whole, err := r.load(u, l)
	if err != nil {
		r.t.log.Warn("kept pages cannot be used, asking again", "error", err)
		return nil, nil
	}
	if !whole || len(pages) == 0 {
		return nil, nil
	}
	list := r.t.list(u, l)
	first, err := r.open(list, pages[0])
	if err != nil || first.Total < 0 || first.Hint {
		return pages, err
	}
	now, err := list.Fetch(ctx, pages[0].at)
	if err != nil {
		return nil, err
	}
	if now.Total != first.Total {
		return nil, nil
	}
	return pages, nil
}

// load returns the kept pages of a list in order, and whether its unit is whole.
func (r *reading) load(u, l int) (pages []*keptPage, whole bool, err error) {
	unit := r.t.units[u].name
	refs, whole, err := r.kept.Unit(unit)
	if err != nil || !whole {
		return nil, false, err
	}
	for _, ref := range refs {
		id := placeOf(u, ref.Number)
		if id.list != l {
			continue
		}
		meta, _, err := r.kept.Get(unit, ref)
		if err != nil {
			return nil, false, err
		}
		p := &keptPage{pageID: id, ref: ref}
		if err := json.Unmarshal(meta.Position, &p.at); err != nil {
			return nil, false, fmt.Errorf("reading the place of a kept page: %w", err)
		}
		pages = append(pages, p)
	}
	return pages, true, nil
}

// open reads a kept page and judges it as if it had just come.
func (r *reading) open(l *extract.List, p *keptPage) (*extract.Page, error) {
	meta, body, err := r.kept.Get(r.t.units[p.unit].name, p.ref)
	if err != nil {
		return nil, err
	}
	page, err := l.Read(p.at, extract.Reply{Status: meta.Status, Body: body, Date: meta.Date, Wire: meta.Wire})
	if err != nil {
		return nil, err
	}
	p.total, p.records = page.Total, int64(len(page.Records))
	r.note(p, page)
	return page, nil
}

// accept makes a page that has arrived part of the reading.
func (r *reading) accept(id pageID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pages[id] = r.arrived[id]
	delete(r.arrived, id)
}

// keep writes a page that has just come to disk.
func (r *reading) keep(id pageID, page *extract.Page) error {
	position, err := json.Marshal(page.Position)
	if err != nil {
		return fmt.Errorf("keeping a page: %w", err)
	}
	ref, err := r.kept.Put(r.t.units[id.unit].name, id.fileNumber(), load.PageMeta{
		Position: position, Status: page.Status, Date: page.Date, Wire: page.Wire,
	}, page.Body, page.Gzip)
	page.Gzip = nil // on disk now
	if err != nil {
		return err
	}
	r.t.asked.Add(1)
	r.note(&keptPage{pageID: id, at: page.Position, ref: ref, total: page.Total, records: int64(len(page.Records))}, page)
	return nil
}

func (r *reading) note(p *keptPage, page *extract.Page) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrived[p.pageID] = p
	if page.Date.After(r.date) {
		r.date = page.Date
	}
}

// end writes down the accepted pages of a unit, in order.
func (r *reading) end(u int) error {
	var refs []load.PageRef
	for _, p := range r.of(func(id pageID) bool { return id.unit == u }) {
		refs = append(refs, p.ref)
	}
	return r.kept.End(r.t.units[u].name, refs)
}

// of returns the accepted pages that match, in plan order.
func (r *reading) of(match func(pageID) bool) []*keptPage {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := slices.SortedFunc(maps.Keys(r.pages), pageID.compare)
	var pages []*keptPage
	for _, id := range ids {
		if match(id) {
			pages = append(pages, r.pages[id])
		}
	}
	return pages
}

func (id pageID) compare(other pageID) int {
	if id.unit != other.unit {
		return id.unit - other.unit
	}
	return id.fileNumber() - other.fileNumber()
}

// stale asks for the first page of a list again, to learn how many rows there
// are now, and returns the pages that declared another total.
func (r *reading) stale(ctx context.Context, u, l int) ([]*keptPage, error) {
	pages := r.of(func(id pageID) bool { return id.unit == u && id.list == l })
	if len(pages) == 0 {
		return nil, nil
	}
	now, err := r.readAgain(ctx, pages[0])
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(pages[1:], func(p *keptPage) bool {
		return p.total == now.Total || p.total < 0 // behind the end
	}), nil
}

// readAgain puts a new copy in the place of a page.
func (r *reading) readAgain(ctx context.Context, p *keptPage) (*extract.Page, error) {
	page, err := r.t.list(p.unit, p.list).Fetch(ctx, p.at)
	if err != nil {
		return nil, err
	}
	r.again++
	r.reread += p.records
	if err := r.keep(p.pageID, page); err != nil {
		return nil, err
	}
	r.accept(p.pageID)
	return page, r.end(p.unit)
}

// whole writes down that every unit was read to its end.
func (r *reading) whole() error {
	r.about.State = load.Whole
	return r.kept.Describe(r.about)
}

// leave ends a reading that was not committed. Pages that may save requests
// stay, but not those of a whole reading that do not hold together: they never
// would, and the next run asks anew.
func (r *reading) leave(class fault.Class) error {
	if r == nil || r.kept == nil {
		return nil
	}
	keys := os.RemoveAll(filepath.Join(r.dir, "keys"))
	if r.about.State == load.Whole && class == fault.Incomplete {
		return errors.Join(keys, r.kept.Remove(together), r.kept.Close())
	}
	if r.about.State == load.Whole {
		r.about.State = load.Failed
		if class != fault.Data {
			r.about.State = load.BrokenOff // nothing is wrong with the pages
		}
	}
	return errors.Join(keys, r.kept.Describe(r.about), r.kept.Close())
}

// done ends a reading that was committed. Its pages go, unless the pipeline
// keeps them for run --replay.
func (r *reading) done(commit *load.Commit) error {
	err := os.RemoveAll(filepath.Join(r.dir, "keys"))
	if r.t.p.KeepPages > 0 {
		r.about.State, r.about.Commit = load.Committed, commit.Number
		return errors.Join(err, r.kept.Describe(r.about), r.kept.Close())
	}
	return errors.Join(err, r.kept.Remove(together), r.kept.Close())
}

// A unitRecord is what a commit keeps of a unit.
type unitRecord struct {
	Unit  string         `json:"unit"`
	Pages []load.PageRef `json:"pages"`
}

// units returns the accepted pages of every unit, for the commit.
func (r *reading) units() []unitRecord {
	records := make([]unitRecord, len(r.t.units))
	for i, u := range r.t.units {
		records[i].Unit = u.name
	}
	for _, p := range r.of(func(pageID) bool { return true }) {
		records[p.unit].Pages = append(records[p.unit].Pages, p.ref)
	}
	return records
}
