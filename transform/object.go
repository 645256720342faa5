package transform

import (
	"slices"
	"unicode/utf8"

	"etl/internal/jsonspan"
)

// A plan reads values of one place in records, straight from the text.
type plan interface {
	// scan appends the value that begins at text[pos], which is not null, and
	// returns its end; none if it is not as usual, after which only truncate
	// may follow.
	scan(text []byte, pos int) (end int)
}

// none is the end of a value that is not as usual: the record is read again,
// through nodes, which decide what becomes of it.
const none = -1

// An object reads the members of an object, and gives each to the columns that
// take it. It learns names that it does not know, and the order of members.
type object struct {
	*scanner
	place   *place
	members map[string]*member   // by name
	names   map[string]*spelling // by their text
	short   shelf                // of names
	start   spelling             // stands before the first member

	row    *object    // of the struct, or of the record, whose fields are filled: the object itself, or one further out
	buffer *structure // of row
	epoch  uint64     // which object of the text is being read
	filled []uint64   // for each field of row, the epoch of the object that gave its value
	count  int        // fields of row that have their value
	seen   []Sight    // of the objects of row, and of its fields
}

// A member is what becomes of the members of one name.
type member struct {
	way    way
	use            // by the one column
	seen   uint64  // epoch of the object that had one last, unless it is of one column
	more   []use   // by all columns
	inside *object // for columns further in; nil: there are none
	place  *place
	count  int64 // of an unknown one, in the page
	fields []int // of the row, that find a value in it or further in
}

// A way says which columns take the values of a member.
type way byte

const (
	noColumn    way = iota
	oneColumn       // which takes no other member, and to which no text means NULL
	someColumns     // or another one, or only some further in
	oddColumns      // in each other's way: no value but null is as usual
)

// A use is a column and the plan by which its value is read here.
type use struct {
	required bool        // the column
	given    *uint64     // epoch of the row in which the field got its value
	kinds    *[256]Kinds // of values, by their first byte
	sight    *Sight      // of the field
	plan     plan
	buffer   buffer // of the field
	field    *field
	index    int    // of the field in its struct
	nulls    []byte // what texts that mean NULL begin with, quotes aside; nil: there are none
}

// most is how many names an object learns, and the longest of them. Records with
// more are read through nodes.
const (
	mostNames   = 4096
	longestName = 1024
)

// object makes the plan of a struct, or of the record.
func (s *scanner) object(buffer *structure, at *place) *object {
	o := s.newObject(at)
	o.row, o.buffer, o.filled = o, buffer, make([]uint64, len(buffer.fields))
	o.seen = s.seen[buffer.place:][:len(buffer.fields)+1]
	for i, f := range buffer.fields {
		for _, path := range f.column.From {
			if ofParent(path) {
				f.parental = true
				continue
			}
			m := o.reach(path)
			m.more = append(m.more, use{
				required: f.column.Required, given: &o.filled[i], kinds: kindsIn(f.buffer), sight: &o.seen[i+1],
				plan: s.plan(&f.column, f.buffer, m.place), buffer: f.buffer, field: f, index: i, nulls: beginnings(f.column.NullIf),
			})
			if f.parental { // a value of the parent comes before that of the record
				m.way = oddColumns
			}
		}
	}
	o.choose()
	return o
}

func (s *scanner) newObject(at *place) *object {
	return &object{scanner: s, place: at, members: map[string]*member{}, names: map[string]*spelling{}}
}

// reach returns the member at the end of a path.
func (o *object) reach(path []string) *member {
	m := o.member(path[0])
	if len(path) == 1 {
		return m
	}
	if m.inside == nil {
		m.inside = o.newObject(m.place)
		m.inside.row = o.row
	}
	return m.inside.reach(path[1:])
}

// member returns the member of a name.
func (o *object) member(name string) *member {
	m := o.members[name]
	if m == nil {
		m = &member{place: &place{up: o.place, name: name}}
		o.members[name] = m
	}
	return m
}

// choose chooses the way of each member.
func (o *object) choose() {
	for _, m := range o.members {
		alone := len(m.more) == 1 && m.inside == nil
		switch {
		case m.way == oddColumns || !alone && slices.ContainsFunc(m.more, func(u use) bool { return opens(u.plan) }):
			m.way = oddColumns
		case alone && m.more[0].nulls == nil && len(m.more[0].field.column.From) == 1:
			m.way, m.use = oneColumn, m.more[0]
		default:
			m.way = someColumns
		}
		for _, u := range m.more {
			m.fields = append(m.fields, u.index)
		}
		if m.inside == nil {
			continue
		}
		m.inside.choose()
		for _, inner := range m.inside.members {
			m.fields = append(m.fields, inner.fields...)
		}
	}
}

func opens(p plan) bool {
	switch p := p.(type) {
	case *object:
		return true
	case *sequence:
		return opens(p.elements)
	}
	return false
}

