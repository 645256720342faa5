package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"etl/internal/fault"
	"etl/load"
)

// A figure is a number about a table that can be had from the files of a commit
// too, exactly.
type figure struct {
	what string // for messages; never holds a value
	sql  string // gives it as text
	want *big.Rat
}

// A dialect is how a warehouse writes figures.
type dialect struct {
	name    func(string) string
	text    string // type of text
	present string // counts the rows that have a value
	sum     string // adds up a column, exactly
	keys    string // counts different keys
}

var (
	duckDialect = dialect{name: load.QuoteName, text: "VARCHAR", present: "count(%s)", sum: "coalesce(sum(%s), 0)", keys: "count(DISTINCT row(%s))"}
	bigDialect  = dialect{
		name: bigName, text: "STRING", present: "COUNT(%s)", sum: "COALESCE(SUM(CAST(%s AS BIGNUMERIC)), 0)", keys: "COUNT(DISTINCT TO_JSON_STRING(STRUCT(%s)))",
	}
)

// Verify holds the table of a stream against the newest published commits, whose
// files it reads: rows, different keys, and of each column of a plain type how
// many rows have a value and, of integers and decimals, their sum. What differs
// is told in an error of the class fault.Data.
func (w DuckDB) Verify(ctx context.Context, s Stream) (Result, error) {
	return newest(s, func(commits []*load.Commit) (Result, error) {
		held, err := w.books(ctx, s.Name)
		if err != nil {
			return Result{}, err
		}
		ask := func(list string) ([]string, error) {
			answer, err := w.ask(ctx, fmt.Sprintf("SELECT '%s' || to_json([%s]) FROM %s;\n", answerMark, list, load.QuoteName(s.Name)))
			if err != nil {
				return nil, err
			}
			return listOf(answer)
		}
		return s.verify(commits, held.commit, duckDialect, ask)
	})
}

// Verify does what that of DuckDB does.
func (w BigQuery) Verify(ctx context.Context, s Stream) (Result, error) {
	if err := w.locate(ctx); err != nil {
		return Result{}, err
	}
	return newest(s, func(commits []*load.Commit) (Result, error) {
		held, err := w.readBooks(ctx, s.Name)
		if err != nil {
			return Result{}, err
		}
		ask := func(list string) ([]string, error) {
			rows, err := w.query(ctx, fmt.Sprintf("SELECT TO_JSON_STRING([%s]) FROM %s", list, w.quoted(s.Name)))
			if err != nil {
				return nil, err
			}
			if len(rows) != 1 || len(rows[0]) != 1 {
				return nil, fault.New(fault.Bug, "verifying %s: %d rows in place of one", s.Name, len(rows))
			}
			return listOf(rows[0][0])
		}
		return s.verify(commits, held.commit, bigDialect, ask)
	})
}

// listOf reads a list of texts from JSON.
func listOf(answer string) (all []string, err error) {
	if err := json.Unmarshal([]byte(answer), &all); err != nil {
		return nil, fault.New(fault.Bug, "verifying: the answer is no list")
	}
	return all, nil
}

// verify compares the figures of a table with those of commits.
func (s Stream) verify(commits []*load.Commit, held func(pipeline string) int64, d dialect, ask func(list string) ([]string, error)) (Result, error) {
	r := s.result(commits)
	for _, c := range commits {
		if n := held(c.Pipeline); n != c.Number {
			return r, fault.New(fault.Data, "verifying %s: the warehouse holds commit %d, the newest is %d", c.Pipeline, n, c.Number).
				WithHint("load it first")
		}
	}
	figures, err := s.figures(commits, d)
	if err != nil {
		return r, err
	}
	list := make([]string, len(figures))
	for i, f := range figures {
		list[i] = fmt.Sprintf("CAST(%s AS %s)", f.sql, d.text)
	}
	got, err := ask(strings.Join(list, ", "))
	if err != nil {
		return r, err
	}
	if len(got) != len(figures) {
		return r, fault.New(fault.Bug, "verifying %s: %d figures for %d", s.Name, len(got), len(figures))
	}
	var wrong []string
	for i, f := range figures {
		if n, ok := new(big.Rat).SetString(got[i]); !ok || n.Cmp(f.want) != 0 {
			wrong = append(wrong, f.what)
		}
	}
	if more := len(wrong) - 5; more > 0 {
		wrong = append(wrong[:5], fmt.Sprintf("and %d more", more))
	}
	if len(wrong) > 0 {
		return r, fault.New(fault.Data, "verifying %s: these differ from the commit: %s", s.Name, strings.Join(wrong, ", ")).
			WithHint("drop the table and load again")
	}
	return r, nil
}

// figures computes what a table must have from the files of commits.
func (s Stream) figures(commits []*load.Commit, d dialect) ([]figure, error) {
	ref := commits[0].Schema
	all := []figure{{"the number of rows", "count(*)", new(big.Rat).SetInt64(rowsOf(commits))}}
	if len(ref.Key) > 0 {
		var key []string
		if s.accounts() {
			key = append(key, accountColumn)
		}
		for _, k := range ref.Key {
			key = append(key, d.name(k))
		}
		// The keys of a commit are unique, so there are as many as rows.
		all = append(all, figure{"the number of different keys", fmt.Sprintf(d.keys, strings.Join(key, ", ")), all[0].want})
	}
	var columns []string
	var tallies []*tally
	for _, c := range ref.Columns {
		if c.Type == "list" || c.Type == "struct" {
			continue
		}
		columns = append(columns, c.Name)
		tallies = append(tallies, &tally{adds: strings.HasPrefix(c.Type, "int") || strings.HasPrefix(c.Type, "decimal")})
	}
	for _, c := range commits {
		if err := s.set(c.Pipeline).Scan(c, columns, func(row []any) error {
			for i, value := range row {
				tallies[i].add(value)
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	for i, t := range tallies {
		name := d.name(columns[i])
		all = append(all, figure{"the number of values of " + columns[i], fmt.Sprintf(d.present, name), new(big.Rat).SetInt64(t.present)})
		if t.adds {
			all = append(all, figure{"the sum of " + columns[i], fmt.Sprintf(d.sum, name), t.total()})
		}
	}
	return all, nil
}

// set returns the data set of a pipeline.
func (s Stream) set(pipeline string) *load.Dataset {
	for _, d := range s.Datasets {
		if d.Pipeline() == pipeline {
			return d
		}
	}
	return nil
}

// A tally counts the values of a column and adds them up.
type tally struct {
	present  int64
	adds     bool
	unscaled big.Int
	scale    int // digits after the point, the same in all values
}

// add takes a value as load.Dataset.Scan gives it.
func (t *tally) add(value any) {
	if value == nil {
		return
	}
	t.present++
	if !t.adds {
		return
	}
	var n big.Int
	switch v := value.(type) {
	case int64:
		n.SetInt64(v)
	case string: // a decimal
		before, after, _ := strings.Cut(v, ".")
		t.scale = len(after)
		n.SetString(before+after, 10)
	}
	t.unscaled.Add(&t.unscaled, &n)
}

func (t *tally) total() *big.Rat {
	shift := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.scale)), nil)
	return new(big.Rat).SetFrac(&t.unscaled, shift)
}
