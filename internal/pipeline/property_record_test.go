package pipeline_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"etl/schemas"
)

// A member is a member of an object as it is spelled, and how it stands in
// _extra; empty if a column takes it.
type member struct{ text, extra string }

// record makes a record: its text, and the row that it must become, as JSON
// with the columns in the order of the schema.
func (m maker) record(s *schemas.Schema) (text, row string) {
	members, row := m.members(s.Columns)
	for i := range m.upTo(1) * m.upTo(2) { // what no column names
		name, value := fmt.Sprintf(`"new %d"`, i), m.anyJSON(2)
		members = append(members, member{name + m.colon() + value, name + ":" + value})
	}
	members = m.shuffled(members)
	if s.Unknown == schemas.KeepUnknown {
		var extra []string // in the order of the text
		for _, one := range members {
			if one.extra != "" {
				extra = append(extra, one.extra)
			}
		}
		row += `,"_extra":` + optionalText(extra)
	}
	return m.object(members), "{" + row + "}"
}

func optionalText(extra []string) string {
	if len(extra) == 0 {
		return "null"
	}
	return quote("{" + strings.Join(extra, ",") + "}")
}

// members makes the members of an object for columns, and their part of a row.
func (m maker) members(columns []schemas.Column) (members []member, row string) {
	var parts []string
	for _, c := range columns {
		path := c.From[len(c.From)-1]
		text, want := m.optional(c)
		extra := ""
		if c.Misfit == schemas.ExtraMisfit && m.often(30) {
			text, want = m.misfit(c.Type.Kind), "null"
			extra = quote(path[0]) + ":" + text
		}
		parts = append(parts, fmt.Sprintf("%q:%s", c.Name, want))
		if c.Type.Kind == schemas.Enum {
			parts = append(parts, fmt.Sprintf("%q:%s", c.Name+"_label", label(c.Type, want)))
		}
		if text != "" && len(path) > 1 {
			text = m.object([]member{{text: m.name(path[1]) + m.colon() + text}})
		}
		if text != "" {
			members = append(members, member{m.name(path[0]) + m.colon() + text, extra})
		}
	}
	return members, strings.Join(parts, ",")
}

// misfit makes a value that no column of a kind takes.
func (m maker) misfit(kind schemas.Kind) string {
	if kind == schemas.Struct {
		return pick(m, `[1, "x"]`, "7", `"x"`)
	}
	return pick(m, `{"no": [1]}`, `{ }`)
}

// optional makes the value of a column, or none: null, a text that means it, or
// no member at all (an empty text).
func (m maker) optional(c schemas.Column) (text, want string) {
	if !c.Required && m.often(25) {
		text = pick(m, "", "null")
		if len(c.NullIf) > 0 && m.often(50) {
			text = m.str(pick(m, c.NullIf...))
		}
		return text, "null"
	}
	return m.value(c)
}

// label is the label of an enum's code, both as JSON.
func label(t schemas.Type, code string) string {
	for _, l := range t.Labels {
		if code == l.Code || code == quote(l.Code) {
			return quote(l.Text)
		}
	}
	return "null"
}

func (m maker) list(c schemas.Column) (text, want string) {
	var texts, wants []string
	for range m.upTo(3) {
		e := *c.Type.Element
		text, want := "null", "null"
		if e.Required || m.often(75) {
			text, want = m.value(e)
		}
		texts, wants = append(texts, text), append(wants, want)
	}
	return "[" + m.space() + strings.Join(texts, m.space()+","+m.space()) + m.space() + "]", "[" + strings.Join(wants, ",") + "]"
}

func (m maker) object(members []member) string {
	var texts []string
	for _, one := range members {
		texts = append(texts, one.text)
	}
	return "{" + m.space() + strings.Join(texts, m.space()+","+m.space()) + m.space() + "}"
}

func (m maker) shuffled(members []member) []member {
	return rapid.Permutation(members).Draw(m.t, "order")
}

func (m maker) colon() string { return m.space() + ":" + m.space() }

func (m maker) space() string {
	if m.often(90) {
		return ""
	}
	return pick(m, " ", "\n", "\t", "\r\n  ")
}

func (m maker) name(name string) string { return m.str(name) }

// str spells a string, some of its letters as escapes.
func (m maker) str(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(pick(m, `\`+string(r), fmt.Sprintf(`\u%04x`, r)))
		case r < 0x20:
			b.WriteString(m.control(r))
		case r >= 0x10000 && m.often(30):
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04X`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case r < 0x10000 && m.often(5):
			fmt.Fprintf(&b, pick(m, `\u%04x`, `\u%04X`), r)
		case r == '/' && m.often(50):
			b.WriteString(`\/`)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

func (m maker) control(r rune) string {
	if short := map[rune]string{'\n': `\n`, '\t': `\t`, '\r': `\r`, '\b': `\b`, '\f': `\f`}[r]; short != "" && m.often(50) {
		return short
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// anyJSON makes any value.
func (m maker) anyJSON(depth int) string {
	switch n := m.upTo(7); {
	case n == 0 && depth > 0:
		return "[" + m.space() + m.anyJSON(depth-1) + m.space() + "," + m.anyJSON(depth-1) + "]"
	case n == 1 && depth > 0:
		return m.object([]member{{text: m.name("k") + m.colon() + m.anyJSON(depth-1)}})
	case n == 2:
		return m.str(m.anyText())
	}
	return pick(m, "true", "[]", "{}", "-0", "1.50", "1e999", "0.1E-2", "12345678901234567890", `"\ud800"`, `""`)
}

func (m maker) anyText() string {
	letters := []rune{'a', 'Ж', '"', '\\', '/', '\n', 0, 0x1f, 0x7f, 0x2028, 0xffff, 0xfffd, '😀', 0x10ffff, ' ', '<'}
	return rapid.StringOfN(rapid.OneOf(rapid.SampledFrom(letters), rapid.RuneFrom([]rune("abc 019"))), 0, 20, -1).Draw(m.t, "text")
}

// quote writes a text as JSON in one way, with letters as they are.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string is JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}
