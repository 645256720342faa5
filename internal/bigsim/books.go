package bigsim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// digest is what a guard compares, from the books as they are.
func (f *Server) digest(stream string) string {
	var lines []string
	for pipeline, l := range f.book("_etl_loads").Loads {
		if of(pipeline, stream) {
			lines = append(lines, pipeline+" "+l.Commit)
		}
	}
	for name, rest := range f.book("_etl_parts").Noted {
		c := strings.Split(rest, " ") // files, rows, commit, generation, done
		if of(strings.Fields(name + " ")[0], stream) {
			lines = append(lines, fmt.Sprintf("%s %s %s %s", name, c[0], c[3], c[4]))
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

func (f *Server) book(name string) *Table {
	if t, ok := f.Tables[name]; ok {
		return t
	}
	return &Table{}
}

func of(pipeline, stream string) bool {
	return pipeline == stream || strings.HasPrefix(pipeline, stream+"@")
}

var figuresOf = regexp.MustCompile("(?s)^SELECT TO_JSON_STRING\\(\\[(.*)\\]\\) FROM `my-project\\.lake\\.([^`]+)`$")

// answer answers a query: for figures of a table, or for the books.
func (f *Server) answer(query string) string {
	if m := figuresOf.FindStringSubmatch(query); m != nil && f.Figures != nil && f.Tables[m[2]] != nil {
		return f.Figures(m[1], f.Tables[m[2]].Files())
	}
	m := regexp.MustCompile(`pipeline = '([^']*)'`).FindStringSubmatch(query)
	if m == nil {
		f.Errorf("a query that nobody should send:\n%s", query)
		return "{}"
	}
	return f.books(m[1])
}

// books is what the books say about a stream.
func (f *Server) books(stream string) string {
	type row map[string]any
	var b struct{ Loads, Parts []row }
	for pipeline, l := range f.book("_etl_loads").Loads {
		if of(pipeline, stream) {
			b.Loads = append(b.Loads, row{"Pipeline": pipeline, "Commit": json.Number(l.Commit), "Schema": l.Shape, "Elements": l.Elements})
		}
	}
	for name, rest := range f.book("_etl_parts").Noted {
		pipeline, part, _ := strings.Cut(name, " ")
		c := strings.Split(rest, " ") // files, rows, commit, generation, done
		if of(pipeline, stream) {
			b.Parts = append(b.Parts, row{
				"Pipeline": pipeline, "Part": part, "Files": c[0], "Commit": json.Number(c[2]), "Generation": json.Number(c[3]), "Done": c[4] == "true",
			})
		}
	}
	text, err := json.Marshal(b)
	if err != nil {
		f.Errorf("%v", err)
	}
	return string(text)
}
