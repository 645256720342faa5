package transform

import (
	"etl/internal/jsonspan"
	"etl/schemas"
)

// A private says where in a value personal data is: all of it, or what is inside
// its members. Lists on the way are passed through. nil: nowhere.
type private struct {
	all     bool
	members map[string]*private
}

// privateOf gathers the paths of personal columns; nil if there are none.
func privateOf(columns []schemas.Column) *private {
	p := &private{}
	p.gather(columns)
	if len(p.members) == 0 {
		return nil
	}
	return p
}

func (p *private) gather(columns []schemas.Column) {
	for _, c := range columns {
		inside := &private{all: c.PII != ""}
		leaf := c.Type
		for leaf.Kind == schemas.List {
			leaf = leaf.Element.Type
		}
		inside.gather(leaf.Fields)
		if !inside.all && len(inside.members) == 0 {
			continue
		}
		for _, path := range c.From {
			if !ofParent(path) {
				p.add(path, inside)
			}
		}
	}
}

func (p *private) add(path schemas.Path, inside *private) {
	for _, name := range path {
		if p.members == nil {
			p.members = map[string]*private{}
		}
		if p.members[name] == nil {
			p.members[name] = &private{}
		}
		p = p.members[name]
	}
	p.all = p.all || inside.all
	for name, more := range inside.members {
		p.add(schemas.Path{name}, more)
	}
}

// of returns what is private in a value of a record.
func (p *private) of(n *node) *private {
	switch {
	case p == nil || p.all || n.parent == nil:
		return p
	case n.parent.kind == jsonspan.Array:
		return p.of(n.parent)
	}
	if p = p.of(n.parent); p == nil || p.all {
		return p
	}
	return p.members[n.name]
}

// blank stands for personal data in the text of a record.
const blank = `"***"`

// Redact returns the text of a record in which "***" stands for the values of
// personal columns, hashed and masked ones too, and for whatever else stands
// where the schema expects an object with such inside. Without personal columns
// it is the text itself.
func Redact(s *schemas.Schema, raw []byte) []byte {
	p := privateOf(s.Columns)
	if p == nil {
		return raw
	}
	if whole, err := jsonspan.Whole(raw); err == nil {
		return p.redact(nil, whole.Of(raw))
	}
	return []byte(blank)
}

// redact appends the text of a value less what is private in it.
func (p *private) redact(b, raw []byte) []byte {
	if p == nil {
		return append(b, raw...)
	}
	all := jsonspan.Span{End: len(raw)}
	done := 0 // of raw
	put := func(inside *private, at jsonspan.Span) {
		b = inside.redact(append(b, raw[done:at.Start]...), at.Of(raw))
		done = at.End
	}
	switch kind := jsonspan.KindOf(raw, all); {
	case kind == jsonspan.Null:
	case kind == jsonspan.Array && !p.all:
		for element := range jsonspan.Elements(raw, all) {
			put(p, element)
		}
	case kind == jsonspan.Object && !p.all:
		for name, value := range jsonspan.Members(raw, all) {
			put(p.member(name.Of(raw)), value)
		}
	default:
		return append(b, blank...)
	}
	return append(b, raw[done:]...)
}

// member returns what is private in the member of a quoted name. Under a name
// that is no text, everything is.
func (p *private) member(quoted []byte) *private {
	name, err := jsonspan.Unquote(quoted)
	if err != nil {
		return &private{all: true}
	}
	return p.members[string(name)]
}
