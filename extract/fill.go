package extract

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

// Vars are what the placeholders of a unit stand for.
type Vars struct {
	Since, Until time.Time      // the slice, in the source's zone; zero if there is none
	Parent       map[string]any // string, int64, bool, json.Number or nil; nil: the request has no parent
}

// A filler puts values in the place of placeholders.
type filler struct {
	Vars
	zone       *time.Location
	page       int64 // number as the API counts it
	at         Position
	token      *token
	parentless bool // leave out what comes from a parent
}

// A scalar is a value with its type. Its text is that of the JSON scalar, for
// Text without quotes and escapes.
type scalar struct {
	kind config.ValueKind // Absent, Null, Bool, Number or Text
	text string
}

func number(n int64) scalar   { return scalar{config.Number, strconv.FormatInt(n, 10)} }
func textual(s string) scalar { return scalar{config.Text, s} }

// json returns the scalar as JSON.
func (s scalar) json() []byte {
	switch s.kind {
	case config.Text:
		return quote(s.text)
	case config.Bool, config.Number:
		return []byte(s.text)
	}
	return []byte("null")
}

func quote(s string) []byte {
	text, _ := json.Marshal(s) // no text is refused
	return text
}

// template fills a template. One that is exactly one placeholder keeps the
// type of what fills it.
func (f *filler) template(t config.Template) (scalar, error) {
	if len(t) == 1 && t[0].Name != "" {
		return f.placeholder(t[0])
	}
	text, err := f.join(t, func(s string) string { return s })
	return textual(text), err
}

// path fills a template of a path: values are percent-encoded, and none can
// lead to another folder.
func (f *filler) path(t config.Template) (string, error) {
	var unsafe error
	text, err := f.join(t, func(s string) string {
		if s == "" || s == "." || s == ".." {
			unsafe = fault.New(fault.Data, "a value in the path is empty or made of dots")
		}
		return url.PathEscape(s)
	})
	if err != nil {
		return "", err
	}
	return text, unsafe
}

func (f *filler) join(t config.Template, encode func(string) string) (string, error) {
	var b strings.Builder
	for _, part := range t {
		if part.Name == "" {
			b.WriteString(part.Literal)
			continue
		}
		s, err := f.placeholder(part)
		if err != nil {
			return "", err
		}
		if s.kind == config.Null || s.kind == config.Absent {
			return "", fault.New(fault.Data, "{%s} is null", part.Name)
		}
		b.WriteString(encode(s.text))
	}
	return b.String(), nil
}

func (f *filler) placeholder(p config.Part) (scalar, error) {
	group, name, _ := strings.Cut(p.Name, ".")
	switch group {
	case "since":
		return f.date(p, f.Since)
	case "until":
		return f.date(p, f.Until)
	case "last": // the last moment inside the slice, cut by the layout to its day or second
		return f.date(p, f.Until.Add(-time.Nanosecond))
	case "page":
		return number(f.page), nil
	case "offset":
		return number(f.at.Offset), nil
	case "size":
		return number(int64(f.at.Size)), nil
	case "cursor":
		return cursorScalar(f.at.Cursor), nil
	case "parent":
		if v, ok := f.Parent[name]; ok {
			return scalarOf(p.Name, v)
		}
	case "token":
		if s, ok := f.token.value(strings.Split(name, ".")); ok {
			return s, nil
		}
		return scalar{}, fault.New(fault.Auth, "the login reply holds no %s", name)
	}
	return scalar{}, fault.New(fault.Config, "nothing stands for {%s} here", p.Name)
}

func (f *filler) date(p config.Part, at time.Time) (scalar, error) {
	if f.Until.IsZero() || f.Since.IsZero() {
		return scalar{}, fault.New(fault.Config, "nothing stands for {%s}: the pipeline has no window", p.Name)
	}
	if f.zone != nil {
		at = at.In(f.zone)
	}
	switch p.Layout {
	case "date":
		return textual(at.Format(time.DateOnly)), nil
	case "datetime":
		return textual(at.Format(time.DateTime)), nil
	case "rfc3339", "":
		return textual(at.Format(time.RFC3339)), nil
	case "unix":
		return number(at.Unix()), nil
	}
	return textual(at.Format(p.Layout)), nil
}

// scalarOf gives a parent's value its type.
func scalarOf(name string, v any) (scalar, error) {
	switch v := v.(type) {
	case nil:
		return scalar{kind: config.Null}, nil
	case string:
		return textual(v), nil
	case int64:
		return number(v), nil
	case bool:
		return scalar{config.Bool, strconv.FormatBool(v)}, nil
	case json.Number:
		return scalar{config.Number, v.String()}, nil
	}
	return scalar{}, fault.New(fault.Bug, "a value of type %T stands for {%s}", v, name)
}

// value fills a parameter and returns it as JSON; false if it is left out.
func (f *filler) value(v config.Value) (text []byte, ok bool, err error) {
	switch v.Kind {
	case config.List:
		text, err = f.list(v.List)
		return text, true, err
	case config.Map:
		o, err := f.object(v.Map)
		return o.json(), true, err
	}
	s, err := f.scalar(v)
	return s.json(), s.kind != config.Absent, err
}

// scalar fills a parameter that is no list and no map.
func (f *filler) scalar(v config.Value) (scalar, error) {
	switch v.Kind {
	case config.Text:
		return f.template(v.Text)
	case config.Number:
		return scalar{config.Number, v.Number}, nil
	case config.Bool:
		return scalar{config.Bool, strconv.FormatBool(v.Bool)}, nil
	case config.Absent, config.Null:
		return scalar{kind: v.Kind}, nil
	}
	return scalar{}, fault.New(fault.Config, "a list or a map stands where one value belongs")
}

func (f *filler) list(values []config.Value) ([]byte, error) {
	text := []byte{'['}
	for _, v := range values {
		element, ok, err := f.value(v)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(text, element...)
	}
	return append(text, ']'), nil
}

func (f *filler) object(fields []config.Field) (object, error) {
	var o object
	for _, field := range fields {
		if f.parentless && fromParent(field.Value) {
			continue
		}
		text, ok, err := f.value(field.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
		if ok {
			o.set(field.Name, text)
		}
	}
	return o, nil
}

// pairs fills the parameters of a query, or headers: a list gives one pair per
// element, null and what is absent none.
func (f *filler) pairs(fields []config.Field) (pairs, error) {
	var all pairs
	for _, field := range fields {
		if f.parentless && fromParent(field.Value) {
			continue
		}
		values := []config.Value{field.Value}
		if field.Value.Kind == config.List {
			values = field.Value.List
		}
		for _, v := range values {
			s, err := f.scalar(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", field.Name, err)
			}
			if s.kind != config.Absent && s.kind != config.Null {
				all = append(all, pair{field.Name, s.text})
			}
		}
	}
	return all, nil
}

// fromParent tells whether any part of a value comes from a parent.
func fromParent(v config.Value) bool {
	parent := func(p config.Part) bool { return strings.HasPrefix(p.Name, "parent.") }
	return slices.ContainsFunc(v.Text, parent) ||
		slices.ContainsFunc(v.List, fromParent) ||
		slices.ContainsFunc(v.Map, func(f config.Field) bool { return fromParent(f.Value) })
}

// cursorScalar reads a cursor, which is kept as JSON to keep its type.
func cursorScalar(cursor string) scalar {
	var text string
	switch {
	case cursor == "":
		return scalar{}
	case json.Unmarshal([]byte(cursor), &text) == nil:
		return textual(text)
	}
	return scalar{config.Number, cursor}
}
