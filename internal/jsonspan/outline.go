package jsonspan

// An Outline is what the outer objects and lists of a text hold, found in the
// pass that checks the text: those that the root leads to through at most
// outerDepth objects and no list. That takes in the envelope of a reply and the
// list of its records, and nothing inside of a record.
type Outline struct {
	Root    Span
	text    []byte
	members []member // of each object in their order, with those of nested ones between them
	lists   []elements
}

type member struct {
	object      int // where the object starts
	name, value Span
}

type elements struct {
	list  int // where the list starts
	spans []Span
}

const outerDepth = 4

// NewOutline checks a text as Whole does, and outlines it.
func NewOutline(text []byte) (*Outline, error) {
	o := &Outline{text: text}
	var err error
	o.Root, err = whole(text, o)
	return o, err
}

// Member returns the value of the first member of a name of an object in the
// text; false if there is none.
func (o *Outline) Member(object Span, name string) (Span, bool) {
	known := false
	for i := range o.members {
		m := &o.members[i]
		if m.object != object.Start {
			continue
		}
		if equalName(m.name.Of(o.text), name) {
			return m.value, true
		}
		known = true
	}
	if known {
		return Span{}, false
	}
	return Find(o.text, object, []string{name})
}

// Elements returns the elements of a list in the text.
func (o *Outline) Elements(list Span) []Span {
	for _, l := range o.lists {
		if l.list == list.Start {
			return l.spans
		}
	}
	var spans []Span
	for e := range Elements(o.text, list) {
		spans = append(spans, e)
	}
	return spans
}
