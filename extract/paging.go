package extract

import (
	"strings"

	"github.com/zeebo/xxh3"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
)

// A Position is where a page is in its list.
type Position struct {
	Number int    `json:"number"`           // from 1, in plan order
	Offset int64  `json:"offset,omitempty"` // rows before the page
	Size   int    `json:"size,omitempty"`   // rows asked for; 0: not sent
	Query  string `json:"query,omitempty"`  // of the link to the page, without credentials
	Cursor string `json:"cursor,omitempty"` // as JSON, to keep its type
}

// A trail is what a reader of pages in order has seen, to notice when it walks
// in a circle.
type trail struct {
	pages map[xxh3.Uint128]int // records of a page → its number
	turns map[string]int       // link or cursor → number of the page that held it
}

// First returns the position of the first page.
func (l *List) First() Position {
	return Position{Number: 1, Size: l.size()}
}

// Next returns the position of the page after p; false if p is the last. It is
// to be called for each page in order, also where pages were fetched ahead: it
// alone sees a list that goes in circles, and ends it as incomplete.
func (l *List) Next(p *Page) (Position, bool, error) {
	if err := l.follow(p); err != nil {
		return Position{}, false, err
	}
	if p.Last {
		return Position{}, false, nil
	}
	g := l.pipeline.Paging
	if len(p.Records) == 0 && g.End == config.EndTotal && p.Total >= 0 && (g.Kind == config.PagingPage || g.Kind == config.PagingOffset) {
		return Position{}, false, fault.New(fault.Incomplete, "%s: it is empty after %d rows, and the API declares %d",
			l.reading(p.Position), p.Offset, p.Total)
	}
	next := Position{
		Number: p.Number + 1,
		Offset: p.Offset + max(0, int64(len(p.Records))-l.pipeline.Overlap()),
		Size:   l.size(),
		Query:  p.link,
		Cursor: p.cursor,
	}
	return next, true, l.reachable(next)
}

// follow notes a page on the trail.
func (l *List) follow(p *Page) error {
	t := &l.trail
	if t.pages == nil || p.Number == 1 {
		*t = trail{pages: map[xxh3.Uint128]int{}, turns: map[string]int{}}
	}
	if len(p.Records) > 0 {
		if before, ok := t.pages[p.sum]; ok && before != p.Number {
			return fault.New(fault.Incomplete, "%s: it holds the same records as page %d", l.reading(p.Position), before).
				WithHint("check the names under paging.send: the API seems to ignore them")
		}
		t.pages[p.sum] = p.Number
	}
	if turn := p.link + p.cursor; turn != "" {
		if before, ok := t.turns[turn]; ok && before != p.Number {
			return fault.New(fault.Incomplete, "%s: it leads to the same place as page %d", l.reading(p.Position), before)
		}
		t.turns[turn] = p.Number
	}
	return nil
}

// Rest returns the positions of all pages after the first, where the first
// tells how many there are; nil: only Next knows. A page of a size that the
// server cut counts with the size that came.
func (l *List) Rest(first *Page) []Position {
	if first.Last {
		return []Position{}
	}
	g := l.pipeline.Paging
	received := int64(len(first.Records)) - l.pipeline.Overlap()
	if g.Kind != config.PagingPage && g.Kind != config.PagingOffset || received <= 0 {
		return nil
	}
	pages := first.pages
	if first.Total >= 0 {
		pages = (first.Total-first.Offset-1)/received + 1
	}
	const most = 1 << 20 // more than this is no plan but a mistake
	if pages < 0 || pages > most {
		return nil
	}
	rest := []Position{}
	for i := int64(1); i < pages; i++ {
		rest = append(rest, Position{Number: first.Number + int(i), Offset: first.Offset + i*received, Size: first.Size})
	}
	return rest
}

// size is how many rows a page is asked for; 0: the API decides.
func (l *List) size() int {
	if l.pipeline.Paging.Size == 0 {
		return 0
	}
	return l.pipeline.Paging.Size + int(l.pipeline.Overlap())
}

// reachable tells whether a page lies within the bounds of the paging.
func (l *List) reachable(at Position) error {
	g := l.pipeline.Paging
	var err *fault.Error
	switch {
	case g.MaxPages > 0 && at.Number > g.MaxPages:
		err = fault.New(fault.Incomplete, "%s: the list goes on after max_pages (%d)", l.reading(at), g.MaxPages)
	case g.MaxOffset > 0 && at.Offset > g.MaxOffset:
		err = fault.New(fault.Incomplete, "%s: it lies behind max_offset (%d)", l.reading(at), g.MaxOffset)
	default:
		return nil
	}
	return err.WithHint("cut the list with window or a filter, so that each slice is shorter")
}

