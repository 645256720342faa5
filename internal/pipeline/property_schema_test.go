package pipeline_test

import (
	"fmt"
	"math/bits"
	"strings"
	"time"

	"pgregory.net/rapid"

	"etl/schemas"
)

// A maker makes tables up.
type maker struct{ t *rapid.T }

// even returns one of n numbers, all of them equally often: rapid's own ranges
// prefer small ones.
func (m maker) even(n int) int {
	v := 0
	for range bits.Len(uint(n)) + 2 {
		v <<= 1
		if rapid.Bool().Draw(m.t, "bit") {
			v |= 1
		}
	}
	return v % n
}

func (m maker) often(percent int) bool { return m.even(100) >= 100-percent }

func (m maker) upTo(n int) int { return m.even(n + 1) }

func pick[T any](m maker, all ...T) T { return all[m.even(len(all))] }

// table makes one to three pages of up to four records.
func (m maker) table() table {
	made := table{schema: m.schema()}
	for number := range 1 + m.upTo(2) {
		var records []string
		for range m.upTo(4) {
			text, row := m.record(made.schema)
			records, made.rows = append(records, text), append(made.rows, row)
		}
		if len(made.rows) == 0 { // no rows, no file
			text, row := m.record(made.schema)
			records, made.rows = append(records, text), append(made.rows, row)
		}
		body := m.space() + "[" + m.space() + strings.Join(records, m.space()+","+m.space()) + m.space() + "]" + m.space()
		made.pages = append(made.pages, page(m.t, number, body))
	}
	return made
}

func (m maker) schema() *schemas.Schema {
	s := &schemas.Schema{Name: "random", Columns: m.columns(3)}
	s.Unknown = pick(m, schemas.KeepUnknown, schemas.IgnoreUnknown)
	for i := range s.Columns {
		c := &s.Columns[i]
		if s.Extra() && !c.Required && c.Type.Kind != schemas.JSON && len(c.From) == 1 && len(c.From[0]) == 1 && m.often(25) {
			c.Misfit = schemas.ExtraMisfit
		}
	}
	return s
}

// columns makes columns whose names and places are all different.
func (m maker) columns(depth int) (all []schemas.Column) {
	for i := range 1 + m.upTo(2+2*depth) {
		c := schemas.Column{Name: fmt.Sprintf("%s%d", pick(m, "c", "long_name_", "x"), i), Type: m.typ(depth), Required: m.often(25)}
		place := fmt.Sprintf("%s%d", pick(m, "", "имя", "a b", `"\`, "😀", "X"), i)
		c.From = []schemas.Path{{place}}
		if m.often(15) {
			c.From = []schemas.Path{{place, pick(m, "inner", "")}}
		}
		if m.often(15) { // an older name, which no record has
			c.From = append([]schemas.Path{{"old " + place}}, c.From...)
		}
		m.options(&c)
		all = append(all, c)
	}
	return all
}

// options sets what else is said of some columns.
func (m maker) options(c *schemas.Column) {
	switch c.Type.Kind {
	case schemas.Decimal:
		c.Round = m.often(30)
	case schemas.Float64, schemas.String, schemas.Bool:
		c.Loose = m.often(30)
	}
	if k := c.Type.Kind; !c.Required && k != schemas.List && k != schemas.Struct && k != schemas.String && k != schemas.JSON && m.often(25) {
		c.NullIf = []string{"", "n/a"} // no value of these types
	}
	if c.Type.Kind == schemas.Enum && c.Type.Code == schemas.String {
		c.NullIf = nil
	}
}

func (m maker) typ(depth int) schemas.Type {
	last := schemas.Struct
	if depth == 0 {
		last = schemas.JSON
	}
	t := schemas.Type{Kind: schemas.Bool + schemas.Kind(m.upTo(int(last-schemas.Bool)))}
	switch t.Kind {
	case schemas.Decimal:
		t.Precision = 1 + m.upTo(37)
		t.Scale = m.upTo(t.Precision)
	case schemas.Enum:
		t.Code = pick(m, schemas.Int32, schemas.Int64, schemas.String)
		t.Labels = []schemas.Label{{Code: "0", Text: "новый"}, {Code: "-1", Text: ""}, {Code: "7", Text: "seven"}}
	case schemas.Timestamp:
		t.Layouts = pick(m, nil, []string{time.DateTime}, []string{time.DateOnly, "02.01.2006 15:04:05 -0700"})
	case schemas.Duration:
		t.Forms = pick(m, durationForms[:1], durationForms[1:2], durationForms[2:], durationForms)
	case schemas.List:
		t.Element = &schemas.Column{Name: "element", Type: m.typ(depth - 1), Required: m.often(60)}
		if t.Element.Type.Kind == schemas.Enum { // its label has no place in a list
			t.Element.Type = schemas.Type{Kind: schemas.Int64}
		}
	case schemas.Struct:
		t.Fields = m.columns(depth - 1)
	}
	return t
}

var durationForms = []schemas.DurationForm{schemas.DjangoDuration, schemas.ISODuration, schemas.HMSDuration, schemas.SecondsDuration}

// kinds counts the kinds of columns by where they stand.
func kinds(columns []schemas.Column, in string, count map[string]int) {
	for _, c := range columns {
		count[in+c.Type.Kind.String()]++
		switch c.Type.Kind {
		case schemas.List:
			kinds([]schemas.Column{*c.Type.Element}, "list ", count)
		case schemas.Struct:
			kinds(c.Type.Fields, "struct ", count)
		}
	}
}
