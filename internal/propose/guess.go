package propose

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"etl/internal/jsonspan"
	"etl/schemas"
)

// column proposes a column for what was seen at a place, in so many objects.
func (s *shape) column(name string, objects int) Column {
	var c Column
	switch {
	case s.given() == 0:
		c.toJSON("no value was seen: its type")
	case s.kinds[jsonspan.Object] > 0 && s.only(jsonspan.Object, jsonspan.Array) && s.kinds[jsonspan.Array] == s.empty:
		s.object(&c, name)
	case s.only(jsonspan.Array):
		s.list(&c, name)
	case s.only(jsonspan.Bool):
		c.Type = schemas.Type{Kind: schemas.Bool}
	case s.only(jsonspan.Number):
		s.number(&c, name, s.numbers)
	case s.only(jsonspan.String):
		s.text(&c, name)
	case s.only(jsonspan.Number, jsonspan.String) && s.quoted.count == s.texts():
		s.number(&c, name, s.numbers.and(s.quoted))
		c.note("some in quotes")
	default:
		c.toJSON("values of several kinds (%s), taken as they are", s.kindsSeen())
	}
	if s.blankColumn(&c); s.given() > 0 && s.given() < 3 && objects > 20 {
		c.ask("only %d of %d records have a value", s.given(), objects)
	}
	c.Notes = append([]string{s.evidence(objects)}, c.Notes...)
	return c
}

// evidence says what the proposal of a column rests on.
func (s *shape) evidence(objects int) string {
	text := fmt.Sprintf("100 %% of %d", s.given()) // what does not fit all is not proposed
	if nulls := s.kinds[jsonspan.Null]; nulls > 0 {
		text += fmt.Sprintf(", %d null", nulls)
	}
	if missing := objects - s.seen; missing > 0 {
		text += fmt.Sprintf(", %d missing", missing)
	}
	if s.example != "" {
		text += ", like " + s.example
	}
	return text
}

func (s *shape) kindsSeen() string {
	var all []string
	for kind, n := range s.kinds {
		if n > 0 && jsonspan.Kind(kind) != jsonspan.Null {
			all = append(all, fmt.Sprintf("%d %s", n, jsonspan.Kind(kind)))
		}
	}
	return strings.Join(all, ", ")
}

// blankColumn makes texts that stand for no value NULL, unless the column is of
// text: there they are values like any other.
func (s *shape) blankColumn(c *Column) {
	kind := c.Type.Kind
	if len(s.blanks) == 0 || kind == schemas.JSON || kind == schemas.String {
		return
	}
	c.NullIf = slices.Sorted(maps.Keys(s.blanks))
	for _, blank := range c.NullIf {
		c.note("%d times %q, which counts as NULL", s.blanks[blank], blank)
	}
}

// Names of members in which APIs let their users keep anything.
var freeNames = regexp.MustCompile(`(?i)^(extra|meta|metadata|custom|custom_fields|raw|payload|properties|attributes)$`)

// object proposes a struct, unless the objects have little in common.
func (s *shape) object(c *Column, name string) {
	if freeNames.MatchString(name) {
		c.toJSON("json by its name; only objects were seen")
		return
	}
	objects := s.kinds[jsonspan.Object]
	always := 0
	for _, m := range s.members {
		if m.seen >= objects {
			always++
		}
	}
	if len(s.names) == 0 || always == 0 && len(s.names) > 1 {
		c.toJSON("objects of %d members of which none is always there", len(s.names))
		return
	}
	fields, open := s.fields()
	if c.Open = append(c.Open, open...); len(fields) == 0 {
		c.toJSON("objects without a member that a column can have")
		return
	}
	c.Type, c.Fields = schemas.Type{Kind: schemas.Struct}, fields
	if s.kinds[jsonspan.Array] > 0 {
		c.Loose = true
		c.note("%d times [], which loose takes for an object", s.kinds[jsonspan.Array])
	}
}

// fields proposes the columns of an object, in the order in which they came.
func (s *shape) fields() (fields []Column, open []string) {
	taken := newNames()
	unreachable := 0
	for _, name := range s.names {
		if !reachable(name) {
			unreachable++
			continue
		}
		c := s.members[name].column(name, s.kinds[jsonspan.Object])
		taken.give(&c, name)
		fields = append(fields, c)
	}
	if unreachable > 0 {
		open = append(open, fmt.Sprintf("members whose names no path of a schema leads to: %d; they go to %s", unreachable, schemas.ExtraColumn))
	}
	return fields, open
}

// list proposes a list of what the elements look like.
func (s *shape) list(c *Column, name string) {
	if s.elements.seen == 0 {
		c.toJSON("only empty lists were seen: the type of the elements")
		return
	}
	e := s.elements.column(name, s.elements.seen)
	switch {
	case s.elements.kinds[jsonspan.Null] > 0 || len(e.NullIf) > 0:
		c.toJSON("a list with nulls in it, which BigQuery does not take: json, or list<%s?> with bigquery: no", e.Type)
		return
	case e.Type.Kind == schemas.List:
		c.toJSON("a list of lists, which BigQuery does not take: json, or list<%s> with bigquery: no", e.Type)
		return
	case e.Type.Kind == schemas.Enum:
		e.Type, e.Open = schemas.Type{Kind: e.Type.Code}, nil
	}
	c.Type, c.Fields, c.Loose = listOf(e.Type), e.Fields, e.Loose
	c.Open = append(c.Open, e.Open...)
	c.note("elements %d, empty lists %d", s.elements.seen, s.empty)
}

