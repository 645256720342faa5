package transform

import (
	"sync"
	"sync/atomic"

	"etl/internal/fault"
	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// A sheet is what one batch is written on: the buffers of all columns, and the
// plan by which they are filled. It is used again once the batch is released.
type sheet struct {
	*scanner
	row     *structure
	root    *object // the plan of row
	extras  *text   // the column _extra; nil: none
	places  []Place
	before  mark // the record
	keys    []buffer
	version versioned
	builder schemas.KeyBuilder
	wrapper wrapper
}

// rows returns the number of rows on the sheet.
func (s *sheet) rows() int { return s.row.len() }

// truncate takes back everything after the first n rows.
func (s *sheet) truncate(n int) {
	s.row.truncate(n)
	if s.extras != nil {
		s.extras.truncate(n)
	}
}

// record wraps the buffers into a record. The sheet is the record's until it is
// released.
func (s *sheet) record(schema *arrow.Schema) arrow.Record {
	data := s.row.children(&s.wrapper)
	if s.extras != nil {
		data = s.extras.arrays(&s.wrapper, data)
	}
	columns := make([]arrow.Array, len(data))
	for i := range data {
		columns[i] = array.MakeFromData(data[i])
		data[i].Release()
	}
	rec := array.NewRecord(schema, columns, int64(s.rows()))
	for _, c := range columns {
		c.Release()
	}
	return rec
}

// A wrapper makes Arrow's arrays of the memory of a sheet, and gives the sheet
// back when the last of them is released. The nil wrapper makes arrays of memory
// that is used once.
type wrapper struct {
	memory.Allocator
	lent atomic.Int64 // buffers not yet released
	back func()
}

// Free is called for each buffer that is no longer used.
func (w *wrapper) Free([]byte) {
	if w.lent.Add(-1) == 0 {
		w.back()
	}
}

func (w *wrapper) buffer(b []byte) *memory.Buffer {
	if w == nil {
		return memory.NewBufferBytes(b)
	}
	w.lent.Add(1)
	return memory.NewBufferWithAllocator(b, w)
}

// buffers wraps the bits of valid, nil if there is no NULL, and others.
func (w *wrapper) buffers(valid *bitmap, others ...[]byte) []*memory.Buffer {
	all := make([]*memory.Buffer, 1, 3)
	if valid.zeros > 0 {
		all[0] = w.buffer(valid.bytes())
	}
	for _, b := range others {
		all = append(all, w.buffer(b))
	}
	return all
}

// release leaves buffers to the data that was made of them.
func release(buffers []*memory.Buffer, children []arrow.ArrayData) {
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	for _, c := range children {
		c.Release()
	}
}

func (w *wrapper) wrap(t arrow.DataType, valid *bitmap, children []arrow.ArrayData, others ...[]byte) arrow.ArrayData {
	all := w.buffers(valid, others...)
	defer release(all, children)
	return array.NewData(t, valid.n, all, children, valid.zeros, 0)
}

func (w *wrapper) wrapLabels(valid *bitmap, places []int32, texts arrow.ArrayData) arrow.ArrayData {
	all := w.buffers(valid, arrow.Int32Traits.CastToBytes(places))
	defer release(all, nil)
	return array.NewDataWithDictionary(labelType, valid.n, all, valid.zeros, 0, texts.(*array.Data))
}

// A pile keeps sheets that are not in use. It is safe for concurrent use, since
// a batch may be released anywhere.
type pile struct {
	mu    sync.Mutex
	clean []*sheet
}

func (p *pile) put(s *sheet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clean = append(p.clean, s)
}

// get returns a sheet without rows, nil if there is none.
func (p *pile) get() *sheet {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.clean)
	if n == 0 {
		return nil
	}
	s := p.clean[n-1]
	p.clean = p.clean[:n-1]
	s.truncate(0)
	return s
}

// newSheet makes a sheet for the schema of the decoder.
func (d *Decoder) newSheet() (*sheet, error) {
	s, o := d.source, d.options
	sc := &scanner{scope: &scope{zone: o.Zone, duplicates: s.DuplicateKeys, badText: s.Text}}
	sc.extra = &extra{scope: sc.scope, private: privateOf(s.Columns), unknown: map[string]int64{}, told: map[string]int64{}}
	columns := &builder{scope: sc.scope, key: o.PIIKey}
	fields, err := columns.fields(s.Columns, "")
	if err != nil {
		return nil, fault.New(fault.Config, "schema %s: %w", s.Name, err)
	}
	sc.scope.seen = make([]Sight, len(columns.places))
	h := &sheet{scanner: sc, row: &structure{scope: sc.scope, fields: fields}, places: columns.places}
	h.before.seen = make([]Sight, len(columns.places))
	h.root = sc.object(h.row, &place{})
	if s.Extra() {
		h.extras = &text{}
	}
	h.wrapper = wrapper{Allocator: memory.DefaultAllocator, back: func() { d.batches.put(h) }}
	for _, name := range o.Key {
		column, err := h.keyColumn(s, name)
		if err != nil {
			return nil, err
		}
		h.keys = append(h.keys, column)
	}
	if o.Version != "" {
		err = h.versionColumn(s, o.Version)
	}
	return h, err
}

// column returns the field of a column that has values.
func (h *sheet) column(s *schemas.Schema, name string) (*field, error) {
	for _, f := range h.row.fields {
		if f.column.Name == name && f.column.PII != schemas.PIIDrop {
			return f, nil
		}
	}
	return nil, fault.New(fault.Config, "schema %s has no column %s", s.Name, name)
}

func (h *sheet) keyColumn(s *schemas.Schema, name string) (buffer, error) {
	f, err := h.column(s, name)
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

func (h *sheet) versionColumn(s *schemas.Schema, name string) error {
	f, err := h.column(s, name)
	if err != nil {
		return err
	}
	kind := f.column.Written().Type.Kind
	switch kind {
	case schemas.Int32, schemas.Int64, schemas.Date, schemas.Timestamp:
		h.version = f.buffer.(versioned)
		return nil
	}
	return fault.New(fault.Config, "schema %s: a %s such as %s cannot be a version", s.Name, kind, name)
}
