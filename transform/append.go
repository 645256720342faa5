package transform

import (
	"errors"

	"etl/internal/fault"
	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
)

// Small pages share a batch, which costs the same for one row as for hundreds. A
// full one has so many rows, so many bytes of bodies or of rows, or so many pages
// that those who wait for them should hear of it.
const (
	fullRows  = 4096
	fullBytes = 4 << 20
	fullPages = 1024
)

// gathered is what the pages since the last Flush come to.
type gathered struct{ bytes, count int }

// Full tells whether the pages appended so far make a batch of a good size. It
// goes by the pages alone, and so cuts the same pages at the same places.
func (d *Decoder) Full() bool {
	return d.Rows() >= fullRows || d.bytes >= fullBytes || d.count >= fullPages
}

// Room tells whether a page of so many bytes may share the batch with those
// appended so far.
func (d *Decoder) Room(bytes int) bool { return d.Rows() == 0 || d.bytes+bytes <= fullBytes }

// Rows returns the number of rows appended since the last Flush.
func (d *Decoder) Rows() int {
	if d.sheet == nil {
		return 0
	}
	return d.sheet.rows()
}

// Append decodes a page and puts its rows behind those of the pages before it.
// The batch tells all about the page but Record, which Flush returns for all
// pages at once. Errors are those of Decode.
func (d *Decoder) Append(p Page) (*Batch, error) {
	for i, span := range p.Records {
		if span.Start < 0 || span.End > len(p.Body) || span.Start >= span.End {
			return nil, fault.New(fault.Bug, "decoding page %d: record %d lies outside of the body", p.Number, i)
		}
	}
	d.takeSheet()
	d.bytes += len(p.Body)
	d.count++
	b := d.sheet.newBatch(len(p.Records))
	d.sheet.scope.counts, d.sheet.scope.parent = Counts{}, p.Parent
	plain := d.plain || !scalars(p.Parent)
	for i, span := range p.Records {
		d.sheet.enter(b, spot{p.Number, i, span}, d.sheet.add(span.Of(p.Body), plain))
	}
	d.sheet.tell(b)
	return b, nil
}

// enter enters into the batch of a page what became of a record.
func (h *sheet) enter(b *Batch, p spot, err error) {
	if err != nil {
		r := refuse(&node{}, err)
		h.breach(r)
		b.Rejects = append(b.Rejects, Reject{p.page, p.record, p.Start, p.End, r.path, r.column, r.reason})
		return
	}
	b.Ordinals = append(b.Ordinals, p.record)
}

// A spot is where a record stands.
type spot struct {
	page, record int
	jsonspan.Span
}

// takeSheet sees to it that there is a sheet to write on.
func (d *Decoder) takeSheet() {
	if d.sheet == nil {
		d.sheet = d.clean(&d.batches)
	}
}

// clean returns a sheet without rows.
func (d *Decoder) clean(from *pile) *sheet {
	h := from.get()
	if h == nil {
		h, _ = d.newSheet() // New made the first one: the schema is in order
		h.row.reserve(int(d.usual.Load()))
	}
	return h
}

// Flush returns the rows of the pages appended since the last Flush, in the
// order of the pages; the receiver calls Release. Without such pages it has no
// rows.
func (d *Decoder) Flush() arrow.Record {
	d.takeSheet()
	rec := d.sheet.record(d.schema)
	d.sheet, d.gathered = nil, gathered{}
	return rec
}

// newBatch makes the batch of a page of so many records.
func (h *sheet) newBatch(records int) *Batch {
	b := &Batch{Ordinals: make([]int, 0, records), Unknown: map[string]int64{}}
	if len(h.keys) > 0 {
		b.Keys = make([]schemas.Key, 0, records)
	}
	if h.version != nil {
		b.Versions = make([]int64, 0, records)
	}
	return b
}

// scalars tells whether all values of a parent are scalars.
func scalars(parent map[string]any) bool {
	for _, v := range parent {
		if _, err := parentJSON(v); err != nil {
			return false
		}
	}
	return true
}

var errNotJSON = errors.New("not JSON")

