package load

import (
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"etl/schemas"
)

// A column is one column of a file, or one field of a struct. The columns of a
// file form a tree whose leaves are what Parquet stores.
//
// A column keeps scratch memory, so a tree serves one writer at a time.
type column struct {
	name     string
	optional bool
	list     bool          // children[0] is the element
	children []*column     // fields of a struct; of a list its element
	typ      parquet.Type  // of a leaf
	leaf     *leaf         // of a leaf, else nil
	source   *schemas.Type // what it was made from; nil for columns of our own
	rep      uint8         // repetition level of the column itself
	own      slots         // scratch: where its values are
	inner    slots         // scratch of a list: where its elements are
}

// A leaf is a column of values, with the levels by which Parquet tells where
// they belong (Dremel's definition and repetition levels).
type leaf struct {
	index    int    // among the leaves of the file
	path     string // dotted, for messages
	parts    []string
	typ      parquet.Type
	kind     parquet.Kind
	text     bool // values are bytes: strings and decimals of 16 bytes
	bounds   bool // minimum and maximum go into the file
	maxRep   uint8
	maxDef   uint8
	required bool // no null at its own level
}

// A layout is the tree of a file's columns, and its leaves in order.
type layout struct {
	columns []*column
	leaves  []*leaf
	footer  func() *format.FileMetaData // what all footers have in common
}

// newLayout numbers the leaves of a tree and works out their levels.
func newLayout(columns []*column) *layout {
	l := &layout{columns: columns}
	for _, c := range columns {
		l.place(c, "", 0, 0)
	}
	l.footer = sync.OnceValue(l.emptyFooter)
	return l
}

func (l *layout) place(c *column, prefix string, rep, def uint8) {
	path := prefix + c.name
	c.rep = rep
	if c.optional {
		def++
	}
	if c.list {
		l.place(c.children[0], path+".list.", rep+1, def+1)
		return
	}
	for _, child := range c.children {
		l.place(child, path+".", rep, def)
	}
	if c.typ == nil {
		return
	}
	kind := c.typ.Kind()
	text := kind == parquet.ByteArray || kind == parquet.FixedLenByteArray
	_, unordered := c.typ.(unorderedType)
	c.leaf = &leaf{
		index: len(l.leaves), path: path, parts: strings.Split(path, "."), typ: c.typ, kind: kind, text: text, bounds: !unordered,
		maxRep: rep, maxDef: def, required: !c.optional,
	}
	l.leaves = append(l.leaves, c.leaf)
}

// column returns the top-level column of a name, or nil.
func (l *layout) column(name string) *column {
	for _, c := range l.columns {
		if c.name == name {
			return c
		}
	}
	return nil
}

// schemaLayout returns the columns of the files of a schema.
func schemaLayout(s *schemas.Schema) *layout {
	columns := fieldColumns(s.Columns)
	if s.Extra() {
		columns = append(columns, &column{
			name: schemas.ExtraColumn, optional: true, typ: jsonType(), source: &schemas.Type{Kind: schemas.JSON},
		})
	}
	return newLayout(columns)
}

// fieldColumns returns the columns of a row or a struct: an enum is followed
// by its labels, and what is dropped has none.
func fieldColumns(fields []schemas.Column) []*column {
	var columns []*column
	for i := range fields {
		if fields[i].PII == schemas.PIIDrop {
			continue
		}
		f := fields[i].Written()
		columns = append(columns, schemaColumn(&f))
		if f.Type.Kind == schemas.Enum {
			columns = append(columns, &column{
				name: f.Name + schemas.LabelSuffix, optional: true, typ: textType(),
				source: &schemas.Type{Kind: schemas.String},
			})
		}
	}
	return columns
}

func schemaColumn(f *schemas.Column) *column {
	c := &column{name: f.Name, optional: !f.Required, source: &f.Type}
	switch {
	case f.Type.Kind == schemas.List:
		element := schemaColumn(f.Type.Element)
		element.name = "element" // the name that readers know the form by
		c.list, c.children = true, []*column{element}
	case f.Type.Kind == schemas.Struct:
		c.children = fieldColumns(f.Type.Fields)
	default:
		c.typ = leafType(&f.Type)
	}
	return c
}
