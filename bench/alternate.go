package main

import (
	"fmt"
	"math"
	"slices"

	"etl/bench/wire"
)

// A contender is a child process that does its job once whenever it is told to.
type contender struct {
	name string
	job  wire.Job
	*child
	points []wire.Point
}

// alternate lets contenders do their jobs in turns: once to warm up, then round
// by round, each round in the opposite order of the one before. They wait while
// another works.
func (b *bench) alternate(rounds int, all ...*contender) error {
	defer func() {
		for _, c := range all {
			c.stop()
		}
	}()
	for _, c := range all {
		var err error
		if c.child, err = b.child(c.job); err != nil {
			return fmt.Errorf("starting %s: %w", c.name, err)
		}
	}
	for round := range rounds + 1 {
		order := slices.Clone(all)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, c := range order {
			p, err := c.once()
			if err != nil {
				return fmt.Errorf("running %s: %w", c.name, err)
			}
			if round > 0 {
				c.points = append(c.points, p)
			}
		}
	}
	return nil
}

func wall(p wire.Point) float64 { return p.Wall }

func cpu(p wire.Point) float64 { return p.CPU }

// of returns a figure of all points.
func (c *contender) of(figure func(wire.Point) float64) []float64 {
	all := make([]float64, len(c.points))
	for i, p := range c.points {
		all[i] = figure(p)
	}
	return all
}

// paired returns the ratio of two contenders in each round.
func paired(over, under *contender, figure func(wire.Point) float64) []float64 {
	all := over.of(figure)
	for i, u := range under.of(figure) {
		all[i] /= u
	}
	return all
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// spread writes a median and its range.
func spread(all []float64, digits int) string {
	return fmt.Sprintf("%.*f [%.*f–%.*f]", digits, median(all), digits, slices.Min(all), digits, slices.Max(all))
}

// compared is a table of contenders, and of their ratios to the first.
func compared(all ...*contender) *table {
	t := newTable("", "wall s", "CPU s", "wall to the first", "CPU to the first", "peak MB", "allocations/record", "MB out", "MB/s JSON")
	for _, c := range all {
		last := c.points[len(c.points)-1]
		allocations, speed := "", ""
		if c.job.Do == "etl" {
			allocations = fmt.Sprintf("%.2f", median(c.of(func(p wire.Point) float64 { return float64(p.Allocs) / float64(p.Records) })))
			speed = fmt.Sprintf("%.0f", float64(last.Input)/1e6/median(c.of(wall)))
		}
		t.row(c.name, spread(c.of(wall), 2), spread(c.of(cpu), 2), spread(paired(c, all[0], wall), 2), spread(paired(c, all[0], cpu), 2),
			fmt.Sprintf("%.0f", float64(last.Peak)/1e6), allocations, fmt.Sprintf("%.1f", float64(last.Output)/1e6), speed)
	}
	return t
}
