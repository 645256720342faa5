package extract

import (
	"context"
	"fmt"

	"github.com/zeebo/xxh3"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
)

// A List is what one unit of a pipeline reads: all pages of one request. Fetch,
// Read, Rest and Total are safe for concurrent use; Next is for one reader, who
// goes through the pages in order.
type List struct {
	// Scan makes what reads the records of the page at a position while the page
	// is checked, told the bytes of its body; nil, or what returns nil: they are
	// only found. It is set before the first page.
	Scan func(at Position, bytes int) Scanner

	client   *Client
	lane     *lane
	pipeline *config.Pipeline
	vars     Vars
	trail    trail
}

// A Scanner reads the records of one page as the check of its body comes to
// them, so that no byte of them is passed over twice. One goroutine calls it. It
// may keep nothing of the body, which may still be refused.
type Scanner interface {
	// Scan is given the place where the next record begins, and how deep it is
	// nested. It returns where the record ends, if it is JSON to the letter; else
	// -1, and the page counts as not scanned.
	Scan(body []byte, pos, depth int) (end int)
}

// A Page is an accepted reply and what it says about its list.
type Page struct {
	Position
	Reply
	Records []jsonspan.Span // in Body
	Scanned Scanner         // has read all Records in their order; nil: none has
	Total   int64           // declared by this page; -1: none
	Hint    bool            // the API does not keep to its total
	Last    bool            // the list ends with this page
	Gone    bool            // the parent is gone; there are no records

	sum    xxh3.Uint128 // of the text of the records
	pages  int64        // declared by this page; -1: none
	more   bool         // it says that another page follows
	link   string       // query of the next page
	cursor string       // of the next page, as JSON
}

// List returns the list that a pipeline reads for a unit. It sends nothing.
func (c *Client) List(p *config.Pipeline, v Vars) *List {
	c.redactor.learnRequest(p.Request, false)
	return &List{client: c, lane: c.lane(p), pipeline: p, vars: v}
}

// Strongest returns the strongest proof that one reading can give, whatever
// the key: a proof of config.
func (l *List) Strongest() string {
	switch p := l.pipeline.Paging; {
	case len(p.Read.Total) > 0 && !p.Read.TotalHint:
		return config.Counted
	case p.Kind == config.PagingNone || p.Kind == "":
		return config.Answered
	}
	return config.Walked
}

// Fetch asks for the page at a position until there is an accepted one. The
// class of its error says why there is none.
func (l *List) Fetch(ctx context.Context, at Position) (*Page, error) {
	if err := l.reachable(at); err != nil {
		return nil, err
	}
	start := l.client.options.Now()
	var page *Page
	err := l.client.do(ctx, task{
		what:  l.reading(at),
		lane:  l.lane,
		draft: func(t *token) (*draft, error) { return l.draft(l.filler(at, t)) },
		judge: func(a *answer) (v verdict) {
			page, v = l.judge(at, a)
			return v
		},
	})
	if err != nil {
		return nil, err
	}
	l.client.options.Log.Debug("page", "source", l.client.source.Name, "pipeline", l.pipeline.Name, "page", at.Number,
		"status", page.Status, "bytes", page.Wire, "records", len(page.Records), "took", l.client.options.Now().Sub(start))
	return page, nil
}

// Read judges a kept reply as Fetch judges one that has just come.
func (l *List) Read(at Position, reply Reply) (*Page, error) {
	page, v := l.judge(at, &answer{Reply: reply, doc: l.outline(at, reply.Body)})
	if v.then != "" {
		return nil, prefixed(l.reading(at), v.err)
	}
	return page, nil
}

// Free takes the body of a page back, which nobody looks at any more: the next
// ones come into its memory.
func (l *List) Free(p *Page) {
	if p.Body != nil {
		l.client.spare.give(p.Body)
	}
	p.Body = nil
}

// Total asks the API for the total over all parents: the same request without
// the parameters that come from a parent, with the smallest page.
func (l *List) Total(ctx context.Context) (int64, error) {
	at := l.First()
	at.Size = min(at.Size, 1)
	total := int64(-1)
	err := l.client.do(ctx, task{
		what: "reading the total of " + l.pipeline.Name,
		lane: l.lane,
		draft: func(t *token) (*draft, error) {
			f := l.filler(at, t)
			f.Parent, f.parentless = nil, true
			return l.draft(f)
		},
		judge: func(a *answer) verdict {
			v := l.client.verdict(a, l.pipeline.Replies, at.Number, false)
			switch v.then {
			case "", config.End, config.Empty:
			default:
				return v
			}
			var ok bool
			if total, ok = a.doc.count(l.pipeline.Paging.Read.Total); !ok || total < 0 {
				return failed(fault.New(fault.Incomplete, "the reply declares no total"))
			}
			return verdict{}
		},
	})
	return total, err
}

// outline checks and outlines the reply with a page.
func (l *List) outline(at Position, reply []byte) *document {
	var s Scanner
	if l.Scan != nil {
		s = l.Scan(at, len(reply))
	}
	return scanDocument(reply, s, l.pipeline.Records)
}

// reading says what is being done, for messages.
func (l *List) reading(at Position) string {
	return fmt.Sprintf("reading page %d of %s", at.Number, l.pipeline.Name)
}

func (l *List) filler(at Position, t *token) *filler {
	return &filler{
		Vars:  l.vars,
		zone:  l.client.source.Zone,
		page:  int64(l.pipeline.Paging.First + at.Number - 1),
		at:    at,
		token: t,
	}
}

// draft makes the request for a page.
func (l *List) draft(f *filler) (*draft, error) {
	d, err := l.client.draft(f, l.pipeline.Request)
	if err != nil {
		return nil, err
	}
	d.outline = func(reply []byte) *document { return l.outline(f.at, reply) }
	if err := l.turnTo(d, f); err != nil {
		return nil, err
	}
	return d, l.client.authorize(d, f)
}

// judge makes an accepted reply a page.
func (l *List) judge(at Position, a *answer) (*Page, verdict) {
	v := l.client.verdict(a, l.pipeline.Replies, at.Number, l.pipeline.ParentsCanGo() && l.vars.Parent != nil)
	page := &Page{Position: at, Reply: a.Reply, Total: -1, Hint: l.pipeline.Paging.Read.TotalHint, pages: -1}
	switch v.then {
	case config.End, config.Skip:
		page.Last, page.Gone = true, v.then == config.Skip
		return page, verdict{}
	case "", config.Empty:
	default:
		return nil, v
	}
	err := l.readPaging(page, a.doc)
	if err == nil && v.then != config.Empty {
		page.Records, page.Scanned, err = findRecords(a.doc, l.pipeline.Records)
	}
	if err != nil {
		return nil, failed(err)
	}
	if n := len(page.Records); n > 0 {
		page.sum = xxh3.Hash128(a.Body[page.Records[0].Start:page.Records[n-1].End])
	}
	page.Last = l.last(page, a.doc)
	return page, verdict{}
}
