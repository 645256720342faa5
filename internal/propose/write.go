package propose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"etl/schemas"
)

// Schema returns the proposal as a schema file, always the same for the same
// proposal.
func (p *Proposal) Schema() []byte {
	w := &writer{}
	w.comment("", "Proposed from "+p.From+".")
	if n := len(p.Undecided()); n > 0 {
		w.comment("", fmt.Sprintf(`Look for "undecided": %d in this file.`, n))
	}
	for _, open := range p.Open {
		w.comment("", "undecided: "+open)
	}
	if p.Doc != "" {
		w.printf("doc: %s\n", scalar(oneLine(p.Doc)))
	}
	w.printf("unknown: keep\ncolumns:\n")
	for _, c := range p.Columns {
		w.column(c, "  ")
	}
	return w.text.Bytes()
}

// A writer writes YAML as a person would: what is small on one line.
type writer struct{ text bytes.Buffer }

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(&w.text, format, args...) }

func (w *writer) comment(indent, s string) { w.printf("%s# %s\n", indent, oneLine(s)) }

// column writes a column: one with fields in a block, any other on a line.
func (w *writer) column(c Column, indent string) {
	for _, open := range c.Open {
		w.comment(indent, "undecided: "+open)
	}
	notes := ""
	if len(c.Notes) > 0 {
		notes = "  # " + oneLine(strings.Join(c.Notes, ", "))
	}
	members := c.members()
	if len(c.Fields) == 0 {
		w.printf("%s- { %s }%s\n", indent, strings.Join(members, ", "), notes)
		return
	}
	for i, m := range members {
		lead, tail := "  ", ""
		if i == 0 {
			lead, tail = "- ", notes
		}
		w.printf("%s%s%s%s\n", indent, lead, m, tail)
	}
	w.printf("%s  fields:\n", indent)
	for _, f := range c.Fields {
		w.column(f, indent+"    ")
	}
}

// members returns the keys of a column with their values, but for its fields.
func (c Column) members() []string {
	m := []string{"name: " + scalar(c.Name)}
	add := func(given bool, text string) {
		if given {
			m = append(m, text)
		}
	}
	add(c.From != "", "from: "+scalar(c.From))
	add(true, "type: "+scalar(c.Type.String()))
	add(c.Required, "required: true")
	add(c.Loose, "loose: true")
	add(len(c.NullIf) > 0, "null_if: "+list(c.NullIf))
	add(len(c.Layouts) > 0, "layouts: "+list(c.Layouts))
	add(len(c.Labels) > 0, "labels: "+labels(c.Labels))
	add(c.Doc != "", "doc: "+scalar(oneLine(c.Doc)))
	return m
}

func list(all []string) string {
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = scalar(s)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func labels(all []schemas.Label) string {
	texts := make([]string, len(all))
	for i, l := range all {
		texts[i] = scalar(l.Code) + ": " + scalar(oneLine(l.Text))
	}
	return "{ " + strings.Join(texts, ", ") + " }"
}

// Words and numbers that need no quotation marks, inside brackets either.
var (
	plainText   = regexp.MustCompile(`^((\p{L}|_|\./|/)([\p{L}\p{N}_./()-]| \p{L})*|(list<)+[a-z0-9]+>+)$`)
	plainNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,17})$`)
	plainWords  = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"} // that mean no text
)

// scalar writes a text so that it is read back as it is: the texts of JSON are
// texts of YAML.
func scalar(s string) string {
	if plainNumber.MatchString(s) || plainText.MatchString(s) && !slices.Contains(plainWords, strings.ToLower(s)) {
		return s
	}
	var quoted bytes.Buffer
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(fmt.Sprintf("writing a text as JSON: %v", err)) // every text is one
	}
	return strings.TrimSuffix(quoted.String(), "\n")
}

// longest is how many letters of a description are kept.
const longest = 400

// oneLine returns a text without line ends and without what is not seen, cut to
// a length that is still read.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
	if letters := []rune(s); len(letters) > longest {
		s = strings.TrimSpace(string(letters[:longest-1])) + "…"
	}
	return s
}
