// Duckdbsql reads SQL from standard input and runs it on a database file, as
//
//	duckdb -batch -bail -noheader -list FILE
//
// does: it prints the values of each row with | between them, and stops at the
// first error. It stands in for that program where there is none.
package main

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2"
)

func main() {
	if err := run(os.Args[len(os.Args)-1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string, in io.Reader, out io.Writer) (err error) {
	db, err := sql.Open("duckdb", file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // one session
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	defer func() { err = errors.Join(err, w.Flush()) }()
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if err := query(db, statement, w); err != nil {
			return err
		}
	}
	return nil
}

// query runs one statement and prints its rows.
func query(db *sql.DB, statement string, w io.Writer) error {
	if strings.TrimSpace(statement) == "" {
		return nil
	}
	rows, err := db.Query(statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values {
			if i > 0 {
				fmt.Fprint(w, "|")
			}
			fmt.Fprint(w, v)
		}
		fmt.Fprintln(w)
	}
	return rows.Err()
}
