package etl_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	goyaml "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"etl/extract"
	"etl/internal/config"
)

const configurationGuide = "docs/configuration.md"

// language returns the keys of pipelines.yaml by the section of the guide that
// tells of them: "paging.send" → "size". The JSON Schema is made of the structs
// that files are read by, so no key is missing from it.
func language(t *testing.T) map[string]map[string]*jsonschema.Schema {
	t.Helper()
	text, err := config.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	var top jsonschema.Schema
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	sections := map[string]map[string]*jsonschema.Schema{}
	gather(sections, "", &top)
	return sections
}

// gather adds the keys of a value and of all that it may hold.
func gather(sections map[string]map[string]*jsonschema.Schema, path string, s *jsonschema.Schema) {
	if s == nil {
		return
	}
	for key, of := range s.Properties {
		name := sectionOf(path)
		if sections[name] == nil {
			sections[name] = map[string]*jsonschema.Schema{}
		}
		sections[name][key] = of
		gather(sections, strings.TrimPrefix(path+"."+key, "."), of)
	}
	gather(sections, path, s.Items)
	for _, way := range s.AnyOf {
		gather(sections, path, way)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Not == nil {
		gather(sections, path, s.AdditionalProperties)
	}
}

// sectionOf returns the section for a path: that of what stands below a source
// or a pipeline has no prefix, and what is read alike has one section.
func sectionOf(path string) string {
	if path == "" {
		return "pipelines.yaml"
	}
	for _, prefix := range []string{"sources.", "pipelines."} {
		path = strings.TrimPrefix(path, prefix)
	}
	switch path {
	case "auth.login", "auth.refresh":
		return "request"
	case "replies.unless":
		return "replies.when"
	}
	return path
}

// Every key stands in the guide, with its words and its default, an example that
// is right, and no key that does not exist.
func TestGuideNamesEveryKey(t *testing.T) {
	guide, sections := readDocument(t, configurationGuide), language(t)
	told := map[string]bool{}
	for _, r := range guide.rows {
		if !r.isTable("key", "type", "default", "example", "what it says") {
			continue
		}
		key := code(r.cells[0])[0]
		known := false
		for _, section := range code(r.heading) {
			s, ok := sections[section][key]
			if !ok {
				continue
			}
			known = true
			told[section+" "+key] = true
			checkKey(t, r, section+"."+key, s)
		}
		if !known {
			t.Errorf("under %q: there is no key %s", r.heading, key)
		}
	}
	for section, keys := range sections {
		for key := range keys {
			if !told[section+" "+key] {
				t.Errorf("the guide tells nothing of the key %s of %s", key, section)
			}
		}
	}
}

var defaultText = regexp.MustCompile(`By default ([^ ;]+?)[.;]`)

// checkKey holds the row of a key against its schema.
func checkKey(t *testing.T, r row, name string, s *jsonschema.Schema) {
	t.Helper()
	all := strings.Join(r.cells, " | ")
	for _, way := range append([]*jsonschema.Schema{s}, s.AnyOf...) {
		for _, word := range way.Enum {
			if text, ok := word.(string); ok && !slices.Contains(code(all), text) {
				t.Errorf("%s: the guide does not tell of %s", name, text)
			}
		}
	}
	if m := defaultText.FindStringSubmatch(s.Description); m != nil && !strings.Contains(r.cells[2], m[1]) {
		t.Errorf("%s: the default is %s, the guide says %q", name, m[1], r.cells[2])
	}
	for _, example := range code(r.cells[3]) {
		var value any
		if err := goyaml.Unmarshal([]byte(example), &value); err != nil {
			t.Errorf("%s: the example %s: %v", name, example, err)
			continue
		}
		resolved, err := s.CloneSchemas().Resolve(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(plainJSON(t, value)); err != nil {
			t.Errorf("%s: the example %s: %v", name, example, err)
		}
	}
	if len(code(r.cells[3])) == 0 {
		t.Errorf("%s has no example", name)
	}
}

// plainJSON brings a value of YAML into the types of JSON.
func plainJSON(t *testing.T, value any) (plain any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// A stand is where the fragments of the guide are tried: a source and two
// pipelines, whose keys give way to those of the fragment.
type stand struct {
	dir string
	env map[string]string
}

// orderSchema is the schema of the pipelines of a stand.
const orderSchema = `columns:
  - { name: id, type: int64, required: true }
  - { name: code, type: string }
  - { name: status, type: int32 }
  - { name: price, type: "decimal(16,2)" }
  - { name: created_at, type: timestamp }
  - { name: updated_at, type: timestamp }
  - { name: lines, type: list<int64> }
`

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{dir: t.TempDir(), env: map[string]string{
		"SHOP_USER": "someone", "SHOP_PASSWORD": "a secret", "SHOP_TOKEN": "another secret", "SHOP_URL": "https://shop.example.com",
	}}
	for name, text := range map[string]string{
		"order.yaml": orderSchema, "person.yaml": "columns: [{ name: phone, type: string, pii: hash }]\n",
		"shops.yaml": "- { shop: north }\n- { shop: south }\n", "token": "a third secret\n",
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// parse reads a whole configuration.
func (s *stand) parse(text string) (*config.Config, error) {
	c, err := config.Parse(filepath.Join(s.dir, "pipelines.yaml"), []byte(text), config.Options{
		Lookup:  func(name string) (string, bool) { value, ok := s.env[name]; return value, ok },
		Schemas: os.DirFS("schemas"),
	})
	return c, err
}

// whole makes a configuration of keys of the file, of a source or of a pipeline.
func whole(place, fragment string) string {
	parts := map[string]string{place: fragment}
	calls := strings.Contains(fragment, "jsonrpc") || strings.Contains(fragment, "call:")
	request, kind := "request: { path: /orders }", ""
	if calls {
		request, kind = "request: { call: get.orders }", "kind: jsonrpc\n"
	}
	source := kind + "base_url: https://shop.example.com\ntimezone: Europe/Warsaw\nrecords: items\n"
	pipeline := "source: shop\n" + request + "\nschema: ./order.yaml\nkey: [id]\n"
	list := "source: shop\n" + request + "\nschema: ./order.yaml\nkey: [id]\n"
	text := "sources:\n  shop:\n" + indent(lay(source, parts["source"])) +
		"pipelines:\n  orders:\n" + indent(list) + "  it:\n" + indent(lay(pipeline, parts["pipeline"]))
	return lay("version: 1\n"+text, parts["file"])
}

// lay puts keys over others: those of equal name give way.
func lay(base, over string) string {
	own := topKeys(over)
	var b strings.Builder
	keep := true
	for line := range strings.Lines(base) {
		if m := topKey.FindStringSubmatch(line); m != nil {
			keep = !slices.Contains(own, m[1])
		}
		if keep {
			b.WriteString(line)
		}
	}
	return b.String() + over
}

var topKey = regexp.MustCompile(`(?m)^([a-z_]+):`)

func topKeys(text string) (keys []string) {
	for _, m := range topKey.FindAllStringSubmatch(text, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("    " + line)
	}
	return b.String()
}

// Every block of YAML is right: whole files, and what belongs into a source or
// into a pipeline. A block that is said to hold mistakes has those that follow.
func TestGuideExamplesAreRight(t *testing.T) {
	guide, s := readDocument(t, configurationGuide), newStand(t)
	tried := 0
	for i, b := range guide.blocks {
		kind, place, _ := strings.Cut(b.info, " ")
		if kind != "yaml" {
			continue
		}
		tried++
		text := b.text
		if place == "source" || place == "pipeline" {
			text = whole(place, b.text)
		}
		_, err := s.parse(text)
		switch {
		case place == "mistakes":
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), s.dir+string(filepath.Separator), "") + "\n"
			}
			if diff := cmp.Diff(guide.blocks[i+1].text, got); diff != "" {
				t.Errorf("under %q (-guide +etl):\n%s", b.heading, diff)
			}
		case err != nil:
			t.Errorf("under %q: %v\n%s", b.heading, err, text)
		}
	}
	if tried < 10 {
		t.Errorf("only %d examples were tried", tried)
	}
}

// What validate --explain prints of the first example stands in the guide.
func TestGuideExplainsItsExample(t *testing.T) {
	guide, s := readDocument(t, configurationGuide), newStand(t)
	first := slices.IndexFunc(guide.blocks, func(b block) bool { return b.info == "yaml" })
	shown := slices.IndexFunc(guide.blocks, func(b block) bool { return b.info == "text explain" })
	c, err := s.parse(guide.blocks[first].text)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Pipelines[0].Explain(&b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(guide.blocks[shown].text, b.String()); diff != "" {
		t.Errorf("(-guide +etl):\n%s", diff)
	}
}

// Every mistake that the guide names is what etl prints, with its hint.
func TestGuideQuotesMistakes(t *testing.T) {
	guide, s := readDocument(t, configurationGuide), newStand(t)
	tried := 0
	for _, r := range guide.rows {
		if !r.isTable("you write", "etl prints") {
			continue
		}
		tried++
		wrote, printed := strings.Join(code(r.cells[0]), "\n")+"\n", append(code(r.cells[1]), "")
		var seen []string
		found := false
		for _, place := range []string{"pipeline", "source", "file"} {
			_, err := s.parse(whole(place, wrote))
			mistakes, _ := errors.AsType[*config.Mistakes](err)
			if mistakes == nil {
				continue
			}
			for _, m := range *mistakes {
				hint := strings.ReplaceAll(m.Hint, "`", "")
				found = found || m.Message == printed[0] && hint == printed[1]
				seen = append(seen, place+": "+m.Message+" / "+hint)
			}
		}
		if !found {
			t.Errorf("%s: %q is not among\n%s", r.cells[0], printed, strings.Join(seen, "\n"))
		}
	}
	if tried < 40 {
		t.Errorf("only %d mistakes were tried", tried)
	}
}

// The built-in rules for replies are those that validate --explain prints.
func TestGuideShowsBuiltInReplies(t *testing.T) {
	guide := readDocument(t, configurationGuide)
	for _, kind := range []string{config.HTTP, config.JSONRPC} {
		var b strings.Builder
		for i, rule := range extract.DefaultReplies(kind) {
			fmt.Fprintf(&b, "%-28s %s\n", fmt.Sprintf("built-in replies[%d]", i), rule)
		}
		if !slices.ContainsFunc(guide.blocks, func(g block) bool { return g.text == b.String() }) {
			t.Errorf("the guide does not show the built-in rules of %s:\n%s", kind, b.String())
		}
	}
}
