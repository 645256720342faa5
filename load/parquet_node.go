package load

import (
	"reflect"

	"github.com/parquet-go/parquet-go"
)

// schema returns the Parquet schema of a layout.
func (l *layout) schema() *parquet.Schema { return parquet.NewSchema("row", groupNode(l.columns)) }

// groupNode makes a group of columns.
func groupNode(columns []*column) group {
	g := group{Group: parquet.Group{}}
	for _, c := range columns {
		node := c.node()
		g.Group[c.name] = node
		g.fields = append(g.fields, field{node, c.name})
	}
	return g
}

// node makes the Parquet node of a column.
func (c *column) node() parquet.Node {
	var node parquet.Node
	switch {
	case c.list:
		list := c.children[0].node()
		node = parquet.List(list) // the names are exactly list and element
	case c.typ == nil:
		node = groupNode(c.children)
	default:
		node = parquet.Leaf(c.typ)
	}
	if c.optional {
		return parquet.Optional(node)
	}
	return node
}

// A group is a parquet.Group whose fields keep their order: the library's own
// sorts them by name.
type group struct {
	parquet.Group
	fields []parquet.Field
}

// Fields returns the fields in the order of the schema.
func (g group) Fields() []parquet.Field { return g.fields }

// A field is a node with its name.
type field struct {
	parquet.Node
	name string
}

// Name returns the name of the field.
func (f field) Name() string { return f.name }

// Value would read the field of a Go struct; rows never are Go structs here.
func (f field) Value(reflect.Value) reflect.Value { panic("load: rows are no Go values") }