// add adds the record that a text is as a row, or leaves everything as it was. A
// record that is not as usual is read again through nodes, which decide what
// becomes of it.
func (h *sheet) add(raw []byte, plain bool) error {
	h.mark()
	if !plain {
		// What stands behind the record in memory may be looked at, but never counts.
		if h.scan(raw[:min(len(raw)+window, cap(raw))], 0) == len(raw) {
			h.scanner.tell()
			return nil
		}
		h.undo()
	}
	whole, err := jsonspan.Whole(raw)
	if err != nil {
		return errNotJSON
	}
	return h.addNode(whole.Of(raw))
}

// read adds the record that begins at text[pos] as add does, where nothing of
// the text was checked and the record is nested so deep. It returns its end,
// none if there is no record.
func (h *sheet) read(text []byte, pos, depth int, plain bool) (end int, err error) {
	h.mark()
	if !plain {
		if end = h.scan(text, pos); end >= 0 {
			h.scanner.tell()
			return end, nil
		}
		h.undo()
	}
	if end = jsonspan.End(text, pos, depth); end < 0 {
		return none, nil
	}
	return end, h.addNode(text[pos:end])
}

// A mark is how far a sheet was filled, and what was seen until then.
type mark struct {
	rows, breaches int
	counts         Counts
	seen           []Sight
}

// mark marks how far the sheet is filled now.
func (h *sheet) mark() {
	m := &h.before
	copy(m.seen, h.seen)
	m.rows, m.breaches = h.rows(), len(h.breaches)
	m.counts = h.scope.counts // by itself, else it is copied twice
}

// undo takes back what came after the mark.
func (h *sheet) undo() {
	m := &h.before
	copy(h.seen, m.seen)
	h.truncate(m.rows)
	h.scope.counts, h.breaches = m.counts, h.breaches[:m.breaches]
}

// scan reads a record straight from its text, and returns its end; none if it is
// not as usual.
func (h *sheet) scan(text []byte, pos int) (end int) {
	h.extra.reset()
	h.scanner.unknown = h.scanner.unknown[:0]
	if end = h.root.scan(text, pos); end < 0 || h.addExtra() != nil {
		return none
	}
	return end
}

// addNode reads a record as nodes.
func (h *sheet) addNode(raw []byte) error {
	n := newNode(raw)
	err := h.fill(n)
	if err != nil {
		h.undo()
	}
	h.look(n) // whatever became of it
	return err
}

// fill makes a row of a record.
func (h *sheet) fill(n *node) error {
	h.extra.reset()
	if err := h.row.add(n); err != nil {
		return err
	}
	if err := h.extra.gather(n); err != nil {
		return err
	}
	if err := h.addExtra(); err != nil {
		return err
	}
	h.extra.tell()
	return nil
}

func (h *sheet) addExtra() error {
	if h.extras == nil {
		return nil
	}
	if v := h.extra.value(); v != nil {
		return h.extras.append(v)
	}
	h.extras.null()
	return nil
}

// identify gives the rows of a page their keys and versions.
func (h *sheet) identify(b *Batch) {
	for row := h.rows() - len(b.Ordinals); row < h.rows(); row++ {
		if len(h.keys) > 0 {
			for _, k := range h.keys {
				k.key(&h.builder, row)
			}
			b.Keys = append(b.Keys, h.builder.Sum())
		}
		if h.version != nil {
			b.Versions = append(b.Versions, h.version.version(row))
		}
	}
}

// tell ends a page: it says in its batch what was counted.
func (h *sheet) tell(b *Batch) {
	h.identify(b)
	b.Counts, b.Seen, b.Breaches = h.scope.counts, h.takeSeen(), h.takeBreaches()
	for path, n := range h.extra.told {
		b.Unknown[path] += n
	}
	clear(h.extra.told)
	for _, m := range h.scanner.told {
		b.Unknown[m.place.pattern()] += m.count
		m.count = 0
	}
	h.scanner.told = h.scanner.told[:0]
}

// tell counts the unknown members of an accepted record.
func (s *scanner) tell() {
	for _, m := range s.unknown {
		if m.count == 0 {
			s.told = append(s.told, m)
		}
		m.count++
	}
}
