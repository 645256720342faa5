package transform

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"etl/schemas"
)

// A chance makes random schemas, and pages that fit them more or less.
type chance struct {
	*rand.Rand
	odd float64 // how often something is not as usual
}

func newChance(seed uint64, odd float64) *chance {
	return &chance{rand.New(rand.NewPCG(seed, 1)), odd}
}

func (c *chance) often(p float64) bool { return c.Float64() < p }
func (c *chance) oddly() bool          { return c.often(c.odd) }

func oneOf[T any](c *chance, all ...T) T { return all[c.IntN(len(all))] }

var shortNames = []string{"a", "b", "c", "d", "e", "f", "имя", "", "x.y", "long_name_of_a_member"}

// schema makes a schema as Parse would: what Parse refuses is not in it.
func (c *chance) schema() *schemas.Schema {
	s := &schemas.Schema{Name: "random"}
	s.Unknown = oneOf(c, schemas.KeepUnknown, schemas.KeepUnknown, schemas.IgnoreUnknown)
	s.DuplicateKeys = oneOf(c, schemas.Reject, schemas.Reject, schemas.Last)
	s.Text = oneOf(c, schemas.Reject, schemas.Reject, schemas.Replace)
	s.Columns = append([]schemas.Column{{Name: "id", From: []schemas.Path{{"id"}}, Type: schemas.Type{Kind: schemas.Int64}}}, c.columns(s, 3, true)...)
	return s
}

func (c *chance) columns(s *schemas.Schema, depth int, top bool) []schemas.Column {
	var all []schemas.Column
	for i := range 1 + c.IntN(6) {
		all = append(all, c.column(s, fmt.Sprintf("%s%d", oneOf(c, "p", "q"), i), depth, top))
	}
	return all
}

func (c *chance) column(s *schemas.Schema, name string, depth int, top bool) schemas.Column {
	col := schemas.Column{Name: name, Type: c.typ(s, depth), Required: c.often(0.1), Loose: c.often(0.3)}
	for range 1 + c.IntN(2)*c.IntN(2) {
		path := schemas.Path{oneOf(c, shortNames...)}
		for c.often(0.15) {
			path = append(path, oneOf(c, shortNames...))
		}
		if top && c.often(0.05) {
			path = schemas.Path{parentPrefix + oneOf(c, "k", "l")}
		}
		col.From = append(col.From, path)
	}
	switch {
	case c.often(0.2):
		col.NullIf = []string{"", "0", "x", "2026-01-02"}
	case c.often(0.1) && s.Extra() && !col.Required:
		col.Misfit = schemas.ExtraMisfit
	case c.often(0.1):
		col.PII = oneOf(c, schemas.PIIDrop, schemas.PIIHash, schemas.PIIMask)
		if k := col.Type.Kind; k == schemas.List || k == schemas.Struct {
			col.PII = schemas.PIIDrop
		}
	}
	switch col.Type.Kind {
	case schemas.Decimal:
		col.Round = c.often(0.3)
	case schemas.Int32, schemas.Int64, schemas.Float64:
		if c.often(0.2) {
			col.Min, col.Max = "-5", "100"
		}
	}
	for t := &col.Type; t.Kind == schemas.List; t = &t.Element.Type {
		t.Element.Loose = col.Loose
	}
	return col
}

func (c *chance) typ(s *schemas.Schema, depth int) schemas.Type {
	kind := schemas.Kind(1 + c.IntN(int(schemas.Struct)))
	if depth == 0 {
		kind = schemas.Kind(1 + c.IntN(int(schemas.JSON)))
	}
	t := schemas.Type{Kind: kind}
	switch kind {
	case schemas.Decimal:
		t.Precision = 1 + c.IntN(38)
		t.Scale = c.IntN(min(t.Precision, 20) + 1)
	case schemas.Enum:
		t.Code = oneOf(c, schemas.Int32, schemas.Int64, schemas.String)
		t.Labels = []schemas.Label{{Code: "0", Text: "null"}, {Code: "1", Text: "one"}, {Code: "17", Text: "one"}}
	case schemas.Timestamp:
		t.Layouts = [][]string{nil, {time.DateTime}, {time.DateOnly, time.DateTime}, {"02.01.2006 15:04", time.DateTime}}[c.IntN(4)]
	case schemas.Duration:
		all := []schemas.DurationForm{schemas.DjangoDuration, schemas.ISODuration, schemas.HMSDuration, schemas.SecondsDuration}
		c.Shuffle(4, func(i, j int) { all[i], all[j] = all[j], all[i] })
		t.Forms = all[:1+c.IntN(3)]
	case schemas.List:
		t.Element = &schemas.Column{Name: "element", Type: c.typ(s, depth-1), Required: c.often(0.7)}
		if t.Element.Type.Kind == schemas.Enum {
			t.Element.Type = schemas.Type{Kind: schemas.Int64}
		}
	case schemas.Struct:
		t.Fields = c.columns(s, depth-1, false)
		t.Fields[0].PII = ""
	}
	return t
}

