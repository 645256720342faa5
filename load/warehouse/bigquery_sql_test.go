package warehouse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// statements are the forms of SQL that loads may send, and what each does.
// Transactions are taken back as a whole when a statement fails.
var statements = []struct {
	form *regexp.Regexp
	run  func(f *fakeBigQuery, m []string) error
}{
	{form(`CREATE TABLE IF NOT EXISTS TABLE_NAME \(.*`), func(f *fakeBigQuery, m []string) error {
		if f.tables[m[1]] == nil {
			f.create(m[1], "TABLE")
		}
		return nil
	}},
	{form(`CREATE TABLE TABLE_NAME \(.*`), func(f *fakeBigQuery, m []string) error {
		if f.tables[m[1]] != nil {
			return fmt.Errorf("Already Exists: Table %s", m[1])
		}
		f.create(m[1], "TABLE")
		return nil
	}},
	{form(`CREATE OR REPLACE VIEW TABLE_NAME AS\nSELECT .*`), func(f *fakeBigQuery, m []string) error { f.create(m[1], "VIEW"); return nil }},
	{form(`DROP (?:TABLE|VIEW) IF EXISTS TABLE_NAME`), func(f *fakeBigQuery, m []string) error { delete(f.tables, m[1]); return nil }},
	{form(`ASSERT TO_HEX\(SHA256\(\(SELECT .* WHERE \(pipeline = '([^']*)' .*\)\)\) = '(\w+)' AS '(.*)'`), func(f *fakeBigQuery, m []string) error {
		return assert(f.digest(m[1]) == m[2], m[3])
	}},
	{form(`ASSERT \(SELECT COUNT\(\*\) FROM TABLE_NAME\) = (\d+) AS '(.*)'`), func(f *fakeBigQuery, m []string) error {
		return assert(strconv.FormatInt(f.count(m[1]), 10) == m[2], m[3])
	}},
	{form(`DELETE FROM TABLE_NAME WHERE \(pipeline = '([^']*)' OR .*`), func(f *fakeBigQuery, m []string) error {
		for pipeline := range f.tables[m[1]].loads {
			if of(pipeline, m[2]) {
				delete(f.tables[m[1]].loads, pipeline)
			}
		}
		for name := range f.tables[m[1]].noted {
			if of(strings.Split(name, " ")[0], m[2]) {
				delete(f.tables[m[1]].noted, name)
			}
		}
		return nil
	}},
	{form(`DELETE FROM TABLE_NAME WHERE CONCAT\(pipeline, ' ', part\) IN \((.*)\)`), func(f *fakeBigQuery, m []string) error {
		for _, name := range texts(m[2]) {
			delete(f.tables[m[1]].noted, name)
		}
		return nil
	}},
	{form(`DELETE FROM TABLE_NAME WHERE _etl_part IN \((.*)\)`), func(f *fakeBigQuery, m []string) error {
		for _, part := range texts(m[2]) {
			delete(f.tables[m[1]].parts, part)
		}
		return nil
	}},
	{form(`DELETE FROM TABLE_NAME WHERE _PARTITIONTIME IN \((.*)\)`), func(f *fakeBigQuery, m []string) error {
		for _, at := range texts(m[2]) {
			day := strings.NewReplacer("-", "", " 00:00:00+00", "").Replace(at)
			delete(f.tables[m[1]].parts, day)
			delete(f.tables[m[1]].parts, day[:6])
		}
		return nil
	}},
	{form("INSERT INTO `my-project.lake._etl_loads` VALUES \\('([^']*)', (\\d+), '([^']*)', '([^']*)', \\d+, CURRENT_TIMESTAMP\\(\\)\\)"), func(f *fakeBigQuery, m []string) error {
		f.tables["_etl_loads"].loads[m[1]] = fakeLoad{m[2], m[3], m[4]}
		return nil
	}},
	{form("INSERT INTO `my-project.lake._etl_parts` VALUES\n(.*)"), func(f *fakeBigQuery, m []string) error {
		for _, v := range regexp.MustCompile(`\('([^']*)', '([^']*)', '(\w+)', (\d+), (\d+), (\d+), (true|false)\)`).FindAllStringSubmatch(m[1], -1) {
			f.tables["_etl_parts"].noted[v[1]+" "+v[2]] = strings.Join(v[3:], " ")
		}
		return nil
	}},
	{form(`INSERT INTO TABLE_NAME \([^)]*\)\n(SELECT .*)`), func(f *fakeBigQuery, m []string) error {
		for query := range strings.SplitSeq(m[2], "\nUNION ALL ") {
			s := regexp.MustCompile("'([^']*)' FROM `my-project.lake.([^`]+)`$").FindStringSubmatch(query)
			f.tables[m[1]].parts[s[1]] = append(f.tables[m[1]].parts[s[1]], f.tables[s[2]].files()...)
		}
		return nil
	}},
}

