package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// JSONSchema returns the JSON Schema (draft 2020-12) of pipelines.yaml, for
// editors. It is made of the structs that files are read by, so it knows the
// same keys; what belongs together only Parse can tell.
func JSONSchema() ([]byte, error) {
	s := schemaOf(reflect.TypeFor[fileKeys]())
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "pipelines.yaml of etl"
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(s)
	return b.Bytes(), err
}

// A shape is a value of the language that knows how it is written.
type shape interface{ schema() *jsonschema.Schema }

// schemaOf returns the schema of a type of the language.
func schemaOf(t reflect.Type) *jsonschema.Schema {
	if s, ok := reflect.New(t).Interface().(shape); ok {
		return s.schema()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		return &jsonschema.Schema{Type: "array", Items: schemaOf(t.Elem())}
	}
	return objectOf(t)
}

// objectOf returns the schema of a struct: its keys and no others.
func objectOf(t reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Type:                 "object",
		Properties:           map[string]*jsonschema.Schema{},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
	for _, f := range reflect.VisibleFields(t) {
		key := f.Tag.Get("json")
		if key == "" {
			continue
		}
		of := schemaOf(f.Type)
		if words := f.Tag.Get("enum"); words != "" {
			of = wordSchema(strings.Split(words, ","))
		}
		of.Description = f.Tag.Get("doc")
		s.Properties[key] = of
		s.PropertyOrder = append(s.PropertyOrder, key)
		if f.Tag.Get("need") == "yes" {
			s.Required = append(s.Required, key)
		}
	}
	return s
}

// either returns the schema of what can be written in several ways.
func either(ways ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: ways}
}

func ofType(name string) *jsonschema.Schema { return &jsonschema.Schema{Type: name} }

func matching(pattern string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern}
}

// variableSchema is a text that holds a variable: it may stand for any single value.
func variableSchema() *jsonschema.Schema { return matching(`\$\{.+\}`) }

func wordSchema(words []string) *jsonschema.Schema {
	s := &jsonschema.Schema{}
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return either(s, variableSchema())
}

// scalarSchema is a single value of any kind.
func scalarSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Types: []string{"string", "number", "boolean", "null"}}
}

func (textLeaf) schema() *jsonschema.Schema {
	return &jsonschema.Schema{Types: []string{"string", "number"}}
}

func (numberLeaf) schema() *jsonschema.Schema {
	return either(&jsonschema.Schema{Type: "integer", Minimum: new(0.0)}, variableSchema())
}

func (flagLeaf) schema() *jsonschema.Schema { return either(ofType("boolean"), variableSchema()) }

func (span) schema() *jsonschema.Schema {
	return either(matching(`^([0-9.]+(ns|us|µs|ms|s|m|h))+$|^[0-9]+d$|^0$`), &jsonschema.Schema{Enum: []any{0}}, variableSchema())
}

func (share) schema() *jsonschema.Schema {
	return either(matching(`^[0-9.]+%$`), &jsonschema.Schema{Type: "number", Minimum: new(0.0), Maximum: new(1.0)}, variableSchema())
}

func (rejects) schema() *jsonschema.Schema {
	return either(matching(`^[0-9.]+%$`), &jsonschema.Schema{Type: "integer", Minimum: new(0.0)}, variableSchema())
}

func (jsonPath) schema() *jsonschema.Schema { return ofType("string") }

func (recordPath) schema() *jsonschema.Schema { return ofType("string") }

func (partitionBy) schema() *jsonschema.Schema {
	return matching(`^(year|month|day|hour|value|bucket\([0-9]{1,4}\))$|\$\{.+\}`)
}

func (opaque) schema() *jsonschema.Schema { return &jsonschema.Schema{} }

func (accountsLeaf) schema() *jsonschema.Schema {
	values := &jsonschema.Schema{Types: []string{"object", "null"}, AdditionalProperties: scalarSchema()}
	return either(matching(`^\$\{file:.+\}$`), &jsonschema.Schema{
		Type: "object", AdditionalProperties: values, PropertyNames: &jsonschema.Schema{Pattern: accountName.String()},
	})
}

func (members) schema() *jsonschema.Schema { return ofType("object") }

func (template) schema() *jsonschema.Schema {
	return &jsonschema.Schema{Types: []string{"string", "number"}}
}

func (oneOrMany[T]) schema() *jsonschema.Schema {
	one := schemaOf(reflect.TypeFor[T]())
	return either(one, &jsonschema.Schema{Type: "array", Items: one.CloneSchemas()})
}

func (named[T]) schema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:                 "object",
		AdditionalProperties: schemaOf(reflect.TypeFor[T]()),
		PropertyNames:        &jsonschema.Schema{Pattern: ownName.String()},
	}
}

func (pagingKeys) schema() *jsonschema.Schema {
	return either(&jsonschema.Schema{Enum: []any{PagingNone}}, objectOf(reflect.TypeFor[pagingMap]()))
}

func (totalKeys) schema() *jsonschema.Schema {
	return either(ofType("string"), objectOf(reflect.TypeFor[totalMap]()))
}

func (recordsKeys) schema() *jsonschema.Schema {
	return either(oneOrMany[recordPath]{}.schema(), objectOf(reflect.TypeFor[recordsMap]()))
}

func (forEachKeys) schema() *jsonschema.Schema { return oneOrMany[forEachOne]{}.schema() }

func (conditions) schema() *jsonschema.Schema {
	values := func() *jsonschema.Schema {
		return either(scalarSchema(), &jsonschema.Schema{Type: "array", Items: scalarSchema()})
	}
	return &jsonschema.Schema{
		Type: "object",
		Properties: map[string]*jsonschema.Schema{
			"http": values(), "page": scalarSchema(), "mnemonic": values(),
		},
		PropertyOrder:        []string{"http", "page", "mnemonic"},
		PatternProperties:    map[string]*jsonschema.Schema{`^body\.`: values()},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
}
