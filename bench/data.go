package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"etl/bench/sample"
)

// madeWith is raised when what is made changes, so that nothing older is used.
const madeWith = 2

// pagesOf returns the folder of the pages of a set, and makes it if it is not
// there yet.
func (b *bench) pagesOf(schema string, form sample.Form, records int) (string, error) {
	return b.made(fmt.Sprintf("%s-%s-%d", schema, form, records), schema, form, records, writePages)
}

// linesOf is pagesOf with one record a line.
func (b *bench) linesOf(schema string, records int) (string, error) {
	return b.made(fmt.Sprintf("%s-ndjson-%d", schema, records), schema, sample.Ordered, records, writeLines)
}

func (b *bench) made(name, schema string, form sample.Form, records int, write func(dir string, m *sample.Maker) error) (string, error) {
	dir := b.path(fmt.Sprintf("data-%d", madeWith), name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	s, err := sample.Schema(schema, 0)
	if err != nil {
		return "", err
	}
	temp := dir + ".tmp"
	if err := errors.Join(os.RemoveAll(temp), os.MkdirAll(temp, 0o750)); err != nil {
		return "", err
	}
	if err := write(temp, &sample.Maker{Schema: s, Form: form, Records: records, Months: 12}); err != nil {
		return "", fmt.Errorf("making %s: %w", name, err)
	}
	return dir, os.Rename(temp, dir)
}

func writePages(dir string, m *sample.Maker) error {
	var body []byte
	for number := 1; (number-1)*sample.PageSize < m.Records; number++ {
		body = append(body[:0], sample.Envelope(m.Records, number)...)
		body = append(m.Page(body, number), "]}"...)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("page-%05d.json", number)), body, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeLines writes eight files, as many as make work for some threads.
func writeLines(dir string, m *sample.Maker) error {
	const files = 8
	var record []byte
	for i := range files {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("records-%d.ndjson", i)))
		if err != nil {
			return err
		}
		w := bufio.NewWriterSize(f, 1<<20)
		for n := i * m.Records / files; n < (i+1)*m.Records/files; n++ {
			record = append(m.Record(record[:0], n), '\n')
			if _, err := w.Write(record); err != nil {
				return errors.Join(err, f.Close())
			}
		}
		if err := errors.Join(w.Flush(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}
