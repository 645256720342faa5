package crmsim

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// textFaults are bodies that are no JSON, or records that no column takes. They
// strike the first record of a reply: its key, which is its first member, its
// first point in time, or the record as a whole.
func textFaults() []Fault {
	all := []Fault{
		{Name: "bom", Doc: "a byte order mark before the body", harmless: true, text: func(b []byte) []byte { return append([]byte("\ufeff"), b...) }},
		{Name: "utf16", Doc: "the body in UTF-16", text: inUTF16},
		{Name: "trailing", Doc: "more text behind the JSON", text: func(b []byte) []byte { return append(b, "\n<!-- 0.03s -->"...) }},
		{Name: "repeated_key", Doc: "a member that is there twice", text: atFirst(func(m match) string { return m.member + "," + m.member + "," })},
		{Name: "no_key", Doc: "a record without its key", text: atFirst(func(match) string { return "" })},
		{Name: "deep", Doc: "100,000 lists inside each other", text: atFirst(func(m match) string {
			return m.member + `,"deep":` + strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5) + ","
		})},
		{Name: "new_member", Doc: "a member that was not there before", harmless: true, text: atFirst(func(m match) string { return m.member + `,"new_member":{"a":[1]},` })},
		{Name: "same_key", Doc: "a record that comes twice in the page, with other values", text: sameKey},
		{Name: "hole", Doc: "a page without its records", text: without(0)},
		{Name: "page_before", Doc: "the page before once more, in place of this one", before: true},
		{Name: "half", Doc: "a page without the second half of its records", text: without(2)},
	}
	for _, f := range []struct{ name, doc, value string }{
		{"null_key", "a key that is null", "null"},
		{"retype", "an object in place of the key", `{"value":1}`},
		{"huge", "a key past 64 bits", "99999999999999999999"},
		{"fraction_key", "a key with a fraction", "1.5"},
		{"1e400", "a key past every float", "1e400"},
		{"nan", "NaN, which is no JSON", "NaN"},
		{"infinity", "Infinity, which is no JSON", "-Infinity"},
		{"utf8", "text that is no UTF-8", "\"\xff\xfe\""},
		{"overlong", "text in UTF-8 with too many bytes", "\"\xc0\xaf\""},
		{"surrogate", "half of a pair of surrogates", `"\ud800"`},
		{"nul", "NUL in text", `"\u0000"`},
	} {
		all = append(all, Fault{Name: f.name, Doc: f.doc, text: atFirst(func(m match) string { return m.name + f.value + "," })})
	}
	for _, f := range []struct{ name, doc, value string }{
		{"leap_second", "a leap second", "2016-12-31T23:59:60Z"},
		{"digits", "a time with 12 digits after the second", "2025-01-01T00:00:00.123456789012Z"},
		{"no_time", "a time without zone that clocks never show", "2025-03-30 02:30:00"},
		{"no_such_day", "a day that is none", "2025-02-30 10:00:00"},
	} {
		all = append(all, Fault{Name: f.name, Doc: f.doc, text: atTime(f.value)})
	}
	return all
}

// firstKey finds the first record of a body by its key, its first member.
var firstKey = regexp.MustCompile(`\{("(?:id|ext_id|project_id)": ?)("[^"]*"|\d+),`)

// A match is the first member of the first record.
type match struct{ name, member string }

// atFirst returns the fault that writes the first member of the first record
// otherwise, comma included. A body without records stays as it is.
func atFirst(write func(match) string) func([]byte) []byte {
	return func(body []byte) []byte {
		at := firstKey.FindSubmatchIndex(body)
		if at == nil {
			return body
		}
		m := match{string(body[at[2]:at[3]]), string(body[at[2]:at[5]])}
		return slices.Concat(body[:at[2]], []byte(write(m)), body[at[1]:])
	}
}

var firstTime = regexp.MustCompile(`"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^"]*"`)

// atTime returns the fault that puts another text in the place of the first
// point in time.
func atTime(text string) func([]byte) []byte {
	return func(body []byte) []byte {
		at := firstTime.FindIndex(body)
		if at == nil {
			return body
		}
		return slices.Concat(body[:at[0]+1], []byte(text), body[at[1]-1:])
	}
}

func inUTF16(body []byte) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(body))) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

// recordsOf returns where each record of a list begins and ends.
func recordsOf(body []byte) (all [][2]int) {
	at := firstKey.FindIndex(body)
	if at == nil || at[0] == 0 || body[at[0]-1] != '[' {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body[at[0]-1:]))
	_, _ = d.Token() // the list, whose text this package wrote
	for d.More() {
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return all
		}
		end := at[0] - 1 + int(d.InputOffset())
		all = append(all, [2]int{end - len(raw), end})
	}
	return all
}

// sameKey repeats the first record with another member at the end of the page.
func sameKey(body []byte) []byte {
	all := recordsOf(body)
	if len(all) == 0 {
		return body
	}
	first, end := all[0], all[len(all)-1][1]
	copied := slices.Concat([]byte(","), body[first[0]:first[1]-1], []byte(`,"copy":true}`))
	return slices.Concat(body[:end], copied, body[end:])
}

// without returns the fault that leaves records out: all, or those behind the
// first of so many parts.
func without(parts int) func([]byte) []byte {
	return func(body []byte) []byte {
		all := recordsOf(body)
		if len(all) == 0 {
			return body
		}
		from := all[0][0]
		if parts > 0 {
			from = all[(len(all)-1)/parts][1]
		}
		return slices.Concat(body[:from], body[all[len(all)-1][1]:])
	}
}
