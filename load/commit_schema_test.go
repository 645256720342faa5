package load

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	"etl/schemas"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
)

var update = flag.Bool("update", false, "write golden files and generated documents anew")

// golden compares a text with that of a file, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), write it anew with -update:\n%s", name, diff)
	}
}

// commitSchema makes the JSON Schema of commit records from their Go type.
// Columns hold columns, which the generator cannot say by itself.
func commitSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	type column struct { // StoredColumn, but for its fields
		Name     string            `json:"name"`
		Type     string            `json:"type" jsonschema:"bool, int32, int64, float64, decimal(p,s), string, date, time, timestamp, duration, uuid, json, list or struct"`
		Required bool              `json:"required,omitempty" jsonschema:"never null"`
		Fields   []json.RawMessage `json:"fields,omitempty" jsonschema:"fields of a struct; of a list one, its element"`
	}
	ref := &jsonschema.Schema{Ref: "#/$defs/column"}
	def, err := jsonschema.For[column](nil)
	if err != nil {
		t.Fatal(err)
	}
	def.Properties["fields"].Items = ref
	s, err := jsonschema.For[Commit](&jsonschema.ForOptions{
		TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[StoredColumn](): ref},
	})
	if err != nil {
		t.Fatal(err)
	}
	format := any(Format)
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "A record of the commit log of etl"
	s.Defs = map[string]*jsonschema.Schema{"column": def}
	s.Properties["format"].Const = &format
	return s
}

func TestJSONSchemaOfRecordsIsCurrent(t *testing.T) {
	text, err := encode(commitSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "../docs/commit.schema.json", string(text))
}

func TestRecordsFollowTheirJSONSchema(t *testing.T) {
	schema, err := commitSchema(t).Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := open(t).Dataset("requests")
	job{}.commit(t, d, "run1", 0, files{"": "one"}, nil)
	if err := d.store.objects.put(d.state("parents", "x.parquet"), nil); err != nil {
		t.Fatal(err)
	}
	total := int64(1)
	job{}.commit(t, d, "run2", 1, files{"": "two"}, func(draft *Draft) {
		draft.Label, draft.ParentsFile, draft.Rejects = "daily", "x.parquet", nil
		draft.Parents, draft.Drift = map[string]int64{"request_list": 7}, map[string]int64{"loyalty": 3}
		draft.Drifted = []Drifted{
			{Kind: UnknownField, Path: "loyalty", Count: 3, Page: 1, Unit: "00000-ab", Slice: "2026-01-01"},
			{Kind: RetypedField, Path: "price", Page: 2, Was: []string{"number"}, Is: []string{"string"}},
		}
		draft.Seen = map[string]SeenColumn{"price": {Type: "decimal(16,2)", Kinds: []string{"number", "string"}, Held: 3, Of: 3}}
		draft.Checks = []Check{{Check: "min", Column: "price", Limit: "0", Checked: 3}}
		draft.Slices[0].Since, draft.Slices[0].Until = noon, noon.AddDate(0, 1, 0)
		draft.Counts.DeclaredTotal = &total
		draft.Schema = Describe(everyType(), []string{"id"})
		draft.Add[0].Partition, draft.Add[0].Slice = map[string]string{"created_at_month": "2026-01-01"}, "2026-01-01"
	})
	for number := int64(1); number <= 2; number++ {
		data, err := d.store.objects.read(d.record(number))
		if err != nil {
			t.Fatal(err)
		}
		var record any
		if err := json.Unmarshal(data, &record); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(record); err != nil {
			t.Errorf("commit %d: %v\n%s", number, err, data)
		}
		broken := bytes.Replace(data, []byte(`"run"`), []byte(`"ran"`), 1)
		if err := json.Unmarshal(broken, &record); err != nil || schema.Validate(record) == nil {
			t.Errorf("commit %d: the schema takes a record without a run", number)
		}
	}
}

// everyType is a schema with a column of every type, alone and inside of
// lists and structs.
func everyType() *schemas.Schema {
	kind := func(name string, k schemas.Kind) schemas.Column {
		return schemas.Column{Name: name, Type: schemas.Type{Kind: k}}
	}
	plain := func() []schemas.Column {
		return []schemas.Column{
			kind("flag", schemas.Bool), kind("small", schemas.Int32), kind("big", schemas.Int64), kind("share", schemas.Float64),
			{Name: "price", Type: schemas.Type{Kind: schemas.Decimal, Precision: 16, Scale: 2}},
			kind("name", schemas.String),
			{Name: "status", Type: schemas.Type{Kind: schemas.Enum, Code: schemas.Int32, Labels: []schemas.Label{{Code: "0", Text: "new"}}}},
			{Name: "color", Type: schemas.Type{Kind: schemas.Enum, Code: schemas.String}},
			kind("day", schemas.Date), kind("at", schemas.Time), kind("created_at", schemas.Timestamp),
			kind("wait", schemas.Duration), kind("bag", schemas.UUID), kind("extra", schemas.JSON),
			{Name: "mail", PII: schemas.PIIHash, Type: schemas.Type{Kind: schemas.String}},
			{Name: "phone", PII: schemas.PIIDrop, Type: schemas.Type{Kind: schemas.String}},
		}
	}
	list := func(name string, element schemas.Column) schemas.Column {
		element.Name = "element"
		return schemas.Column{Name: name, Type: schemas.Type{Kind: schemas.List, Element: &element}}
	}
	object := func(name string, fields ...schemas.Column) schemas.Column {
		return schemas.Column{Name: name, Type: schemas.Type{Kind: schemas.Struct, Fields: fields}}
	}
	id := kind("id", schemas.Int64)
	id.Required = true
	columns := append([]schemas.Column{id}, plain()...)
	columns = append(columns,
		object("client", kind("id", schemas.Int64), kind("name", schemas.String)),
		object("contract", append(plain(), object("inner", plain()...))...),
		list("tags", kind("", schemas.String)),
		list("waits", kind("", schemas.Duration)),
		list("services", object("",
			kind("id", schemas.Int64), kind("tariff_duration", schemas.Duration),
			object("service", list("tariffs", object("", kind("bag", schemas.UUID), kind("name", schemas.String)))))),
	)
	return &schemas.Schema{Name: "test/every", Columns: columns, Rules: schemas.Rules{Unknown: schemas.KeepUnknown}}
}

func TestDescribe(t *testing.T) {
	got := Describe(&schemas.Schema{Name: "test/row", Columns: []schemas.Column{
		{Name: "id", Type: schemas.Type{Kind: schemas.Int64}, Required: true},
		{Name: "color", Type: schemas.Type{Kind: schemas.Enum, Code: schemas.String}},
		{Name: "points", Type: schemas.Type{Kind: schemas.List, Element: &schemas.Column{Name: "element", Type: schemas.Type{Kind: schemas.Decimal, Precision: 5, Scale: 2}}}},
		{Name: "birthday", PII: schemas.PIIHash, Type: schemas.Type{Kind: schemas.Date}},
		{Name: "phone", PII: schemas.PIIDrop, Type: schemas.Type{Kind: schemas.String}},
	}, Rules: schemas.Rules{Unknown: schemas.KeepUnknown}}, []string{"id"})
	want := []StoredColumn{
		{Name: "id", Type: "int64", Required: true},
		{Name: "color", Type: "string"},
		{Name: "color_label", Type: "string"},
		{Name: "points", Type: "list", Fields: []StoredColumn{{Name: "element", Type: "decimal(5,2)"}}},
		{Name: "birthday", Type: "string"},
		{Name: "_extra", Type: "json"},
	}
	if diff := cmp.Diff(want, got.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}
