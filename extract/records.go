package extract

import (
	"strings"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
)

// findRecords returns the records of a reply: at the first place that exists,
// where null counts as missing. An object is one record.
func findRecords(d *document, r config.Records) ([]jsonspan.Span, *fault.Error) {
	for _, place := range r.At {
		at, ok := d.find(place.Path)
		if !ok || place.List && d.kind(at) != jsonspan.Array {
			continue
		}
		switch kind := d.kind(at); kind {
		case jsonspan.Array:
			return d.outline.Elements(at), nil
		case jsonspan.Object:
			return []jsonspan.Span{at}, nil
		default:
			return nil, fault.New(fault.Data, "a %s stands at %s, where records should be", kind, pathText(place.Path))
		}
	}
	if r.MissingEmpty {
		return nil, nil
	}
	var places []string
	for _, place := range r.At {
		places = append(places, pathText(place.Path))
	}
	return nil, fault.New(fault.Data, "the reply holds no records at %s", strings.Join(places, " or ")).
		WithHint("name the right place under records, or set missing: empty if no rows look like this")
}

func pathText(p config.Path) string {
	if len(p) == 0 {
		return "$"
	}
	return strings.Join(p, ".")
}
