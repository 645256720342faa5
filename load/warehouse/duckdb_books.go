package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"etl/internal/fault"
	"etl/load"
)

// duckBooks is what a database says about a stream.
type duckBooks struct {
	There string // kind of what has the stream's name; empty: nothing has
	Loads []duckHeld
	Files []duckFile
}

// A duckHeld is a commit that is held.
type duckHeld struct {
	Pipeline string
	Commit   int64
	Schema   string   // fingerprint
	Elements []string // views over lists
}

// A duckFile is a file whose rows a table holds.
type duckFile struct{ Pipeline, Name, SHA256 string }

// duckTables creates the books, if they are not there.
const duckTables = `CREATE TABLE IF NOT EXISTS _etl_loads (
  pipeline VARCHAR NOT NULL, "commit" BIGINT NOT NULL, kind VARCHAR NOT NULL, "schema" VARCHAR NOT NULL,
  elements VARCHAR[], "rows" BIGINT NOT NULL, loaded TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS _etl_files (
  pipeline VARCHAR NOT NULL, "file" VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, "rows" BIGINT NOT NULL
);
`

// ofStream is the condition for the rows of a stream in the books.
func ofStream(stream string) string {
	return fmt.Sprintf("(pipeline = %s OR starts_with(pipeline, %s))", load.QuoteText(stream), load.QuoteText(stream+"@"))
}

// booksSQL returns what reads the books of a stream. It changes nothing.
func booksSQL(stream string) string {
	return fmt.Sprintf(`BEGIN TRANSACTION;
%sSELECT '%s' || to_json({
  There: (SELECT CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END FROM information_schema.tables
    WHERE table_catalog = current_database() AND table_schema = current_schema() AND lower(table_name) = lower(%s)),
  Loads: (SELECT list({Pipeline: pipeline, "Commit": "commit", "Schema": "schema", Elements: elements}) FROM _etl_loads WHERE %[4]s),
  Files: (SELECT list({Pipeline: pipeline, Name: "file", SHA256: sha256}) FROM _etl_files WHERE %[4]s)
});
ROLLBACK;
`, duckTables, answerMark, load.QuoteText(stream), ofStream(stream))
}

// books reads what the database says about a stream.
func (w DuckDB) books(ctx context.Context, stream string) (b duckBooks, err error) {
	answer, err := w.ask(ctx, booksSQL(stream))
	if err != nil {
		return b, err
	}
	if err := json.Unmarshal([]byte(answer), &b); err != nil {
		return b, fault.New(fault.Storage, "reading the books of %s: %w", w.Database, err)
	}
	return b, nil
}

// commit returns the number of the commit that is held of a pipeline; 0: none.
func (b duckBooks) commit(pipeline string) int64 {
	for _, l := range b.Loads {
		if l.Pipeline == pipeline {
			return l.Commit
		}
	}
	return 0
}

// differs tells whether the books are of a table that commits do not fit into:
// it has other columns, or rows of a pipeline that is none of theirs.
func (b duckBooks) differs(commits []*load.Commit) bool {
	for _, l := range b.Loads {
		i := slices.IndexFunc(commits, func(c *load.Commit) bool { return c.Pipeline == l.Pipeline })
		if i < 0 || commits[i].Schema.Fingerprint != l.Schema {
			return true
		}
	}
	return false
}
