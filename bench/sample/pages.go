package sample

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// Envelope returns what stands before the records of a page. Page numbers begin
// with 1.
func Envelope(records, number int) string {
	link := func(n int, exists bool) string {
		if !exists {
			return "null"
		}
		return fmt.Sprintf(`"https://bench.invalid/requests/?ordering=id&page=%d&pageSize=%d"`, n, PageSize)
	}
	return fmt.Sprintf(`{"count":%d,"next":%s,"previous":%s,"results":[`,
		records, link(number+1, number*PageSize < records), link(number-1, number > 1))
}

// Page appends the records of a page, without the envelope.
func (m *Maker) Page(buf []byte, number int) []byte {
	first := (number - 1) * PageSize
	for n := first; n < min(first+PageSize, m.Records); n++ {
		if n > first {
			buf = append(buf, ',')
		}
		buf = m.Record(buf, n)
	}
	return buf
}

// templates is how many pages are really made for a list in memory; the others
// are these with other ids.
const templates = 8

// A List is a list of any length in little memory.
type List struct {
	records int
	pages   []template
}

// A template is the records of a page, and where their ids stand.
type template struct {
	text []byte
	ids  []int
}

// NewList makes the list of so many records, a multiple of PageSize, whose
// months are mixed.
func NewList(m Maker, records int) *List {
	m.Records, m.Mixed, m.Form = min(records, templates*PageSize), true, Ordered
	l := &List{records: records}
	for number := 1; (number-1)*PageSize < m.Records; number++ {
		t := template{text: m.Page(nil, number)}
		at := 0
		for n := (number - 1) * PageSize; n < number*PageSize; n++ {
			name := `"id":`
			at += bytes.Index(t.text[at:], []byte(name+strconv.Itoa(FirstID+n))) + len(name)
			t.ids = append(t.ids, at)
		}
		l.pages = append(l.pages, t)
	}
	return l
}

// Page returns the body of a page and its length, and false behind the end.
func (l *List) Page(number int) (io.Reader, int64, bool) {
	first := (number - 1) * PageSize
	if first >= l.records {
		return nil, 0, false
	}
	t := l.pages[(number-1)%len(l.pages)]
	head := Envelope(l.records, number)
	records := &numbered{template: t, id: FirstID + first}
	return io.MultiReader(bytes.NewReader([]byte(head)), records, bytes.NewReader([]byte("]}"))), int64(len(head) + len(t.text) + 2), true
}

// A numbered reads a template with other ids.
type numbered struct {
	template
	id int // of the first record
	at int // read so far
	n  int // records whose id was written whole
}

const digits = len("1000000000")

// Read never ends inside an id, if there is room for one.
func (r *numbered) Read(buf []byte) (int, error) {
	if r.at == len(r.text) {
		return 0, io.EOF
	}
	n := copy(buf, r.text[r.at:])
	for ; r.n < len(r.ids) && r.ids[r.n] < r.at+n; r.n++ {
		at := r.ids[r.n] - r.at
		if at+digits > n {
			n = at
			break
		}
		strconv.AppendInt(buf[at:at], int64(r.id+r.n), 10)
	}
	if n == 0 {
		return 0, io.ErrShortBuffer
	}
	r.at += n
	return n, nil
}
