package compare

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// A Column is a column as DuckDB sees it.
type Column struct{ Name, Type string }

// OpenDuckDB opens an empty database in memory.
func OpenDuckDB() (*sql.DB, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fmt.Errorf("opening DuckDB: %w", err)
	}
	db.SetMaxOpenConns(1) // one connection, one database
	return db, nil
}

// Files returns the table expression of all Parquet files that match a glob, in
// which every file must have the columns of the first.
func Files(glob string) string {
	return fmt.Sprintf("read_parquet('%s', union_by_name = false, hive_partitioning = false)", strings.ReplaceAll(glob, "'", "''"))
}

// Columns returns the columns of a table expression.
func Columns(ctx context.Context, db *sql.DB, from string) ([]Column, error) {
	rows, err := db.QueryContext(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+from+")")
	if err != nil {
		return nil, fmt.Errorf("describing %s: %w", from, err)
	}
	defer rows.Close()
	var columns []Column
	for rows.Next() {
		var c Column
		if err := rows.Scan(&c.Name, &c.Type); err != nil {
			return nil, fmt.Errorf("describing %s: %w", from, err)
		}
		columns = append(columns, c)
	}
	return columns, rows.Err()
}

// Read reads all rows of a table expression.
func Read(ctx context.Context, db *sql.DB, from string) (*Table, error) {
	columns, err := Columns(ctx, db, from)
	if err != nil {
		return nil, err
	}
	t := &Table{}
	exprs := make([]string, len(columns))
	for i, c := range columns {
		t.Columns = append(t.Columns, c.Name)
		exprs[i] = fmt.Sprintf(`CAST("%s" AS %s)`, c.Name, asText(c.Type))
	}
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(exprs, ", ")+" FROM "+from)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", from, err)
	}
	defer rows.Close()
	for rows.Next() {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("reading %s: %w", from, err)
		}
		for i := range row {
			if row[i], err = normal(row[i]); err != nil {
				return nil, fmt.Errorf("reading column %s of %s: %w", columns[i].Name, from, err)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t, rows.Err()
}

// Parts of a type's name: quoted names of fields and TIMESTAMP WITH TIME ZONE
// stay, the others are read as the text that DuckDB makes of them.
var textual = regexp.MustCompile(`"(?:[^"]|"")*"|TIMESTAMP WITH TIME ZONE|\b(?:JSON|UUID|DATE|TIME)\b`)

// asText returns a type that has VARCHAR where the driver would lose something
// (JSON) or could not tell one type from another (DATE, TIME, UUID).
func asText(typ string) string {
	return textual.ReplaceAllStringFunc(typ, func(part string) string {
		switch part {
		case "JSON", "UUID", "DATE", "TIME":
			return "VARCHAR"
		}
		return part
	})
}

// normal brings a value of the driver into the form of Table.
func normal(value any) (any, error) {
	switch v := value.(type) {
	case nil, bool, string:
		return v, nil
	case int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return json.Number(fmt.Sprint(v)), nil
	case float64:
		return json.Number(strconv.FormatFloat(v, 'g', -1, 64)), nil
	case duckdb.Decimal:
		return decimal(v), nil
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z"), nil
	case duckdb.Interval:
		if v.Months != 0 {
			return nil, fmt.Errorf("an interval has months")
		}
		return json.Number(fmt.Sprint(int64(v.Days)*24*time.Hour.Microseconds() + v.Micros)), nil
	case []any:
		list := make([]any, len(v))
		for i := range v {
			var err error
			if list[i], err = normal(v[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		fields := make(map[string]any, len(v))
		for name := range v {
			var err error
			if fields[name], err = normal(v[name]); err != nil {
				return nil, err
			}
		}
		return fields, nil
	}
	return nil, fmt.Errorf("no form for a value of Go type %T", value)
}

// decimal writes all digits of the scale.
func decimal(d duckdb.Decimal) string {
	digits := d.Value.String()
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	scale := int(d.Scale)
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if scale == 0 {
		return sign + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}
