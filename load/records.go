package load

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"etl/internal/fault"
	"etl/schemas"
)

// Records turns the rows of a live file back into JSON records, in the form in
// which a source would send them to a schema: members lie where the schema
// looks for them, what was in _extra lies where it came from, and what the
// schema does not know any more goes by the name of its column. Values of
// parents come apart. So the rows of one schema can be brought into another by
// the same rules as replies.
func (d *Dataset) Records(c *Commit, f File, to *schemas.Schema, each func(record []byte, parent map[string]any) error) error {
	return d.read(f, func(r *reader) (err error) {
		defer damaged(&err, r.name)
		top := storedFields(c.Schema.Columns, to.Columns)
		s := &shredded{name: r.name, values: make([][]parquet.Value, top.leaves)}
		for _, group := range r.file.RowGroups() {
			if err := s.each(group, func() error {
				record, parent, err := s.record(top)
				if err != nil {
					return err
				}
				return each(record, parent)
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// A storedField is a stored column, its place among the leaves of a file, and
// the column of the schema that it is read into; nil: none.
type storedField struct {
	StoredColumn
	to       *schemas.Column
	label    bool // holds the labels of the column before it
	def      int  // definition level of a value that is not null
	rep      int  // repetition level of its elements, if it is a list
	first    int  // leaf
	leaves   int
	children []*storedField
}

// storedFields numbers the leaves of stored columns.
func storedFields(columns []StoredColumn, to []schemas.Column) *storedField {
	top := &storedField{StoredColumn: StoredColumn{Type: "struct", Fields: columns}}
	top.number(to, 0, 0)
	return top
}

// number places the fields of f, of which to are the columns of the schema.
func (f *storedField) number(to []schemas.Column, def, rep int) {
	before := ""
	for _, c := range f.Fields {
		child := &storedField{StoredColumn: c, def: def, rep: rep, first: f.first + f.leaves}
		child.label = before != "" && c.Name == before+schemas.LabelSuffix
		before = c.Name
		if !c.Required {
			child.def++
		}
		if i := slices.IndexFunc(to, func(t schemas.Column) bool { return t.Name == c.Name }); i >= 0 {
			child.to = &to[i]
		}
		child.descend()
		f.leaves += child.leaves
		f.children = append(f.children, child)
	}
}

// descend places what is nested in f.
func (f *storedField) descend() {
	var fields []schemas.Column
	switch f.Type {
	case "list":
		f.rep++
		if f.to != nil && f.to.Type.Element != nil {
			fields = []schemas.Column{*f.to.Type.Element}
		}
		f.number(fields, f.def+1, f.rep)
	case "struct":
		if f.to != nil {
			fields = f.to.Type.Fields
		}
		f.number(fields, f.def, f.rep)
	default:
		f.leaves = 1
	}
}

// shredded holds the values of one row, leaf by leaf, as Parquet keeps them.
type shredded struct {
	name   string
	values [][]parquet.Value
}

// each loads row after row of a row group.
func (s *shredded) each(group parquet.RowGroup, do func() error) (err error) {
	rows := group.Rows()
	defer func() { err = errors.Join(err, rows.Close()) }()
	buffer := make([]parquet.Row, 64)
	for {
		n, readErr := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			for i := range s.values {
				s.values[i] = s.values[i][:0]
			}
			for _, v := range row {
				s.values[v.Column()] = append(s.values[v.Column()], v)
			}
			if err := do(); err != nil {
				return err
			}
		}
		if errors.Is(readErr, io.EOF) {
			return nil
		}
		if readErr != nil {
			return stored(readErr, "reading %s", s.name)
		}
	}
}

// An object is a JSON object whose members keep their order. Values are
// json.RawMessage, *object or []any of these.
type object struct {
	names  []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

// record puts a row together again.
func (s *shredded) record(top *storedField) (record []byte, parent map[string]any, err error) {
	o, parent := newObject(), map[string]any{}
	extra, err := s.members(top, o, parent)
	if err != nil {
		return nil, nil, err
	}
	if extra != nil {
		if err := o.spread(extra); err != nil {
			return nil, nil, fault.New(fault.Storage, "reading %s: %s of a row is no JSON object", s.name, schemas.ExtraColumn)
		}
	}
	record, err = appendJSON(nil, o)
	return record, parent, err
}

// members adds the fields of f to o, and returns the text of _extra.
func (s *shredded) members(f *storedField, o *object, parent map[string]any) (extra json.RawMessage, err error) {
	for _, child := range f.children {
		value, err := s.value(child)
		if err != nil {
			return nil, err
		}
		raw, _ := value.(json.RawMessage)
		switch {
		case child.label || value == nil:
		case child.Name == schemas.ExtraColumn && parent != nil:
			extra = raw
		case child.to == nil:
			o.set([]string{child.Name}, value)
		case strings.HasPrefix(child.to.From[0][0], "@parent.") && parent != nil:
			var scalar any
			if err := json.Unmarshal(raw, &scalar); err != nil {
				return nil, err
			}
			parent[strings.TrimPrefix(child.to.From[0][0], "@parent.")] = scalar
		default:
			o.set(child.to.From[0], value)
		}
	}
	return extra, nil
}

// value takes the next value of f: nil for NULL.
func (s *shredded) value(f *storedField) (any, error) {
	next := s.values[f.first]
	if len(next) == 0 {
		return nil, fault.New(fault.Storage, "reading %s: column %s ends early", s.name, f.Name)
	}
	if next[0].DefinitionLevel() < f.def {
		s.pass(f)
		return nil, nil
	}
	switch f.Type {
	case "struct":
		o := newObject()
		_, err := s.members(f, o, nil)
		return o, err
	case "list":
		return s.elements(f)
	}
	s.values[f.first] = next[1:]
	return fieldText(f, next[0])
}

// pass passes over one place in every leaf of f.
func (s *shredded) pass(f *storedField) {
	for i := f.first; i < f.first+f.leaves; i++ {
		if len(s.values[i]) > 0 {
			s.values[i] = s.values[i][1:]
		}
	}
}

func (s *shredded) elements(f *storedField) (any, error) {
	list := []any{}
	if s.values[f.first][0].DefinitionLevel() == f.def {
		s.pass(f)
		return list, nil
	}
	for {
		v, err := s.value(f.children[0])
		if err != nil {
			return nil, err
		}
		if v == nil {
			v = json.RawMessage("null")
		}
		list = append(list, v)
		if rest := s.values[f.first]; len(rest) == 0 || rest[0].RepetitionLevel() != f.rep {
			return list, nil
		}
	}
}

// fieldText writes a value as the schema reads it.
func fieldText(f *storedField, v parquet.Value) (json.RawMessage, error) {
	switch kind, _, _ := strings.Cut(f.Type, "("); kind {
	case "json":
		return json.RawMessage(v.ByteArray()), nil
	case "bool":
		return strconv.AppendBool(nil, v.Boolean()), nil
	case "int32", "int64":
		return strconv.AppendInt(nil, v.Int64(), 10), nil
	case "float64":
		return strconv.AppendFloat(nil, v.Double(), 'g', -1, 64), nil
	case "decimal":
		return json.Marshal(storedDecimal(f.Type, v))
	case "date":
		return json.Marshal(plainText(schemas.Date, int64(v.Int32())))
	case "time":
		return json.Marshal(plainText(schemas.Time, v.Int64()))
	case "timestamp":
		return json.Marshal(plainText(schemas.Timestamp, v.Int64()))
	case "duration":
		if f.to == nil || f.to.Type.Kind != schemas.Duration {
			return strconv.AppendInt(nil, v.Int64(), 10), nil
		}
		text := durationText(f.to.Type.Forms[0], v.Int64())
		if f.to.Type.Forms[0] == schemas.SecondsDuration {
			return json.RawMessage(text), nil
		}
		return json.Marshal(text)
	}
	return json.Marshal(string(v.ByteArray()))
}

// appendJSON writes a value. Text that was kept is written as it is: packages
// for JSON would take the white space out of it.
func appendJSON(text []byte, value any) ([]byte, error) {
	var err error
	switch v := value.(type) {
	case json.RawMessage:
		return append(text, v...), nil
	case *object:
		text = append(text, '{')
		for i, name := range v.names {
			if i > 0 {
				text = append(text, ',')
			}
			quoted, quoteErr := json.Marshal(name)
			if quoteErr != nil {
				return nil, quoteErr
			}
			text = append(append(text, quoted...), ':')
			if text, err = appendJSON(text, v.values[name]); err != nil {
				return nil, err
			}
		}
		return append(text, '}'), nil
	case []any:
		text = append(text, '[')
		for i, element := range v {
			if i > 0 {
				text = append(text, ',')
			}
			if text, err = appendJSON(text, element); err != nil {
				return nil, err
			}
		}
		return append(text, ']'), nil
	}
	return nil, fault.New(fault.Bug, "writing a record: no text for %T", value)
}

// set puts a value at a path; one that is there stays.
func (o *object) set(path []string, value any) {
	name := path[0]
	there, ok := o.values[name]
	if !ok {
		o.names = append(o.names, name)
	}
	if len(path) == 1 {
		if !ok {
			o.values[name] = value
		}
		return
	}
	inner, isObject := there.(*object)
	if !isObject {
		if ok {
			return // a value of its own: what lies in it is in its text
		}
		inner = newObject()
		o.values[name] = inner
	}
	inner.set(path[1:], value)
}
