package main

import (
	"fmt"

	"etl/bench/sample"
	"etl/bench/wire"
)

// etlJob runs etl on pages in a folder.
func (b *bench) etlJob(schema, data string, records, threads int) wire.Job {
	return wire.Job{Do: "etl", Schema: schema, Data: data, Out: b.path("lake", fmt.Sprint("etl-", threads)), Threads: threads, Records: records}
}

// duck runs DuckDB on pages or lines in a folder: the version of the gates, and
// the newest.
func (b *bench) duck(name, form, schema, data string, records int) (ofGates, newest *contender) {
	job := wire.Job{Do: form, Schema: schema, Data: data, Out: b.path("lake", "duckdb-"+form), Threads: b.threads, Records: records}
	ofGates = &contender{name: fmt.Sprintf("DuckDB %s, %s", b.duckdb, name), job: job}
	job.Newest, job.Out = true, job.Out+"-newest"
	return ofGates, &contender{name: fmt.Sprintf("DuckDB %s, %s", b.newest, name), job: job}
}

// same checks that contenders write the same tables, before any of them is
// timed.
func (b *bench) same(first wire.Job, others ...wire.Job) error {
	if _, err := b.alone(first); err != nil {
		return err
	}
	for _, other := range others {
		if _, err := b.alone(other); err != nil {
			return err
		}
		if _, err := b.alone(wire.Job{Do: "compare", Data: first.Out, Other: other.Out, Threads: b.threads}); err != nil {
			return fmt.Errorf("DuckDB does not write what etl writes: %w", err)
		}
	}
	return nil
}

// flat measures pages of flat requests, against DuckDB and on one core.
func (b *bench) flat() error {
	pages, err := b.pagesOf(sample.Flat, sample.Ordered, b.records)
	if err != nil {
		return err
	}
	lines, err := b.linesOf(sample.Flat, b.records)
	if err != nil {
		return err
	}
	etl := &contender{name: "etl", job: b.etlJob(sample.Flat, pages, b.records, b.threads)}
	duck, newDuck := b.duck("pages", "pages", sample.Flat, pages, b.records)
	ready, newReady := b.duck("ready NDJSON", "ndjson", sample.Flat, lines, b.records)
	one := &contender{name: "etl, one core", job: b.etlJob(sample.Flat, pages, b.records, 1)}
	if b.threads == 1 {
		one.job.Out += "-one"
	}
	all := []*contender{etl, duck, ready, newDuck, newReady, one}
	if err := b.same(etl.job, duck.job, ready.job, newDuck.job, newReady.job); err != nil {
		return err
	}
	if err := b.alternate(b.rounds, all...); err != nil {
		return err
	}
	section("Pages to partitioned Parquet", fmt.Sprintf("%d records on %d pages, twelve months, %d threads, %d rounds. All wrote equal tables.",
		b.records, b.records/sample.PageSize, b.threads, b.rounds), compared(all...))
	b.results["pages_vs_duckdb"] = median(paired(duck, etl, wall))
	b.results["pages_vs_duckdb_ndjson"] = median(paired(ready, etl, wall))
	b.results["pages_vs_duckdb_newest"] = median(paired(newDuck, etl, wall))
	b.results["pages_vs_duckdb_newest_ndjson"] = median(paired(newReady, etl, wall))
	b.results["two_cores_vs_one"] = notAvailable
	if b.threads > 1 {
		b.results["two_cores_vs_one"] = median(paired(one, etl, wall))
	}
	b.results["allocations_per_record"] = median(etl.of(func(p wire.Point) float64 { return float64(p.Allocs) / float64(p.Records) }))
	b.results["output_size_vs_duckdb"] = size(etl, duck)
	b.results["output_size_vs_duckdb_newest"] = size(etl, newDuck)
	return nil
}

// size is the ratio of what two contenders wrote.
func size(over, under *contender) float64 {
	return float64(over.points[0].Output) / float64(under.points[0].Output)
}

// nested measures requests with services and actions.
func (b *bench) nested() error {
	records := b.records / 2
	pages, err := b.pagesOf(sample.Nested, sample.Ordered, records)
	if err != nil {
		return err
	}
	etl := &contender{name: "etl", job: b.etlJob(sample.Nested, pages, records, b.threads)}
	duck, newDuck := b.duck("pages", "pages", sample.Nested, pages, records)
	if err := b.same(etl.job, duck.job, newDuck.job); err != nil {
		return err
	}
	if err := b.alternate(b.rounds, etl, duck, newDuck); err != nil {
		return err
	}
	section("Nested requests", fmt.Sprintf("%d records with services and actions, %d threads, %d rounds. All wrote equal tables.",
		records, b.threads, b.rounds), compared(etl, duck, newDuck))
	b.results["nested_vs_duckdb"] = median(paired(duck, etl, wall))
	b.results["nested_vs_duckdb_newest"] = median(paired(newDuck, etl, wall))
	return nil
}

// keys measures other ways to write the same kind of records.
func (b *bench) keys() error {
	records := b.records / 2
	names := map[sample.Form]string{
		sample.Ordered: "in the schema's order", sample.Other: "another stable order", sample.Shuffled: "shuffled in every record",
		sample.Escaped: "text with escapes", sample.Numbers: "decimals as odd numbers",
	}
	var all []*contender
	for _, form := range []sample.Form{sample.Ordered, sample.Other, sample.Shuffled, sample.Escaped, sample.Numbers} {
		pages, err := b.pagesOf(sample.Flat, form, records)
		if err != nil {
			return err
		}
		c := &contender{name: names[form], job: b.etlJob(sample.Flat, pages, records, b.threads)}
		c.job.Out = b.path("lake", string(form))
		all = append(all, c)
	}
	if err := b.alternate(b.rounds, all...); err != nil {
		return err
	}
	section("Forms of records", fmt.Sprintf("%d flat records, %d threads, %d rounds. Forms are compared by the time of the cores.", records, b.threads, b.rounds), compared(all...))
	b.results["other_key_order"] = median(paired(all[0], all[1], cpu))
	b.results["shuffled_keys"] = median(paired(all[0], all[2], cpu))
	return nil
}

// kept measures what it costs to keep pages.
func (b *bench) kept() error {
	pages, err := b.pagesOf(sample.Flat, sample.Ordered, b.records)
	if err != nil {
		return err
	}
	on := &contender{name: "pages kept", job: b.etlJob(sample.Flat, pages, b.records, b.threads)}
	off := &contender{name: "pages not kept", job: on.job}
	off.job.Do, off.job.Out = "without", b.path("lake", "without")
	if err := b.alternate(b.rounds, on, off); err != nil {
		return err
	}
	section("Kept pages", fmt.Sprintf("%d flat records, %d threads, %d rounds. Without kept pages nothing could be resumed, proved or built again.",
		b.records, b.threads, b.rounds), compared(on, off))
	b.results["kept_pages_on_vs_off"] = median(paired(off, on, wall))
	return nil
}
