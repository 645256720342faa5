package propose

import (
	"encoding/json"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/fault"
	"etl/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func openAPI(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The document of drf-spectacular, and one of version 3.1 with every feature,
// in all forms of lists. A golden file holds what goes to each place.
func TestImport(t *testing.T) {
	tests := []struct {
		golden, document string
		operation        Operation
	}{
		{"shop_bike", "shop.openapi.json", Operation{Path: "/v1/bikes/{id}/"}},
		{"shop_bike_in_list", "shop.openapi.json", Operation{Path: "/v1/bikes/"}},
		{"shop_booking", "shop.openapi.json", Operation{Path: "/v1/bookings/", Method: "get"}},
		{"features", "features.openapi.yaml", Operation{Path: "/v1/things/"}},
		{"features_parts", "features.openapi.yaml", Operation{Path: "/v1/things/{thing_id}/parts/{part_id}/"}},
		{"features_offsets", "features.openapi.yaml", Operation{Path: "/v1/offsets", Method: "post"}},
		{"features_cursors", "features.openapi.yaml", Operation{Path: "/v1/cursors"}},
		{"features_array", "features.openapi.yaml", Operation{Path: "/v1/array"}},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			p, err := Import(tt.document, openAPI(t, tt.document), tt.operation)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := schemas.Parse(tt.golden, p.Schema()); err != nil {
				t.Error(err)
			}
			golden(t, tt.golden+".yaml", p.Schema())
			golden(t, tt.golden+".pipeline.yaml", p.Pipeline("./"+tt.golden+".yaml"))
			if marked := strings.Count(string(p.Schema()), "# undecided: "); marked != len(p.Undecided()) {
				t.Errorf("%d marks in the file for %q", marked, p.Undecided())
			}
		})
	}
}

// What drf-spectacular says of the test shop leads to the schema that its
// author wrote by hand, but for what the document does not say.
func TestImportFindsWhatAPersonWrote(t *testing.T) {
	p, err := Import("shop", openAPI(t, "shop.openapi.json"), Operation{Path: "/v1/bikes/{id}/"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := schemas.Parse("got", p.Schema())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../e2e/django/etl/bike.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := schemas.Parse("want", text)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{"longest": "duration(django) → string"} // a duration that nothing tells of
	for _, w := range want.Columns {
		g := got.Column(w.Name)
		if g == nil {
			t.Errorf("%s is missing", w.Name)
			continue
		}
		if g.Type.String() != w.Type.String() && said[w.Name] != w.Type.String()+" → "+g.Type.String() {
			t.Errorf("%s is %s, want %s", w.Name, g.Type, w.Type)
		}
		if diff := cmp.Diff(w.Type.Labels, g.Type.Labels); diff != "" {
			t.Errorf("labels of %s (-want +got):\n%s", w.Name, diff)
		}
	}
}

func TestImportMistakes(t *testing.T) {
	features := string(openAPI(t, "features.openapi.yaml"))
	tests := []struct {
		name, document string
		operation      Operation
		want           string
	}{
		{"no such path", features, Operation{Path: "/v1/things"}, "there is no path /v1/things"},
		{"no such method", features, Operation{Path: "/v1/things/", Method: "post"}, "/v1/things/ has no method post"},
		{"no body", features, Operation{Path: "/v1/nothing"}, "does not say what JSON it answers with"},
		{"no object", features, Operation{Path: "/v1/text"}, "answers with no object whose members are known"},
		{"not OpenAPI", `{"a": 1}`, Operation{Path: "/"}, `its openapi is ""`},
		{"an older version", `{"swagger": "2.0", "paths": {}}`, Operation{Path: "/"}, `its openapi is ""`},
		{"broken JSON", `{"openapi": `, Operation{Path: "/"}, "byte 12"},
		{"broken YAML", "a: [", Operation{Path: "/"}, "reading doc"},
		{"a list", "- a", Operation{Path: "/"}, "it is no object"},
		{"nothing", "", Operation{Path: "/"}, "it is no object"},
		{
			"a reference that leads nowhere", `{"openapi":"3.0.0","paths":{"/":{"get":{"responses":{"200":{"$ref":"#/components/responses/X"}}}}}}`,
			Operation{Path: "/"}, "reading doc",
		},
		{
			"a reference out of the document", `{"openapi":"3.0.0","paths":{"/":{"$ref":"file:///etc/passwd"}}}`,
			Operation{Path: "/"}, "reading doc",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Import("doc", []byte(tt.document), tt.operation)
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.Of(err) != fault.Config {
				t.Errorf("got %v (%v), want %q", err, fault.Of(err), tt.want)
			}
		})
	}
}

// JSON and YAML of the same document lead to the same proposal.
func TestImportTakesBothSyntaxes(t *testing.T) {
	text := openAPI(t, "shop.openapi.json")
	o := Operation{Path: "/v1/bookings/"}
	asJSON, err := Import("shop", text, o)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := Import("shop", append([]byte("# JSON is YAML\n"), text...), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(asJSON.Schema()), string(asYAML.Schema())); diff != "" {
		t.Errorf("JSON and YAML (-JSON +YAML):\n%s", diff)
	}
}

// Whatever the document, there is an error or a schema that can be read.
func FuzzImport(f *testing.F) {
	f.Add(string(readSeed(f, "shop.openapi.json")), "/v1/bookings/")
	f.Add(`{"openapi":"3.1.0","paths":{"/":{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"properties":{"a":{"enum":[1,null,""]},"b":{"$ref":"#/paths/~1/get/responses/200/content/application~1json/schema"}}}}}}}}}}}`, "/")
	f.Add(`{"openapi":"3.0.0","paths":{"/":{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"type":"array","items":{"allOf":[{"properties":{"a":{"oneOf":[]},"b":{"type":"array","items":{"enum":["x\u0000y"]}}}}]}}}}}}}}}}`, "/")
	f.Fuzz(func(t *testing.T, text, path string) {
		checkImport(t, text, path)
	})
}

func readSeed(f *testing.F, name string) []byte {
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		f.Fatal(err)
	}
	return text
}

