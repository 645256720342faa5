package pipeline

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/jsonspan"
	"etl/schemas"
	"etl/transform"
)

// A row is shown as it will be written: in the order of its columns, with every
// digit, in UTC, and with labels.
func TestRowText(t *testing.T) {
	schema, err := schemas.Parse("test.yaml", []byte(`
unknown: keep
columns:
  - { name: id, type: int64, required: true }
  - { name: price, type: "decimal(16,2)" }
  - { name: status, type: enum(int32), labels: { 0: new, 1: "a & b" } }
  - { name: at, type: timestamp }
  - { name: tags, type: list<string> }
  - { name: client, type: struct, fields: [ { name: name, type: string }, { name: age, type: int64 } ] }
`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := transform.New(schema, transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	records := `[
		{"id": 1, "price": "10.5", "status": 1, "at": "2026-01-02T03:04:05.5+05:00", "tags": ["a", "<b>"], "client": {"name": "x"}},
		{"id": 2, "new": [1]}]`
	list, err := jsonspan.Whole([]byte(records))
	if err != nil {
		t.Fatal(err)
	}
	batch, err := d.Decode(transform.Page{Body: []byte(records), Records: slices.Collect(jsonspan.Elements([]byte(records), list))})
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Record.Release()
	want := []string{
		`{"id":1,"price":"10.50","status":1,"status_label":"a & b","at":"2026-01-01T22:04:05.5Z","tags":["a","<b>"],"client":{"name":"x","age":null},"_extra":null}`,
		`{"id":2,"price":null,"status":null,"status_label":null,"at":null,"tags":null,"client":null,"_extra":"{\"new\":[1]}"}`,
	}
	var got []string
	for i := range int(batch.Record.NumRows()) {
		got = append(got, string(rowText(batch.Record, i)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
