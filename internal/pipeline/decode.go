package pipeline

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"etl/extract"
	"etl/transform"
)

// worthASheet is the size of a body from which on a page is worth a sheet of its
// own. Records of smaller ones are read when it is their turn.
const worthASheet = 64 << 10

// A scanning is the scan of a page.
type scanning struct {
	rows *transform.Scan
	stop func() // ends the time that it takes
}

// Scan reads a record, for extract.
func (s *scanning) Scan(body []byte, pos, depth int) int { return s.rows.Scan(body, pos, depth) }

// came ends the time that the scan of a page takes, if there is one.
func came(p *extract.Page) {
	if s, ok := p.Scanned.(*scanning); ok {
		s.stop()
	}
}

// scanOf returns the scan that has read all records of a page; nil: none has.
func scanOf(p *extract.Page) *transform.Scan {
	if s, ok := p.Scanned.(*scanning); ok {
		return s.rows
	}
	return nil
}

// scanned returns the lists of parents, whose pages a decoder scans as they come.
func (t *take) scanned(d *transform.Decoder) func(unit, list int) *extract.List {
	return func(unit, list int) *extract.List {
		l := t.list(unit, list)
		l.Scan = func(at extract.Position, bytes int) extract.Scanner {
			if bytes < t.o.scanFrom {
				return nil
			}
			return &scanning{d.Scan(at.Number, t.units[unit].parents[list]), t.watched.start(stageTransform)}
		}
		return l
	}
}

// A decoded is a page on its way from transform to load.
type decoded struct {
	fetched
	batch *transform.Batch // without its record
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

// decode sends pages through transform, and gathers the rows of small ones. How
// they are cut does not show in the files.
func (t *take) decode(ctx context.Context, d *transform.Decoder, pages <-chan fetched, out chan<- gathered) error {
	var g gathered
	flush := func() error {
		g.rows = d.Flush()
		full := g
		g = gathered{}
		return send(ctx, out, full)
	}
	for f := range pages {
		if f.page == nil {
			continue
		}
		size := len(f.page.Body)
		if scan := scanOf(f.page); scan != nil {
			size = scan.Bytes()
		}
		if !d.Room(size) {
			if err := flush(); err != nil {
				return err
			}
		}
		item, err := t.decodePage(d, f)
		if err != nil {
			return err
		}
		g.pages = append(g.pages, item)
		if d.Full() {
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

// decodePage puts the rows of a page behind those of the pages before it.
func (t *take) decodePage(d *transform.Decoder, f fetched) (item decoded, err error) {
	stop := t.watched.start(stageTransform)
	item.fetched = f
	if scan := scanOf(f.page); scan != nil {
		item.batch = d.Join(scan)
	} else {
		item.batch, err = d.Append(transform.Page{Number: f.page.Number, Body: f.page.Body, Records: f.page.Records, Parent: f.parent})
	}
	stop()
	if err != nil {
		return item, err
	}
	f.free()
	told := *f.page // who fetched it may still look at it
	told.Scanned = nil
	if len(item.batch.Rejects) == 0 { // else their text is needed
		told.Body = nil
	}
	item.page = &told
	return item, nil
}
