package propose

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// A view is what a schema of an OpenAPI document says together with all that it
// is composed of.
type view struct {
	types       []string // without null; empty: any
	nullable    bool
	blank       bool // "" is one of the values
	format      string
	pattern     string
	title, doc  string
	codes       []code // of an enum
	texts       map[string]string
	names       []string // of properties, in order
	properties  map[string]*openapi3.SchemaRef
	required    []string
	items       *openapi3.SchemaRef
	readOnly    bool
	writeOnly   bool
	deprecated  bool
	loop        bool // it refers to itself
	min, max    *float64
	multipleOf  *float64
	maxLength   *uint64
	open        []string           // what could not be decided
	composed    []*openapi3.Schema // all schemas that it is made of
	alternative bool               // one of several kinds of values
}

// A trail holds the schemas that lead to one, so that a loop is noticed.
type trail []*openapi3.Schema

// look reads a schema. One that is on the trail refers to itself.
func (t trail) look(ref *openapi3.SchemaRef) view {
	if ref == nil || ref.Value == nil {
		return view{}
	}
	s := ref.Value
	if slices.Contains(t, s) {
		return view{loop: true}
	}
	t = append(t[:len(t):len(t)], s)
	v := own(s)
	for _, part := range s.AllOf {
		v.add(t.look(part))
	}
	for _, one := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		if len(one) > 0 {
			v.add(t.alternatives(one))
		}
	}
	return v
}

// own reads what a schema says itself.
func own(s *openapi3.Schema) view {
	v := view{
		format: s.Format, pattern: s.Pattern, title: s.Title, doc: s.Description,
		nullable: s.Nullable, readOnly: s.ReadOnly, writeOnly: s.WriteOnly, deprecated: s.Deprecated,
		items: s.Items, required: s.Required, properties: map[string]*openapi3.SchemaRef{},
		min: s.Min, max: s.Max, multipleOf: s.MultipleOf, maxLength: s.MaxLength,
		composed: []*openapi3.Schema{s},
	}
	if s.Const != nil {
		v.title = "" // that of a value, not of the column
	}
	if s.Type != nil {
		for _, name := range s.Type.Slice() {
			if name == "null" {
				v.nullable = true
			} else if !slices.Contains(v.types, name) {
				v.types = append(v.types, name)
			}
		}
		if len(v.types) == 0 && v.nullable {
			v.types = []string{"null"}
		}
	}
	v.readEnum(s)
	v.readProperties(s)
	return v
}

// readProperties takes the properties in their order.
func (v *view) readProperties(s *openapi3.Schema) {
	order, _ := s.Extensions[orderKey].([]any)
	for _, entry := range order {
		name, _ := entry.(string)
		if p := s.Properties[name]; p != nil && v.properties[name] == nil {
			v.names = append(v.names, name)
			v.properties[name] = p
		}
	}
}

// add takes over what another view says and v leaves open.
func (v *view) add(w view) {
	if v.loop = v.loop || w.loop; w.loop {
		return
	}
	if len(v.types) == 0 {
		v.types = w.types
	}
	first(&v.format, w.format)
	first(&v.pattern, w.pattern)
	first(&v.title, w.title)
	first(&v.doc, w.doc)
	v.nullable, v.blank = v.nullable || w.nullable, v.blank || w.blank
	v.readOnly, v.writeOnly, v.deprecated = v.readOnly || w.readOnly, v.writeOnly || w.writeOnly, v.deprecated || w.deprecated
	v.alternative = v.alternative || w.alternative
	v.addCodes(w)
	for _, name := range w.names {
		if v.properties == nil {
			v.properties = map[string]*openapi3.SchemaRef{}
		}
		if v.properties[name] == nil {
			v.names = append(v.names, name)
			v.properties[name] = w.properties[name]
		}
	}
	v.required = append(v.required[:len(v.required):len(v.required)], w.required...)
	if v.items == nil {
		v.items = w.items
	}
	// A bound beside a reference is as a rule that of the database's type, and
	// says more than none.
	first(&v.min, w.min)
	first(&v.max, w.max)
	first(&v.multipleOf, w.multipleOf)
	first(&v.maxLength, w.maxLength)
	v.open = append(v.open, w.open...)
	v.composed = append(v.composed, w.composed...)
}

// first sets what is not set yet.
func first[T comparable](to *T, v T) {
	var zero T
	if *to == zero {
		*to = v
	}
}

// alternatives reads oneOf and anyOf. One that stands for null or for an empty
// text says so and is none; several of one kind are taken together.
func (t trail) alternatives(refs openapi3.SchemaRefs) view {
	var sum view
	var all []view
	for _, ref := range refs {
		w := t.look(ref)
		if w.isNothing() {
			sum.nullable, sum.blank = sum.nullable || w.nullable || !w.blank, sum.blank || w.blank
			sum.composed = append(sum.composed, w.composed...)
			continue
		}
		all = append(all, w)
	}
	kinds := map[string]bool{}
	for _, w := range all {
		kinds[w.kind()] = true
	}
	for _, w := range all {
		if len(kinds) == 1 && sum.kind() != "" && sum.format != w.format {
			sum.format, w.format = "", ""
		}
		sum.add(w)
	}
	switch {
	case len(all) < 2:
	case len(kinds) > 1:
		sum.alternative = true
		sum.open = append(sum.open, "values of several kinds, taken as they are")
	case kinds["object"]:
		sum.required = nil
		sum.open = append(sum.open, "one of several objects: the fields of all are here")
	}
	return sum
}

// isNothing tells whether a view stands for null or an empty text alone, as
// NullEnum and BlankEnum do.
func (v *view) isNothing() bool {
	if len(v.types) == 1 && v.types[0] == "null" {
		return true
	}
	return len(v.codes) == 0 && (v.blank || v.nullable && len(v.texts) > 0) && len(v.names) == 0
}

// kind is what values of a view are at their root; empty: anything.
func (v *view) kind() string {
	switch {
	case len(v.types) == 1:
		return v.types[0]
	case len(v.types) > 1:
		return "several"
	case len(v.codes) > 0:
		return v.codes[0].kind
	case len(v.names) > 0:
		return "object"
	case v.items != nil:
		return "array"
	}
	return ""
}
