package main

import (
	"fmt"
	"strings"

	"etl/schemas"
)

// from returns the table of records: those of pages, or those that lie ready,
// one a line.
func from(s *schemas.Schema, form, dir string) string {
	if form == "ndjson" {
		return fmt.Sprintf("(SELECT %s FROM read_json('%s/*.ndjson', format = 'newline_delimited', columns = {%s}))",
			structOf(s), dir, strings.TrimSuffix(strings.TrimPrefix(fields(s.Columns, ": '", "'"), "("), ")"))
	}
	const page = `(SELECT unnest(results) AS r FROM read_json('%s/*.json', format = 'unstructured',
		columns = {count: 'BIGINT', next: 'VARCHAR', previous: 'VARCHAR', results: '%s[]'}))`
	return fmt.Sprintf(page, dir, "STRUCT"+fields(s.Columns, " ", ""))
}

// structOf packs the columns of ready records as those of pages are.
func structOf(s *schemas.Schema) string {
	var parts []string
	for _, c := range s.Columns {
		parts = append(parts, fmt.Sprintf("%s := %[1]s", quoted(c.From[0][0])))
	}
	return "struct_pack(" + strings.Join(parts, ", ") + ") AS r"
}

// fields lists names and types as they stand in JSON.
func fields(columns []schemas.Column, before, after string) string {
	var parts []string
	for _, c := range columns {
		parts = append(parts, quoted(c.From[0][0])+before+jsonType(c.Type)+after)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// jsonType returns the type that read_json reads a value as.
func jsonType(t schemas.Type) string {
	switch t.Kind {
	case schemas.Bool:
		return "BOOLEAN"
	case schemas.Int32:
		return "INTEGER"
	case schemas.Int64:
		return "BIGINT"
	case schemas.Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	case schemas.Timestamp:
		return "TIMESTAMPTZ"
	case schemas.UUID:
		return "UUID"
	case schemas.JSON:
		return "JSON"
	case schemas.Enum:
		return jsonType(schemas.Type{Kind: t.Code})
	case schemas.List:
		return jsonType(t.Element.Type) + "[]"
	case schemas.Struct:
		return "STRUCT" + fields(t.Fields, " ", "")
	}
	return "VARCHAR" // string, and duration, which SQL converts
}

// copyTo returns the statement that writes the columns as etl does.
func copyTo(s *schemas.Schema, table, out string) string {
	var parts []string
	for _, p := range packed(s.Columns, "r", 0) {
		parts = append(parts, p.value+" AS "+quoted(p.name))
	}
	month := "strftime(r.created_at, '%Y-%m-01') AS created_at_month"
	return fmt.Sprintf("COPY (SELECT %s, %s FROM %s) TO '%s' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (created_at_month), OVERWRITE true)",
		strings.Join(parts, ", "), month, table, out)
}

// A field is a column and the expression of its value.
type field struct{ name, value string }

// packed returns the fields of an object, labels among them.
func packed(columns []schemas.Column, of string, depth int) (all []field) {
	for _, c := range columns {
		value := of + "." + quoted(c.From[0][0])
		all = append(all, field{c.Name, converted(c.Type, value, depth)})
		if c.Type.Kind == schemas.Enum {
			all = append(all, field{c.Name + schemas.LabelSuffix, label(c.Type, value)})
		}
	}
	return all
}

// converted returns the value of a column.
func converted(t schemas.Type, value string, depth int) string {
	switch t.Kind {
	case schemas.Duration: // [D ]HH:MM:SS, in microseconds
		return "epoch_us(CAST(replace(" + value + ", ' ', ' days ') AS INTERVAL))"
	case schemas.Struct:
		var parts []string
		for _, p := range packed(t.Fields, value, depth) {
			parts = append(parts, quoted(p.name)+" := "+p.value)
		}
		return "CASE WHEN " + value + " IS NULL THEN NULL ELSE struct_pack(" + strings.Join(parts, ", ") + ") END"
	case schemas.List:
		if t.Element.Type.Kind != schemas.Struct {
			return value
		}
		x := fmt.Sprintf("x%d", depth)
		return "list_transform(" + value + ", lambda " + x + ": " + converted(t.Element.Type, x, depth+1) + ")"
	}
	return value
}

// label returns the text of a code.
func label(t schemas.Type, value string) string {
	var b strings.Builder
	b.WriteString("CASE " + value)
	for _, l := range t.Labels {
		code := l.Code
		if t.Code == schemas.String {
			code = text(code)
		}
		b.WriteString(" WHEN " + code + " THEN " + text(l.Text))
	}
	b.WriteString(" END")
	return b.String()
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