// and adds up what was seen of numbers at one place.
func (n numbers) and(m numbers) numbers {
	switch {
	case n.count == 0:
		return m
	case m.count == 0:
		return n
	}
	return numbers{
		count: n.count + m.count, whole: max(n.whole, m.whole), low: min(n.low, m.low), high: max(n.high, m.high),
		floats: n.floats + m.floats, tooLarge: n.tooLarge + m.tooLarge, least: min(n.least, m.least), most: max(n.most, m.most),
	}
}

// Bounds of what is proposed. Small numbers stay small, mostly; digits of
// decimals get room for larger ones.
const (
	smallInt  = math.MaxInt16
	roomWhole = 4  // more digits before the point than were seen
	shortest  = 18 // digits that fit 64 bits
	manyTails = 9  // more digits after the point than a price has
)

// number decides about numbers by their digits.
func (s *shape) number(c *Column, name string, n numbers) {
	switch {
	case n.floats > 0 || n.high > manyTails:
		c.Type = schemas.Type{Kind: schemas.Float64}
		c.ask("float64 rounds: decimal(p,s) if digits count; up to %d digits after the point", n.high)
	case n.high > 0:
		precision := shortest
		if n.whole+n.high+roomWhole > shortest {
			precision = 38
		}
		c.Type = decimal(precision, n.high)
		c.note("up to %d digits before the point, %d after", n.whole, n.high)
		if n.low < n.high {
			c.ask("digits after the point: %d to %d were seen, and a record with more is rejected", n.low, n.high)
		}
	case n.tooLarge > 0:
		c.Type = decimal(38, 0)
		c.note("too large for int64")
	case n.least >= -smallInt && n.most <= smallInt && !isID(name):
		c.Type = schemas.Type{Kind: schemas.Int32}
		s.enumOf(c, name)
	default:
		c.Type = schemas.Type{Kind: schemas.Int64}
	}
}

func isID(name string) bool {
	name = strings.ToLower(name)
	return name == "id" || strings.HasSuffix(name, "_id") || strings.HasPrefix(name, "id_")
}

// Names of members that hold one of a few codes.
var codeNames = regexp.MustCompile(`(?i)(status|state|type|kind|mode|stage|level|color|reason|category|disabled|priority)$`)

// enumOf makes a column of few values an enum, if its name is that of one, or
// if all are codes of letters.
func (s *shape) enumOf(c *Column, name string) {
	if len(s.values) < 2 || len(s.values) > 12 || s.given() < 20 || s.given() < 5*len(s.values) {
		return
	}
	if c.Type.Kind != schemas.String && !codeNames.MatchString(name) {
		c.note("%d different values", len(s.values))
		return
	}
	var codes []string
	for _, value := range slices.Sorted(maps.Keys(s.values)) {
		codes = append(codes, scalar(value)+": …")
	}
	c.Type = enum(c.Type.Kind)
	c.ask("an enum by its %d values; fill in labels: { %s }", len(codes), strings.Join(codes, ", "))
}

// text decides about texts by their form.
func (s *shape) text(c *Column, name string) {
	all := s.texts()
	lasting := durationWords.MatchString(name)
	fits := func(f form) bool { return s.forms[f] == all }
	c.Type = schemas.Type{Kind: schemas.String}
	switch {
	case fits(timestampForm):
		c.Type = schemas.Type{Kind: schemas.Timestamp}
	case s.forms[timestampForm]+s.forms[datetimeForm] == all:
		c.Type, c.Layouts = schemas.Type{Kind: schemas.Timestamp}, []string{"datetime"}
		c.note("without zone, so in that of the source")
	case fits(dateForm):
		c.Type = schemas.Type{Kind: schemas.Date}
	case fits(uuidForm):
		c.Type = schemas.Type{Kind: schemas.UUID}
	case fits(timeForm) && !lasting:
		c.Type = schemas.Type{Kind: schemas.Time}
		c.ask("a time of day, or duration(django)?")
	case fits(djangoForm):
		c.Type = duration(schemas.DjangoDuration)
	case fits(isoForm):
		c.Type = duration(schemas.ISODuration)
	case fits(decimalForm) && s.quoted.low == s.quoted.high && s.quoted.whole+s.quoted.high <= 38:
		s.number(c, name, s.quoted)
		c.note("in quotes")
	case fits(codeForm):
		s.enumOf(c, name)
	default:
		s.nearly(c)
	}
}

// nearly asks about texts most of which, but not all, are of one form.
func (s *shape) nearly(c *Column) {
	all := s.texts()
	for f, n := range s.forms[:wholeForm+1] {
		switch {
		case n == all:
			c.ask("all %d are %s", n, formNames[f])
			return
		case n*10 >= all*9:
			c.ask("%d of %d are %s (%d %%), the others not, like %s", n, all, formNames[f], n*100/all, s.odd[form(f)])
			return
		}
	}
}
