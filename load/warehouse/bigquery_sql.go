package warehouse

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"etl/load"
)

// prepare returns the SQL that comes before the load jobs: the books, the tables
// that jobs write to, and for partitions that jobs replace the note that they
// may hold anything from now on.
func (l *bigLoad) prepare(today []bigPart) string {
	w := &strings.Builder{}
	w.WriteString(bookTables(l.book("loads"), l.book("parts")))
	l.guard(w)
	for _, p := range today {
		if l.staged(p) {
			fmt.Fprintf(w, "CREATE TABLE IF NOT EXISTS %s (\n%s\n) OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY), labels = [('managed_by', 'etl')]);\n",
				l.stage(p), strings.Join(l.columns(false), ",\n"))
		}
	}
	if l.grid == "" {
		return w.String()
	}
	l.renew(w)
	w.WriteString("BEGIN TRANSACTION;\n")
	l.guard(w)
	l.noteParts(w, today, false)
	l.noteLoads(w, false)
	w.WriteString("COMMIT TRANSACTION;\n")
	l.views(w)
	return w.String()
}

// finish returns the SQL that comes after the load jobs: what brings the rows
// of staging tables into place, and the books.
func (l *bigLoad) finish() string {
	w := &strings.Builder{}
	if l.grid == "" {
		l.guard(w)
		l.renew(w)
	}
	w.WriteString("BEGIN TRANSACTION;\n")
	l.guard(w)
	l.exchange(w)
	l.noteParts(w, l.todo, true)
	l.noteLoads(w, true)
	fmt.Fprintf(w, "ASSERT (SELECT COUNT(*) FROM %s) = %d AS '%s';\nCOMMIT TRANSACTION;\n", l.table, rowsOf(l.commits), raiseCounts)
	if l.grid == "" {
		l.views(w)
	}
	for _, p := range l.todo {
		if l.staged(p) {
			fmt.Fprintf(w, "DROP TABLE IF EXISTS %s;\n", l.stage(p))
		}
	}
	return w.String()
}

// finishPart returns the SQL that notes some parts as done, while others are
// left for another day.
func (l *bigLoad) finishPart(done []bigPart) string {
	w := &strings.Builder{}
	w.WriteString("BEGIN TRANSACTION;\n")
	l.guard(w)
	l.noteParts(w, done, true)
	w.WriteString("COMMIT TRANSACTION;\n")
	return w.String()
}

// guard ends the script if the books are not as they should be.
func (l *bigLoad) guard(w *strings.Builder) {
	sum := sha256.Sum256([]byte(l.held.digest()))
	fmt.Fprintf(w, "ASSERT TO_HEX(SHA256(%s)) = '%s' AS '%s';\n", l.digestSQL(), hex.EncodeToString(sum[:]), raiseOvertaken)
}

// renew makes the table anew, if it must be. The books forget what it held
// first: whoever comes after a crash in between makes it anew, too.
func (l *bigLoad) renew(w *strings.Builder) {
	if !l.anew {
		return
	}
	of := bigOfStream(l.Name)
	fmt.Fprintf(w, "BEGIN TRANSACTION;\n")
	l.guard(w)
	fmt.Fprintf(w, "DELETE FROM %s WHERE %s;\nDELETE FROM %s WHERE %[2]s;\n", l.book("parts"), of, l.book("loads"))
	fmt.Fprintf(w, "INSERT INTO %s VALUES (%s, 0, '', '', 0, CURRENT_TIMESTAMP());\nCOMMIT TRANSACTION;\n", l.book("loads"), bigText(l.Name))
	for _, held := range l.held.Loads {
		for _, view := range strings.Split(held.Elements, ",") {
			if view != "" {
				fmt.Fprintf(w, "DROP VIEW IF EXISTS %s;\n", l.beside(view))
			}
		}
	}
	if len(l.held.Loads) > 0 { // else a table of that name is not ours
		fmt.Fprintf(w, "DROP TABLE IF EXISTS %s;\n", l.table)
	}
	w.WriteString(l.create())
	l.held = bigBooks{Loads: []bookedLoad{{Pipeline: l.Name}}}
}

// create returns the SQL that makes the table.
func (l *bigLoad) create() string {
	w := &strings.Builder{}
	fmt.Fprintf(w, "CREATE TABLE %s (\n%s\n)", l.table, strings.Join(l.columns(true), ",\n"))
	switch l.grid {
	case "hour", "month":
		fmt.Fprintf(w, " PARTITION BY TIMESTAMP_TRUNC(_PARTITIONTIME, %s)", strings.ToUpper(l.grid))
	case "day":
		w.WriteString(" PARTITION BY _PARTITIONDATE")
	}
	if by := clusters(l.commits[0].Schema); len(by) > 0 {
		fmt.Fprintf(w, " CLUSTER BY %s", strings.Join(by, ", "))
	}
	fmt.Fprintf(w, " OPTIONS (description = %s, labels = [('managed_by', 'etl')]);\n", bigText(l.Name+", loaded by etl"))
	return w.String()
}

// columns returns the columns of the table, with those that are only ours or
// without.
func (l *bigLoad) columns(ours bool) (columns []string) {
	for _, c := range l.commits[0].Schema.Columns {
		columns = append(columns, "  "+bigColumn(c, l.known()))
	}
	if !ours || l.grid != "" {
		return columns
	}
	if l.accounts() {
		columns = append(columns, "  "+accountColumn+" STRING NOT NULL OPTIONS (description = 'Account that the row was read for.')")
	}
	return append(columns, "  "+partColumn+" STRING NOT NULL OPTIONS (description = 'Folder of the data set that the row lies in.')")
}

