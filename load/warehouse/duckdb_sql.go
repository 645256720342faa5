package warehouse

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"etl/internal/fault"
	"etl/load"
)

// fileColumn is the column of a table that names the file of a row.
const fileColumn = "_etl_file"

// fileName returns the name of a file without folder and ending: the number of
// the commit that brought it and its own. A data set uses a name once.
func fileName(f load.File) string { return strings.TrimSuffix(path.Base(f.Path), ".parquet") }

// script returns the SQL of a load: one transaction.
func (l *duckLoad) script() (string, error) {
	for _, col := range l.parts[0].commit.Schema.Columns {
		if !l.view && strings.EqualFold(col.Name, fileColumn) {
			return "", fault.New(fault.Config, "loading %s: a column has the name of the one that etl adds, %s", l.Name, fileColumn)
		}
	}
	w := &strings.Builder{}
	for _, p := range l.parts {
		fmt.Fprintf(w, "-- commit %d of %s\n", p.commit.Number, p.commit.Pipeline)
	}
	fmt.Fprintf(w, "BEGIN TRANSACTION;\n%s", duckTables)
	l.guard(w)
	l.clear(w)
	elements, err := l.content(w)
	if err != nil {
		return "", err
	}
	l.note(w)
	l.count(w)
	w.WriteString(elements)
	l.comment(w)
	w.WriteString("COMMIT;\n")
	return w.String(), nil
}

// guard ends the script if the books are not as they were when it was written.
func (l *duckLoad) guard(w *strings.Builder) {
	if l.blind {
		l.guardBlind(w)
		return
	}
	var held []string
	for _, load := range l.held.Loads {
		held = append(held, fmt.Sprintf("%s %d", load.Pipeline, load.Commit))
	}
	slices.Sort(held)
	raise(w, fmt.Sprintf("(SELECT list(pipeline || ' ' || \"commit\" ORDER BY pipeline) FROM _etl_loads WHERE %s) IS DISTINCT FROM %s",
		ofStream(l.Name), duckList(held)), raiseOvertaken)
}

// guardBlind ends the script if the database holds anything that it would harm.
func (l *duckLoad) guardBlind(w *strings.Builder) {
	for _, p := range l.parts {
		raise(w, fmt.Sprintf(`EXISTS (FROM _etl_loads WHERE pipeline = %s AND "commit" > %d)`, load.QuoteText(p.commit.Pipeline), p.commit.Number), raiseOvertaken)
	}
	raise(w, fmt.Sprintf("NOT EXISTS (FROM _etl_loads WHERE %s) AND EXISTS (FROM information_schema.tables"+
		" WHERE table_catalog = current_database() AND table_schema = current_schema() AND lower(table_name) = lower(%s))",
		ofStream(l.Name), load.QuoteText(l.Name)), raiseForeign)
}

// raise writes what ends the script if a condition holds.
func raise(w *strings.Builder, condition, message string) {
	fmt.Fprintf(w, "SELECT CASE WHEN %s THEN error('%s') END;\n", condition, message)
}

// clear drops what an earlier load has left and this one does not replace.
func (l *duckLoad) clear(w *strings.Builder) {
	if !l.anew {
		return
	}
	for _, earlier := range l.held.Loads {
		for _, view := range earlier.Elements {
			fmt.Fprintf(w, "DROP VIEW IF EXISTS %s;\n", load.QuoteName(view))
		}
	}
	if l.held.There != "" && l.held.There != l.kind() {
		fmt.Fprintf(w, "DROP %s %s;\n", strings.ToUpper(l.held.There), load.QuoteName(l.Name))
	}
}

// content writes what changes the rows, and returns what makes the views over
// lists.
func (l *duckLoad) content(w *strings.Builder) (elements string, err error) {
	commits := make([]*load.Commit, len(l.parts))
	for i, p := range l.parts {
		commits[i] = p.commit
	}
	set := l.parts[0].set
	if l.view {
		views, err := set.ViewSQL(commits...)
		w.WriteString(views)
		return "", err
	}
	if l.anew {
		empty, err := set.FilesSQL(commits[0], nil, fileColumn)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(w, "CREATE OR REPLACE TABLE %s AS\n%s;\n", load.QuoteName(l.Name), empty)
	}
	for _, p := range l.parts {
		if err := l.exchange(w, p); err != nil {
			return "", err
		}
	}
	return set.ElementsSQL(commits...)
}

