package transform

import (
	"errors"
	"slices"
	"strconv"

	"etl/internal/jsonspan"
	"etl/schemas"
)

// A node is a JSON value of a record: its text, where it stands, and what
// became of it. What is inside is looked at when a column asks for it.
type node struct {
	raw    []byte
	kind   jsonspan.Kind
	parent *node  // nil: the record itself, or a value of the parent request
	name   string // in an object
	index  int    // in a list

	opened   bool    // members or elements are read
	members  []*node // of an object, in order
	elements []*node // of a list

	whole  bool // a column has taken the value as it is
	misfit bool // its column became NULL; the text belongs into _extra
}

func newNode(raw []byte) *node {
	return &node{raw: raw, kind: jsonspan.KindOf(raw, jsonspan.Span{End: len(raw)})}
}

// path leads from the record to n: "services[0].price".
func (n *node) path() string { return n.pathWith(strconv.Itoa) }

// pattern is the path without the places in lists: "services[].price".
func (n *node) pattern() string { return n.pathWith(func(int) string { return "" }) }

func (n *node) pathWith(index func(int) string) string {
	switch {
	case n.parent == nil:
		return n.name
	case n.parent.kind == jsonspan.Array:
		return n.parent.pathWith(index) + "[" + index(n.index) + "]"
	}
	return joinPath(n.parent.pathWith(index), n.name)
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// member returns the member of an opened object, or nil.
func (n *node) member(name string) *node {
	for _, m := range n.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

var errDuplicate = errors.New("a name is there twice in one object")

// open reads the members of an object, or the elements of a list.
func (s *scope) open(n *node) error {
	if n.opened {
		return nil
	}
	if n.kind == jsonspan.Array {
		n.elements = elementsOf(n)
	} else if err := s.openObject(n); err != nil {
		n.members = nil
		return refuse(n, err)
	}
	n.opened = true
	return nil
}

func elementsOf(n *node) []*node {
	var all []*node
	for span := range jsonspan.Elements(n.raw, jsonspan.Span{End: len(n.raw)}) {
		e := newNode(span.Of(n.raw))
		e.parent, e.index = n, len(all)
		all = append(all, e)
	}
	return all
}

func (s *scope) openObject(n *node) error {
	last := map[string]int{}
	for name, value := range jsonspan.Members(n.raw, jsonspan.Span{End: len(n.raw)}) {
		text, err := s.text(name.Of(n.raw))
		if err != nil {
			return err
		}
		m := newNode(value.Of(n.raw))
		m.parent, m.name = n, string(text)
		if i, twice := last[m.name]; twice {
			if s.duplicates != schemas.Last {
				return errDuplicate
			}
			s.counts.Duplicates++
			n.members[i] = nil
		}
		last[m.name] = len(n.members)
		n.members = append(n.members, m)
	}
	n.members = slices.DeleteFunc(n.members, func(m *node) bool { return m == nil })
	return nil
}

// A refusal says what does not fit, and where. It never holds the value.
type refusal struct{ path, column, reason, check string }

func (r *refusal) Error() string { return r.reason }

// refuse says that err is wrong with n.
func refuse(n *node, err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	return &refusal{path: n.path(), reason: err.Error(), check: checkOf(err)}
}
