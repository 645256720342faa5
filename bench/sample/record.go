package sample

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"time"

	"etl/schemas"
)

// A Form is how records are written.
type Form string

// The forms. Ordered has the keys in the schema's order.
const (
	Ordered  Form = "ordered"
	Other    Form = "other"    // one other order for all records
	Shuffled Form = "shuffled" // another order in each record
	Escaped  Form = "escaped"  // text with escapes
	Numbers  Form = "numbers"  // decimals as numbers in odd spellings
)

// FirstID is the id of the first record. All ids have the same length.
const FirstID = 1_000_000_000

// A Maker writes records. What it writes depends on its settings and on the
// order of calls alone.
type Maker struct {
	Schema  *schemas.Schema
	Form    Form
	Records int  // in all; they are spread over the months
	Months  int  // of created_at, from January 2025 on
	Mixed   bool // months in a mixed order, not in that of the ids

	dice    *rand.Rand
	order   []int
	created time.Time
	ends    []int // scratch: where members end
	members []byte
}

const seed = 20250101

// Record appends the record of a number from 0 on.
func (m *Maker) Record(buf []byte, n int) []byte {
	if m.dice == nil {
		m.dice = rand.New(rand.NewPCG(seed, 1))
		m.order = rand.New(rand.NewPCG(seed, 2)).Perm(len(m.Schema.Columns))
		if m.Form != Other {
			for i := range m.order {
				m.order[i] = i
			}
		}
	}
	m.created = m.createdAt(n)
	if m.Form == Shuffled {
		m.dice.Shuffle(len(m.order), func(i, j int) { m.order[i], m.order[j] = m.order[j], m.order[i] })
	}
	m.members, m.ends = m.members[:0], m.ends[:0]
	for _, c := range m.Schema.Columns {
		m.members = m.member(m.members, c, n)
		m.ends = append(m.ends, len(m.members))
	}
	buf = append(buf, '{')
	for i, at := range m.order {
		if i > 0 {
			buf = append(buf, ',')
		}
		start := 0
		if at > 0 {
			start = m.ends[at-1]
		}
		buf = append(buf, m.members[start:m.ends[at]]...)
	}
	return append(buf, '}')
}

func (m *Maker) createdAt(n int) time.Time {
	if m.Mixed {
		n = n * 7919 % m.Records // a prime that divides none of the sizes in use
	}
	month := n * m.Months / m.Records
	within := time.Duration(n*m.Months%m.Records) * (27 * 24 * time.Hour) / time.Duration(m.Records)
	return time.Date(2025, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC).Add(within + time.Duration(m.dice.Int64N(24*3600*1e6))*time.Microsecond)
}

// member appends a name and its value.
func (m *Maker) member(buf []byte, c schemas.Column, n int) []byte {
	buf = append(strconv.AppendQuote(buf, c.From[0][0]), ':')
	h := hash(c.Name)
	switch c.Name {
	case "id":
		if c.Required {
			return strconv.AppendInt(buf, int64(FirstID+n), 10)
		}
	case "created_at", "updated_at":
		return m.value(buf, c, h)
	}
	if !c.Required && h%3 == 0 && m.dice.IntN(8) == 0 {
		return append(buf, "null"...)
	}
	return m.value(buf, c, h)
}

func hash(name string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return h.Sum32()
}

