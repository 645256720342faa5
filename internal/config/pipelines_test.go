package config

import (
	"encoding/json"
	"strings"
	"testing"

	"etl"

	"github.com/google/jsonschema-go/jsonschema"
)

// shipped is an environment for the pipelines in the binary.
func shipped(name string) (string, bool) {
	value, ok := map[string]string{
		"RENTAL_URL": "https://rental.example.com", "RENTAL_TENANT": "4", "RENTAL_USER": "user", "RENTAL_PASSWORD": "canary-1",
		"CALLS_URL": "https://calls.example.com", "CALLS_USER": "user", "CALLS_PASSWORD": "canary-2",
		"PROJECTS_URL": "https://projects.example.com", "PROJECTS_TOKEN": "canary-3", "PROJECTS_SECRET": "canary-4",
		"MEETINGS_URL": "https://meetings.example.com", "MEETINGS_TOKEN": "canary-5",
	}[name]
	return value, ok
}

// The pipelines that are shipped come to what lies in testdata, and no secret
// is in it.
func TestShippedPipelines(t *testing.T) {
	c, err := Parse("pipelines.yaml", etl.Pipelines(), Options{Lookup: shipped, Schemas: etl.Schemas()})
	if err != nil {
		t.Fatal(err)
	}
	text := explained(t, c)
	if strings.Contains(text, "canary") {
		t.Error("a secret is explained")
	}
	golden(t, "testdata/pipelines.txt", text)
}

// Whoever runs one source's pipelines needs the variables of no other.
func TestShippedPipelinesAlone(t *testing.T) {
	lookup := func(name string) (string, bool) {
		if !strings.HasPrefix(name, "CALLS_") {
			return "", false
		}
		return shipped(name)
	}
	o := Options{Lookup: lookup, Schemas: etl.Schemas(), Only: []string{"sales_funnels"}}
	if _, err := Parse("pipelines.yaml", etl.Pipelines(), o); err != nil {
		t.Error(err)
	}
	o.Only = []string{"requests"}
	if _, err := Parse("pipelines.yaml", etl.Pipelines(), o); err == nil {
		t.Error("requests need no variable")
	}
}

// The JSON Schema in docs is that of the language, and it takes what Parse
// takes.
func TestJSONSchema(t *testing.T) {
	text, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "../../docs/pipelines.schema.json", string(text))
	var schema jsonschema.Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, text string
		ok         bool
	}{
		{"pipelines.yaml", string(etl.Pipelines()), true},
		{"full.yaml", file(t, "testdata/good/full.yaml"), true},
		{"unknown_key.yaml", file(t, "testdata/bad/unknown_key.yaml"), false},
		{"unknown_word.yaml", file(t, "testdata/bad/unknown_word.yaml"), false},
		{"missing_key.yaml", file(t, "testdata/bad/missing_key.yaml"), false},
		{"wrong_type.yaml", file(t, "testdata/bad/wrong_type.yaml"), false},
		{"names.yaml", file(t, "testdata/bad/names.yaml"), false},
	} {
		if err := resolved.Validate(plainValue(t, test.text)); (err == nil) != test.ok {
			t.Errorf("%s: %v, want right: %v", test.name, err, test.ok)
		}
	}
}

// plainValue is a YAML text as encoding/json would decode it.
func plainValue(t *testing.T, text string) any {
	t.Helper()
	var r report
	top := r.parse(newDocument("test.yaml", []byte(text)), []byte(text))
	if len(r.mistakes) > 0 {
		t.Fatal(r.mistakes)
	}
	var convert func(*node) any
	convert = func(n *node) any {
		switch n.form {
		case nullForm:
			return nil
		case boolForm:
			return n.scalar == "true"
		case numberForm:
			var f float64
			if err := json.Unmarshal([]byte(n.scalar), &f); err != nil {
				t.Fatal(err)
			}
			return f
		case listForm:
			list := []any{}
			for _, item := range n.items {
				list = append(list, convert(item))
			}
			return list
		case mapForm:
			object := map[string]any{}
			for _, e := range n.entries {
				if e.value.form != nullForm { // as good as not there
					object[e.key] = convert(e.value)
				}
			}
			return object
		}
		return n.scalar
	}
	return convert(top)
}
