package main

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"etl/schemas"
)

// compare holds two folders of Parquet files against each other: the same
// columns, and the same values in rows of the same id. What etl keeps beside,
// unknown members, must be empty.
func compare(ctx context.Context, db *sql.DB, etl, duck string) error {
	a, b := files(etl), files(duck)
	columns, err := names(ctx, db, a)
	if err != nil {
		return err
	}
	others, err := names(ctx, db, b)
	if err != nil {
		return err
	}
	columns = slices.DeleteFunc(columns, func(c string) bool { return c == schemas.ExtraColumn })
	if !slices.Equal(columns, others) {
		return fmt.Errorf("the columns differ: etl has %v, DuckDB has %v", columns, others)
	}
	sums := []string{"count(*) FILTER (WHERE a.id IS NULL OR b.id IS NULL)", "count(a." + quoted(schemas.ExtraColumn) + ")"}
	for _, c := range columns {
		sums = append(sums, fmt.Sprintf("count(*) FILTER (WHERE a.%s IS DISTINCT FROM b.%[1]s)", quoted(c)))
	}
	counts := make([]int64, len(sums))
	into := make([]any, len(sums))
	for i := range counts {
		into[i] = &counts[i]
	}
	row := db.QueryRowContext(ctx, fmt.Sprintf("SELECT %s FROM %s a FULL JOIN %s b ON a.id = b.id", strings.Join(sums, ", "), a, b))
	if err := row.Scan(into...); err != nil {
		return fmt.Errorf("comparing: %w", err)
	}
	for i, n := range counts {
		if n > 0 {
			what := slices.Concat([]string{"ids", schemas.ExtraColumn}, columns)[i]
			return fmt.Errorf("%d values of %s differ", n, what)
		}
	}
	return nil
}

func files(dir string) string {
	return "read_parquet(" + text(dir+"/**/*.parquet") + ", hive_partitioning = false)"
}

func names(ctx context.Context, db *sql.DB, table string) (all []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT column_name FROM (DESCRIBE SELECT * FROM "+table+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, rows.Err()
}