// exchange replaces the rows of parts. Partitions that jobs have replaced need
// nothing; those that no file is left of are emptied.
func (l *bigLoad) exchange(w *strings.Builder) {
	var leave []string
	for _, p := range l.gone {
		if l.grid != "" {
			leave = append(leave, partitionTime(l.grid, p.Part))
			continue
		}
		leave = append(leave, bigText(p.Part))
	}
	column := "_PARTITIONTIME"
	if l.grid == "" {
		column = partColumn
		for _, p := range l.todo {
			if l.held.part(p.partName).Files != "" {
				leave = append(leave, bigText(p.Part))
			}
		}
	}
	for some := range slices.Chunk(leave, maxModified) {
		fmt.Fprintf(w, "DELETE FROM %s WHERE %s IN (%s);\n", l.table, column, strings.Join(some, ", "))
	}
	if l.grid != "" {
		return
	}
	var names []string
	for _, c := range l.commits[0].Schema.Columns {
		names = append(names, bigName(c.Name))
	}
	list := strings.Join(names, ", ")
	for parts := range slices.Chunk(l.todo, maxTables) {
		queries := make([]string, len(parts))
		for i, p := range parts {
			queries[i] = fmt.Sprintf("SELECT %s, %s FROM %s", list, strings.Join(l.ours(p), ", "), l.stage(p))
		}
		into := list + ", " + partColumn
		if l.accounts() {
			into = list + ", " + accountColumn + ", " + partColumn
		}
		fmt.Fprintf(w, "INSERT INTO %s (%s)\n%s;\n", l.table, into, strings.Join(queries, "\nUNION ALL "))
	}
}

// ours returns the values of the columns that files do not have.
func (l *bigLoad) ours(p bigPart) []string {
	if l.accounts() {
		return []string{bigText(accountOf(p.Pipeline)), bigText(p.Part)}
	}
	return []string{bigText(p.Part)}
}

// noteParts writes parts into the books, as begun or as done.
func (l *bigLoad) noteParts(w *strings.Builder, parts []bigPart, done bool) {
	names := map[partName]bool{}
	for _, p := range parts {
		names[p.partName] = true
	}
	if done && len(parts) == len(l.todo) {
		for _, name := range l.gone {
			names[name] = true
		}
	}
	var kept []bookedPart
	var leave, values []string
	for _, p := range l.held.Parts {
		if !names[p.partName] {
			kept = append(kept, p)
			continue
		}
		leave = append(leave, bigText(p.Pipeline+" "+p.Part))
	}
	if len(leave) > 0 {
		fmt.Fprintf(w, "DELETE FROM %s WHERE CONCAT(pipeline, ' ', part) IN (%s);\n", l.book("parts"), strings.Join(leave, ", "))
	}
	for _, p := range parts {
		kept = append(kept, bookedPart{p.partName, p.hash, p.commit, p.generation, done})
		values = append(values, fmt.Sprintf("  (%s, %s, '%s', %d, %d, %d, %t)", bigText(p.Pipeline), bigText(p.Part), p.hash, p.rows(), p.commit, p.generation, done))
	}
	if len(values) > 0 {
		fmt.Fprintf(w, "INSERT INTO %s VALUES\n%s;\n", l.book("parts"), strings.Join(values, ",\n"))
	}
	l.held.Parts = kept
}

// noteLoads writes the commits into the books: when they are loaded, or when
// the table was made for them, as commit 0.
func (l *bigLoad) noteLoads(w *strings.Builder, done bool) {
	if !done && !l.anew {
		return
	}
	fmt.Fprintf(w, "DELETE FROM %s WHERE %s;\n", l.book("loads"), bigOfStream(l.Name))
	l.held.Loads = nil
	for _, c := range l.commits {
		var elements []string
		for _, v := range l.Datasets[0].ElementViews(c) {
			elements = append(elements, v.Name)
		}
		b := bookedLoad{c.Pipeline, 0, shape(c, l.grid), strings.Join(elements, ",")}
		if done {
			b.Commit = c.Number
		}
		l.held.Loads = append(l.held.Loads, b)
		fmt.Fprintf(w, "INSERT INTO %s VALUES (%s, %d, %s, %s, %d, CURRENT_TIMESTAMP());\n",
			l.book("loads"), bigText(b.Pipeline), b.Commit, bigText(b.Schema), bigText(b.Elements), c.Rows())
	}
}

// views writes what makes the views over lists of structs.
func (l *bigLoad) views(w *strings.Builder) {
	for _, v := range l.Datasets[0].ElementViews(l.commits...) {
		var columns []string
		if v.Account {
			columns = append(columns, "r."+accountColumn)
		}
		for i, key := range v.Key {
			columns = append(columns, fmt.Sprintf("r.%s AS %s", bigName(key), bigName(v.Names[i])))
		}
		for _, f := range v.Fields {
			columns = append(columns, "e."+bigName(f.Name))
		}
		fmt.Fprintf(w, "CREATE OR REPLACE VIEW %s AS\nSELECT %s\nFROM %s AS r, UNNEST(r.%s) AS e;\n",
			l.beside(v.Name), strings.Join(columns, ", "), l.table, bigName(v.Column))
	}
}

// beside returns the quoted name of a table in the same dataset.
func (l *bigLoad) beside(table string) string {
	return strings.TrimSuffix(l.books, "_etl_`") + table + "`"
}

func rowsOf(commits []*load.Commit) (n int64) {
	for _, c := range commits {
		n += c.Rows()
	}
	return n
}
