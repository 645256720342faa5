package transform

import (
	"bytes"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A reading is what a record means: its row, or what is wrong with it.
type reading struct {
	row    []string
	extra  []member2
	wrong  []string // "column: reason"; * stands for any
	unsure bool     // the second reading takes more than RFC 3339 has
}

func (r *reading) fail(column, reason string) string {
	r.wrong = append(r.wrong, column+": "+reason)
	return "null"
}

func readSecond(record []byte) *reading {
	r := &reading{}
	if !utf8.Valid(record) {
		r.fail("*", "invalid UTF-8")
	}
	if jsontext.Value(record).Kind() != '{' {
		r.fail("", "not an object")
		return r
	}
	found := r.object(record, "", "id", "s", "b", "f", "d", "t", "z", "u", "j", "l", "o")
	if v, ok := found["id"]; !ok {
		r.fail("id", "a required value is missing")
	} else if v.Kind() == 'n' {
		r.fail("id", "a required value is null")
	}
	for _, c := range []struct {
		name string
		read func(string, jsontext.Value) string
	}{
		{"id", r.int64}, {"s", r.string}, {"b", r.bool}, {"f", r.float}, {"d", r.decimal}, {"t", r.date}, {"z", r.timestamp}, {"u", r.uuid}, {"j", r.json}, {"l", r.list}, {"o", r.struct2},
	} {
		text := "null"
		if v, ok := found[c.name]; ok && v.Kind() != 'n' {
			text = c.read(c.name, v)
		}
		r.row = append(r.row, fmt.Sprintf("%q:%s", c.name, text))
	}
	return r
}

// object finds the members of columns; the others are extra. Extra members keep
// the order of the text, those of an object inside stand where it stands.
func (r *reading) object(text []byte, path string, columns ...string) map[string]jsontext.Value {
	found, seen := map[string]jsontext.Value{}, map[string]bool{}
	column := strings.TrimSuffix(path, ".")
	d := second2(text)
	_, _ = d.ReadToken()
	for d.PeekKind() != '}' {
		quoted, _ := d.ReadValue()
		name, err := jsontext.AppendUnquote(nil, quoted.Clone())
		if err != nil {
			r.fail(column, "half of a surrogate pair")
		}
		if seen[string(name)] {
			r.fail(column, "a name is there twice in one object")
		}
		seen[string(name)] = true
		value, err := d.ReadValue()
		if err != nil {
			panic(err) // it was read before
		}
		switch {
		case !slices.Contains(columns, string(name)):
			r.extra = append(r.extra, member2{path + string(name), string(value)})
		case path == "" && string(name) == "o" && value.Kind() == '{':
			found["o"] = value.Clone()
			r.object(found["o"], "o.", "a", "s")
		default:
			found[string(name)] = value.Clone()
		}
	}
	return found
}

var (
	number2  = regexp.MustCompile(`^[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?$`)
	leading2 = regexp.MustCompile(`^[+-]?0[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$`)
	uuid2    = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// text returns what a string says.
func (r *reading) text(column string, v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		r.fail(column, "not a string")
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		r.fail(column, "half of a surrogate pair")
		return "", false
	}
	return string(text), true
}

// exact reads a number, quoted or not. far is the sign of an exponent that is too
// large to go on with.
func (r *reading) exact(column, other string, v jsontext.Value) (n *big.Rat, far int) {
	text := string(v)
	switch v.Kind() {
	case '"':
		var ok bool
		if text, ok = r.text(column, v); !ok {
			return nil, 0
		}
		if leading2.MatchString(text) {
			r.fail(column, "a quoted number with leading zeros")
			return nil, 0
		}
	case '0':
	default:
		r.fail(column, other)
		return nil, 0
	}
	m := number2.FindStringSubmatch(text)
	if m == nil {
		r.fail(column, "not a number")
		return nil, 0
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	if !strings.ContainsAny(mantissa, "123456789") {
		return new(big.Rat), 0
	}
	if e, err := strconv.Atoi(m[1]); m[1] != "" && (err != nil || e > 5000 || e < -5000) {
		if strings.HasPrefix(m[1], "-") {
			return nil, -1
		}
		return nil, 1
	}
	n, _ = new(big.Rat).SetString(text)
	return n, 0
}

func (r *reading) integer(column string, v jsontext.Value, fits func(*big.Int) bool) string {
	n, far := r.exact(column, "not an integer", v)
	switch {
	case far > 0, n != nil && n.IsInt() && !fits(n.Num()):
		return r.fail(column, "out of the range of the integer type")
	case far < 0, n != nil && !n.IsInt():
		return r.fail(column, "not a whole number")
	case n == nil:
		return "null"
	}
	return n.Num().String()
}

func (r *reading) int64(column string, v jsontext.Value) string {
	return r.integer(column, v, (*big.Int).IsInt64)
}

func (r *reading) int32(column string, v jsontext.Value) string {
	return r.integer(column, v, func(n *big.Int) bool { return n.IsInt64() && int64(int32(n.Int64())) == n.Int64() })
}

func (r *reading) decimal(column string, v jsontext.Value) string {
	n, far := r.exact(column, "not a number", v)
	if n == nil && far == 0 {
		return "null"
	}
	if far == 0 {
		scaled := new(big.Rat).Mul(n, big.NewRat(1000, 1))
		if scaled.IsInt() && scaled.Num().CmpAbs(big.NewInt(1e12)) < 0 {
			return `"` + n.FloatString(3) + `"`
		}
	}
	r.fail(column, "more digits than the precision")
	return r.fail(column, "more digits after the point than the scale")
}

func (r *reading) string(column string, v jsontext.Value) string {
	text, ok := r.text(column, v)
	if !ok {
		return "null"
	}
	return quoteJSON(text)
}

func (r *reading) bool(column string, v jsontext.Value) string {
	if k := v.Kind(); k != 't' && k != 'f' {
		return r.fail(column, "not a bool")
	}
	return string(v)
}

func (r *reading) float(column string, v jsontext.Value) string {
	if v.Kind() != '0' {
		return r.fail(column, "not a number")
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		return r.fail(column, "out of the range of float64")
	}
	return quoteJSON(f)
}

func (r *reading) date(column string, v jsontext.Value) string {
	text, ok := r.text(column, v)
	if !ok {
		return "null"
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil || at.Year() < 1 {
		return r.fail(column, "*")
	}
	return quoteJSON(text)
}

func (r *reading) timestamp(column string, v jsontext.Value) string {
	text, ok := r.text(column, v)
	if !ok {
		return "null"
	}
	var at time.Time
	err := at.UnmarshalText(bytes.ToUpper([]byte(text)))
	if err != nil || longFraction(text) || at.Nanosecond()%1000 != 0 || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		return r.fail(column, "*")
	}
	r.unsure = r.unsure || strings.Contains(text, ",") || text[12] == ':' || strings.Contains(text[19:], "24:")
	return quoteJSON(at.UTC().Format("2006-01-02T15:04:05.000000Z"))
}

func (r *reading) uuid(column string, v jsontext.Value) string {
	text, ok := r.text(column, v)
	if ok && !uuid2.MatchString(text) {
		return r.fail(column, "not a UUID in its canonical form")
	}
	return quoteJSON(strings.ToLower(text))
}

func (r *reading) json(_ string, v jsontext.Value) string { return quoteJSON(string(v)) }

func (r *reading) list(column string, v jsontext.Value) string {
	if v.Kind() != '[' {
		return r.fail(column, "not a list")
	}
	var parts []string
	for _, e := range elementsOf2(v) {
		if e.Kind() == 'n' {
			r.fail(column, "null in a list")
			continue
		}
		parts = append(parts, r.int64(column, e))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func (r *reading) struct2(column string, v jsontext.Value) string {
	if v.Kind() != '{' {
		return r.fail(column, "not an object")
	}
	inner := &reading{} // what is wrong with its names, and its extra members, are known
	found := inner.object(v, "o.", "a", "s")
	inner.wrong = nil
	a, s := "null", "null"
	if v, ok := found["a"]; ok && v.Kind() != 'n' {
		a = inner.int32("o.a", v)
	}
	if v, ok := found["s"]; ok && v.Kind() != 'n' {
		s = inner.string("o.s", v)
	}
	r.wrong = append(r.wrong, inner.wrong...)
	return `{"a":` + a + `,"s":` + s + `}`
}
