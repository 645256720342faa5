package extract

import (
	"slices"
	"strings"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
)

// findRecords returns the records of a reply: at the first place that exists,
// where null counts as missing, and the scanner that has read them, nil if none
// has. An object is one record.
func findRecords(d *document, r config.Records) ([]jsonspan.Span, Scanner, *fault.Error) {
	for _, place := range r.At {
		at, ok := d.find(place.Path)
		if !ok || place.List && d.kind(at) != jsonspan.Array {
			continue
		}
		switch kind := d.kind(at); kind {
		case jsonspan.Array:
			if d.outline.Read(at) {
				return d.outline.Elements(at), d.scanner, nil
			}
			return d.outline.Elements(at), nil, nil
		case jsonspan.Object:
			return []jsonspan.Span{at}, nil, nil
		default:
			return nil, nil, fault.New(fault.Data, "a %s stands at %s, where records should be", kind, pathText(place.Path))
		}
	}
	if r.MissingEmpty {
		return nil, nil, d.looksEmpty(r)
	}
	var places []string
	for _, place := range r.At {
		places = append(places, pathText(place.Path))
	}
	return nil, nil, fault.New(fault.Data, "the reply holds no records at %s", strings.Join(places, " or ")).
		WithHint("name the right place under records, or set missing: empty if no rows look like this")
}

func pathText(p config.Path) string {
	if len(p) == 0 {
		return "$"
	}
	return strings.Join(p, ".")
}

// looksEmpty tells of a reply without records at their place whether it is one
// without any: an object, none of whose members is a list with objects in it.
func (d *document) looksEmpty(r config.Records) *fault.Error {
	whole := slices.ContainsFunc(r.At, func(p config.RecordPath) bool { return len(p.Path) == 0 })
	kind := d.kind(d.root)
	if whole && kind == jsonspan.Null {
		return nil
	}
	if kind != jsonspan.Object && (kind != jsonspan.Array || hasObjects(d.text, d.root)) {
		return fault.New(fault.Data, "the reply is a %s, where an object should hold records", kind).
			WithHint("name the right place under records")
	}
	if kind == jsonspan.Array {
		return nil
	}
	for name, value := range jsonspan.Members(d.text, d.root) {
		if jsonspan.KindOf(d.text, value) == jsonspan.Array && hasObjects(d.text, value) {
			return fault.New(fault.Data, "the reply holds no records where they should be, but objects at %s", name.Of(d.text)).
				WithHint("records: %s", strings.Trim(string(name.Of(d.text)), `"`))
		}
	}
	return nil
}

// hasObjects tells whether the first element of a list is an object.
func hasObjects(text []byte, list jsonspan.Span) bool {
	for element := range jsonspan.Elements(text, list) {
		return jsonspan.KindOf(text, element) == jsonspan.Object
	}
	return false
}
