package load

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"etl/internal/fault"
	"etl/schemas"
)

// WriterOptions say what a Writer writes and in what bounds. All of them but the
// last two are part of what decides the bytes.
type WriterOptions struct {
	Schema         *schemas.Schema
	Arrow          *arrow.Schema // of the records; nil: not compared
	Partition      []Partition
	Slice          string         // "2026-01-01": the folder window=2026-01-01; empty: none
	Zone           *time.Location // of years, months, days and hours of timestamps; nil: UTC
	OpenPartitions int            // at one time; 0: 64
	OpenBytes      int64          // of all open row groups; 0: 96 MiB
	RowGroupRows   int            // at most; 0: 131072
	Name           string         // what the names of its files begin with; empty: "rows"

	// PackedBytes is how much memory the packed pages of open row groups take,
	// about: what is more waits on disk. It decides no byte of any file. 0: 16 MiB
	PackedBytes int64

	// Together runs tasks that have nothing to do with each other, in any order or
	// side by side, and returns when all of them have ended; nil: one by one.
	Together func(tasks []func() error) error
}

// Limits of WriterOptions.
const (
	defaultOpenPartitions = 64
	defaultOpenBytes      = 96 << 20
	defaultRowGroupRows   = 128 << 10
	defaultPackedBytes    = 16 << 20
)

// maxFileBytes is where a partition goes on in another file: warehouses read
// files of this size best, and none faster that are larger.
const maxFileBytes = 512 << 20

func (o WriterOptions) withDefaults() WriterOptions {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	o.OpenPartitions = cmp.Or(o.OpenPartitions, defaultOpenPartitions)
	o.OpenBytes = cmp.Or(o.OpenBytes, defaultOpenBytes)
	o.RowGroupRows = cmp.Or(o.RowGroupRows, defaultRowGroupRows)
	o.PackedBytes = cmp.Or(o.PackedBytes, defaultPackedBytes)
	o.Name = cmp.Or(o.Name, "rows")
	if o.Together == nil {
		o.Together = oneByOne
	}
	return o
}

// oneByOne runs tasks up to the first that fails.
func oneByOne(tasks []func() error) error {
	for _, task := range tasks {
		if err := task(); err != nil {
			return err
		}
	}
	return nil
}

// A Writer splits records by partition and writes each partition to files of
// a stage. The bytes of the files depend on the rows and their order alone,
// not on how they were cut into records. It is not safe for concurrent use.
type Writer struct {
	options WriterOptions
	layout  *layout
	split   *splitter
	stage   *Stage
	parts   []*part // by number of partition; the first OpenPartitions are open
	rows    int64   // written so far
	spill   spill
	shelved slabDisk
	picked  []int32 // scratch: rows of a segment
	touched []*part // scratch: partitions of a segment
	err     error   // after it nothing more is written
}

// Writer starts to write rows to the stage.
func (st *Stage) Writer(o WriterOptions) (*Writer, error) {
	o = o.withDefaults()
	l := schemaLayout(o.Schema)
	if o.Arrow != nil {
		if err := l.matches(o.Arrow); err != nil {
			return nil, err
		}
	}
	split, err := newSplitter(&o, l)
	if err != nil {
		return nil, err
	}
	w := &Writer{options: o, layout: l, split: split, stage: st}
	w.spill = spill{stage: st, layout: l, name: o.Name + "-spill.part"}
	w.shelved = slabDisk{stage: st, name: o.Name + "-pages.part"}
	return w, nil
}

// Write adds the rows of a record that keep marks, in order; keep nil: all. The
// record is not used after it returns. After an error only Abort makes sense.
func (w *Writer) Write(rec arrow.Record, keep []bool) error {
	if w.err == nil {
		w.err = w.write(rec, keep)
	}
	return w.err
}

func (w *Writer) write(rec arrow.Record, keep []bool) error {
	if int(rec.NumCols()) != len(w.layout.columns) || keep != nil && len(keep) != int(rec.NumRows()) {
		return fault.New(fault.Bug, "writing rows: a record of %d columns and %d rows does not fit", rec.NumCols(), rec.NumRows())
	}
	w.picked = w.picked[:0]
	for row := range int(rec.NumRows()) {
		if keep != nil && !keep[row] {
			continue
		}
		w.picked = append(w.picked, int32(row))
		if (w.rows+int64(len(w.picked)))%blockRows == 0 {
			if err := w.segment(rec); err != nil {
				return err
			}
		}
	}
	return w.segment(rec)
}