func checkImport(t *testing.T, text, path string) {
	t.Helper()
	p, err := Import("doc", []byte(text), Operation{Path: path})
	if err != nil {
		return
	}
	if _, err := schemas.Parse("proposal", p.Schema()); err != nil {
		t.Fatalf("%v\n%s", err, p.Schema())
	}
	p.Pipeline("./proposal.yaml")
}

// Documents that are JSON, but whose parts stand where they should not: any
// value in the place of any other, members gone, references to anywhere.
func FuzzImportOfMixedUpDocuments(f *testing.F) {
	shop, features := readSeed(f, "shop.openapi.json"), readSeed(f, "features.openapi.yaml")
	features, err := jsonOf(features)
	if err != nil {
		f.Fatal(err)
	}
	for seed := range uint64(200) {
		f.Add(seed, seed%2 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, shopping bool) {
		text, path := features, "/v1/things/"
		if shopping {
			text, path = shop, "/v1/bookings/"
		}
		var document any
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		m := mixer{rand: rand.New(rand.NewPCG(seed, 0))}
		m.gather(document)
		for range 1 + m.rand.IntN(5) {
			m.mix()
		}
		text, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		checkImport(t, string(text), path)
	})
}

// A mixer puts parts of a document into the place of others.
type mixer struct {
	rand  *rand.Rand
	parts []any // all values of the document, and some of its own
	holds []any // objects and lists among them
}

func (m *mixer) gather(v any) {
	m.parts = append(m.parts, v)
	switch v := v.(type) {
	case map[string]any:
		m.holds = append(m.holds, v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			m.gather(v[name])
		}
	case []any:
		m.holds = append(m.holds, v)
		for _, e := range v {
			m.gather(e)
		}
	}
}

// mix changes one value.
func (m *mixer) mix() {
	odd := []any{nil, true, -1.5, 1e300, "", "null", "\u2028: {", []any{}, map[string]any{}, map[string]any{"$ref": "#/components/schemas/Thing"},
		map[string]any{"$ref": "#/paths"}, map[string]any{"$ref": "#"}, []any{nil, nil}}
	part := func() any {
		if m.rand.IntN(2) == 0 {
			return odd[m.rand.IntN(len(odd))]
		}
		text, _ := json.Marshal(m.parts[m.rand.IntN(len(m.parts))]) // a copy, so that nothing holds itself
		var copied any
		_ = json.Unmarshal(text, &copied)
		return copied
	}
	switch hold := m.holds[m.rand.IntN(len(m.holds))].(type) {
	case map[string]any:
		names := append(slices.Sorted(maps.Keys(hold)), "properties", "oneOf", "enum", "type", "$ref", "nullable", "items")
		name := names[m.rand.IntN(len(names))]
		if hold[name] = part(); m.rand.IntN(4) == 0 {
			delete(hold, name)
		}
	case []any:
		if len(hold) > 0 {
			hold[m.rand.IntN(len(hold))] = part()
		}
	}
}

// A description with anything in it is written so that it is read back.
func FuzzScalar(f *testing.F) {
	for _, s := range []string{"", "yes", "007", "-1", "a: b", "a # b", "a, b", "{", "Запрос", "\u2028", "a\tb", `"\`, "~", "1e3", "0x1", "😀", "\u007f", "- a", "a -b", "<<", "2020-01-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = oneLine(s)
		p := Proposal{From: s, Doc: s, Open: []string{s}, Columns: []Column{{
			Name: "id", From: "x" + strings.NewReplacer(".", "", "@", "").Replace(s), Type: enum(schemas.String), Doc: s,
			NullIf: []string{s}, Labels: []schemas.Label{{Code: s, Text: s}}, Notes: []string{s}, Open: []string{s},
		}}}
		got, err := schemas.Parse("s", p.Schema())
		if err != nil {
			t.Fatalf("%q: %v\n%s", s, err, p.Schema())
		}
		c := got.Columns[0]
		if got.Doc != s || c.Doc != s || c.NullIf[0] != s || c.Type.Labels[0] != (schemas.Label{Code: s, Text: s}) || c.From[0][0] != p.Columns[0].From {
			t.Errorf("%q is read back as %+v\n%s", s, c, p.Schema())
		}
	})
}
