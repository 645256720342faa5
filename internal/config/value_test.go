package config

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// withValue parses a pipeline with one parameter, written as in the file.
func withValue(value string) (*Config, error) {
	text := "version: 1\nsources:\n  shop: { base_url: \"https://shop.example.com\", timezone: UTC }\npipelines:\n" +
		"  orders:\n    source: shop\n    window: { every: day, start: 2020-01-01 }\n" +
		"    request: { method: POST, path: /a, query: { at: \"{since:date}\" }, json: { x: " + value + " } }\n    schema: shop/order\n"
	return Parse("pipelines.yaml", []byte(text), Options{Lookup: environment, Schemas: os.DirFS("testdata/schemas")})
}

func TestValues(t *testing.T) {
	text := func(s string) Value { return Value{Kind: Text, Text: Template{{Literal: s}}} }
	tests := []struct {
		in   string
		want Value
	}{
		{`plain`, text("plain")},
		{`"5"`, text("5")},
		{`5`, Value{Kind: Number, Number: "5"}},
		{`-2.50e3`, Value{Kind: Number, Number: "-2.50e3"}},
		{`12345678901234567890123`, Value{Kind: Number, Number: "12345678901234567890123"}},
		{`true`, Value{Kind: Bool, Bool: true}},
		{`~`, Value{Kind: Null}},
		{`2020-01-01`, text("2020-01-01")},
		{`""`, Value{Kind: Text}},
		{`"${SHOP_USER}"`, text("someone")},
		{`"${SHOP_SIZE}"`, text("50")},
		{`"${SHOP_SIZE|int}"`, Value{Kind: Number, Number: "50"}},
		{`"n${SHOP_SIZE|int}"`, text("n50")},
		{`"${SHOP_NONE:-7|int}"`, Value{Kind: Number, Number: "7"}},
		{`"${SHOP_NONE:-true|bool}"`, Value{Kind: Bool, Bool: true}},
		{`"${SHOP_NONE:-{}|json}"`, Value{Kind: Map}},
		{`"${SHOP_NONE:-[1, {}]|json}"`, Value{Kind: List, List: []Value{{Kind: Number, Number: "1"}, {Kind: Map}}}},
		{`"${SHOP_NONE:-}"`, Value{}},
		{`"${SHOP_NONE:-|int}"`, Value{}},
		{`"${SHOP_EMPTY:-x}"`, text("x")},
		{`"a${SHOP_NONE:-}b"`, text("ab")},
		{`"${SHOP_USER|secret}"`, Value{Kind: Text, Text: Template{{Literal: "someone"}}, Secret: true}},
		{`"k ${SHOP_USER|secret}"`, Value{Kind: Text, Text: Template{{Literal: "k someone"}}, Secret: true}},
		{`"${SHOP_SIZE|int|secret}"`, Value{Kind: Number, Number: "50", Secret: true}},
		{`"$${SHOP_USER}"`, Value{}}, // a dollar sign, then a placeholder that is none
		{`"$$5 {{a}}"`, text("$5 {a}")},
		{`"5 $"`, text("5 $")},
		{`"{since:date} ${SHOP_USER} {{"`, Value{Kind: Text, Text: Template{{Name: "since", Layout: "date"}, {Literal: " someone {"}}}},
		{`"${SHOP_PATH}"`, text("a/b {parent.id}")},
		{`"${SHOP_YAML}"`, text("x, y: { z: 1 }\nkey: [oops]")},
		{`[1, { b: "${SHOP_USER}", a: ~ }]`, Value{Kind: List, List: []Value{{Kind: Number, Number: "1"}, {Kind: Map, Map: []Field{{"b", text("someone")}, {"a", Value{Kind: Null}}}}}}},
	}
	for _, test := range tests {
		c, err := withValue(test.in)
		if test.in == `"$${SHOP_USER}"` {
			if err == nil || !strings.Contains(err.Error(), "unknown placeholder {SHOP_USER}") {
				t.Errorf("%s: %v", test.in, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.in, err)
			continue
		}
		if diff := cmp.Diff(test.want, c.Pipelines[0].Request.JSON.Map[0].Value); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.in, diff)
		}
	}
}

// A secret of a file is read without its line end, and shown by nothing.
func TestSecretOfFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte("canary\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := withValue(strconv.Quote("${file:" + name + "}"))
	if err != nil {
		t.Fatal(err)
	}
	v := c.Pipelines[0].Request.JSON.Map[0].Value
	if !v.Secret || v.Text[0].Literal != "canary" {
		t.Error("the value is not the secret of the file")
	}
	if text := explained(t, c); strings.Contains(text, "canary") || !strings.Contains(text, `{"x": ***}`) {
		t.Errorf("explained:\n%s", text)
	}
}

// What the environment holds is in no mistake.
func TestMistakesHoldNoVariable(t *testing.T) {
	for _, text := range []string{
		"version: ${SHOP_USER}\n",
		"version: 1\ndestination: ./lake\nsources: { shop: { kind: \"${SHOP_USER}\", base_url: \"${SHOP_USER}\", timezone: \"${SHOP_USER}\", timeout: \"${SHOP_USER}\", insecure_http: \"${SHOP_USER}\", limits: { share: \"${SHOP_USER}\" }, records: \"$.${SHOP_USER}\", replies: [{ when: { http: \"${SHOP_USER}\" }, then: end }] } }\n" +
			"pipelines: { orders: { source: \"${SHOP_USER}\", schema: \"${SHOP_USER}\", request: { path: \"${SHOP_USER}\" }, partition: [{ by: \"${SHOP_USER}\", of: x }], max_rejects: \"${SHOP_USER}\" } }\n",
		"version: 1\nsources: { shop: { base_url: \"https://x.example.com\" } }\npipelines: { orders: { source: shop, schema: shop/order, request: { path: / }, key: [\"${SHOP_USER}\"], version: \"${SHOP_USER}\", window: { every: day, start: \"${SHOP_USER}\" }, keep_pages: \"${SHOP_USER}\" } }\n",
	} {
		_, err := Parse("pipelines.yaml", []byte(text), Options{Lookup: environment, Schemas: os.DirFS("testdata/schemas")})
		if err == nil {
			t.Fatal("no mistake")
		}
		if strings.Contains(err.Error(), "someone") {
			t.Errorf("the mistakes hold a variable's value:\n%v", err)
		}
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"), Options{})
	if fault.Of(err) != fault.Config || fault.Hint(err) == "" {
		t.Errorf("Load = %v", err)
	}
}
