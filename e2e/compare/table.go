// Package compare holds a data set against its truth, value by value.
//
// The truth is NDJSON written by whoever served the data; the data set is read
// by DuckDB, which shares no code with etl. Both are brought into one form, so
// that equal values are equal Go values. The package knows nothing of etl: it
// is given files and names of columns.
package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Table holds rows in one form, whatever they were read from. A value is nil,
// a bool, a json.Number (integers; floats in the fewest digits), a string (text, decimals with all digits of
// their scale, dates, times, timestamps in UTC with microseconds), a []any or a
// map[string]any.
type Table struct {
	Columns []string
	Rows    [][]any // a value per column
}

// Truth reads NDJSON: an object per row, each with the same members in the same
// order.
func Truth(r io.Reader) (*Table, error) {
	t := &Table{}
	d := json.NewDecoder(r)
	d.UseNumber()
	for {
		columns, row, err := readObject(d)
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading row %d: %w", len(t.Rows)+1, err)
		}
		if t.Columns == nil {
			t.Columns = columns
		}
		if !slices.Equal(columns, t.Columns) {
			return nil, fmt.Errorf("reading row %d: its members are not those of the first row", len(t.Rows)+1)
		}
		t.Rows = append(t.Rows, row)
	}
}

// readObject reads an object and keeps the order of its members.
func readObject(d *json.Decoder) (names []string, values []any, err error) {
	if start, err := d.Token(); err != nil {
		return nil, nil, err
	} else if start != json.Delim('{') {
		return nil, nil, fmt.Errorf("found %v in place of an object", start)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		names, values = append(names, name.(string)), append(values, value)
	}
	if _, err = d.Token(); errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return names, values, err
}

// Keys returns the values of columns as text, a blank between them.
func (t *Table) Keys(columns ...string) []string {
	places := t.places(columns)
	keys := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		keys[i] = strings.TrimSuffix(fmt.Sprintln(pick(row, places)...), "\n")
	}
	return keys
}

// Elements returns a row for each element of a column of structs: the values of
// the key, whose columns are named with a prefix, and the given fields.
func (t *Table) Elements(column string, key []string, prefix string, fields []string) *Table {
	place, places := slices.Index(t.Columns, column), t.places(key)
	elements := &Table{}
	for _, k := range key {
		elements.Columns = append(elements.Columns, prefix+k)
	}
	elements.Columns = append(elements.Columns, fields...)
	for _, row := range t.Rows {
		list, _ := row[place].([]any)
		for _, element := range list {
			values := pick(row, places)
			for _, field := range fields {
				values = append(values, element.(map[string]any)[field])
			}
			elements.Rows = append(elements.Rows, values)
		}
	}
	return elements
}

// places returns where columns are; -1 is nowhere.
func (t *Table) places(columns []string) []int {
	places := make([]int, len(columns))
	for i, column := range columns {
		places[i] = slices.Index(t.Columns, column)
	}
	return places
}

// pick returns the values of a row at some places.
func pick(row []any, places []int) []any {
	values := make([]any, len(places))
	for i, place := range places {
		values[i] = row[place]
	}
	return values
}

// Structs returns the columns that hold lists of structs.
func (t *Table) Structs() (columns []string) {
	for i, column := range t.Columns {
		for _, row := range t.Rows {
			if list, ok := row[i].([]any); ok && len(list) > 0 {
				if _, ok := list[0].(map[string]any); ok {
					columns = append(columns, column)
				}
				break
			}
		}
	}
	return columns
}

// NeverSet returns the paths that no row has a value at: columns, fields of
// structs and elements of lists. What is never set is never compared.
func (t *Table) NeverSet() []string {
	seen := map[string]bool{} // path → has a value somewhere
	var order []string
	see := func(path string, set bool) {
		if _, known := seen[path]; !known {
			order = append(order, path)
		}
		seen[path] = seen[path] || set
	}
	for _, row := range t.Rows {
		for i, column := range t.Columns {
			walk(column, row[i], see)
		}
	}
	return slices.DeleteFunc(order, func(path string) bool { return seen[path] })
}

// walk visits value and what is in it.
func walk(path string, value any, see func(path string, set bool)) {
	see(path, value != nil)
	switch v := value.(type) {
	case []any:
		see(path+"[]", false)
		for _, element := range v {
			walk(path+"[]", element, see)
		}
	case map[string]any:
		for name, field := range v {
			walk(path+"."+name, field, see)
		}
	}
}

// text is the JSON text of a value, for keys and messages.
func text(value any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // a Table holds nothing else than JSON
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