// value appends a value that fits a column. The hash of its name decides how
// many different ones there are.
func (m *Maker) value(buf []byte, c schemas.Column, h uint32) []byte {
	t := c.Type
	switch t.Kind {
	case schemas.Bool:
		return strconv.AppendBool(buf, m.dice.IntN(4) == 0)
	case schemas.Int32:
		return strconv.AppendInt(buf, m.dice.Int64N(5), 10)
	case schemas.Int64:
		return strconv.AppendInt(buf, m.dice.Int64N([]int64{9, 40, 1000, 5000, 100_000}[h%5]), 10)
	case schemas.Decimal:
		return m.decimal(buf, t, h)
	case schemas.String:
		return m.text(buf, c.Name)
	case schemas.JSON:
		return fmt.Appendf(buf, `{"source":"site","lot":%d}`, m.dice.IntN(3000))
	case schemas.UUID:
		a, b := m.dice.Uint64(), m.dice.Uint64()
		return fmt.Appendf(buf, `"%08x-%04x-4%03x-a%03x-%012x"`, a>>32, a>>16&0xffff, a&0xfff, b>>52, b&(1<<48-1))
	case schemas.Timestamp:
		at := m.created.Add(time.Duration(h%3*7+m.dice.Uint32N(24)) * time.Hour).Truncate(15 * time.Minute) // as people plan
		switch c.Name {
		case "created_at":
			at = m.created
		case "updated_at":
			at = m.created.Add(time.Duration(m.dice.Int64N(3600*1e6)) * time.Microsecond)
		}
		return at.AppendFormat(buf, `"2006-01-02T15:04:05.000000Z"`)
	case schemas.Duration:
		days, rest := m.dice.IntN(15), m.dice.IntN(24*12)
		if days > 0 {
			return fmt.Appendf(buf, `"%d %02d:%02d:00"`, days, rest/12, rest%12*5)
		}
		return fmt.Appendf(buf, `"%02d:%02d:00"`, rest/12, rest%12*5)
	case schemas.Enum:
		code := t.Labels[m.dice.IntN(len(t.Labels))].Code
		if t.Code == schemas.String {
			return strconv.AppendQuote(buf, code)
		}
		return append(buf, code...)
	case schemas.List:
		return m.list(buf, *t.Element, h)
	case schemas.Struct:
		return m.object(buf, t.Fields)
	}
	panic("no value for a column of type " + t.String()) // of the shipped schema: found at the first record
}

func (m *Maker) list(buf []byte, element schemas.Column, h uint32) []byte {
	buf = append(buf, '[')
	for i := range m.dice.IntN(4) {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = m.value(buf, element, h)
	}
	return append(buf, ']')
}

func (m *Maker) object(buf []byte, fields []schemas.Column) []byte {
	buf = append(buf, '{')
	for i, f := range fields {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = m.member(buf, f, 0)
	}
	return append(buf, '}')
}

// decimal appends an amount: in a third of the columns one of many, in the
// others mostly nothing.
func (m *Maker) decimal(buf []byte, t schemas.Type, h uint32) []byte {
	cents := int64(0)
	switch dice := m.dice.IntN(4); {
	case h%3 == 0 && dice > 0:
		cents = m.dice.Int64N(10_000) * 50
	case dice == 0:
		cents = m.dice.Int64N(200) * 5000
	}
	if t.Precision < 10 {
		cents = []int64{0, 1200, 2000}[m.dice.IntN(3)]
	}
	if m.Form == Numbers {
		return fmt.Appendf(buf, []string{"%[1]d.%02[2]d", "%[1]d.%02[2]d0000", "%[3]de-2", "0.0%[3]dE+%[4]d"}[m.dice.IntN(4)],
			cents/100, cents%100, cents, len(strconv.FormatInt(cents, 10))-1)
	}
	return fmt.Appendf(buf, `"%d.%02d"`, cents/100, cents%100)
}

var words = []string{
	"delivery", "Алматы", "скидка", "tent", "лодка", "зимний", "комплект", "returned", "клиент", "call before", "двор", "city",
	"склад", "№ 7", "evening", "бронь", "срочно", "paid in cash",
}

var escapes = []string{`\n`, `\u0416\u0443\u043a`, `\"so\"`, `\\srv\\in`, `\t`, `\ud83d\ude00`}

// text appends a text in quotes.
func (m *Maker) text(buf []byte, name string) []byte {
	if name == "unique_id" {
		return fmt.Appendf(buf, `"R-%08d"`, m.dice.IntN(100_000_000))
	}
	buf = append(buf, '"')
	for i := range 1 + m.dice.IntN(3) {
		if i > 0 {
			buf = append(buf, ' ')
		}
		buf = append(buf, words[m.dice.IntN(len(words))]...)
		if m.Form == Escaped {
			buf = append(buf, escapes[m.dice.IntN(len(escapes))]...)
		}
	}
	return append(buf, '"')
}
