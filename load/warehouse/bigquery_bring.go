package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"etl/internal/fault"
	"etl/load"
	"etl/schemas"
)

// known returns what the schema says about the columns.
func (l *bigLoad) known() []schemas.Column {
	if l.Schema == nil {
		return nil
	}
	return l.Schema.Columns
}

// staged tells whether a part goes through a staging table: it does unless one
// job can put all of it in its place.
func (l *bigLoad) staged(p bigPart) bool {
	return l.grid == "" || l.uploads && len(p.files) > 1
}

// stageName returns the name of the staging table of a part.
func (l *bigLoad) stageName(p bigPart) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%s", p.Pipeline, p.Part, p.commit, p.hash))
	return "_etl_stage_" + hex.EncodeToString(sum[:12])
}

func (l *bigLoad) stage(p bigPart) string { return l.beside(l.stageName(p)) }

// A started job and what it is for.
type startedJob struct {
	work
	job bigJob
}

// bring makes BigQuery read the files of parts. All jobs are sent before the
// first is waited for.
func (w *BigQuery) bring(ctx context.Context, l *bigLoad, parts []bigPart) error {
	var jobs, copies []startedJob
	for _, p := range parts {
		works, last, err := w.works(ctx, l, p)
		if err != nil {
			return err
		}
		for _, k := range works {
			job, err := w.submit(ctx, k)
			if err != nil {
				return err
			}
			jobs = append(jobs, startedJob{k, job})
		}
		if last != nil {
			copies = append(copies, startedJob{work: *last})
		}
	}
	for _, j := range jobs {
		if err := w.do(ctx, j.work, j.job); err != nil {
			return err
		}
	}
	for _, c := range copies {
		job, err := w.submit(ctx, c.work)
		if err == nil {
			err = w.do(ctx, c.work, job)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// works returns the jobs of a part, and a copy that comes after them if they
// fill a staging table and a partition is to be replaced. The ids of the jobs
// follow from what they write to: a table that was dropped and made again is
// another one.
func (w *BigQuery) works(ctx context.Context, l *bigLoad, p bigPart) (works []work, last *work, err error) {
	target := l.Name
	if l.staged(p) {
		target = l.stageName(p)
	}
	t, err := w.table(ctx, target)
	if err != nil {
		return nil, nil, fmt.Errorf("loading %s: %w", l.Name, err)
	}
	of := []string{w.Project, w.Dataset, target, t.CreationTime, p.Pipeline, strconv.FormatInt(p.commit, 10), p.Part, strconv.FormatInt(p.generation, 10)}
	works, err = l.loads(w, p)
	for i := range works {
		works[i].of = append(slices.Clone(of), strconv.Itoa(i))
	}
	if l.grid != "" && l.staged(p) {
		last = l.copyOf(w, p)
		table, err := w.table(ctx, l.Name)
		if err != nil {
			return nil, nil, fmt.Errorf("loading %s: %w", l.Name, err)
		}
		last.of = append(slices.Clone(of), "copy", table.CreationTime)
	}
	return works, last, err
}

// loads returns the load jobs of a part: one for all files that BigQuery reads by
// itself, one for each file that is uploaded.
func (l *bigLoad) loads(w *BigQuery, p bigPart) (works []work, err error) {
	target, disposition := l.stageName(p), "WRITE_APPEND"
	if !l.staged(p) {
		target, disposition = l.Name+decorator(l.grid, p.Part), "WRITE_TRUNCATE"
	}
	one := func(uris []string, file *load.File, rows int64) {
		c := jobConfig{Labels: l.labels(), Load: &loadConfig{
			SourceURIs: uris, SourceFormat: "PARQUET", DestinationTable: tableReference{w.Project, w.Dataset, target},
			CreateDisposition: "CREATE_NEVER", WriteDisposition: disposition,
			DecimalTargetTypes: []string{"NUMERIC", "BIGNUMERIC"}, ParquetOptions: map[string]bool{"enableListInference": true},
		}}
		works = append(works, work{what: strings.TrimSpace(fmt.Sprintf("loading %s into BigQuery: %s", p.Pipeline, p.Part)), config: c, rows: rows, set: l.set(p.Pipeline), file: file})
	}
	if l.uploads {
		for _, f := range p.files {
			one(nil, &f, f.Rows)
		}
		return works, nil
	}
	if !l.staged(p) && len(p.files) > maxAddresses {
		return nil, fault.New(fault.Config, "loading %s: slice %s has %d files, a load job takes %d", p.Pipeline, p.Part, len(p.files), maxAddresses).
			WithHint("partition it less, or choose a smaller unit for the window")
	}
	for files := range slices.Chunk(p.files, maxAddresses) {
		var uris []string
		var rows int64
		for _, f := range files {
			uris, rows = append(uris, w.address(f)), rows+f.Rows
		}
		one(uris, nil, rows)
	}
	return works, nil
}

// copyOf returns the job that puts a staging table in the place of a partition.
func (l *bigLoad) copyOf(w *BigQuery, p bigPart) *work {
	return &work{
		what: fmt.Sprintf("loading %s into BigQuery: copying %s", p.Pipeline, p.Part),
		config: jobConfig{Labels: l.labels(), Copy: &copyConfig{
			SourceTable:       tableReference{w.Project, w.Dataset, l.stageName(p)},
			DestinationTable:  tableReference{w.Project, w.Dataset, l.Name + decorator(l.grid, p.Part)},
			CreateDisposition: "CREATE_NEVER", WriteDisposition: "WRITE_TRUNCATE",
		}},
		rows: -1,
	}
}

// script returns what a load of everything comes to, for people to read: SQL,
// with the load jobs as comments.
func (l *bigLoad) script(w *BigQuery) (string, error) {
	text := &strings.Builder{}
	text.WriteString(l.prepare(l.todo))
	for _, p := range l.todo {
		works, err := l.loads(w, p)
		if err != nil {
			return "", err
		}
		if l.grid != "" && l.staged(p) {
			works = append(works, *l.copyOf(w, p))
		}
		for _, k := range works {
			job, err := json.Marshal(k.config)
			if err != nil {
				return "", fault.New(fault.Bug, "writing a job: %w", err)
			}
			fmt.Fprintf(text, "-- job: %s\n", job)
			if k.file != nil {
				fmt.Fprintf(text, "--   with the file %s\n", w.address(*k.file))
			}
		}
	}
	text.WriteString(l.finish())
	return text.String(), nil
}

// uploads tells whether files are uploaded: BigQuery reads those in gs:// by
// itself, unless it would take their address for a pattern.
func (w *BigQuery) uploads() bool {
	return !strings.HasPrefix(w.Root, "gs://") || strings.ContainsAny(w.Root, "*#?")
}

// address returns the address of a file of the destination.
func (w *BigQuery) address(f load.File) string {
	if strings.Contains(w.Root, "://") {
		return strings.TrimSuffix(w.Root, "/") + "/" + f.Path
	}
	return filepath.Join(w.Root, filepath.FromSlash(f.Path))
}