// turnTo adds to a request what asks for its page.
func (l *List) turnTo(d *draft, f *filler) error {
	g, at := l.pipeline.Paging, f.at
	if at.Query != "" {
		query, err := parseQuery(at.Query)
		if err != nil {
			return fault.New(fault.Data, "the link to the page is no valid URL")
		}
		d.query = query
		return nil
	}
	switch g.Kind {
	case config.PagingNone, "":
		return nil
	case config.PagingOffset:
		d.put(g.In, g.Send.Offset, number(at.Offset))
	case config.PagingCursor:
		if at.Cursor != "" {
			d.put(g.In, g.Send.Cursor, cursorScalar(at.Cursor))
		}
	default:
		d.put(g.In, g.Send.Page, number(f.page))
	}
	if at.Size > 0 {
		d.put(g.In, g.Send.Size, number(int64(at.Size)))
	}
	return nil
}

// readPaging reads what a reply says about its list.
func (l *List) readPaging(p *Page, d *document) *fault.Error {
	if d.err != nil {
		return nil // the rule `empty` takes bodies that are no JSON
	}
	g := l.pipeline.Paging
	var ok bool
	if p.Total, ok = d.count(g.Read.Total); !ok {
		return fault.New(fault.Data, "%s holds no count of rows", pathText(g.Read.Total))
	}
	if p.pages, ok = d.count(g.Read.Pages); !ok {
		return fault.New(fault.Data, "%s holds no count of pages", pathText(g.Read.Pages))
	}
	p.more = len(g.Read.Next) > 0 && d.truthy(g.Read.Next)
	switch g.Kind {
	case config.PagingLink:
		if p.link = strings.TrimPrefix(p.Link, "?"); p.link == "" && p.Link != "" {
			return fault.New(fault.Data, "the link to the next page has no query")
		}
	case config.PagingNext:
		if p.more {
			text, _ := d.textAt(g.Read.Next)
			if p.link = l.client.queryOf(text); p.link == "" {
				return fault.New(fault.Data, "the link to the next page has no query")
			}
		}
	case config.PagingCursor:
		if at, ok := d.find(g.Read.Cursor); ok && len(g.Read.Cursor) > 0 && d.truthy(g.Read.Cursor) {
			p.cursor = string(at.Of(d.text))
		}
	}
	return nil
}

// last tells whether a list ends with a page.
func (l *List) last(p *Page, d *document) bool {
	g, rows := l.pipeline.Paging, len(p.Records)
	switch g.Kind {
	case config.PagingNone, "":
		return true
	case config.PagingNext, config.PagingLink:
		return p.link == "" || g.End == config.EndEmpty && rows == 0
	case config.PagingCursor:
		return p.cursor == "" || g.End == config.EndEmpty && rows == 0
	}
	if d.err == nil && d.kind(d.root) == jsonspan.Array && g.End != config.EndEmpty && g.End != config.EndShort {
		return true // a bare list where an envelope was announced: this place is not paged
	}
	switch {
	case l.pipeline.Overlap() > 0 && p.Offset > 0 && int64(rows) <= l.pipeline.Overlap():
		return true // there is nothing behind what is known
	case g.End == config.EndShort:
		return rows == 0 || rows < p.Size
	case g.End == config.EndNext:
		return !p.more
	case g.End == config.EndPages && p.pages >= 0:
		return int64(p.Number) >= p.pages
	case g.End == config.EndTotal && p.Total >= 0:
		reached := p.Offset+int64(rows) >= p.Total
		if p.Hint { // go on behind it: only an end that is seen counts
			return rows == 0 || reached && rows < p.Size
		}
		return reached
	}
	return rows == 0
}

// EndsEmpty tells whether nothing but an empty reply says that a list ends with
// a page.
func (l *List) EndsEmpty(p *Page) bool {
	numbered := l.pipeline.Paging.Kind == config.PagingPage || l.pipeline.Paging.Kind == config.PagingOffset
	return numbered && p.Last && !p.Gone && p.Total < 0 && len(p.Records) == 0 && p.Status/100 == 2
}
