package config

import (
	"slices"
	"strings"

	"etl/schemas"
)

// ParentNames returns the values of a parent that the pipeline uses: {parent.x}
// in its request and @parent.x in its schema, each name once, sorted.
func (p *Pipeline) ParentNames() []string {
	var names []string
	note := func(name, prefix string) {
		if name, ok := strings.CutPrefix(name, prefix); ok {
			names = append(names, name)
		}
	}
	eachPart(p.Request, func(part Part) { note(part.Name, "parent.") })
	eachPath(p.Schema.Columns, func(path schemas.Path) { note(path[0], "@parent.") })
	slices.Sort(names)
	return slices.Compact(names)
}

// eachPart calls f with every part of the templates of a request.
func eachPart(r Request, f func(Part)) {
	var value func(v Value)
	fields := func(list []Field) {
		for _, field := range list {
			value(field.Value)
		}
	}
	value = func(v Value) {
		for _, part := range v.Text {
			f(part)
		}
		for _, element := range v.List {
			value(element)
		}
		fields(v.Map)
	}
	for _, part := range r.Path {
		f(part)
	}
	for _, list := range [][]Field{r.Headers, r.Query, r.Params} {
		fields(list)
	}
	if r.JSON != nil {
		value(*r.JSON)
	}
}

// eachPath calls f with every path of columns and of what is nested in them.
func eachPath(columns []schemas.Column, f func(schemas.Path)) {
	for _, c := range columns {
		for _, path := range c.From {
			f(path)
		}
		eachPath(c.Type.Fields, f)
		if c.Type.Element != nil {
			eachPath([]schemas.Column{*c.Type.Element}, f)
		}
	}
}

// ParentsCanGo tells whether parents are rows, or listed in a file: things that
// can be gone when they are asked for. Given values are parts of the question.
func (p *Pipeline) ParentsCanGo() bool {
	return slices.ContainsFunc(p.ForEach, func(f ForEach) bool { return f.Pipeline != nil || f.FromFile })
}
