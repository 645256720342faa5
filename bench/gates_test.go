package main

import (
	"math"
	"regexp"
	"testing"

	"etl/bench/wire"
)

func TestGatesAreJudgedByWhatIsPrinted(t *testing.T) {
	least, most := gate{digits: 2, gate: 1.5}, gate{digits: 1, gate: 60, atMost: true}
	for _, c := range []struct {
		g      gate
		figure float64
		want   bool
	}{
		{least, 1.5, true}, {least, 1.496, true}, {least, 1.494, false}, {most, 60.04, true}, {most, 60.06, false}, {least, math.NaN(), false},
	} {
		if got := c.g.holds(c.figure, c.g.gate); got != c.want {
			t.Errorf("%s at gate %v: %v", c.g.text(c.figure), c.g.gate, got)
		}
	}
}

func TestLinesOfGates(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9_]+ (\d+(\.\d+)?|n/a|failed) \d+(\.\d+)? \d+(\.\d+)? (ok|short)$`)
	for figure, want := range map[float64]string{math.NaN(): "ok", math.Inf(1): "", 1: ""} {
		for _, g := range gates {
			got := g.line(figure, true)
			if math.IsInf(figure, 0) {
				got = g.line(0, false)
			}
			if !form.MatchString(got) {
				t.Errorf("a line is %q", got)
			}
			if want == "ok" && got[len(got)-2:] != "ok" {
				t.Errorf("what is not available is %q", got)
			}
		}
	}
}

func TestLinesWithoutAGate(t *testing.T) {
	form := regexp.MustCompile(`^[a-z_]+_newest[a-z_]* 1\.50?0? - - -$`)
	for _, g := range beside {
		if got := g.line(1.5, true); !form.MatchString(got) {
			t.Errorf("a line is %q", got)
		}
	}
}

func TestRatiosArePaired(t *testing.T) {
	points := func(walls ...float64) *contender {
		c := &contender{}
		for _, w := range walls {
			c.points = append(c.points, wire.Point{Wall: w})
		}
		return c
	}
	// A slow minute that meets both does not show.
	if got := median(paired(points(4, 40, 5), points(2, 20, 1), wall)); got != 2 {
		t.Errorf("the median of ratios is %v", got)
	}
	if got := median([]float64{3, 1, 2, 10}); got != 2.5 {
		t.Errorf("the median of four is %v", got)
	}
}
