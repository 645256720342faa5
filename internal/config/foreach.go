package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"etl/schemas"
)

// link joins pipelines with those of their parents.
func (b *builder) link() {
	for _, d := range b.drafts {
		if d.keys.ForEach == nil || d.Source == nil {
			continue
		}
		unset := b.within(join("pipelines", d.Name), d.account, func() {
			for i := range d.keys.ForEach.oneOrMany {
				b.forEach(d, &d.keys.ForEach.oneOrMany[i])
			}
		})
		d.Unset = distinct(d.Unset, unset)
	}
	for _, d := range b.drafts {
		b.cycle(d, nil)
	}
}

// forEach builds one factor of the parents of a pipeline.
func (b *builder) forEach(d *draft, k *forEachOne) {
	if k.at.form != mapForm {
		return // told already
	}
	var given []string
	for _, e := range k.at.entries {
		if anyOf(e.key, "values", "file", "pipeline") && e.value.form != nullForm {
			given = append(given, e.key)
		}
	}
	if len(given) != 1 {
		b.at(k.at, "", "exactly one of values, file and pipeline is needed")
		return
	}
	ofPipeline := given[0] == "pipeline"
	for _, p := range []struct {
		place
		name string
		ok   bool
	}{
		{k.Where.place, "where", ofPipeline}, {k.Changed.place, "changed", ofPipeline}, {k.Covers.place, "covers", !ofPipeline},
	} {
		if p.given() && !p.ok {
			b.at(p.at, "", "%s means nothing beside %s", p.name, given[0])
		}
	}
	each := ForEach{}
	switch {
	case ofPipeline:
		if !b.parentPipeline(d, k, &each) {
			return
		}
	case k.File.given():
		each.Values, each.FromFile = b.fileValues(k.File), true
	default:
		each.Values = b.values(k.Values)
	}
	if !ofPipeline && len(each.Values) == 0 {
		if !b.told(k.File.at) {
			b.at(k.at, "values: [{ status: 1 }, { status: 2 }]", "there is no value")
		}
		return
	}
	d.Covers = d.Covers || k.Covers.known()
	d.ForEach = append(d.ForEach, each)
}

// values builds given parents. All have the same names.
func (b *builder) values(all []members) [][]Field {
	var values [][]Field
	for _, m := range all {
		fields := b.fields(m.at, scope{})
		for _, f := range fields {
			if f.Value.Kind == List || f.Value.Kind == Map {
				b.at(m.at.get(f.Name), "", "a value of a parent is a single value")
			}
		}
		if len(values) > 0 && !slices.Equal(fieldNames(fields), fieldNames(values[0])) {
			b.at(m.at, "names: "+strings.Join(fieldNames(values[0]), ", "), "the names differ from those of the first value")
		}
		values = append(values, fields)
	}
	return values
}

// fileValues reads parents of a YAML or JSON file.
func (b *builder) fileValues(t textLeaf) [][]Field {
	if !t.known() {
		return nil
	}
	name := t.s
	if !filepath.IsAbs(name) {
		name = filepath.Join(b.folder, name)
	}
	text, err := schemas.ReadFile(name)
	if err != nil {
		b.at(t.at, "", "reading the values: %v", err)
		return nil
	}
	top := b.parse(newDocument(name, text), text)
	if top == nil {
		return nil
	}
	if top.form != listForm {
		b.at(top, "- { id: 1 }", "a list of maps is expected, not %s", top.form)
		return nil
	}
	var all []members
	for _, item := range top.items {
		var m members
		m.read(b.decoder, item)
		all = append(all, m)
	}
	return b.values(all)
}

