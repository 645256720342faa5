package propose

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"etl/schemas"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxColumns bounds the columns of a proposal, since schemas that name each
// other can unfold to more than anybody reads.
const maxColumns = 4000

// An importer makes columns of schemas of an OpenAPI document.
type importer struct {
	columns int
	django  bool // the document is one of drf-spectacular
}

// fields makes the columns of an object. What has no column is returned as
// questions.
func (m *importer) fields(v view, t trail) (fields []Column, open []string) {
	taken := newNames()
	for _, name := range v.names {
		if !reachable(name) {
			open = append(open, "member "+strconv.Quote(oneLine(name))+": no path of a schema leads to that name; it goes to "+schemas.ExtraColumn)
			continue
		}
		c, served := m.column(name, v.properties[name], t)
		if !served {
			continue
		}
		if slices.Contains(v.required, name) {
			c.Notes = append([]string{"required"}, c.Notes...)
		}
		taken.give(&c, name)
		fields = append(fields, c)
	}
	return fields, open
}

// column makes a column of a property. It is false for what is never served.
func (m *importer) column(name string, ref *openapi3.SchemaRef, t trail) (c Column, served bool) {
	m.columns++
	v := t.look(ref)
	if v.writeOnly {
		return c, false
	}
	c.Doc = withoutBullets(v.doc)
	if c.Doc == "" {
		c.Doc = v.title
	}
	if v.nullable && len(v.names)+len(v.types)+len(v.codes) > 0 {
		c.note("nullable")
	}
	if v.readOnly {
		c.note("read-only")
	}
	if v.deprecated {
		c.note("deprecated")
	}
	if v.loop || m.columns > maxColumns {
		c.toJSON("it refers to itself, or there are too many columns")
		return c, true
	}
	c.Open = append(c.Open, v.open...)
	m.typed(&c, name, v, append(t[:len(t):len(t)], v.composed...))
	return c, true
}

// typed decides the type of a column.
func (m *importer) typed(c *Column, name string, v view, t trail) {
	switch kind := v.kind(); {
	case v.alternative:
		c.Type = schemas.Type{Kind: schemas.JSON}
	case v.enumColumn(c):
	case kind == "boolean":
		c.Type = schemas.Type{Kind: schemas.Bool}
	case kind == "integer":
		c.Type = integer(v)
	case kind == "number":
		c.number(v)
	case kind == "string":
		c.text(name, v, m.django)
	case kind == "array":
		m.list(c, name, v, t)
	case kind == "object":
		m.object(c, v, t)
	case kind == "several" && !slices.ContainsFunc(v.types, func(s string) bool { return s != "integer" && s != "number" }):
		c.number(v)
	case kind == "" || kind == "null":
		c.Type = schemas.Type{Kind: schemas.JSON}
		c.note("free-form")
	default:
		c.toJSON("values of several kinds (%s), taken as they are", strings.Join(v.types, ", "))
	}
}

func (m *importer) object(c *Column, v view, t trail) {
	fields, open := m.fields(v, t)
	c.Open = append(c.Open, open...)
	if len(fields) == 0 {
		c.Type = schemas.Type{Kind: schemas.JSON}
		c.note("free-form")
		return
	}
	c.Type, c.Fields = schemas.Type{Kind: schemas.Struct}, fields
}

// list makes a list of what its elements are, if a schema can say that.
func (m *importer) list(c *Column, name string, v view, t trail) {
	if v.items == nil {
		c.Type = schemas.Type{Kind: schemas.JSON}
		c.note("a list of anything")
		return
	}
	e, served := m.column(name, v.items, t)
	w := t.look(v.items)
	switch {
	case !served:
		c.toJSON("a list of what is never served")
		return
	case w.nullable:
		c.toJSON("a list with nulls in it, which BigQuery does not take: json, or list<%s?> with bigquery: no", e.Type)
		return
	case e.Type.Kind == schemas.List:
		c.toJSON("a list of lists, which BigQuery does not take: json, or list<%s> with bigquery: no", e.Type)
		return
	case e.Type.Kind == schemas.Enum:
		e.Type, e.Labels, e.NullIf = schemas.Type{Kind: e.Type.Code}, nil, nil
		c.note("codes: %s", strings.Join(texts(w.codes), ", "))
	}
	if c.Doc == "" {
		c.Doc = e.Doc
	}
	c.Type, c.Fields = listOf(e.Type), e.Fields
	c.Open = append(c.Open, e.Open...)
}

