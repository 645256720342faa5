package bigsim

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// statements are the forms of SQL that loads may send, and what each does.
// Transactions are taken back as a whole when a statement fails.
var statements = []struct {
	form *regexp.Regexp
	run  func(f *Server, m []string) error
}{
	{form(`CREATE TABLE IF NOT EXISTS TABLE_NAME \(.*`), func(f *Server, m []string) error {
		if f.Tables[m[1]] == nil {
			f.Create(m[1], "TABLE")
		}
		return nil
	}},
	{form(`CREATE TABLE TABLE_NAME \(.*`), func(f *Server, m []string) error {
		if f.Tables[m[1]] != nil {
			return &jobError{"duplicate", "Already Exists: Table " + m[1]}
		}
		f.Create(m[1], "TABLE")
		return nil
	}},
	{form(`CREATE OR REPLACE VIEW TABLE_NAME AS\nSELECT .*`), func(f *Server, m []string) error { f.Create(m[1], "VIEW"); return nil }},
	{form(`DROP (?:TABLE|VIEW) IF EXISTS TABLE_NAME`), func(f *Server, m []string) error { delete(f.Tables, m[1]); return nil }},
	{form(`ASSERT TO_HEX\(SHA256\(\(SELECT .* WHERE \(pipeline = '([^']*)' .*\)\)\) = '(\w+)' AS '(.*)'`), func(f *Server, m []string) error {
		return assert(f.digest(m[1]) == m[2], m[3])
	}},
	{form(`ASSERT \(SELECT COUNT\(\*\) FROM TABLE_NAME\) = (\d+) AS '(.*)'`), func(f *Server, m []string) error {
		return assert(strconv.FormatInt(f.count(m[1]), 10) == m[2], m[3])
	}},
	{form(`DELETE FROM TABLE_NAME WHERE \(pipeline = '([^']*)' OR .*`), func(f *Server, m []string) error {
		for pipeline := range f.Tables[m[1]].Loads {
			if of(pipeline, m[2]) {
				delete(f.Tables[m[1]].Loads, pipeline)
			}
		}
		for name := range f.Tables[m[1]].Noted {
			if of(strings.Split(name, " ")[0], m[2]) {
				delete(f.Tables[m[1]].Noted, name)
			}
		}
		return nil
	}},
	{form(`DELETE FROM TABLE_NAME WHERE CONCAT\(pipeline, ' ', part\) IN \((.*)\)`), func(f *Server, m []string) error {
		for _, name := range texts(m[2]) {
			delete(f.Tables[m[1]].Noted, name)
		}
		return nil
	}},
	{form(`DELETE FROM TABLE_NAME WHERE _etl_part IN \((.*)\)`), func(f *Server, m []string) error {
		for _, part := range texts(m[2]) {
			delete(f.Tables[m[1]].Parts, part)
		}
		return nil
	}},
	{form(`DELETE FROM TABLE_NAME WHERE _PARTITIONTIME IN \((.*)\)`), func(f *Server, m []string) error {
		for _, at := range texts(m[2]) {
			day := strings.NewReplacer("-", "", " 00:00:00+00", "").Replace(at)
			delete(f.Tables[m[1]].Parts, day)
			delete(f.Tables[m[1]].Parts, day[:6])
		}
		return nil
	}},
	{form("INSERT INTO `my-project.lake._etl_loads` VALUES \\('([^']*)', (\\d+), '([^']*)', '([^']*)', \\d+, CURRENT_TIMESTAMP\\(\\)\\)"), func(f *Server, m []string) error {
		f.Tables["_etl_loads"].Loads[m[1]] = Load{m[2], m[3], m[4]}
		return nil
	}},
	{form("INSERT INTO `my-project.lake._etl_parts` VALUES\n(.*)"), func(f *Server, m []string) error {
		for _, v := range regexp.MustCompile(`\('([^']*)', '([^']*)', '(\w+)', (\d+), (\d+), (\d+), (true|false)\)`).FindAllStringSubmatch(m[1], -1) {
			f.Tables["_etl_parts"].Noted[v[1]+" "+v[2]] = strings.Join(v[3:], " ")
		}
		return nil
	}},
	{form(`INSERT INTO TABLE_NAME \([^)]*\)\n(SELECT .*)`), func(f *Server, m []string) error {
		for query := range strings.SplitSeq(m[2], "\nUNION ALL ") {
			s := regexp.MustCompile("'([^']*)' FROM `my-project.lake.([^`]+)`$").FindStringSubmatch(query)
			f.Tables[m[1]].Parts[s[1]] = append(f.Tables[m[1]].Parts[s[1]], f.Tables[s[2]].Files()...)
		}
		return nil
	}},
}

// form is the expression of a statement. TABLE_NAME is that of a table.
func form(text string) *regexp.Regexp {
	return regexp.MustCompile("(?s)^" + strings.ReplaceAll(text, "TABLE_NAME", "`my-project\\.lake\\.([^`]+)`") + "$")
}

// run runs a script of SQL.
func (f *Server) run(script string) error {
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

func (f *Server) statement(text string) error {
	for _, s := range statements {
		if m := s.form.FindStringSubmatch(text); m != nil {
			return s.run(f, m)
		}
	}
	f.Errorf("SQL that no load should send:\n%s", text)
	return nil
}

func assert(holds bool, message string) error {
	if holds {
		return nil
	}
	return &jobError{"invalidQuery", "Assertion failed: " + message}
}

// Create makes a table or a view, as CREATE does.
func (f *Server) Create(name, kind string) {
	f.clock++
	f.Tables[name] = &Table{Kind: kind, Created: f.clock, Parts: map[string][]string{}, Loads: map[string]Load{}, Noted: map[string]string{}}
}

func (f *Server) count(table string) (n int64) {
	for _, file := range f.Tables[table].Files() {
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

// save returns the tables as JSON, for a transaction that may be taken back.
func (f *Server) save() string {
	text, err := json.Marshal(f.Tables)
	if err != nil {
		f.Errorf("%v", err)
	}
	return string(text)
}

func (f *Server) restore(text string) {
	f.Tables = map[string]*Table{}
	if err := json.Unmarshal([]byte(text), &f.Tables); err != nil {
		f.Errorf("%v", err)
	}
}
