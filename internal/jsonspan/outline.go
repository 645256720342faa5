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
	names   [outerDepth + 1]Span // that lead to where the check has come
	aside   *Aside
	read    int // where the list starts whose elements aside reads; -1: there is none
}

// An Aside reads the elements of one list while a text is outlined, so that no
// byte of them is passed over twice.
type Aside struct {
	// Lists are places where the list may stand, by names from the root on,
	// through at most outerDepth objects. The first list of the text that stands
	// at one of them is read.
	Lists [][]string
	// Element is given the start of each element, and how deep it is nested, and
	// returns its end as End does. After -1 it is not asked again: the text is
	// checked as if there were no Aside.
	Element func(text []byte, pos, depth int) (end int)
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

// NewOutline checks a text as Whole does, and outlines it. aside may be nil.
func NewOutline(text []byte, aside *Aside) (*Outline, error) {
	o := &Outline{text: text, aside: aside, read: -1}
	var err error
	o.Root, err = whole(text, o)
	return o, err
}

// Read tells whether the elements of a list in the text were read aside, all of
// them.
func (o *Outline) Read(list Span) bool { return o.read >= 0 && o.read == list.Start }

// takes tells whether the elements of a list are to be read aside. Names lead to
// it from the root.
func (o *Outline) takes(names []Span) bool {
	if o.aside == nil || o.read >= 0 {
		return false
	}
	for _, path := range o.aside.Lists {
		if len(path) != len(names) {
			continue
		}
		same := true
		for i, name := range names {
			same = same && equalName(name.Of(o.text), path[i])
		}
		if same {
			return true
		}
	}
	return false
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
