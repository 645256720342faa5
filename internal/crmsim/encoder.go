package crmsim

import (
	"bytes"
	"strconv"
	"strings"
	"time"
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

// A form is how an API writes the types that JSON has none for, or in another
// way than JSON would.
type form struct {
	duration string // durationDjango and so on
	zone     string // zoneUTC and so on
	numbers  bool   // decimals as JSON numbers
	quoted   bool   // integers as text
	flags    string // bools: "" as JSON has them, flagsText or flagsNumber
	zero     bool   // points in time and dates that are null are zeros
	blank    bool   // empty text means null
}

// Forms of bools, as PHP and SQL have them.
const (
	flagsText   = "text"   // "0" and "1"
	flagsNumber = "number" // 0 and 1
)

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
	e.number(key, strconv.FormatInt(n, 10), e.form.quoted)
}

// number writes a number, as text if quoted.
func (e *encoder) number(key, digits string, quoted bool) {
	switch {
	case !e.begin(key):
	case quoted && !e.truth:
		e.buf = append(append(append(e.buf, '"'), digits...), '"')
	default:
		e.buf = append(e.buf, digits...)
	}
}

// bool writes a bool.
func (e *encoder) bool(key string, yes bool) {
	if e.form.flags == "" || e.truth {
		if e.begin(key) {
			e.buf = strconv.AppendBool(e.buf, yes)
		}
		return
	}
	digit := "0"
	if yes {
		digit = "1"
	}
	e.number(key, digit, e.form.flags == flagsText)
}

// text writes text.
func (e *encoder) text(key, s string) {
	e.null = e.null || e.truth && e.form.blank && s == ""
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

// fine writes a decimal whose column has so many digits after the point, more
// than the decimal. The wire has no more digits than it needs.
func (e *encoder) fine(key string, d decimal, scale int) {
	text := string(d.append(nil, false))
	if e.truth {
		text = `"` + text + strings.Repeat("0", scale-2) + `"`
	} else {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	e.number(key, text, !e.form.numbers)
}

// time writes a point in time.
func (e *encoder) time(key string, t micros) {
	t = t.written(e.form.zone)
	switch {
	case e.zero():
		e.text(key, "0000-00-00 00:00:00")
	case !e.begin(key):
	case e.truth:
		e.buf = append(t.appendTruth(append(e.buf, '"')), '"')
	default:
		e.buf = append(t.append(append(e.buf, '"'), e.form.zone), '"')
	}
}

// date writes the day of a point in time in the zone of the form.
func (e *encoder) date(key string, t micros) {
	switch {
	case e.zero():
		e.text(key, "0000-00-00")
	case e.begin(key):
		at := time.UnixMicro(int64(t)).In(location(e.form.zone))
		e.buf = append(at.AppendFormat(append(e.buf, '"'), time.DateOnly), '"')
	}
}

// zero tells whether the next value, a null, is written as zeros.
func (e *encoder) zero() bool {
	zero := e.null && e.form.zero && !e.truth
	e.null = e.null && !zero
	return zero
}

// duration writes a duration.
func (e *encoder) duration(key string, d span) {
	switch {
	case !e.begin(key):
	case e.truth:
		e.buf = strconv.AppendInt(e.buf, int64(d), 10)
	case e.form.duration == durationCount:
		e.buf = d.append(e.buf, durationCount)
	default:
		e.buf = append(d.append(append(e.buf, '"'), e.form.duration), '"')
	}
}
