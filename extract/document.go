package extract

import (
	"bytes"
	"strconv"

	"etl/internal/config"
	"etl/internal/jsonspan"
)

// A document is a body that was checked and outlined in one pass.
type document struct {
	text    []byte
	root    jsonspan.Span
	outline *jsonspan.Outline
	scanner Scanner // of its records; nil: none
	err     error   // not nil: the text is no JSON
}

func newDocument(text []byte) *document { return scanDocument(text, nil, config.Records{}) }

// scanDocument makes a document whose records a scanner reads as they come.
func scanDocument(text []byte, s Scanner, r config.Records) *document {
	var aside *jsonspan.Aside
	if s != nil {
		aside = &jsonspan.Aside{Element: s.Scan}
		for _, place := range r.At {
			aside.Lists = append(aside.Lists, place.Path)
		}
	}
	outline, err := jsonspan.NewOutline(text, aside)
	return &document{text: text, root: outline.Root, outline: outline, scanner: s, err: err}
}

// html tells whether the text looks like markup instead of JSON.
func (d *document) html() bool {
	return bytes.HasPrefix(bytes.TrimLeft(d.text, "\ufeff \t\r\n"), []byte("<"))
}

func (d *document) empty() bool { return len(bytes.TrimSpace(d.text)) == 0 }

func (d *document) kind(at jsonspan.Span) jsonspan.Kind { return jsonspan.KindOf(d.text, at) }

// find returns the value at a path from the root; null counts as missing.
func (d *document) find(path config.Path) (jsonspan.Span, bool) {
	at, ok := d.follow(d.root, path)
	return at, ok && d.kind(at) != jsonspan.Null
}

// follow returns the value at a path from a value.
func (d *document) follow(at jsonspan.Span, path config.Path) (jsonspan.Span, bool) {
	if d.err != nil {
		return jsonspan.Span{}, false
	}
	for _, step := range path {
		if d.kind(at) != jsonspan.Object {
			return jsonspan.Span{}, false
		}
		var ok bool
		if at, ok = d.outline.Member(at, step); !ok {
			return jsonspan.Span{}, false
		}
	}
	return at, true
}

// scalar returns the text of a scalar without quotes; false for lists, objects
// and null.
func (d *document) scalar(at jsonspan.Span) (string, bool) {
	switch d.kind(at) {
	case jsonspan.String:
		text, err := jsonspan.Unquote(at.Of(d.text))
		return string(text), err == nil
	case jsonspan.Number, jsonspan.Bool:
		return string(at.Of(d.text)), true
	}
	return "", false
}

// textAt returns the scalar at a path; false if there is none.
func (d *document) textAt(path config.Path) (string, bool) {
	at, ok := d.find(path)
	if !ok {
		return "", false
	}
	return d.scalar(at)
}

// count returns the whole number, bare or quoted, at a path: -1 if nothing
// stands there; false if something else does.
func (d *document) count(path config.Path) (int64, bool) {
	if len(path) == 0 {
		return -1, true
	}
	at, ok := d.find(path)
	if !ok {
		return -1, true
	}
	text, _ := d.scalar(at)
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0
}

// truthy tells whether the value at a path says yes: a text, true, or a number
// that is not zero.
func (d *document) truthy(path config.Path) bool {
	text, ok := d.textAt(path)
	return ok && text != "" && text != "false" && text != "0"
}
