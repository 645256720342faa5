// Command duck is the child process that runs DuckDB: it reads the same records
// and writes the same columns to partitioned Parquet, and it compares what both
// wrote.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2"

	"etl/bench/sample"
	"etl/bench/wire"
)

func main() { wire.Main(ready) }

func ready(job wire.Job) (func() (wire.Point, error), error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // one connection, one database
	for _, s := range Settings(job.Threads) {
		if _, err := db.Exec(s); err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
	}
	switch job.Do {
	case "version":
		return func() (wire.Point, error) { return version(db, job) }, nil
	case "compare":
		return func() (wire.Point, error) {
			return wire.Point{}, compare(context.Background(), db, job.Data, job.Other)
		}, nil
	}
	schema, err := sample.Schema(job.Schema, job.Columns)
	if err != nil {
		return nil, err
	}
	query := copyTo(schema, from(schema, job.Do, job.Data), job.Out)
	return func() (wire.Point, error) { return write(db, query, job) }, nil
}

// Settings are those that DuckDB runs with, beside its defaults. Rows may be
// written in any order, which is faster.
func Settings(threads int) []string {
	return []string{fmt.Sprintf("SET threads = %d", threads), "SET TimeZone = 'UTC'", "SET preserve_insertion_order = false"}
}

func version(db *sql.DB, job wire.Job) (p wire.Point, err error) {
	err = db.QueryRow("SELECT version()").Scan(&p.Note)
	p.Note += "; " + strings.Join(Settings(job.Threads), "; ")
	return p, err
}

func write(db *sql.DB, query string, job wire.Job) (wire.Point, error) {
	if err := os.MkdirAll(filepath.Dir(job.Out), 0o750); err != nil {
		return wire.Point{}, err
	}
	done, err := db.Exec(query)
	if err != nil {
		return wire.Point{}, err
	}
	n, err := done.RowsAffected()
	if err == nil && n != int64(job.Records) {
		err = fmt.Errorf("DuckDB wrote %d records of %d", n, job.Records)
	}
	return wire.Point{Records: n}, err
}
