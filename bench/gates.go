package main

import (
	"fmt"
	"math"
	"strconv"
)

// A gate is what a figure is held to.
type gate struct {
	name      string
	gate, aim float64
	atMost    bool // else at least
	digits    int
	what      string
}

// beside are measured beside the gates, and held to nothing: they have no gate.
var beside = []gate{
	{name: "pages_vs_duckdb_newest", digits: 2, what: "pages to partitioned Parquet, times as fast as the newest DuckDB"},
	{name: "pages_vs_duckdb_newest_ndjson", digits: 2, what: "the same, against the newest DuckDB on ready NDJSON"},
	{name: "nested_vs_duckdb_newest", digits: 2, what: "requests with services and actions, times as fast as the newest DuckDB"},
	{name: "output_size_vs_duckdb_newest", digits: 3, what: "bytes of Parquet, to those of the newest DuckDB"},
}

// gates are in the order in which scripts read them.
var gates = []gate{
	{"pages_vs_duckdb", 3, 5, false, 2, "pages to partitioned Parquet, times as fast as DuckDB on the same pages"},
	{"pages_vs_duckdb_ndjson", 1.7, 3, false, 2, "the same, against DuckDB on ready NDJSON"},
	{"nested_vs_duckdb", 2.5, 4.5, false, 2, "requests with services and actions, times as fast as DuckDB"},
	{"other_key_order", 0.9, 1, false, 2, "speed with keys in another stable order, to that in the schema's order"},
	{"shuffled_keys", 0.5, 0.65, false, 2, "speed with keys shuffled in every record, to that in order"},
	{"scan_vs_simdjson", 1.2, 2, false, 2, "check, scan and convert a page, times as fast as simdjson-go parses it"},
	{"encode_vs_pqarrow", 2, 2.5, false, 2, "encode rows, times as fast as pqarrow of arrow v15 with zstd"},
	{"two_cores_vs_one", 1.5, 1.8, false, 2, "pages to Parquet on two cores, times as fast as on one"},
	{"peak_memory_mb", 256, 170, true, 1, "MB at the peak, twelve partitions, 200k records"},
	{"peak_memory_10m_vs_200k", 1.3, 1.1, true, 2, "peak with 10M records, to that with 200k"},
	{"allocations_per_record", 1, 0.6, true, 2, "allocations of a whole run, per record"},
	{"output_size_vs_duckdb", 1.15, 1, true, 3, "bytes of Parquet, to those of DuckDB with zstd"},
	{"kept_pages_on_vs_off", 0.8, 0.95, false, 2, "speed with kept pages, to that without"},
	{"list_latency_vs_ideal", 1.15, 1.05, true, 3, "time of one list, 50 ms a reply, 8 at once, to the ideal"},
	{"rate_used_percent", 95, 99, false, 1, "% of an allowed rate used, from cold"},
	{"start_ms", 60, 25, true, 1, "ms from start to first request"},
}

// holds tells whether a figure, as it is printed, keeps to a limit.
func (g gate) holds(figure, limit float64) bool {
	rounded, err := strconv.ParseFloat(g.text(figure), 64)
	if g.atMost {
		return err == nil && rounded <= limit
	}
	return err == nil && rounded >= limit
}

func (g gate) text(figure float64) string { return strconv.FormatFloat(figure, 'f', g.digits, 64) }

// notAvailable is the figure of what this machine cannot do.
var notAvailable = math.NaN()

// result returns what is printed of a figure: n/a if this machine cannot tell,
// which is no shortcoming of etl's, and failed if it was not measured.
func (g gate) result(figure float64, measured bool) (text, verdict string) {
	switch {
	case !measured:
		return "failed", "short"
	case math.IsNaN(figure):
		return "n/a", "ok"
	case !g.holds(figure, g.gate):
		return g.text(figure), "short"
	}
	return g.text(figure), "ok"
}

// line is the form that scripts read.
func (g gate) line(figure float64, measured bool) string {
	if g.gate == 0 {
		return fmt.Sprintf("%s %s - - -", g.name, g.text(figure))
	}
	text, verdict := g.result(figure, measured)
	return fmt.Sprintf("%s %s %v %v %s", g.name, text, g.gate, g.aim, verdict)
}

// verdict prints the table of all measures, and then their lines.
func (b *bench) verdict() {
	t := newTable("measure", "figure", "gate", "aim", "")
	var lines []string
	for _, g := range beside {
		if figure, measured := b.results[g.name]; measured {
			t.row(g.what, g.text(figure), "", "", "")
			lines = append(lines, g.line(figure, measured))
		}
	}
	if len(lines) > 0 {
		lines = append(lines, "")
	}
	for _, g := range gates {
		figure, measured := b.results[g.name]
		if !measured && b.only.String() != "" {
			continue
		}
		text, told := g.result(figure, measured)
		sign := "≥ "
		if g.atMost {
			sign = "≤ "
		}
		if told == "ok" && g.holds(figure, g.aim) {
			told = "ok, aim reached"
		}
		t.row(g.what, text, fmt.Sprint(sign, g.gate), fmt.Sprint(sign, g.aim), told)
		lines = append(lines, g.line(figure, measured))
	}
	fmt.Printf("## All measures\n\n%s\n", t)
	for _, line := range lines {
		fmt.Println(line)
	}
}
