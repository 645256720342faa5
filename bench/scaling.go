package main

import (
	"fmt"

	"etl/bench/sample"
	"etl/bench/wire"
)

// inMemory runs etl on a list that is made in memory, with months in a mixed
// order.
func (b *bench) inMemory(records, columns, months, threads int) wire.Job {
	return wire.Job{
		Do: "etl", Schema: sample.Flat, Records: records, Columns: columns, Months: months, Threads: threads,
		Out: b.path("lake", fmt.Sprintf("made-%d-%d-%d-%d", records, columns, months, threads)),
	}
}

// memory measures the peak of runs in processes of their own.
func (b *bench) memory() error {
	const few = 200_000
	many := 10_000_000
	if b.quick {
		many = 1_000_000
	}
	t := newTable("records", "peak MB", "wall s", "allocations/record")
	row := func(p wire.Point, peak float64) {
		t.row(fmt.Sprint(p.Records), fmt.Sprintf("%.1f", peak/1e6), fmt.Sprintf("%.1f", p.Wall), fmt.Sprintf("%.2f", float64(p.Allocs)/float64(p.Records)))
	}
	var peaks []float64
	var last wire.Point
	for range 3 {
		var err error
		if last, err = b.alone(b.inMemory(few, 0, 12, b.threads)); err != nil {
			return err
		}
		peaks = append(peaks, float64(last.Peak))
	}
	row(last, median(peaks))
	p, err := b.alone(b.inMemory(many, 0, 12, b.threads))
	if err != nil {
		return err
	}
	row(p, float64(p.Peak))
	section("Memory", fmt.Sprintf("Each run in a process of its own, %d threads, twelve partitions open at once. Pages are made in memory, with ids that go on; that takes about 15 MB.", b.threads), t)
	b.results["peak_memory_mb"] = median(peaks) / 1e6
	b.results["peak_memory_10m_vs_200k"] = float64(p.Peak) / median(peaks)
	return nil
}

// scaling measures how time and memory grow, from one run to warm up and three
// that count.
func (b *bench) scaling() error {
	t := newTable("records", "columns", "partitions", "cores", "wall s", "CPU s", "records/s", "peak MB", "allocations/record", "MB out")
	all, err := sample.Schema(sample.Flat, 0)
	if err != nil {
		return err
	}
	add := func(records, columns, months, threads int) error {
		c := &contender{name: "etl", job: b.inMemory(records, columns, months, threads)}
		if err := b.alternate(3, c); err != nil {
			return err
		}
		p := c.points[len(c.points)-1]
		if columns == 0 {
			columns = len(all.Columns)
		}
		t.row(fmt.Sprint(records), fmt.Sprint(columns), fmt.Sprint(months), fmt.Sprint(threads), fmt.Sprintf("%.2f", median(c.of(wall))),
			fmt.Sprintf("%.2f", median(c.of(cpu))), fmt.Sprintf("%.0f", float64(records)/median(c.of(wall))), fmt.Sprintf("%.0f", float64(p.Peak)/1e6),
			fmt.Sprintf("%.2f", float64(p.Allocs)/float64(p.Records)), fmt.Sprintf("%.1f", float64(p.Output)/1e6))
		return nil
	}
	n, cores := b.records, b.threads
	for _, c := range [][4]int{
		{n / 4, 0, 12, cores}, {n, 0, 12, cores}, {n * 4, 0, 12, cores},
		{n, 10, 12, cores}, {n, 30, 12, cores},
		{n, 0, 1, cores}, {n, 0, 48, cores}, {n, 0, 120, cores}, {n, 0, 1000, cores},
	} {
		if err := add(c[0], c[1], c[2], c[3]); err != nil {
			return err
		}
	}
	for threads := 1; threads <= b.cores(); threads *= 2 {
		if err := add(n, 0, 12, threads); err != nil {
			return err
		}
	}
	section("Scaling", "etl alone, flat records made in memory, months in a mixed order, medians of three runs after one to warm up. Above 64 partitions the others wait on disk.", t)
	return nil
}
