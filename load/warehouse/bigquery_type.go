package warehouse

import (
	"fmt"
	"regexp"
	"strings"

	"etl/internal/fault"
	"etl/load"
	"etl/schemas"
)

// bigTypes are the types of BigQuery for those of the files, as its load jobs
// read them (https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet).
var bigTypes = map[string]string{
	"bool": "BOOL", "int32": "INT64", "int64": "INT64", "float64": "FLOAT64", "string": "STRING", "uuid": "STRING", "json": "STRING",
	"date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP", "duration": "INT64",
}

// bigType returns the type of a column in SQL, with its fields' descriptions.
func bigType(c load.StoredColumn, known []schemas.Column) string {
	switch c.Type {
	case "list":
		return "ARRAY<" + bigType(c.Fields[0], known) + ">"
	case "struct":
		fields := make([]string, len(c.Fields))
		for i, f := range c.Fields {
			fields[i] = bigColumn(f, known)
		}
		return "STRUCT<" + strings.Join(fields, ", ") + ">"
	}
	if t, ok := bigTypes[c.Type]; ok {
		return t
	}
	var precision, scale int
	_, _ = fmt.Sscanf(c.Type, "decimal(%d,%d)", &precision, &scale)
	if scale <= 9 && precision-scale <= 29 {
		return "NUMERIC"
	}
	return "BIGNUMERIC"
}

// bigColumn writes a column, or a field, with its type, mode and description.
func bigColumn(c load.StoredColumn, known []schemas.Column) string {
	text := bigName(c.Name) + " " + bigType(c, fieldsOf(known, c))
	if c.Required && c.Type != "list" {
		text += " NOT NULL"
	}
	if doc := docIn(known, c.Name); doc != "" {
		text += fmt.Sprintf(" OPTIONS (description = %s)", bigText(shortened(doc, 1024)))
	}
	return text
}

// clusterable are the types that a table can be clustered by.
var clusterable = map[string]bool{"BOOL": true, "INT64": true, "STRING": true, "DATE": true, "TIMESTAMP": true, "NUMERIC": true, "BIGNUMERIC": true}

// clusters returns the columns that a table is clustered by: its key, of which
// BigQuery takes four columns.
func clusters(s load.SchemaRef) (names []string) {
	for _, key := range s.Key {
		for _, c := range s.Columns {
			if c.Name == key && len(names) < 4 && clusterable[bigType(c, nil)] {
				names = append(names, bigName(key))
			}
		}
	}
	return names
}

// columnName and longestColumn are what BigQuery takes for the name of a column.
var columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

const longestColumn = 300

// reservedPrefixes begin no name of a column.
var reservedPrefixes = []string{"_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER", "_CHANGE_SEQUENCE_NUMBER", "_CHANGE_TYPE", "_CHANGE_TIMESTAMP"}

// partColumn is the column that names the folder of a row.
const partColumn = "_etl_part"

// checkColumns refuses what BigQuery does not take.
func checkColumns(stream string, columns []load.StoredColumn) error {
	if !tableName.MatchString(stream) {
		return fault.New(fault.Config, "loading %s: BigQuery takes letters, digits, _ and - for the name of a table", stream).
			WithHint("rename the pipeline")
	}
	ours := []load.StoredColumn{{Name: accountColumn, Type: "string"}, {Name: partColumn, Type: "string"}}
	if wrong := wrongColumns("", append(ours, columns...), 1); wrong != "" {
		return fault.New(fault.Config, "loading %s: %s", stream, wrong).WithHint("rename the column in its schema")
	}
	return nil
}

// tableName is what BigQuery takes for the name of a table, up to 1024 bytes: more
// than the name of a pipeline has.
var tableName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// wrongColumns says what is wrong with the columns below a path.
func wrongColumns(path string, columns []load.StoredColumn, depth int) string {
	seen := map[string]bool{}
	for _, c := range columns {
		name, upper := path+c.Name, strings.ToUpper(c.Name)
		for _, prefix := range reservedPrefixes {
			if strings.HasPrefix(upper, prefix) {
				return fmt.Sprintf("the name of column %s begins with %s, which BigQuery keeps for itself", name, prefix)
			}
		}
		switch {
		case !columnName.MatchString(c.Name), len(c.Name) > longestColumn:
			return fmt.Sprintf("column %q has a name that BigQuery does not take", name)
		case seen[upper]:
			return fmt.Sprintf("there are two columns %s for BigQuery, which reads capital and small letters as the same", name)
		case depth > 15:
			return fmt.Sprintf("column %s lies deeper than the 15 levels that BigQuery takes", name)
		}
		seen[upper] = true
		if c.Type == "list" {
			if c = c.Fields[0]; c.Type == "list" {
				return fmt.Sprintf("column %s is a list of lists, which BigQuery does not take", name)
			}
		}
		if wrong := wrongColumns(name+".", c.Fields, depth+1); wrong != "" {
			return wrong
		}
	}
	return ""
}

// shortened returns at most so many characters of a text.
func shortened(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// bigName quotes an identifier.
func bigName(s string) string { return "`" + s + "`" }

// bigText quotes a text.
func bigText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`).Replace(s) + "'"
}