// A tree is a JSON object that is being made.
type tree struct {
	names  []string
	values []any // string: JSON text; or *tree
}

func (o *tree) put(path []string, value string) {
	for i, name := range o.names {
		if name == path[0] {
			if inner, ok := o.values[i].(*tree); ok && len(path) > 1 {
				inner.put(path[1:], value)
			}
			return
		}
	}
	o.names = append(o.names, path[0])
	if len(path) == 1 {
		o.values = append(o.values, value)
		return
	}
	inner := &tree{}
	inner.put(path[1:], value)
	o.values = append(o.values, inner)
}

// record makes a record.
func (c *chance) record(columns []schemas.Column) string {
	o := &tree{}
	for _, col := range columns {
		path := oneOf(c, col.From...)
		if ofParent(path) || c.oddly() && !col.Required {
			continue
		}
		o.put(path, c.value(col))
		if c.oddly() {
			o.put(oneOf(c, col.From...), c.value(col))
		}
	}
	for c.oddly() {
		o.put([]string{oneOf(c, shortNames...)}, c.anything())
	}
	return c.write(o)
}

func (c *chance) write(o *tree) string {
	order := c.Perm(len(o.names))
	if !c.oddly() {
		for i := range order {
			order[i] = i
		}
	}
	if len(order) > 0 && c.often(c.odd/5) {
		order = append(order, order[0])
	}
	var parts []string
	for _, i := range order {
		value, ok := o.values[i].(string)
		if !ok {
			value = c.write(o.values[i].(*tree))
		}
		parts = append(parts, c.name(o.names[i])+c.space()+":"+c.space()+value)
	}
	return "{" + c.space() + strings.Join(parts, c.space()+","+c.space()) + c.space() + "}"
}

func (c *chance) space() string {
	if c.often(c.odd / 5) {
		return oneOf(c, " ", "\n\t", "\r ")
	}
	return ""
}

func (c *chance) name(name string) string {
	if name != "" && c.often(c.odd/5) {
		r := []rune(name)
		return fmt.Sprintf(`"\u%04x`, r[0]) + string(r[1:]) + `"`
	}
	return `"` + name + `"`
}

// value makes a value for a column, mostly one that fits.
func (c *chance) value(col schemas.Column) string {
	switch {
	case c.oddly() && !col.Required:
		return "null"
	case c.often(c.odd / 4):
		return c.anything()
	}
	t := col.Type
	switch t.Kind {
	case schemas.Bool:
		return oneOf(c, "true", "false")
	case schemas.Int32, schemas.Int64:
		return c.quoted(fmt.Sprint(c.IntN(200) - 20))
	case schemas.Float64:
		return fmt.Sprint(c.NormFloat64())
	case schemas.Decimal:
		return c.decimal(t)
	case schemas.String:
		return `"` + oneOf(c, "", "x", "Иван Петров", `a\"b\\\u0416\ud83d\ude00`, "a longer text, of some words") + `"`
	case schemas.Enum:
		return c.quotedIf(t.Code == schemas.String, oneOf(c, "0", "1", "17", "99"))
	case schemas.UUID:
		return oneOf(c, `"3c90c3cc-0d44-4b50-8888-8dd25736052a"`, `"3C90C3CC-0D44-4B50-8888-8DD25736052A"`)
	case schemas.JSON:
		if c.odd == 0 {
			return oneOf(c, `{}`, `{"a":1,"b":["x"]}`, `"text"`)
		}
		return c.anything()
	case schemas.List:
		return c.list(t)
	case schemas.Struct:
		if c.often(c.odd / 5) {
			return "[]"
		}
		return c.record(t.Fields)
	}
	return c.moment(t)
}

