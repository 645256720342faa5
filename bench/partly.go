package main

import (
	"fmt"
	"strings"

	"etl/bench/sample"
	"etl/bench/wire"
)

// partJob does one part of the work, on one core.
func (b *bench) partJob(do, pages string) wire.Job {
	job := wire.Job{Do: do, Schema: sample.Flat, Data: pages, Threads: 1}
	if do != "scan" && do != "convert" && do != "simdjson" {
		job.Out = b.path("lake", strings.ReplaceAll(do, " ", ""))
	}
	return job
}

// parts measures parts of the work against other libraries, by the time of the
// core.
func (b *bench) parts() error {
	pages, err := b.pagesOf(sample.Flat, sample.Ordered, b.records)
	if err != nil {
		return err
	}
	scan := &contender{name: "etl: check, scan, convert", job: b.partJob("scan", pages)}
	convert := &contender{name: "of that: scan, convert", job: b.partJob("convert", pages)}
	simd := &contender{name: "simdjson-go: parse only", job: b.partJob("simdjson", pages)}
	if err := b.alternate(b.rounds, scan, convert, simd); err != nil && !strings.Contains(err.Error(), wire.NoAVX2) {
		return err
	}
	text := fmt.Sprintf("In memory, on one core, %d rounds.", b.rounds)
	b.results["scan_vs_simdjson"] = notAvailable
	if len(simd.points) == b.rounds {
		section("JSON to rows", text, perCore(scan, convert, simd))
		b.results["scan_vs_simdjson"] = median(paired(simd, scan, cpu))
	}
	encode := &contender{name: "etl, zstd at its fastest", job: b.partJob("encode", pages)}
	arrow := &contender{name: "pqarrow of arrow v15, zstd", job: b.partJob("pqarrow", pages)}
	fast := &contender{name: "pqarrow of arrow v15, zstd at level 1", job: b.partJob("pqarrow, zstd 1", pages)}
	if err := b.alternate(b.rounds, encode, arrow, fast); err != nil {
		return err
	}
	section("Rows to Parquet", text+" etl syncs its file and reads it back; pqarrow does not.", perCore(encode, arrow, fast))
	b.results["encode_vs_pqarrow"] = median(paired(arrow, encode, cpu))
	return nil
}

// perCore is a table of contenders on one core.
func perCore(all ...*contender) *table {
	t := newTable("", "CPU s", "to the first", "records/s", "MB/s JSON", "allocations/record", "MB out")
	for _, c := range all {
		p := c.points[0]
		seconds := median(c.of(cpu))
		t.row(c.name, spread(c.of(cpu), 3), spread(paired(c, all[0], cpu), 2), fmt.Sprintf("%.0f", float64(p.Records)/seconds),
			fmt.Sprintf("%.0f", float64(p.Input)/1e6/seconds), fmt.Sprintf("%.2f", float64(p.Allocs)/float64(p.Records)),
			fmt.Sprintf("%.1f", float64(p.Output)/1e6))
	}
	return t
}
