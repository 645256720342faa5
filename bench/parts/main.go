// Command parts is the child process that does one part of the work alone, on
// one core: that of etl, or that of a library beside it.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/parquet/compress"
	"github.com/minio/simdjson-go"

	"etl/bench/sample"
	"etl/bench/wire"
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
	found  [][]jsonspan.Span // where the records of each page are; nil: to be found
	input  int64
}

func ready(job wire.Job) (func() (wire.Point, error), error) {
	w := &work{job: job}
	var err error
	if w.schema, err = sample.Schema(job.Schema, 0); err != nil {
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
		for _, body := range w.pages {
			found, err := recordsOf(body)
			if err != nil {
				return nil, err
			}
			w.found = append(w.found, found)
		}
		return w.scan, nil
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

// scan makes rows of every page as a run does: the page is checked and outlined,
// and its records are converted.
func (w *work) scan() error {
	return w.decode(func(r arrow.Record) { r.Release() })
}

func (w *work) decode(take func(arrow.Record)) error {
	d, err := transform.New(w.schema, transform.Options{Key: []string{"id"}})
	if err != nil {
		return err
	}
	for i, body := range w.pages {
		page := transform.Page{Number: i + 1, Body: body}
		if w.found != nil {
			page.Records = w.found[i]
		} else if page.Records, err = recordsOf(body); err != nil {
			return err
		}
		batch, err := d.Decode(page)
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

// recordsOf checks a page and finds its records, as extract does.
func recordsOf(body []byte) ([]jsonspan.Span, error) {
	outline, err := jsonspan.NewOutline(body)
	if err != nil {
		return nil, err
	}
	list, _ := outline.Member(outline.Root, "results")
	return outline.Elements(list), nil
}

func (w *work) records() (all []arrow.Record, err error) {
	err = w.decode(func(r arrow.Record) { all = append(all, r) })
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