// quoted quotes a number now and then; a page as usual has no such.
func (c *chance) quoted(text string) string { return c.quotedIf(c.odd > 0 && c.often(0.3), text) }

func (c *chance) quotedIf(quote bool, text string) string {
	if quote {
		return `"` + text + `"`
	}
	return text
}

// decimal makes a decimal; a page as usual has all digits, and quotes.
func (c *chance) decimal(t schemas.Type) string {
	if c.odd == 0 {
		unscaled := c.IntN(int(powers[min(t.Precision, 7)]))
		return fmt.Sprintf(`"%d.%0*d"`, unscaled/int(powers[t.Scale]), t.Scale, unscaled%int(powers[t.Scale]))
	}
	text := fmt.Sprint(c.IntN(int(powers[min(t.Precision-t.Scale, 9)])))
	if digits := c.IntN(t.Scale + 1); digits > 0 {
		text += "." + fmt.Sprintf("%0*d", digits, c.IntN(int(powers[min(digits, 9)])))
	}
	return c.quoted(oneOf(c, "", "", "-") + text)
}

func (c *chance) list(t schemas.Type) string {
	var parts []string
	for range c.IntN(4) {
		parts = append(parts, c.value(*t.Element))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// moment makes a date, a time or a duration.
func (c *chance) moment(t schemas.Type) string {
	at := time.Unix(c.Int64N(4e9)-1e9, 0).UTC()
	switch t.Kind {
	case schemas.Date:
		return at.Format(`"2006-01-02"`)
	case schemas.Time:
		return at.Format(oneOf(c, `"15:04:05"`, `"15:04"`, `"15:04:05.25"`))
	case schemas.Timestamp:
		layouts := append([]string{time.RFC3339, "2006-01-02T15:04:05.000000-07:00"}, t.Layouts...)
		return `"` + at.Format(oneOf(c, layouts...)) + `"`
	}
	form := oneOf(c, t.Forms...)
	span := c.Int64N(2e14) - 1e14
	if c.odd == 0 && form != schemas.DjangoDuration { // as calls last
		span = c.Int64N(hour/second) * second
	}
	text := writeDuration(form, span)
	if form == schemas.DjangoDuration && c.odd > 0 && c.often(0.3) {
		text = oneOf(c, "00:30:00", "-01:00:00.5", "1 day, 2:00:00", "100:00")
	}
	return c.quotedIf(form != schemas.SecondsDuration || c.often(0.3), text)
}

var oddities = strings.Split(`null|true|false|0|-0|1|1.0|1e2|-7|"007"|1.5|12345678901234567890|99999999999999999999999999999999999999999|0.00000000000000000001|"1"|"0"|"-1.50"|"+3"|"1e3"|""|"x"|"yes"|`+
	`"2026-01-02"|"2026-01-02 03:04:05"|"0000-00-00"|"2026-01-02T03:04:05.1234567Z"|"2026-03-29 02:30:00"|"2026-10-25 02:30:00"|"9999-12-31 23:59:59"|"24:00:00"|"-1 23:59:59.9999999"|"P1DT2H"|"1 day"|"0001-01-01"|`+
	`[]|{}|[1,"x"]|[[]]|[null]|{"a":1}|{"a":{"b":null}}|{"a":1,"a":2}|{"имя":["x"]}|[{"a":1}]|"\ud800"|"\u002d"|"\u0000"|{"\ud800":1}|1e999|{"b":`+"\"\xff\"}|\"\xfe\"", "|")

func (c *chance) anything() string { return oneOf(c, oddities...) }

// page makes the body of a page, a list of records.
func (c *chance) page(s *schemas.Schema, records int) string {
	var parts []string
	for range records {
		record := c.record(s.Columns)
		if c.often(c.odd / 10) {
			record = c.anything()
		}
		parts = append(parts, record)
	}
	return "[" + strings.Join(parts, ",") + "]"
}
