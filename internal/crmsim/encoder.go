package crmsim

import (
	"bytes"
	"strconv"
	"strings"
)

// An encoder writes typed values as one record, in one of two ways: as an API
// sends them, or as truth.
//
// The key of a value is its name on the wire; where the column is called
// otherwise, it is "wire=column". An element of a list has the key "".
type encoder struct {
	buf   []byte
	truth bool
	form  form
	ascii bool // write text as ASCII with escapes

	null  bool   // the next value is null
	path  []byte // truth: where the open struct is, in names of the wire
	marks []int  // lengths of path outside of each open struct or list
	extra []byte // truth: members that no column names
}

// A form is how an API writes the types that JSON has none for.
type form struct {
	duration string // durationDjango, durationISO, durationSeconds
	zone     string // zoneUTC, zoneAlmaty
	numbers  bool   // decimals as JSON numbers
}

// nullIf lets the next value be null if yes.
func (e *encoder) nullIf(yes bool) *encoder {
	e.null = yes
	return e
}

// begin writes the key of a value, and tells whether a value is to follow.
func (e *encoder) begin(key string) bool {
	if last := e.buf[len(e.buf)-1]; last != '{' && last != '[' {
		e.buf = append(e.buf, ',')
	}
	if key != "" {
		e.buf = append(append(append(e.buf, '"'), e.name(key)...), '"', ':')
	}
	if e.null {
		e.null = false
		e.buf = append(e.buf, "null"...)
		return false
	}
	return true
}

// name returns the name of a key for whom the record is written.
func (e *encoder) name(key string) string {
	wire, column, other := strings.Cut(key, "=")
	if other && e.truth {
		return column
	}
	return wire
}

// record starts a record.
func (e *encoder) record() {
	e.buf = append(e.buf, '{')
	e.path, e.marks, e.extra = e.path[:0], e.marks[:0], e.extra[:0]
}

// end ends a record.
func (e *encoder) end() {
	if e.truth {
		e.nullIf(len(e.extra) == 0)
		if e.begin("_extra") {
			e.extra[0] = '{' // in place of the first comma
			e.buf = appendText(e.buf, string(append(e.extra, '}')), false)
		}
	}
	e.buf = append(e.buf, '}')
}

// open starts a struct, and close ends it.
func (e *encoder) open(key string) {
	e.begin(key)
	e.enter(key)
	e.buf = append(e.buf, '{')
}

// close ends a struct.
func (e *encoder) close() {
	e.leave()
	e.buf = append(e.buf, '}')
}

// list starts a list, and endList ends it.
func (e *encoder) list(key string) {
	e.begin(key)
	e.enter(key)
	e.buf = append(e.buf, '[')
}

// endList ends a list.
func (e *encoder) endList() {
	e.leave()
	e.buf = append(e.buf, ']')
}

// element starts the struct that is element i of the open list; close ends it.
func (e *encoder) element(i int) {
	e.begin("")
	e.marks = append(e.marks, len(e.path))
	e.path = append(strconv.AppendInt(append(e.path, '['), int64(i), 10), ']')
	e.buf = append(e.buf, '{')
}

func (e *encoder) enter(key string) {
	e.marks = append(e.marks, len(e.path))
	wire, _, _ := strings.Cut(key, "=")
	if len(e.path) > 0 {
		e.path = append(e.path, '.')
	}
	e.path = append(e.path, wire...)
}

func (e *encoder) leave() {
	last := len(e.marks) - 1
	e.path, e.marks = e.path[:e.marks[last]], e.marks[:last]
}

// unknown writes a member that no column names, as it is on the wire.
func (e *encoder) unknown(key, raw string) {
	if !e.truth {
		e.raw(key, raw)
		return
	}
	path := key
	if len(e.path) > 0 {
		path = string(e.path) + "." + key
	}
	e.extra = append(appendText(append(e.extra, ','), path, false), ':')
	e.extra = append(e.extra, raw...)
}

// raw writes a value as it is, for what no type allows.
func (e *encoder) raw(key, raw string) {
	if e.begin(key) {
		e.buf = append(e.buf, raw...)
	}
}

// none writes null, also where a struct or list could be.
func (e *encoder) none(key string) { e.nullIf(true).begin(key) }

// missing leaves a member out, which means null.
func (e *encoder) missing(key string) {
	if e.truth {
		e.none(key)
	}
}

// int writes an integer.
func (e *encoder) int(key string, n int64) {
	if e.begin(key) {
		e.buf = strconv.AppendInt(e.buf, n, 10)
	}
}

// bool writes a bool.
func (e *encoder) bool(key string, yes bool) {
	if e.begin(key) {
		e.buf = strconv.AppendBool(e.buf, yes)
	}
}

// text writes text.
func (e *encoder) text(key, s string) {
	if e.begin(key) {
		e.buf = appendText(e.buf, s, e.ascii && !e.truth)
	}
}

// json writes JSON text that is to be kept as it is.
func (e *encoder) json(key, raw string) {
	switch {
	case !e.nullIf(e.null || raw == "null").begin(key):
	case e.truth:
		e.buf = appendText(e.buf, raw, false)
	default:
		e.buf = append(e.buf, raw...)
	}
}

// uuid writes a UUID that may have capital letters.
func (e *encoder) uuid(key, s string) {
	if e.truth {
		s = strings.ToLower(s)
	}
	e.text(key, s)
}

// code writes the code of an enum with integer codes, and as truth its label.
func (e *encoder) code(key string, code int64, labels []string) {
	null := e.null
	e.int(key, code)
	if e.truth {
		label := ""
		if code >= 0 && code < int64(len(labels)) {
			label = labels[code]
		}
		e.nullIf(null || label == "").text(e.name(key)+"_label", label)
	}
}

// word writes the code of an enum with codes of text, and as truth its label.
func (e *encoder) word(key, code string, labels map[string]string) {
	null := e.null
	e.text(key, code)
	if e.truth {
		label, ok := labels[code]
		e.nullIf(null || !ok).text(e.name(key)+"_label", label)
	}
}

// decimal writes a decimal.
func (e *encoder) decimal(key string, d decimal) {
	switch {
	case !e.begin(key):
	case e.truth:
		e.buf = append(d.append(append(e.buf, '"'), false), '"')
	case e.form.numbers:
		e.buf = bytes.TrimSuffix(d.append(e.buf, true), []byte("0"))
	default:
		e.buf = append(d.append(append(e.buf, '"'), true), '"')
	}
}

// time writes a point in time.
func (e *encoder) time(key string, t micros) {
	switch {
	case !e.begin(key):
	case e.truth:
		e.buf = append(t.appendTruth(append(e.buf, '"')), '"')
	default:
		e.buf = append(t.append(append(e.buf, '"'), e.form.zone), '"')
	}
}

// duration writes a duration.
func (e *encoder) duration(key string, d span) {
	switch {
	case !e.begin(key):
	case e.truth:
		e.buf = strconv.AppendInt(e.buf, int64(d), 10)
	default:
		e.buf = append(d.append(append(e.buf, '"'), e.form.duration), '"')
	}
}