func texts(codes []code) (all []string) {
	for _, c := range codes {
		all = append(all, scalar(c.text))
	}
	return all
}

// integer returns the type of an integer: by its format, else by its bounds,
// else the one that holds most.
func integer(v view) schemas.Type {
	within := v.min != nil && v.max != nil && *v.min >= math.MinInt32 && *v.max <= math.MaxInt32
	switch {
	case v.format == "int32" || v.format == "int16" || v.format == "int8" || v.format == "" && within:
		return schemas.Type{Kind: schemas.Int32}
	case v.format == "uint64" || v.max != nil && *v.max > math.MaxInt64:
		return decimal(20, 0)
	}
	return schemas.Type{Kind: schemas.Int64}
}

// number decides about a number: a step such as 0.01 tells the digits after the
// point, else only a person knows them.
func (c *Column) number(v view) {
	if v.multipleOf != nil {
		step := strconv.FormatFloat(*v.multipleOf, 'f', -1, 64)
		if _, fraction, _ := strings.Cut(step, "."); len(fraction) <= 9 {
			c.Type = decimal(18, len(fraction))
			c.note("a multiple of %s", step)
			return
		}
	}
	if v.format == "decimal" {
		if c.Type = (schemas.Type{Kind: schemas.Decimal}); !c.decimalOf(v) {
			c.Type = decimal(38, 9)
			c.ask("the document does not give the digits: decimal(38,9)?")
		}
		return
	}
	c.Type = schemas.Type{Kind: schemas.Float64}
	c.ask("float64 rounds: decimal(p,s) if digits count, as those of money do")
}

// The pattern that drf-spectacular gives decimals: W digits before the point, P
// after it.
var decimalPattern = regexp.MustCompile(`^\^-\?\\d\{0,(\d{1,3})\}\(\?:\\\.\\d\{0,(\d{1,3})\}\)\?\$$`)

// djangoPattern finds such a decimal anywhere in a document, JSON or YAML.
var djangoPattern = regexp.MustCompile(`\^-\?\\{1,2}d\{0,\d{1,3}\}`)

// decimalOf makes c a decimal if the pattern tells its digits.
func (c *Column) decimalOf(v view) bool {
	digits := decimalPattern.FindStringSubmatch(v.pattern)
	if digits == nil {
		return false
	}
	whole, _ := strconv.Atoi(digits[1]) // at most three digits
	scale, _ := strconv.Atoi(digits[2])
	if whole+scale < 1 || whole+scale > 38 {
		return false
	}
	c.Type = decimal(whole+scale, scale)
	return true
}

// Words of names and descriptions that tell of a length of time.
var durationWords = regexp.MustCompile(`(?i)duration|duriation|elapsed|length of time|длительност|продолжительност|czas trwania`)

// text decides about a string by its format and its pattern. Drf-spectacular
// writes a duration as a plain string, as it does a text without a limit.
func (c *Column) text(name string, v view, django bool) {
	kinds := map[string]schemas.Kind{"date": schemas.Date, "date-time": schemas.Timestamp, "time": schemas.Time, "uuid": schemas.UUID}
	kind, known := kinds[v.format]
	c.Type = schemas.Type{Kind: schemas.String}
	switch {
	case known:
		c.Type = schemas.Type{Kind: kind}
	case v.format == "duration":
		c.Type = duration(schemas.ISODuration)
	case (v.format == "decimal" || v.format == "") && c.decimalOf(v):
	case v.format == "decimal":
		c.ask("a decimal whose digits the document does not give: decimal(p,s)?")
	case v.format != "":
		c.note("%s", v.format)
	case v.pattern != "" || v.maxLength != nil:
	case durationWords.MatchString(name) || durationWords.MatchString(v.doc):
		c.Type = duration(schemas.DjangoDuration)
		c.ask("a duration by its name or description; string if it is none")
	case django && !v.readOnly && !v.blank:
		c.ask("text, or duration(django)? The document does not tell one from the other")
	}
	if v.blank {
		c.NullIf = []string{""}
		c.note(`"" counts as NULL`)
	}
}
