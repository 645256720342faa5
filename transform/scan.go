package transform

import (
	"etl/internal/jsonspan"
	"etl/schemas"
)

// A Scan makes rows of the records of one page, on a sheet of its own, while the
// page is checked: it is given each record where it begins, in a text of which
// nothing behind it was checked, and finds out where it ends. So every byte is
// passed over once, and pages are read side by side. What is no JSON ends it;
// what does not fit is a reject, as Append would make it.
type Scan struct {
	sheet   *sheet
	batch   *Batch
	number  int
	records int
	plain   bool
}

// Scan begins a page of a number that was asked for a parent. It is safe for
// concurrent use, unlike what the decoder has else.
func (d *Decoder) Scan(number int, parent map[string]any) *Scan {
	h := d.clean(&d.pages)
	h.scope.counts, h.scope.parent = Counts{}, parent
	return &Scan{sheet: h, batch: h.newBatch(int(d.usual.Load())), number: number, plain: d.plain || !scalars(parent)}
}

// Scan reads the record that begins at body[pos], nested so deep, and returns
// where it ends; -1 if it is no JSON: then no more may be asked of s.
func (s *Scan) Scan(body []byte, pos, depth int) (end int) {
	end, err := s.sheet.read(body, pos, depth, s.plain)
	if end < 0 {
		return none
	}
	s.sheet.enter(s.batch, spot{s.number, s.records, jsonspan.Span{Start: pos, End: end}}, err)
	s.records++
	return end
}

// Rejects tells how many records were set aside so far.
func (s *Scan) Rejects() int { return len(s.batch.Rejects) }

// Bytes returns about how much memory the rows take.
func (s *Scan) Bytes() int { return s.sheet.size() }

// Join puts the rows of a page that was scanned behind those of the pages before
// it, as Append does, and ends the scan. There must be room.
func (d *Decoder) Join(s *Scan) *Batch {
	d.usual.Store(int64(s.records))
	s.sheet.tell(s.batch)
	d.bytes += s.Bytes()
	d.count++
	if d.Rows() == 0 && s.records >= fullRows { // a batch by itself
		d.sheet, s.sheet = s.sheet, d.sheet
	} else {
		d.takeSheet()
		d.sheet.join(s.sheet)
	}
	if s.sheet != nil {
		d.pages.put(s.sheet)
		s.sheet = nil
	}
	return s.batch
}

// deepest is how deep a value may stand in a record for its text to be read as
// usual, so that all that jsonspan.Skip passes over stays within MaxDepth.
const deepest = 100

// depthOf returns how deep the values of columns stand, or more.
func depthOf(columns []schemas.Column) (depth int) {
	for i := range columns {
		c, n := &columns[i], 0
		for _, path := range c.From {
			n = max(n, len(path))
		}
		t := c.Type
		for ; t.Kind == schemas.List; t = t.Element.Type {
			n++
		}
		depth = max(depth, n+depthOf(t.Fields))
	}
	return depth
}
