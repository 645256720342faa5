package pipeline

import (
	"bytes"
	"context"
	"slices"
	"sort"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/keyset"
)

// What a list without a total tells against itself: that it is walked to its end
// proves little if it moved on the way. A key that comes again where the pages
// do not touch, a total that changes although it is but a hint, and a page that
// held more rows than were asked for, some of them twice, are such signs.

// A place is a page of a list as judge sees it.
type place struct {
	id      pageID
	at      extract.Position
	first   int64 // ordinal of its first row
	rows    int64
	total   int64 // declared; -1: none
	twice   int64 // rows whose key stands earlier in the page
	overlap int64 // rows whose key stands in the page before
	deepest int64 // the last of them, from 1
}

// A stretch is a part of a list, by its first and last place.
type stretch struct{ from, to int }

func (s *stretch) add(from, to int) {
	if s.to < s.from {
		*s = stretch{from, to}
	}
	s.from, s.to = min(s.from, from), max(s.to, to)
}

// noteRepeats tells the lists which of their rows have one key.
func (b *built) noteRepeats(group []keyset.Entry) {
	ordinals := make([]int64, len(group))
	for i, e := range group {
		ordinals[i] = e.Ordinal
	}
	slices.Sort(ordinals)
	for i, ordinal := range ordinals[1:] {
		list := b.listOf(ordinal)
		if l := &b.lists[list]; len(l.places) > 0 && list == b.listOf(ordinals[i]) {
			l.noteRepeat(l.placeOf(ordinals[i]), l.placeOf(ordinal), ordinal)
		}
	}
}

// placeOf returns the index of the place that a row came in.
func (l *tally) placeOf(ordinal int64) int {
	return sort.Search(len(l.places), func(i int) bool { return l.places[i].first > ordinal }) - 1
}

func (l *tally) noteRepeat(from, to int, ordinal int64) {
	p := &l.places[to]
	switch to - from {
	case 0:
		p.twice++
		if !p.long() {
			l.doubt.add(from, to)
		}
	case 1:
		p.overlap++
		p.deepest = max(p.deepest, ordinal-p.first+1)
	default:
		l.doubt.add(from, to)
		l.apart = true
	}
}

// long tells whether a page held more rows than were asked for.
func (p *place) long() bool { return p.at.Size > 0 && p.rows > int64(p.at.Size) }

// rowsOf returns by how many rows of the source a page leads on: of one that is
// longer than asked for, repeated rows are none.
func (p *place) rowsOf() int64 {
	if p.long() {
		return p.rows - p.twice
	}
	return p.rows
}

// doubts looks through the places of a list once all repeats are noted. Rows
// that begin a page and end the one before it are a sign that the two touch.
func (l *tally) doubts(byOffset bool) {
	newest := int64(-1)
	for _, p := range l.places {
		if p.total >= 0 {
			newest = p.total
		}
	}
	for i := range l.places {
		p := &l.places[i]
		if p.total >= 0 && p.total != newest {
			l.doubt.add(i, i)
		}
		if p.overlap != p.deepest {
			l.doubt.add(i-1, i)
			l.apart = true
		}
		if byOffset && i > 0 && p.at.Offset > l.places[i-1].at.Offset+l.places[i-1].rowsOf() {
			l.holes = append(l.holes, i)
		}
	}
}

// doubted tells what speaks against a list that was walked to its end.
func (t *take) doubted(l *tally) (why string) {
	switch {
	case t.reading.rebuilt:
		return ""
	case len(l.holes) > 0:
		return "a page held more rows than were asked for, some of them twice, so rows are missing after it"
	case l.apart:
		return "the same key came in two pages that do not touch, so the list moved or has no order"
	case l.doubt.to >= l.doubt.from && !t.still[[2]int{l.unit, l.list}]:
		return "a page holds a key twice, or the total changed while the list was read"
	}
	return ""
}

// revisit reads again what speaks against lists that were walked to their end. A
// doubtful stretch whose ends come again as they were did not move: a key twice
// in a page or a total of its own are then how the source is. Else all of the
// stretch is read again. It reports whether anything was done within the
// allowance.
func (t *take) revisit(ctx context.Context, b *built) (done bool, err error) {
	for i := range b.lists {
		l := &b.lists[i]
		if l.strongest != config.Walked && !l.hint || t.doubted(l) == "" {
			continue
		}
		ok, err := t.fill(ctx, b, l)
		if ok && err == nil {
			ok, err = t.reexamine(ctx, b, l)
		}
		if err != nil || !ok {
			return false, err
		}
		done = true
	}
	return done, nil
}

// fill reads the page that is missing before each hole.
func (t *take) fill(ctx context.Context, b *built, l *tally) (bool, error) {
	if t.reading.again+int64(len(l.holes)) > allowance(b) {
		return false, nil
	}
	for _, i := range l.holes {
		before, after := l.places[i-1], l.places[i]
		at := after.at
		at.Offset = before.at.Offset + before.rowsOf()
		if err := t.reading.insert(ctx, before.id, after.id, at); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (t *take) reexamine(ctx context.Context, b *built, l *tally) (bool, error) {
	if l.doubt.to < l.doubt.from || t.still[[2]int{l.unit, l.list}] && !l.apart {
		return true, nil
	}
	places := l.places[l.doubt.from : l.doubt.to+1]
	if t.reading.again+min(2, int64(len(places))) > allowance(b) {
		return false, nil
	}
	same := true
	for _, p := range []place{places[0], places[len(places)-1]}[:min(2, len(places))] {
		equal, err := t.reading.compareAgain(ctx, p.id)
		if err != nil {
			return false, err
		}
		same = same && equal
	}
	if same {
		if t.still == nil {
			t.still = map[[2]int]bool{}
		}
		t.still[[2]int{l.unit, l.list}] = true
		return true, nil
	}
	between := places[1:max(1, len(places)-1)]
	if t.reading.again+int64(len(between)) > allowance(b) {
		return false, nil
	}
	for _, p := range between {
		if _, err := t.reading.compareAgain(ctx, p.id); err != nil {
			return false, err
		}
	}
	return true, nil
}

// compareAgain puts a new copy in the place of a page, and tells whether it is
// as it was.
func (r *reading) compareAgain(ctx context.Context, id pageID) (same bool, err error) {
	r.mu.Lock()
	kept := r.pages[id]
	r.mu.Unlock()
	before, err := r.open(r.t.list(id.unit, id.list), kept)
	if err != nil {
		return false, err
	}
	now, err := r.readAgain(ctx, kept)
	if err != nil {
		return false, err
	}
	return before.Total == now.Total && bytes.Equal(recordsOf(before), recordsOf(now)), nil
}

// recordsOf returns the text from the first record of a page to its last.
func recordsOf(p *extract.Page) []byte {
	if len(p.Records) == 0 {
		return nil
	}
	return p.Body[p.Records[0].Start:p.Records[len(p.Records)-1].End]
}

// mayDoubt tells whether an empty place that ends a list may be asked for once
// more: one of a pipeline always, and a tenth of its pages.
func (j *job) mayDoubt() bool {
	if j.doubted.Add(1) <= max(1, j.asked.Load()/10) {
		return true
	}
	j.doubted.Add(-1)
	return false
}