// exchange writes what brings the rows of a data set up to date.
func (l *duckLoad) exchange(w *strings.Builder, p duckPart) error {
	if len(p.drop) > 0 {
		account := ""
		if l.accounts() {
			account = fmt.Sprintf("%s = %s AND ", accountColumn, load.QuoteText(accountOf(p.commit.Pipeline)))
		}
		fmt.Fprintf(w, "DELETE FROM %s WHERE %s%s IN (%s);\n", load.QuoteName(l.Name), account, fileColumn, duckTexts(p.drop))
	}
	if len(p.add) == 0 {
		return nil
	}
	query, err := p.set.FilesSQL(p.commit, p.add, fileColumn)
	fmt.Fprintf(w, "INSERT INTO %s\n%s;\n", load.QuoteName(l.Name), query)
	return err
}

// note writes the books.
func (l *duckLoad) note(w *strings.Builder) {
	if l.anew {
		fmt.Fprintf(w, "DELETE FROM _etl_files WHERE %s;\n", ofStream(l.Name))
	}
	fmt.Fprintf(w, "DELETE FROM _etl_loads WHERE %s;\n", ofStream(l.Name))
	for _, p := range l.parts {
		pipeline := load.QuoteText(p.commit.Pipeline)
		if len(p.drop) > 0 {
			fmt.Fprintf(w, "DELETE FROM _etl_files WHERE pipeline = %s AND \"file\" IN (%s);\n", pipeline, duckTexts(p.drop))
		}
		if len(p.add) > 0 {
			values := make([]string, len(p.add))
			for i, f := range p.add {
				values[i] = fmt.Sprintf("  (%s, %s, %s, %d)", pipeline, load.QuoteText(fileName(f)), load.QuoteText(f.SHA256), f.Rows)
			}
			fmt.Fprintf(w, "INSERT INTO _etl_files VALUES\n%s;\n", strings.Join(values, ",\n"))
		}
		var elements []string
		for _, v := range p.set.ElementViews(p.commit) {
			elements = append(elements, v.Name)
		}
		fmt.Fprintf(w, "INSERT INTO _etl_loads VALUES (%s, %d, '%s', %s, %s, %d, now());\n",
			pipeline, p.commit.Number, l.kind(), load.QuoteText(p.commit.Schema.Fingerprint), duckList(elements), p.commit.Rows())
	}
}

// count ends the script if the table has not the rows of the commits, file by
// file.
func (l *duckLoad) count(w *strings.Builder) {
	if l.view {
		var rows int64
		for _, p := range l.parts {
			rows += p.commit.Rows()
		}
		raise(w, fmt.Sprintf("(SELECT count(*) FROM %s) <> %d", load.QuoteName(l.Name), rows), raiseCounts)
		return
	}
	pipeline := load.QuoteText(l.Name)
	if l.accounts() {
		pipeline = fmt.Sprintf("%s || %s", load.QuoteText(l.Name+"@"), accountColumn)
	}
	raise(w, fmt.Sprintf(`EXISTS (
  FROM (SELECT %s AS pipeline, %s AS "file", count(*) AS "rows" FROM %s GROUP BY ALL) AS there
  FULL JOIN (SELECT pipeline, "file", "rows" FROM _etl_files WHERE "rows" > 0 AND %s) AS noted USING (pipeline, "file")
  WHERE there."rows" IS DISTINCT FROM noted."rows"
)`, pipeline, fileColumn, load.QuoteName(l.Name), ofStream(l.Name)), raiseCounts)
}

// comment writes what there is to say about the columns.
func (l *duckLoad) comment(w *strings.Builder) {
	var of []string
	for _, p := range l.parts {
		of = append(of, fmt.Sprintf("commit %d of %s", p.commit.Number, p.commit.Pipeline))
	}
	name := load.QuoteName(l.Name)
	fmt.Fprintf(w, "COMMENT ON %s %s IS %s;\n", strings.ToUpper(l.kind()), name, load.QuoteText("Loaded by etl: "+strings.Join(of, ", ")))
	for _, col := range l.parts[0].commit.Schema.Columns {
		if text := doc(l.Schema, col.Name); text != "" {
			fmt.Fprintf(w, "COMMENT ON COLUMN %s.%s IS %s;\n", name, load.QuoteName(col.Name), load.QuoteText(text))
		}
	}
	if !l.view {
		fmt.Fprintf(w, "COMMENT ON COLUMN %s.%s IS 'File of the data set that the row lies in.';\n", name, fileColumn)
	}
}

// duckTexts quotes texts, with commas between them.
func duckTexts(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = load.QuoteText(s)
	}
	return strings.Join(quoted, ", ")
}

// duckList writes a list of texts; an empty one where aggregates give NULL.
func duckList(all []string) string {
	if len(all) == 0 {
		return "NULL"
	}
	return "[" + duckTexts(all) + "]"
}
