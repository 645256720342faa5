package pipeline

import (
	"strconv"
	"strings"
	"time"

	"etl/extract"
	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
)

// likely are the places where APIs put their records, and totals.
var (
	likelyRecords = []string{"$", "data", "data.list", "data.items", "results", "result", "result.data", "payload", "items", "records", "rows", "list", "value"}
	likelyTotals  = []string{"count", "total", "total_count", "totalCount", "meta.total", "meta.total_count", "pagination.total", "data.total", "data.pagination.total", "result.total", "result.metadata.total_items"}
)

// learn notes what a reply says about its source.
func (s *SourceCheck) learn(src *config.Source, page *extract.Page, now time.Time) {
	if !page.Date.IsZero() {
		ahead := page.Date.Sub(now.Truncate(time.Second)).Seconds() // the header tells whole seconds
		s.ClockAhead = &ahead
	}
	var told []BudgetLeft
	for _, b := range src.Budget {
		places := b.In
		if len(places) == 0 {
			places = []config.Path{nil}
		}
		for _, place := range places {
			left, ok := numberAt(page.Body, append(place[:len(place):len(place)], b.Left...))
			if !ok {
				continue
			}
			resets, _ := numberAt(page.Body, append(place[:len(place):len(place)], b.ResetsIn...))
			told = append(told, BudgetLeft{pathText(append(place[:len(place):len(place)], b.Left...)), left, resets})
		}
	}
	if len(told) > 0 {
		s.Budget = told
	}
}

// learn notes what the small page says about its list.
func (c *PipelineCheck) learn(page *extract.Page) {
	c.Gone, c.Hint = page.Gone, page.Hint
	if page.Total >= 0 {
		c.Total = &page.Total
	}
	c.Pages = append(c.Pages, Sized{page.Size, len(page.Records)})
	c.Ignored = page.Size > 0 && len(page.Records) > page.Size
	for _, path := range likelyRecords {
		if at, ok := valueAt(page.Body, pathOf(path)); ok && jsonspan.KindOf(page.Body, at) == jsonspan.Array {
			rows := 0
			for range jsonspan.Elements(page.Body, at) {
				rows++
			}
			c.Lists = append(c.Lists, Place{path, rows})
		}
	}
	if c.Total != nil {
		return
	}
	for _, path := range likelyTotals {
		if n, ok := numberAt(page.Body, pathOf(path)); ok && n >= float64(len(page.Records)) {
			c.Totals = append(c.Totals, path)
		}
	}
}

// learnFull notes whether a page has as many rows as were asked for, or all.
func (c *PipelineCheck) learnFull(g config.Paging, page *extract.Page) {
	came := len(page.Records)
	c.Pages = append(c.Pages, Sized{page.Size, came})
	more := !page.Last && g.End != config.EndEmpty // a short page may be the last before the empty one
	if page.Total >= 0 {
		more = int64(came) < page.Total
	}
	c.Cut = came < page.Size && more
}

// findRecords notes where the records stand. If it is nowhere, and that does not
// count as empty, the configuration is wrong.
func (c *PipelineCheck) findRecords(p *config.Pipeline, page *extract.Page) error {
	for _, place := range p.Records.At {
		at, ok := valueAt(page.Body, place.Path)
		if kind := jsonspan.KindOf(page.Body, at); ok && kind != jsonspan.Null && (kind == jsonspan.Array || !place.List) {
			c.Records = pathText(place.Path)
			return nil
		}
	}
	if page.Gone || len(c.Lists) == 0 && (p.Records.MissingEmpty || page.Last && len(page.Records) == 0) {
		return nil
	}
	err := fault.New(fault.Data, "reading page 1 of %s: the reply holds no records where the configuration says", p.Name)
	if len(c.Lists) > 0 {
		return err.WithHint("a list stands at %s: records: %s", c.Lists[0].Path, c.Lists[0].Path)
	}
	return err.WithHint("no list stands at %s either", strings.Join(likelyRecords, ", "))
}

// valueAt returns the value at a path of a body.
func valueAt(body []byte, path config.Path) (jsonspan.Span, bool) {
	root, err := jsonspan.Whole(body)
	if err != nil {
		return jsonspan.Span{}, false
	}
	return jsonspan.Find(body, root, path)
}

// numberAt returns the number, bare or quoted, at a path of a body.
func numberAt(body []byte, path config.Path) (float64, bool) {
	at, ok := valueAt(body, path)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.Trim(string(at.Of(body)), `"`), 64)
	return n, err == nil
}

func pathOf(text string) config.Path {
	if text == "$" {
		return nil
	}
	return strings.Split(text, ".")
}

func pathText(path config.Path) string {
	if len(path) == 0 {
		return "$"
	}
	return strings.Join(path, ".")
}
