package warehouse

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"etl/internal/fault"
	"etl/load"
)

// bigBooks is what a dataset says about a stream.
type bigBooks struct {
	Loads   []bookedLoad
	Parts   []bookedPart
	Dropped bool `json:"-"` // the table is gone
}

// A bookedLoad is a commit as the books have it.
type bookedLoad struct {
	Pipeline string
	Commit   int64  // 0: none is whole
	Schema   string // fingerprint and grid
	Elements string // views over lists, with commas between them
}

// A bookedPart is a part as the books have it.
type bookedPart struct {
	partName
	Files      string // hash of their list
	Commit     int64  // that it was loaded from
	Generation int64
	Done       bool // false: a load has begun with it
}

func (b bigBooks) any() bool { return len(b.Loads)+len(b.Parts) > 0 }

// commit returns the number of the commit that is held of a pipeline; 0: none.
func (b bigBooks) commit(pipeline string) int64 {
	for _, l := range b.Loads {
		if l.Pipeline == pipeline {
			return l.Commit
		}
	}
	return 0
}

// part returns what is noted about a part.
func (b bigBooks) part(name partName) bookedPart {
	i := slices.IndexFunc(b.Parts, func(p bookedPart) bool { return p.partName == name })
	if i < 0 {
		return bookedPart{}
	}
	return b.Parts[i]
}

// each passes on the names of all parts that the table may have rows of: those
// in the books, and those that this process has touched.
func (b bigBooks) each(touched map[partName]int64, do func(partName)) {
	names := maps.Clone(touched)
	if names == nil {
		names = map[partName]int64{}
	}
	for _, p := range b.Parts {
		names[p.partName] = 0
	}
	for _, name := range slices.SortedFunc(maps.Keys(names), partName.compare) {
		do(name)
	}
}

func (n partName) compare(m partName) int {
	return cmp.Or(strings.Compare(n.Pipeline, m.Pipeline), strings.Compare(n.Part, m.Part))
}

// shape is what makes a table fit for a commit.
func shape(c *load.Commit, grid string) string { return c.Schema.Fingerprint + " " + grid }

// differs tells whether the books are of a table that commits do not fit into:
// it has other columns or partitions, or rows of a pipeline that is none of
// theirs.
func (b bigBooks) differs(commits []*load.Commit, grid string) bool {
	for _, l := range b.Loads {
		i := slices.IndexFunc(commits, func(c *load.Commit) bool { return c.Pipeline == l.Pipeline })
		if i < 0 || shape(commits[i], grid) != l.Schema {
			return true
		}
	}
	return false
}

// digest is a text for the books of a stream that changes when they do.
func (b bigBooks) digest() string {
	var all []string
	for _, l := range b.Loads {
		all = append(all, fmt.Sprintf("%s %d", l.Pipeline, l.Commit))
	}
	for _, p := range b.Parts {
		all = append(all, fmt.Sprintf("%s %s %s %d %t", p.Pipeline, p.Part, p.Files, p.Generation, p.Done))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// digestSQL computes the digest of what the books hold now.
func (l *bigLoad) digestSQL() string {
	return fmt.Sprintf("(SELECT COALESCE(STRING_AGG(line, '\\n' ORDER BY line), '') FROM ("+
		"SELECT CONCAT(pipeline, ' ', CAST(`commit` AS STRING)) AS line FROM %[1]s WHERE %[3]s UNION ALL "+
		"SELECT CONCAT(pipeline, ' ', part, ' ', files, ' ', CAST(generation AS STRING), ' ', CAST(done AS STRING)) FROM %[2]s WHERE %[3]s))",
		l.book("loads"), l.book("parts"), bigOfStream(l.Name))
}

// book returns the quoted name of one of the books.
func (l *bigLoad) book(name string) string { return strings.TrimSuffix(l.books, "`") + name + "`" }

// bigOfStream is the condition for the rows of a stream in the books.
func bigOfStream(stream string) string {
	return fmt.Sprintf("(pipeline = %s OR STARTS_WITH(pipeline, %s))", bigText(stream), bigText(stream+"@"))
}

// bookTables creates the books, if they are not there.
func bookTables(loads, parts string) string {
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (\n"+
		"  pipeline STRING NOT NULL, `commit` INT64 NOT NULL, `schema` STRING NOT NULL, elements STRING NOT NULL, row_count INT64 NOT NULL, loaded TIMESTAMP NOT NULL\n"+
		") OPTIONS (description = 'Commit of each pipeline that etl has loaded.', labels = [('managed_by', 'etl')]);\n"+
		"CREATE TABLE IF NOT EXISTS %s (\n"+
		"  pipeline STRING NOT NULL, part STRING NOT NULL, files STRING NOT NULL, row_count INT64 NOT NULL, `commit` INT64 NOT NULL, generation INT64 NOT NULL, done BOOL NOT NULL\n"+
		") OPTIONS (description = 'Parts of each table that etl has loaded.', labels = [('managed_by', 'etl')]);\n", loads, parts)
}

// readBooks reads what the dataset says about a stream.
func (w *BigQuery) readBooks(ctx context.Context, stream string) (b bigBooks, err error) {
	for _, book := range []string{"_etl_loads", "_etl_parts"} {
		kind, err := w.tableKind(ctx, book)
		if err != nil || kind == "" {
			return b, err
		}
	}
	of := bigOfStream(stream)
	rows, err := w.query(ctx, fmt.Sprintf("SELECT TO_JSON_STRING(STRUCT(\n"+
		"  ARRAY(SELECT AS STRUCT pipeline AS Pipeline, `commit` AS `Commit`, `schema` AS `Schema`, elements AS Elements FROM %[1]s WHERE %[3]s) AS Loads,\n"+
		"  ARRAY(SELECT AS STRUCT pipeline AS Pipeline, part AS Part, files AS Files, `commit` AS `Commit`, generation AS Generation, done AS Done FROM %[2]s WHERE %[3]s) AS Parts))",
		w.quoted("_etl_loads"), w.quoted("_etl_parts"), of))
	if err != nil {
		return b, err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return b, fault.New(fault.Bug, "reading the books of %s: %d rows in place of one", w.Dataset, len(rows))
	}
	if err := json.Unmarshal([]byte(rows[0][0]), &b); err != nil {
		return b, fault.New(fault.Bug, "reading the books of %s: %w", w.Dataset, err)
	}
	return b, nil
}