// segment writes the picked rows, which reach at most to the next multiple of
// blockRows among all rows. Memory is judged there and nowhere else, so that
// it is judged at the same rows whatever the records.
func (w *Writer) segment(rec arrow.Record) error {
	if len(w.picked) == 0 {
		return nil
	}
	w.assign(rec)
	for len(w.touched) > 0 {
		for _, p := range w.touched {
			n := min(len(p.todo), p.room())
			p.now, p.todo = p.todo[:n], p.todo[n:]
		}
		if err := w.encode(rec); err != nil {
			return err
		}
		left := w.touched[:0]
		for _, p := range w.touched {
			if err := p.turn(); err != nil {
				return err
			}
			if len(p.todo) > 0 {
				left = append(left, p)
			}
		}
		w.touched = left
	}
	w.rows += int64(len(w.picked))
	w.picked = w.picked[:0]
	if w.rows%blockRows != 0 {
		return nil
	}
	return w.judge()
}

// assign gives each picked row to its partition.
func (w *Writer) assign(rec arrow.Record) {
	w.touched = w.touched[:0]
	for _, row := range w.picked {
		n := w.split.partition(rec, int(row))
		if int(n) == len(w.parts) {
			w.parts = append(w.parts, w.newPart(n))
		}
		p := w.parts[n]
		if len(p.todo) == 0 {
			w.touched = append(w.touched, p)
			p.rows = p.rows[:0]
		}
		p.rows = append(p.rows, row)
		p.todo = p.rows
	}
}

func (w *Writer) newPart(n int32) *part {
	p := &part{
		options: &w.options, layout: w.layout, stage: w.stage, place: w.split.known[n],
		name: fmt.Sprintf("%s-%04d", w.options.Name, n+1),
	}
	if int(n) >= w.options.OpenPartitions {
		p.spill = &w.spill
	}
	return p
}

// encode appends the rows whose turn it is to the blocks of their partitions,
// column by column.
func (w *Writer) encode(rec arrow.Record) error {
	for i, c := range w.layout.columns {
		a := rec.Column(i)
		for _, p := range w.touched {
			if err := c.encode(p.rowsBlock(), a, rowSlots(p.now)); err != nil {
				return err
			}
		}
	}
	for _, p := range w.touched {
		p.block.rows += len(p.now)
	}
	return nil
}

// judge closes the largest row groups while all of them together are too large,
// and brings to disk what takes too much memory while it waits.
func (w *Writer) judge() error {
	for {
		var total, packed int64
		var largest *part
		for _, p := range w.parts {
			if p.spill != nil {
				continue
			}
			size := p.size()
			total += size
			packed += p.packed()
			if largest == nil || size > largest.size() {
				largest = p
			}
		}
		if total <= w.options.OpenBytes {
			if packed > w.options.PackedBytes {
				if err := w.shelve(); err != nil {
					return err
				}
			}
			return w.spill.judge(w.parts)
		}
		if err := largest.endGroup(); err != nil {
			return err
		}
	}
}

// shelve brings the packed pages of all open row groups to disk.
func (w *Writer) shelve() error {
	for _, p := range w.parts {
		if p.file != nil {
			if err := p.file.set.packing.shelf.spill(&w.shelved); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close ends all files, brings them to disk, and compares what their footers
// say with what was written. It returns the files in plan order: by the first
// row of their partitions. Without rows there are none.
func (w *Writer) Close() ([]StagedFile, error) {
	if w.err != nil {
		return nil, errors.Join(w.err, w.Abort())
	}
	open := min(len(w.parts), w.options.OpenPartitions)
	tasks := make([]func() error, open)
	for i, p := range w.parts[:open] {
		tasks[i] = p.close
	}
	if err := w.options.Together(tasks); err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	for _, p := range w.parts[open:] {
		if err := w.spill.turn(p); err != nil {
			return nil, errors.Join(err, w.Abort())
		}
	}
	var files []StagedFile
	for _, p := range w.parts {
		files = append(files, p.files...)
	}
	w.err = fault.New(fault.Bug, "writing rows: the writer is closed")
	return files, errors.Join(w.spill.remove(), w.shelved.remove())
}

// Abort gives up: it closes all files and removes them. It may be called at any
// time, also twice.
func (w *Writer) Abort() error {
	var err error
	for _, p := range w.parts {
		err = errors.Join(err, p.abort())
	}
	w.parts, w.err = nil, cmp.Or[error](w.err, fault.New(fault.Bug, "writing rows: the writer is closed"))
	return errors.Join(err, w.spill.remove(), w.shelved.remove())
}
