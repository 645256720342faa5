package config

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// A parent's value may stand inside of structs, but not inside of lists.
func TestParentValues(t *testing.T) {
	schemas := fstest.MapFS{"shop/order.yaml": {Data: []byte(`doc: One order.
columns:
  - { name: id, type: int64, required: true }
  - name: client
    type: struct
    fields:
      - { name: id, type: int64 }
      - { name: city, type: struct, fields: [{ name: code, type: string }] }
  - { name: lines, type: list<struct>, fields: [{ name: id, type: int64 }] }
`)}}
	tests := []struct{ name, want string }{
		{"id", ""}, {"client.id", ""}, {"client.city.code", ""},
		{"client", "{parent.client} names no value of the parents"},
		{"lines.id", "{parent.lines.id} names no value of the parents"},
		{"client.ids", `did you mean "client.id"?`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse("pipelines.yaml", []byte(`version: 1
sources: { shop: { base_url: "https://shop.example.com", records: $ } }
pipelines:
  orders: { source: shop, request: { path: /orders }, schema: shop/order }
  clients: { source: shop, for_each: { pipeline: orders }, request: { path: "/of/{parent.`+tt.name+`}" }, schema: shop/order }
`), Options{Schemas: schemas})
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.name}, c.Pipelines[1].ParentNames()); diff != "" || !c.Pipelines[0].Gives(tt.name) {
				t.Errorf("given %v (-want +got):\n%s", c.Pipelines[0].Gives(tt.name), diff)
			}
		})
	}
}