func fieldNames(fields []Field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// parentPipeline finds the pipeline whose rows are the parents.
func (b *builder) parentPipeline(d *draft, k *forEachOne, each *ForEach) bool {
	if !k.Pipeline.known() {
		return false
	}
	parent := b.parentOf(d, k.Pipeline)
	if parent == nil {
		return false
	}
	each.Pipeline, each.Changed = parent, k.Changed.s
	each.Where = b.fields(k.Where.at, scope{})
	for _, f := range each.Where {
		at := k.Where.at.get(f.Name)
		if c := b.column(parent.Schema, f.Name, at); c != nil && !plain(c.Type) {
			b.at(at, "", "the column %q is no single value", f.Name)
		}
		if f.Value.Kind == List || f.Value.Kind == Map {
			b.at(at, "", "a single value is expected")
		}
	}
	if !k.Changed.known() {
		return true
	}
	if c := b.column(parent.Schema, each.Changed, k.Changed.at); c != nil && !plain(c.Type) {
		b.at(k.Changed.at, "", "the column %q is no single value", each.Changed)
	}
	if !d.Merge {
		b.at(k.Changed.at, "write: merge", "changed needs write: merge")
	}
	if len(d.keys.ForEach.oneOrMany) > 1 {
		b.at(k.Changed.at, "", "changed stands only where a pipeline alone gives the parents")
	}
	return true
}

// parentOf returns the pipeline of a name: that of the same account if they
// share their source, else one that has no accounts.
func (b *builder) parentOf(d *draft, name textLeaf) *Pipeline {
	var names []string
	others := false
	for _, p := range b.drafts {
		names = append(names, p.Stream)
		switch {
		case p.Stream != name.s:
		case p.account == nil || p.Source == d.Source && p.account == d.account:
			return p.Pipeline
		default:
			others = true
		}
	}
	if others {
		b.at(name.at, "take parents of the same source, or of one without accounts", "pipeline %s has other accounts", name.shown())
		return nil
	}
	b.at(name.at, near(name.s, distinct(names)), "there is no pipeline %s", name.shown())
	return nil
}

// plain tells whether a type is a single value.
func plain(t schemas.Type) bool {
	return t.Kind != schemas.List && t.Kind != schemas.Struct && t.Kind != schemas.JSON
}

// cycle reports a pipeline that is among its own ancestors.
func (b *builder) cycle(d *draft, path []string) {
	path = append(path, d.Stream)
	switch d.visit {
	case visited, looped:
		return
	case visiting:
		d.visit = looped
		d.ForEach = nil // so that nobody runs in circles
		b.at(d.keys.ForEach.place.at, "", "pipelines wait for each other: %s", strings.Join(path[slices.Index(path, d.Stream):], " → "))
		return
	}
	d.visit = visiting
	for _, each := range d.ForEach {
		if each.Pipeline != nil {
			b.cycle(find(b.drafts, func(p *draft) bool { return p.Pipeline == each.Pipeline }), path)
		}
	}
	if d.visit != looped {
		d.visit = visited
	}
}

// checkUses checks what the placeholders of a request stand for.
func (b *builder) checkUses(d *draft) {
	parents, slices := false, false
	for _, u := range d.uses {
		if strings.HasPrefix(u.at.path, "sources.") {
			continue // told already
		}
		root, name, _ := strings.Cut(u.Name, ".")
		problem, hint := "", ""
		switch root {
		case "since", "until", "last":
			slices = true
			if d.keys.Window == nil {
				problem, hint = "has no slice to stand for", "window: { every: month, start: 2020-01-01 }"
			}
		case "parent":
			parents = true
			problem, hint = d.parentProblem(name)
		case "page", "offset", "cursor":
			if d.Paging.Kind != root {
				problem, hint = fmt.Sprintf("needs paging of kind %s", root), ""
			}
		case "size":
			if d.Paging.Size == 0 {
				problem, hint = "needs paging with a size", ""
			}
		default:
			problem = "stands for nothing here"
		}
		if problem != "" {
			b.at(u.at, hint, "{%s} %s", u.Name, problem)
		}
	}
	if d.keys.ForEach != nil && !parents {
		b.at(d.keys.ForEach.place.at, "name {parent.x} in the request", "every parent would be asked for the same")
	}
	if d.keys.Window != nil && !slices {
		b.at(d.keys.Window.at, "name {since:date} and {until:date} in the request", "every slice would be asked for the same")
	}
}

// values returns the names of the single values of a row: those of columns, and
// of columns inside of structs, such as client.id.
func values(prefix string, columns []schemas.Column) (names []string) {
	for _, c := range columns {
		switch {
		case plain(c.Type):
			names = append(names, prefix+c.Name)
		case c.Type.Kind == schemas.Struct:
			names = append(names, values(prefix+c.Name+".", c.Type.Fields)...)
		}
	}
	return names
}

// Gives tells whether the rows of the pipeline give their children a value of a
// name, the x of {parent.x}.
func (p *Pipeline) Gives(name string) bool {
	return slices.Contains(values("", p.Schema.Columns), name)
}

// parentProblem tells what is wrong with {parent.name}.
func (d *draft) parentProblem(name string) (problem, hint string) {
	if d.keys.ForEach == nil {
		return "needs for_each", ""
	}
	if len(d.ForEach) < len(d.keys.ForEach.oneOrMany) {
		return "", "" // told already
	}
	var names []string
	for _, each := range d.ForEach {
		for _, value := range each.Values {
			names = append(names, fieldNames(value)...)
		}
		if each.Pipeline == nil {
			continue
		}
		if each.Pipeline.Schema == nil {
			return "", "" // told already
		}
		names = append(names, values("", each.Pipeline.Schema.Columns)...)
	}
	if slices.Contains(names, name) {
		return "", ""
	}
	return "names no value of the parents", near(name, distinct(names))
}
