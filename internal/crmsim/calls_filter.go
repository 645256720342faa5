package crmsim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// fields reads the fields to serve; nil is all.
func (p params) fields(l callList) (wanted, problem) {
	raw, ok := p["fields"]
	if !ok {
		return asked(l.defaults), problem{}
	}
	var names []string
	if json.Unmarshal(raw, &names) != nil || names == nil {
		return nil, problem{mnemonic: "data_type_error", field: "fields"}
	}
	for _, name := range names {
		if !slices.Contains(l.fields, name) {
			return nil, problem{mnemonic: "unexpected_parameters", field: "fields", value: quoted(name)}
		}
	}
	if len(names) == 0 {
		return asked(l.defaults), problem{}
	}
	return asked(names), problem{}
}

// asked returns the fields with some names; nil are all.
func asked(names []string) wanted {
	if names == nil {
		return nil
	}
	w := wanted{}
	for _, name := range names {
		w[name] = true
	}
	return w
}

// sort reads the order to serve rows in. All fields that can be sorted by are
// unique, so the first decides.
func (p params) sort(s selection, l callList) (order, problem) {
	raw, ok := p["sort"]
	if !ok {
		return order{parts: []selection{s}}, problem{}
	}
	var terms []struct {
		Field *string `json:"field"`
		Order *string `json:"order"`
	}
	if json.Unmarshal(raw, &terms) != nil {
		return order{}, problem{mnemonic: "data_type_error", field: "sort"}
	}
	o := order{parts: []selection{s}}
	for i, t := range terms {
		switch {
		case t.Field == nil:
			return o, problem{mnemonic: "required_parameter_missed", field: "sort.field"}
		case !slices.Contains(l.fields, *t.Field):
			return o, problem{mnemonic: "unexpected_parameters", field: "sort", value: quoted(*t.Field)}
		case !l.sortable(*t.Field):
			return o, problem{mnemonic: "sort_prohibited", field: *t.Field}
		case t.Order != nil && *t.Order != "asc" && *t.Order != "desc":
			return o, problem{mnemonic: "invalid_parameter_value", field: "sort.order", value: quoted(*t.Order)}
		case i > 0:
			continue
		}
		o.backwards = t.Order != nil && *t.Order == "desc"
		if split := l.sorts[*t.Field]; split != nil {
			o.parts = split(s)
		}
	}
	return o, problem{}
}

func (l callList) sortable(field string) bool {
	_, ok := l.sorts[field]
	return ok
}

// A condition is a filter: a leaf, or a tree of them.
type condition struct {
	Field     *string         `json:"field"`
	Operator  *string         `json:"operator"`
	Value     json.RawMessage `json:"value"`
	Filters   []condition     `json:"filters"`
	Condition *string         `json:"condition"`
}

// filter reads which rows to serve; nil is all.
func (p params) filter(l callList) (func(n int64) bool, problem) {
	raw, ok := p["filter"]
	if !ok || string(raw) == "{}" {
		return nil, problem{}
	}
	var c condition
	if json.Unmarshal(raw, &c) != nil || string(raw) == "null" {
		return nil, problem{mnemonic: "data_type_error", field: "filter"}
	}
	return c.compile(l)
}

func (c condition) compile(l callList) (func(n int64) bool, problem) {
	if c.Filters != nil {
		return c.tree(l)
	}
	if c.Field == nil || c.Operator == nil {
		return nil, problem{mnemonic: "required_parameter_missed", field: "filter"}
	}
	of, ok := l.texts[*c.Field]
	switch {
	case !slices.Contains(l.fields, *c.Field):
		return nil, problem{mnemonic: "unexpected_parameters", field: "filter", value: quoted(*c.Field)}
	case !ok:
		return nil, problem{mnemonic: "filter_prohibited", field: *c.Field}
	}
	holds, bad := c.leaf()
	if bad.found() {
		return nil, bad
	}
	return func(n int64) bool { return holds(of(n)) }, problem{}
}

func (c condition) tree(l callList) (func(n int64) bool, problem) {
	any := c.Condition != nil && *c.Condition == "or"
	if c.Condition != nil && !any && *c.Condition != "and" {
		return nil, problem{mnemonic: "invalid_parameter_value", field: "filter.condition", value: quoted(*c.Condition)}
	}
	var all []func(n int64) bool
	for _, inner := range c.Filters {
		holds, bad := inner.compile(l)
		if bad.found() {
			return nil, bad
		}
		all = append(all, holds)
	}
	return func(n int64) bool {
		for _, holds := range all {
			if holds(n) == any {
				return any
			}
		}
		return !any
	}, problem{}
}

// leaf returns the test of a text. Fields are never null.
func (c condition) leaf() (func(string) bool, problem) {
	wrong := problem{mnemonic: "data_type_error", field: *c.Field, value: string(c.Value)}
	switch op := *c.Operator; op {
	case "is_null", "is_not_null":
		return func(string) bool { return op == "is_not_null" }, problem{}
	case "in", "not_in":
		var many []string
		if json.Unmarshal(c.Value, &many) != nil {
			return nil, wrong
		}
		return func(s string) bool { return slices.Contains(many, s) == (op == "in") }, problem{}
	}
	if len(c.Value) == 0 || string(c.Value) == "null" {
		return func(string) bool { return *c.Operator == "!=" }, problem{}
	}
	var want string
	if json.Unmarshal(c.Value, &want) != nil {
		return nil, wrong
	}
	return compare(*c.Operator, want)
}

// compare returns the test of a text against another.
func compare(op, want string) (func(string) bool, problem) {
	switch op {
	case "=", "!=":
		return func(s string) bool { return (s == want) == (op == "=") }, problem{}
	case "<", "<=":
		return func(s string) bool { return s < want || op == "<=" && s == want }, problem{}
	case ">", ">=":
		return func(s string) bool { return s > want || op == ">=" && s == want }, problem{}
	case "like", "not_like", "ilike", "not_ilike", "regexp":
		re, err := pattern(strings.TrimPrefix(op, "not_"), want)
		if err != nil {
			return nil, problem{mnemonic: "invalid_parameter_value", field: "filter.value"}
		}
		return func(s string) bool { return re.MatchString(s) != strings.HasPrefix(op, "not_") }, problem{}
	}
	return nil, problem{mnemonic: "invalid_parameter_value", field: "filter.operator", value: quoted(op)}
}

// pattern returns the expression for a pattern of like, where % is any text and
// _ any character, of ilike, which does not mind the case, or of regexp.
func pattern(op, text string) (*regexp.Regexp, error) {
	if op == "regexp" {
		return regexp.Compile(text)
	}
	text = strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(text))
	if op == "ilike" {
		return regexp.Compile("(?is)^" + text + "$")
	}
	return regexp.Compile("(?s)^" + text + "$")
}
