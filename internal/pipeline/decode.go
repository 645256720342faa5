package pipeline

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"etl/transform"
)

// Small pages share a record, which costs the same for one row as for hundreds:
// pages are gathered until there are so many rows, or so many bytes. How they
// are cut does not show in the files.
const (
	rowsTogether  = 1024
	bytesTogether = 4 << 20
)

// A decoded is a page on its way from transform to load.
type decoded struct {
	fetched
	batch *transform.Batch // without its record
	bytes int64            // of the body
	known int              // first rows that the page before held too
}

// rows is how many rows of the record are the page's.
func (d *decoded) rows() int { return len(d.batch.Ordinals) }

// A gathered is consecutive pages, in plan order, and one record of their rows.
type gathered struct {
	pages []decoded
	rows  arrow.Record
}

// decoding is how a pipeline's records are read.
func (j *job) decoding() transform.Options {
	return transform.Options{Zone: j.p.Source.Zone, Key: j.p.Key, Version: j.p.Version, PIIKey: []byte(j.o.Config.PIIKey)}
}

// decode sends pages through transform.
func (t *take) decode(ctx context.Context, pages <-chan fetched, out chan<- gathered) error {
	d, err := transform.New(t.p.Schema, t.decoding())
	if err != nil {
		return err
	}
	var g gathered
	rows, bytes := 0, int64(0)
	flush := func() error {
		g.rows = d.Flush()
		full := g
		g, rows, bytes = gathered{}, 0, 0
		return send(ctx, out, full)
	}
	for f := range pages {
		if f.page == nil {
			continue
		}
		stop := t.watched.start(stageTransform)
		batch, err := d.Append(transform.Page{
			Number: f.page.Number, Body: f.page.Body, Records: f.page.Records, Parent: f.parent,
		})
		stop()
		if err != nil {
			return err
		}
		item := decoded{fetched: f, batch: batch, bytes: int64(len(f.page.Body))}
		f.free()
		if len(batch.Rejects) == 0 { // else their text is needed
			told := *f.page // who fetched it may still look at it
			told.Body = nil
			item.page = &told
		}
		g.pages = append(g.pages, item)
		rows, bytes = rows+item.rows(), bytes+item.bytes
		if rows >= rowsTogether || bytes >= bytesTogether {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil || len(g.pages) == 0 {
		return err
	}
	return flush()
}
