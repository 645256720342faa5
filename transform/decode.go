package transform

import (
	"math"
	"time"

	"etl/internal/fault"
	"etl/internal/jsonspan"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// Options say how a schema is read. The zero value works.
type Options struct {
	Zone    *time.Location // of timestamps without zone; nil: such a timestamp does not fit
	Key     []string       // columns of the key, top level; empty: rows have no key
	Version string         // column of the version, top level: an integer, date or timestamp; empty: none
	PIIKey  []byte         // of the hashes of personal data; needed if the schema has such
}

// A Decoder turns pages into batches. It is not safe for concurrent use.
type Decoder struct {
	scope   *scope
	schema  *arrow.Schema
	row     *structure
	extra   extra
	extras  *text // the column _extra; nil: none
	keys    []buffer
	builder schemas.KeyBuilder
	version versioned
}

// A versioned buffer holds values that order the states of a row.
type versioned interface {
	version(i int) int64
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
	sc := &scope{zone: o.Zone, duplicates: s.DuplicateKeys, badText: s.Text}
	b := &builder{scope: sc, key: o.PIIKey}
	fields, err := b.fields(s.Columns, "")
	if err != nil {
		return nil, fault.New(fault.Config, "schema %s: %w", s.Name, err)
	}
	d := &Decoder{scope: sc, schema: ArrowSchema(s), row: &structure{scope: sc, fields: fields}, extra: extra{scope: sc, private: privateOf(s.Columns)}}
	if s.Extra() {
		d.extras = &text{}
	}
	for _, name := range o.Key {
		key, err := d.keyColumn(s, name)
		if err != nil {
			return nil, err
		}
		d.keys = append(d.keys, key)
	}
	if o.Version == "" {
		return d, nil
	}
	return d, d.versionColumn(s, o.Version)
}

// column returns the field of a name that rows can be told apart by.
func (d *Decoder) column(s *schemas.Schema, name string) (*field, error) {
	for _, f := range d.row.fields {
		if f.column.Name == name && f.column.PII != schemas.PIIDrop {
			return f, nil
		}
	}
	return nil, fault.New(fault.Config, "schema %s has no column %s", s.Name, name)
}

func (d *Decoder) keyColumn(s *schemas.Schema, name string) (buffer, error) {
	f, err := d.column(s, name)
	if err != nil {
		return nil, err
	}
	if f.column.PII == schemas.PIIMask {
		return nil, fault.New(fault.Config, "schema %s: a masked column such as %s cannot be a key", s.Name, name)
	}
	switch kind := f.column.Written().Type.Kind; kind {
	case schemas.Float64, schemas.List, schemas.Struct:
		return nil, fault.New(fault.Config, "schema %s: a %s such as %s cannot be a key", s.Name, kind, name)
	}
	return f.buffer, nil
}

func (d *Decoder) versionColumn(s *schemas.Schema, name string) error {
	f, err := d.column(s, name)
	if err != nil {
		return err
	}
	kind := f.column.Written().Type.Kind
	switch kind {
	case schemas.Int32, schemas.Int64, schemas.Date, schemas.Timestamp:
		d.version = f.buffer.(versioned)
		return nil
	}
	return fault.New(fault.Config, "schema %s: a %s such as %s cannot be a version", s.Name, kind, name)
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
// says that the page is none (class Bug).
func (d *Decoder) Decode(p Page) (*Batch, error) {
	for i, span := range p.Records {
		if span.Start < 0 || span.End > len(p.Body) || span.Start >= span.End {
			return nil, fault.New(fault.Bug, "decoding page %d: record %d lies outside of the body", p.Number, i)
		}
	}
	b := &Batch{Unknown: map[string]int64{}}
	d.scope.counts, d.scope.parent = Counts{}, p.Parent
	for i, span := range p.Records {
		if err := d.record(span.Of(p.Body)); err != nil {
			r := refuse(&node{}, err)
			b.Rejects = append(b.Rejects, Reject{p.Number, i, span.Start, span.End, r.path, r.column, r.reason})
			continue
		}
		b.Ordinals = append(b.Ordinals, i)
		d.identify(b)
		for path, n := range d.extra.unknown {
			b.Unknown[path] += n
		}
	}
	b.Counts = d.scope.counts
	b.Record = d.take(len(b.Ordinals))
	return b, nil
}

// record adds a row, or leaves everything as it was.
func (d *Decoder) record(raw []byte) error {
	counts, rows := d.scope.counts, d.row.len()
	n := newNode(raw)
	d.extra.reset()
	err := d.row.add(n)
	if err == nil {
		err = d.extra.gather(n)
	}
	if err == nil && d.extras != nil {
		err = d.addExtra()
	}
	if err != nil {
		d.row.truncate(rows)
		d.scope.counts = counts
	}
	return err
}

func (d *Decoder) addExtra() error {
	if v := d.extra.value(); v != nil {
		return d.extras.append(v)
	}
	d.extras.null()
	return nil
}

// identify gives the newest row its key and version.
func (d *Decoder) identify(b *Batch) {
	row := d.row.len() - 1
	if len(d.keys) > 0 {
		for _, k := range d.keys {
			k.key(&d.builder, row)
		}
		b.Keys = append(b.Keys, d.builder.Sum())
	}
	if d.version != nil {
		b.Versions = append(b.Versions, d.version.version(row))
	}
}

// take wraps the buffers into a record and starts the next.
func (d *Decoder) take(rows int) arrow.Record {
	data := d.row.children()
	d.row.valid = bitmap{}
	if d.extras != nil {
		data = d.extras.take(data)
	}
	columns := make([]arrow.Array, len(data))
	for i := range data {
		columns[i] = array.MakeFromData(data[i])
		data[i].Release()
		defer columns[i].Release()
	}
	return array.NewRecord(d.schema, columns, int64(rows))
}
