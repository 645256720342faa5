package transform

import (
	"math"
	"sync/atomic"
	"time"

	"etl/internal/fault"
	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
)

// Options say how a schema is read. The zero value works.
type Options struct {
	Zone    *time.Location // of timestamps without zone; nil: such a timestamp does not fit
	Key     []string       // columns of the key, top level; empty: rows have no key
	Version string         // column of the version, top level: an integer, date or timestamp; empty: none
	PIIKey  []byte         // of the hashes of personal data; needed if the schema has such
}

// A Decoder turns pages into batches. It is not safe for concurrent use, but its
// batches may be released anywhere.
type Decoder struct {
	source   *schemas.Schema
	options  Options
	schema   *arrow.Schema
	plain    bool // records are read through nodes alone
	places   []Place
	sheet    *sheet
	batches  pile         // of sheets, which grow as large as batches
	pages    pile         // of sheets for one page each
	usual    atomic.Int64 // records of the last page that was scanned
	gathered              // since the last Flush
}

// A Page is one reply: its body, and where in it the records are. Both were
// checked to be JSON.
type Page struct {
	Number  int
	Body    []byte
	Records []jsonspan.Span
	Parent  map[string]any // the row that it was asked for: string, int64, bool, json.Number or nil
}

// A Batch is what became of a page.
type Batch struct {
	Record   arrow.Record     // rows in page order; the receiver calls Release
	Ordinals []int            // place of each row's record in Page.Records
	Keys     []schemas.Key    // of each row; nil without key
	Versions []int64          // of each row, math.MinInt64 for NULL; nil without version
	Rejects  []Reject         // in page order
	Counts   Counts           // of the rows
	Unknown  map[string]int64 // path of a member that no column names, "services[].note" → how often in the rows
	Seen     []Sight          // what the records held, set aside or not, by Decoder.Places
	Breaches map[Breach]int64 // how often each check was not stood; nil: never
}

// A Reject is a record set aside as a whole, with the first reason found. It
// never holds the value.
type Reject struct {
	Page, Record int    // number of the page, place of the record in it
	Start, End   int    // byte range of the record in the body
	Path         string // of the value in the record: "services[0].tarif_price"
	Column       string // "services.tariff_price"; empty if none is concerned
	Reason       string
}

// New makes a decoder for records of a schema. Errors are of class Config.
func New(s *schemas.Schema, o Options) (*Decoder, error) {
	if s.Hashes() && len(o.PIIKey) == 0 {
		return nil, fault.New(fault.Config, "schema %s: pii: hash needs a key", s.Name).
			WithHint("put a long random text into the variable ETL_PII_KEY, and keep it: another key gives other hashes")
	}
	if err := s.Check(); err != nil {
		return nil, fault.New(fault.Config, "schema %s: %w", s.Name, err)
	}
	d := &Decoder{source: s, options: o, schema: ArrowSchema(s), plain: depthOf(s.Columns) > deepest}
	var err error
	if d.sheet, err = d.newSheet(); err == nil {
		d.places = d.sheet.places
	}
	return d, err
}

// newPlain makes a decoder that reads every record through nodes: the rule that
// the other way is held to.
func newPlain(s *schemas.Schema, o Options) (*Decoder, error) {
	d, err := New(s, o)
	if d != nil {
		d.plain = true
	}
	return d, err
}

// A versioned buffer holds values that order the states of a row.
type versioned interface {
	version(i int) int64
}

// version returns value i as a version.
func (f *fixed[T]) version(i int) int64 {
	if f.valid.at(i) {
		switch v := any(f.values[i]).(type) {
		case int32:
			return int64(v)
		case int64:
			return v
		}
	}
	return math.MinInt64
}

// Decode turns a page into a batch. What does not fit is a reject; an error
// says that the page is none, or that rows of Append wait for Flush (class Bug).
func (d *Decoder) Decode(p Page) (*Batch, error) {
	if d.Rows() > 0 {
		return nil, fault.New(fault.Bug, "decoding page %d: rows of other pages wait for their batch", p.Number)
	}
	b, err := d.Append(p)
	if err == nil {
		b.Record = d.Flush()
	}
	return b, err
}
