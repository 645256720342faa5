package propose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"etl/internal/jsonspan"

	"github.com/goccy/go-yaml"
)

// orderKey is an extension of schemas that this package adds to a document: the
// names of the properties in their order, which the library does not keep.
const orderKey = "x-etl-order"

// jsonOf returns a document, JSON or YAML, as JSON, with the order of properties.
func jsonOf(text []byte) ([]byte, error) {
	span, err := jsonspan.Whole(text)
	if err != nil {
		if first := bytes.TrimSpace(text); len(first) > 0 && first[0] == '{' {
			return nil, err
		}
		var tree any
		if err := yaml.UnmarshalWithOptions(text, &tree, yaml.UseOrderedMap()); err != nil {
			return nil, fmt.Errorf("%s", yaml.FormatError(err, false, false))
		}
		if text, err = appendTree(nil, tree); err != nil {
			return nil, err
		}
		if span, err = jsonspan.Whole(text); err != nil {
			return nil, err
		}
	}
	if jsonspan.KindOf(text, span) != jsonspan.Object {
		return nil, fmt.Errorf("it is no object")
	}
	return appendOrdered(nil, text, span, false), nil
}

// appendTree writes what the YAML library read, in its order.
func appendTree(out []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case yaml.MapSlice:
		out = append(out, '{')
		for i, m := range v {
			if i > 0 {
				out = append(out, ',')
			}
			name, _ := json.Marshal(fmt.Sprint(m.Key)) // a text is JSON
			if out, err = appendTree(append(append(out, name...), ':'), m.Value); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	case []any:
		out = append(out, '[')
		for i, e := range v {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = appendTree(out, e); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	}
	scalar, err := json.Marshal(v)
	return append(out, scalar...), err
}

// Members of a document whose own members are named by its author.
var namedByAuthor = []string{"properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "schemas",
	"responses", "parameters", "headers", "paths", "webhooks", "content"}

// appendOrdered copies a value, and adds to every object with properties their
// names in order. The members of an object that is named have names of the
// author's, so that "properties" means nothing there.
func appendOrdered(out, text []byte, at jsonspan.Span, named bool) []byte {
	switch jsonspan.KindOf(text, at) {
	case jsonspan.Array:
		out = append(out, '[')
		for e := range jsonspan.Elements(text, at) {
			out = append(appendOrdered(out, text, e, false), ',')
		}
		return append(bytes.TrimSuffix(out, []byte(",")), ']')
	case jsonspan.Object:
		out = append(out, '{')
		for name, value := range jsonspan.Members(text, at) {
			key, err := jsonspan.Unquote(name.Of(text))
			if err != nil || string(key) == orderKey {
				continue
			}
			out = append(append(out, name.Of(text)...), ':')
			out = append(appendOrdered(out, text, value, !named && slices.Contains(namedByAuthor, string(key))), ',')
			if !named && string(key) == "properties" && jsonspan.KindOf(text, value) == jsonspan.Object {
				out = append(append(out, `"`+orderKey+`":`...), namesOf(text, value)...)
				out = append(out, ',')
			}
		}
		return append(bytes.TrimSuffix(out, []byte(",")), '}')
	}
	return append(out, at.Of(text)...)
}

// namesOf returns a list of the names of an object's members.
func namesOf(text []byte, object jsonspan.Span) []byte {
	out := []byte{'['}
	for name := range jsonspan.Members(text, object) {
		if _, err := jsonspan.Unquote(name.Of(text)); err == nil {
			out = append(append(out, name.Of(text)...), ',')
		}
	}
	return append(bytes.TrimSuffix(out, []byte(",")), ']')
}
