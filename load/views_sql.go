package load

import (
	"fmt"
	"slices"
	"strings"

	"etl/internal/fault"
)

// ViewSQL returns what creates the DuckDB views of a commit: one named after
// the pipeline, with a row for each row of exactly the commit's files and
// columns in the order of the schema, and for each list of structs one named
// <pipeline>__<column>, with a row for each element: the key columns, named
// <pipeline>_<key>, then the fields of the struct. Durations are INTERVAL,
// uuids UUID, json is JSON, at any depth; everything else is as in the files.
//
// Of a stream with accounts it takes a commit of each. The views are named after
// the stream, hold the rows of all, and have a column _account.
func (d *Dataset) ViewSQL(commits ...*Commit) (string, error) {
	w := d.sqlWriter()
	for _, c := range commits {
		w.printf("-- commit %d of %s; written anew with every commit\n", c.Number, c.Pipeline)
	}
	w.printf("CREATE OR REPLACE VIEW %s AS\n", w.name(w.view))
	for i, c := range commits {
		if i > 0 {
			w.printf("\nUNION ALL BY NAME\n")
		}
		w.rows(d.store, c, c.Files)
	}
	w.printf(";\n")
	for _, v := range d.ElementViews(commits...) {
		w.elements(v)
	}
	return w.result()
}

// FilesSQL returns the query that ViewSQL makes its first view of, over files of
// a commit. It has one more column, the last: the name of the file that a row
// lies in, without folder and ending, which no other file of the data set has.
func (d *Dataset) FilesSQL(c *Commit, files []File, fileColumn string) (string, error) {
	w := d.sqlWriter()
	w.file = fileColumn
	w.rows(d.store, c, files)
	return w.result()
}

// ElementsSQL returns what creates the views of ViewSQL that have a row for each
// element of a list, over a table or view of rows that is there.
func (d *Dataset) ElementsSQL(commits ...*Commit) (string, error) {
	w := d.sqlWriter()
	for _, v := range d.ElementViews(commits...) {
		w.elements(v)
	}
	return w.result()
}

// An ElementView is a view that has a row for each element of a list of structs.
type ElementView struct {
	Name    string // <pipeline>__<column>
	Column  string
	Account bool     // it begins with the column _account
	Key     []string // the key columns of the rows
	Names   []string // what they are called in the view
	Fields  []StoredColumn
}

// ElementViews returns the views over the lists of structs of a data set, or of
// those of all accounts.
func (d *Dataset) ElementViews(commits ...*Commit) (views []ElementView) {
	stream, account := d.account()
	for _, c := range commits {
		for _, col := range c.Schema.Columns {
			v := ElementView{Name: stream + "__" + col.Name, Column: col.Name, Account: account != "", Key: c.Schema.Key}
			if col.Type != "list" || col.Fields[0].Type != "struct" ||
				slices.ContainsFunc(views, func(seen ElementView) bool { return seen.Name == v.Name }) {
				continue
			}
			v.Fields = col.Fields[0].Fields
			for _, key := range c.Schema.Key {
				v.Names = append(v.Names, keyName(stream, key, v.Fields))
			}
			views = append(views, v)
		}
	}
	return views
}

// A sqlWriter writes DuckDB's SQL and remembers the first mistake.
type sqlWriter struct {
	view    string // name of the view over the rows
	account string // empty: there are no accounts
	file    string // name of a column for the files of the rows; empty: there is none
	text    strings.Builder
	err     error
}

func (d *Dataset) sqlWriter() *sqlWriter {
	w := &sqlWriter{}
	w.view, w.account = d.account()
	return w
}

// result returns what was written.
func (w *sqlWriter) result() (string, error) {
	if w.err != nil {
		return "", fault.New(fault.Config, "writing the view of %s: %w", w.view, w.err)
	}
	return w.text.String(), nil
}

func (w *sqlWriter) printf(format string, args ...any) { fmt.Fprintf(&w.text, format, args...) }

// name quotes an identifier.
func (w *sqlWriter) name(s string) string { return w.quote(s, `"`) }

// literal quotes a text.
func (w *sqlWriter) literal(s string) string { return w.quote(s, `'`) }

// quote puts s between quotation marks. A view without its NUL would read
// another file.
func (w *sqlWriter) quote(s, mark string) string {
	if strings.ContainsRune(s, 0) && w.err == nil {
		w.err = fmt.Errorf("a name holds a NUL byte")
	}
	return quote(s, mark)
}

// accountColumn tells the rows of accounts apart in views.
const accountColumn = "_account"