// form is the expression of a statement. TABLE_NAME is that of a table.
func form(text string) *regexp.Regexp {
	return regexp.MustCompile("(?s)^" + strings.ReplaceAll(text, "TABLE_NAME", "`my-project\\.lake\\.([^`]+)`") + "$")
}

// run runs a script of SQL.
func (f *fakeBigQuery) run(script string) error {
	var saved string
	for statement := range strings.SplitSeq(strings.TrimSuffix(script, ";\n"), ";\n") {
		switch statement {
		case "BEGIN TRANSACTION":
			saved = f.save()
			continue
		case "COMMIT TRANSACTION":
			saved = ""
			continue
		}
		if err := f.statement(statement); err != nil {
			if saved != "" {
				f.restore(saved)
			}
			return err
		}
	}
	return nil
}

func (f *fakeBigQuery) statement(text string) error {
	for _, s := range statements {
		if m := s.form.FindStringSubmatch(text); m != nil {
			return s.run(f, m)
		}
	}
	f.t.Errorf("SQL that no load should send:\n%s", text)
	return nil
}

func assert(holds bool, message string) error {
	if holds {
		return nil
	}
	return fmt.Errorf("Assertion failed: %s", message)
}

func (f *fakeBigQuery) create(name, kind string) {
	f.clock++
	f.tables[name] = &fakeTable{kind: kind, created: f.clock, parts: map[string][]string{}, loads: map[string]fakeLoad{}, noted: map[string]string{}}
}

func (f *fakeBigQuery) count(table string) (n int64) {
	for _, file := range f.tables[table].files() {
		n += f.rows[file]
	}
	return n
}

// texts returns the quoted texts of a list.
func texts(list string) (all []string) {
	for _, m := range regexp.MustCompile(`'([^']*)'`).FindAllStringSubmatch(list, -1) {
		all = append(all, m[1])
	}
	return all
}

// A savedTable is a table as JSON can hold it.
type savedTable struct {
	Kind    string
	Created int
	Parts   map[string][]string
	Loads   map[string][3]string
	Noted   map[string]string
}

func (f *fakeBigQuery) save() string {
	all := map[string]savedTable{}
	for name, t := range f.tables {
		s := savedTable{t.kind, t.created, t.parts, map[string][3]string{}, t.noted}
		for pipeline, l := range t.loads {
			s.Loads[pipeline] = [3]string{l.commit, l.shape, l.elements}
		}
		all[name] = s
	}
	text, err := json.Marshal(all)
	if err != nil {
		f.t.Error(err)
	}
	return string(text)
}

func (f *fakeBigQuery) restore(text string) {
	all := map[string]savedTable{}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		f.t.Error(err)
	}
	f.tables = map[string]*fakeTable{}
	for name, s := range all {
		t := &fakeTable{s.Kind, s.Created, s.Parts, map[string]fakeLoad{}, s.Noted}
		for pipeline, l := range s.Loads {
			t.loads[pipeline] = fakeLoad{l[0], l[1], l[2]}
		}
		f.tables[name] = t
	}
}
