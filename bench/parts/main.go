// Command parts is the child process that does one part of the work alone, on
// one core: that of etl, or that of a library beside it.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/parquet/compress"
	"github.com/minio/simdjson-go"

	"etl/bench/sample"
	"etl/bench/wire"
	"etl/extract"
	"etl/internal/jsonspan"
	"etl/load"
	"etl/schemas"
	"etl/transform"
)

func main() { wire.Main(ready) }

// most is how many pages are held in memory.
const most = 50

// A work is the pages that a part is done with.
type work struct {
	job    wire.Job
	schema *schemas.Schema
	pages  [][]byte
	list   *extract.List
	found  [][]jsonspan.Span // where the records of each page are; nil: to be found
	input  int64
}

// prepare makes the list that the pages are of.
func (w *work) prepare() error {
	c, err := sample.Config(sample.Run{Destination: "out", Schema: w.job.Schema})
	if err != nil {
		return err
	}
	w.schema = c.Pipelines[0].Schema
	client, err := extract.NewClient(c.Pipelines[0].Source, extract.Options{})
	if err != nil {
		return err
	}
	w.list = client.List(c.Pipelines[0], extract.Vars{})
	return nil
}

func ready(job wire.Job) (func() (wire.Point, error), error) {
	w := &work{job: job}
	if err := w.prepare(); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(job.Data, "page-*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range names[:min(most, len(names))] {
		body, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		w.pages, w.input = append(w.pages, body), w.input+int64(len(body))
	}
	do, err := w.part()
	return func() (wire.Point, error) {
		err := do()
		return wire.Point{Records: int64(len(w.pages) * sample.PageSize), Input: w.input}, err
	}, err
}

func (w *work) part() (func() error, error) {
	switch w.job.Do {
	case "simdjson":
		if !simdjson.SupportedCPU() {
			return nil, errors.New(wire.NoAVX2)
		}
		return w.simdjson, nil
	case "scan":
		return w.scan, nil
	case "convert":
		return func() error { return w.convert(func(r arrow.Record) { r.Release() }) }, w.find()
	}
	records, err := w.records()
	if err != nil {
		return nil, err
	}
	switch w.job.Do {
	case "encode":
		return func() error { return w.encode(records) }, nil
	case "pqarrow", "pqarrow, zstd 1":
		level := compress.DefaultCompressionLevel
		if w.job.Do != "pqarrow" {
			level = 1
		}
		one, err := joined(records)
		return func() error { return w.pqarrow(one, level) }, err
	}
	return nil, fmt.Errorf("no part %q", w.job.Do)
}

// simdjson parses every page, and takes nothing out of it.
func (w *work) simdjson() (err error) {
	var parsed *simdjson.ParsedJson
	for _, body := range w.pages {
		if parsed, err = simdjson.Parse(body, parsed, simdjson.WithCopyStrings(false)); err != nil {
			return err
		}
	}
	return nil
}

// scan makes rows of every page as a run does: the reply is judged, and its
// records are converted as the check comes to them.
func (w *work) scan() error {
	return w.decode(func(d *transform.Decoder, number int, body []byte) (*transform.Batch, error) {
		w.list.Scan = func(at extract.Position, _ int) extract.Scanner { return d.Scan(at.Number, nil) }
		page, err := w.list.Read(extract.Position{Number: number}, extract.Reply{Status: http.StatusOK, Body: body})
		if err != nil {
			return nil, err
		}
		batch := d.Join(page.Scanned.(*transform.Scan))
		batch.Record = d.Flush()
		return batch, nil
	}, func(r arrow.Record) { r.Release() })
}

// convert makes rows of the records of every page, which were found before.
func (w *work) convert(take func(arrow.Record)) error {
	return w.decode(func(d *transform.Decoder, number int, body []byte) (*transform.Batch, error) {
		return d.Decode(transform.Page{Number: number, Body: body, Records: w.found[number-1]})
	}, take)
}

func (w *work) decode(page func(*transform.Decoder, int, []byte) (*transform.Batch, error), take func(arrow.Record)) error {
	d, err := transform.New(w.schema, transform.Options{Key: []string{"id"}})
	if err != nil {
		return err
	}
	for i, body := range w.pages {
		batch, err := page(d, i+1, body)
		if err != nil {
			return err
		}
		if len(batch.Rejects) > 0 || batch.Record.NumRows() != sample.PageSize {
			return fmt.Errorf("page %d has %d rows and %d rejects", i+1, batch.Record.NumRows(), len(batch.Rejects))
		}
		take(batch.Record)
	}
	return nil
}

// find finds the records of every page.
func (w *work) find() error {
	for i, body := range w.pages {
		page, err := w.list.Read(extract.Position{Number: i + 1}, extract.Reply{Status: http.StatusOK, Body: body})
		if err != nil {
			return err
		}
		w.found = append(w.found, page.Records)
	}
	return nil
}

func (w *work) records() (all []arrow.Record, err error) {
	if err := w.find(); err != nil {
		return nil, err
	}
	err = w.convert(func(r arrow.Record) { all = append(all, r) })
	return all, err
}

// encode writes rows as a run does, in one partition.
func (w *work) encode(records []arrow.Record) error {
	store, err := load.Open(w.job.Out)
	if err != nil {
		return err
	}
	stage, err := store.Dataset("rows").Stage("all", "run")
	if err != nil {
		return err
	}
	out, err := stage.Writer(load.WriterOptions{Schema: w.schema, Arrow: records[0].Schema()})
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := out.Write(r, nil); err != nil {
			return err
		}
	}
	files, err := out.Close()
	if err != nil {
		return err
	}
	for _, f := range files { // so that their bytes count
		if err := os.Rename(filepath.Join(stage.Folder(), f.Staged), filepath.Join(w.job.Out, f.Staged+".parquet")); err != nil {
			return err
		}
	}
	return nil
}