// rows writes the rows of files of a commit.
func (w *sqlWriter) rows(s *Store, c *Commit, files []File) {
	w.printf("SELECT\n")
	for i, col := range c.Schema.Columns {
		value := w.value(col, w.name(col.Name), 0)
		if len(files) == 0 {
			value = "CAST(NULL AS " + w.typeOf(col) + ")"
		}
		if value != w.name(col.Name) {
			value += " AS " + w.name(col.Name)
		}
		w.printf("  %s%s\n", value, comma(i, len(c.Schema.Columns)+w.more()))
	}
	if w.account != "" {
		_, account, _ := strings.Cut(c.Pipeline, "@")
		w.printf("  %s AS %s%s\n", w.literal(account), w.name(accountColumn), comma(0, w.more()))
	}
	if w.file != "" {
		name := "parse_filename(" + w.name(w.file) + ", true)"
		if len(files) == 0 {
			name = "CAST(NULL AS VARCHAR)"
		}
		w.printf("  %s AS %s\n", name, w.name(w.file))
	}
	if len(files) == 0 {
		w.printf("WHERE false")
		return
	}
	w.printf("FROM read_parquet([\n")
	for i, f := range files {
		w.printf("  %s%s\n", w.literal(globless(s.Address(f.Path))), comma(i, len(files)))
	}
	w.printf("], hive_partitioning = false")
	if w.file != "" {
		w.printf(", filename = %s", w.literal(w.file))
	}
	w.printf(")")
}

// more is how many columns there are beside those of the files.
func (w *sqlWriter) more() (n int) {
	for _, column := range []string{w.account, w.file} {
		if column != "" {
			n++
		}
	}
	return n
}

// comma separates the i-th of n things from the next.
func comma(i, n int) string {
	if i < n-1 {
		return ","
	}
	return ""
}

// globless writes a path so that it stands for itself alone: DuckDB takes even
// the paths of an explicit list as patterns.
func globless(path string) string {
	return strings.NewReplacer(`[`, `[[]`, `*`, `[*]`, `?`, `[?]`).Replace(path)
}

// elements writes the view over the elements of a list of structs.
func (w *sqlWriter) elements(v ElementView) {
	var columns []string
	if v.Account {
		columns = append(columns, w.name(accountColumn))
	}
	for i, name := range v.Names {
		columns = append(columns, fmt.Sprintf("key%d AS %s", i, w.name(name)))
	}
	for _, f := range v.Fields {
		columns = append(columns, fmt.Sprintf("struct_extract(element, %s) AS %s", w.literal(f.Name), w.name(f.Name)))
	}
	w.printf("CREATE OR REPLACE VIEW %s AS\nSELECT\n  %s\nFROM (SELECT ", w.name(v.Name), strings.Join(columns, ",\n  "))
	if v.Account {
		w.printf("%s, ", w.name(accountColumn))
	}
	for i, key := range v.Key {
		w.printf("%s AS key%d, ", w.name(key), i)
	}
	w.printf("unnest(%s) AS element FROM %s);\n", w.name(v.Column), w.name(w.view))
}

// keyName returns the name of a key column beside the fields of an element.
func keyName(pipeline, key string, fields []StoredColumn) string {
	name := pipeline + "_" + key
	for slices.ContainsFunc(fields, func(f StoredColumn) bool { return strings.EqualFold(f.Name, name) }) {
		name = "_" + name
	}
	return name
}

// value returns the expression that gives a stored value its type in SQL: the
// value itself where the file says it all. Lists inside of lists need names of
// their own for their elements, hence the depth.
func (w *sqlWriter) value(c StoredColumn, stored string, depth int) string {
	if !converts(c) {
		return stored
	}
	switch c.Type {
	case "duration":
		return "to_microseconds(" + stored + ")"
	case "uuid":
		return "CAST(" + stored + " AS UUID)"
	case "json":
		return "CAST(" + stored + " AS JSON)"
	case "list":
		element := fmt.Sprintf("e%d", depth)
		return fmt.Sprintf("[%s FOR %s IN %s]", w.value(c.Fields[0], element, depth+1), element, stored)
	}
	fields := make([]string, len(c.Fields))
	for i, f := range c.Fields {
		fields[i] = w.name(f.Name) + " := " + w.value(f, "struct_extract("+stored+", "+w.literal(f.Name)+")", depth)
	}
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN struct_pack(%s) END", stored, strings.Join(fields, ", "))
}

// converts tells whether a column has another type in SQL than in the files.
func converts(c StoredColumn) bool {
	return c.Type == "duration" || c.Type == "uuid" || c.Type == "json" || slices.ContainsFunc(c.Fields, converts)
}

// sqlTypes are the types of DuckDB.
var sqlTypes = map[string]string{
	"bool": "BOOLEAN", "int32": "INTEGER", "int64": "BIGINT", "float64": "DOUBLE", "string": "VARCHAR",
	"date": "DATE", "time": "TIME", "timestamp": "TIMESTAMPTZ", "duration": "INTERVAL", "uuid": "UUID", "json": "JSON",
}

// typeOf returns the type of a column in SQL.
func (w *sqlWriter) typeOf(c StoredColumn) string {
	switch c.Type {
	case "list":
		return w.typeOf(c.Fields[0]) + "[]"
	case "struct":
		fields := make([]string, len(c.Fields))
		for i, f := range c.Fields {
			fields[i] = w.name(f.Name) + " " + w.typeOf(f)
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	}
	if t, ok := sqlTypes[c.Type]; ok {
		return t
	}
	return strings.ToUpper(c.Type) // decimal(p,s)
}