// scan reads an object; of a struct or the record it appends a row.
func (o *object) scan(text []byte, pos int) int {
	o.scanner.epoch++
	o.epoch, o.count = o.scanner.epoch, 0
	var end int
	if o.buffer != nil && o.buffer.loose && at(text, pos) == '[' {
		end = emptyList(text, pos)
	} else {
		end = o.scanMembers(text, pos)
	}
	if end < 0 || o.buffer != nil && !o.complete() {
		return none
	}
	return end
}

func emptyList(text []byte, pos int) int {
	if pos = space(text, pos+1); at(text, pos) != ']' {
		return none
	}
	return pos + 1
}

func (o *object) scanMembers(text []byte, pos int) int {
	if at(text, pos) != '{' {
		return none
	}
	if pos = space(text, pos+1); at(text, pos) == '}' {
		return pos + 1
	}
	for last, row := &o.start, o.row; ; pos++ {
		name := last.next
		if name == nil || pos > len(text)-window || name.differs(text[pos:pos+window])|uint64(len(name.rest)) != 0 {
			if name, pos = o.next(last, text, pos); name == nil {
				return none
			}
		}
		last = name
		pos += name.size
		c := at(text, pos)
		if c <= ' ' {
			pos = space(text, pos)
			if c = at(text, pos); c <= ' ' {
				return none
			}
		}
		if m := name.member; m.way == oneColumn {
			if *m.given == row.epoch {
				return none
			}
			*m.given = row.epoch
			row.count++
			*m.sight = m.sight.and(m.kinds[c])
			if c != 'n' {
				pos = m.plan.scan(text, pos)
			} else if m.required {
				return none
			} else {
				m.buffer.null()
				pos = word(text, pos, "null")
			}
		} else {
			pos = o.scanOther(m, text, pos)
		}
		if c = at(text, pos); c <= ' ' {
			pos = space(text, pos)
			c = at(text, pos)
		}
		if c != ',' {
			if c != '}' {
				return none
			}
			return pos + 1
		}
	}
}

// scanOther gives the value of a member that is not of one column to those that
// take it.
func (o *object) scanOther(m *member, text []byte, pos int) int {
	if m.seen == o.epoch {
		return none
	}
	m.seen = o.epoch
	switch {
	case m.way == noColumn:
		return o.scanUnknown(m, text, pos)
	case text[pos] == 'n':
		for _, field := range m.fields {
			o.row.saw(field, kindsOf(jsonspan.Null))
		}
		return word(text, pos, "null")
	case m.way == someColumns:
		return o.scanSome(m, text, pos)
	}
	return none
}

// waits tells whether a field has no value yet and one that is not null begins
// at text[pos].
func (o *object) waits(field int, text []byte, pos int) bool {
	return o.filled[field] != o.epoch && uint(pos) < uint(len(text)) && text[pos] != 'n'
}

// mark notes that a field has its value.
func (o *object) mark(field int) {
	o.filled[field] = o.epoch
	o.count++
}

// scanSome reads a value that several columns take.
func (o *object) scanSome(m *member, text []byte, pos int) int {
	end := none
	for i := range m.more {
		if end = o.row.fill(&m.more[i], text, pos); end < 0 {
			return none
		}
	}
	if m.inside == nil {
		return end
	}
	if len(m.more) > 0 { // the whole value has its place: nothing inside is unknown
		o.mute++
		defer func() { o.mute-- }()
	}
	return m.inside.scan(text, pos)
}

// fill gives a value that is not null to a column.
func (o *object) fill(u *use, text []byte, pos int) int {
	if !o.waits(u.index, text, pos) {
		return none
	}
	o.mark(u.index)
	if u.mayMeanNull(text, pos) {
		null, end := o.meansNull(u.field, text, pos)
		switch {
		case end < 0 || null && u.required:
			return none
		case null:
			u.buffer.null()
			o.saw(u.index, kindsOf(jsonspan.Null))
			return end
		}
	}
	o.saw(u.index, u.kinds[text[pos]])
	return u.plan.scan(text, pos)
}

// complete gives NULL to the fields that have no value, and so ends a row. It
// tells whether none of them needs one.
func (o *object) complete() bool {
	if o.count < len(o.filled) {
		for i, epoch := range o.filled {
			if epoch == o.epoch {
				continue
			}
			switch f := o.buffer.fields[i]; {
			case f.parental:
				if f.add(&node{kind: jsonspan.Object, opened: true}) != nil {
					return false
				}
			case f.column.Required:
				return false
			default:
				f.null()
			}
		}
	}
	o.buffer.valid.add(true)
	o.seen[0] = o.seen[0].and(kindsOf(jsonspan.Object))
	return true
}

// scanUnknown keeps a value that no column takes. It is no personal data: that
// has columns, if only such as drop it.
func (o *object) scanUnknown(m *member, text []byte, pos int) int {
	end := jsonspan.Skip(text, pos)
	if end < 0 || o.mute > 0 {
		return end
	}
	if !utf8.Valid(text[pos:end]) {
		return none
	}
	o.unknown = append(o.unknown, m)
	o.path = m.place.appendPath(o.path[:0])
	o.extra.put(o.path, text[pos:end])
	return end
}
