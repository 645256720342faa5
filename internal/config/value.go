package config

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
)

// A scope says how the values at a place of the file are read.
type scope struct {
	template bool // placeholders are read
	secret   bool // all of it is
	encode   bool // variables are percent-encoded: paths
	// uses gathers the placeholders that are found; nil: none may stand here.
	uses *[]use
}

// A use is a placeholder with its place.
type use struct {
	Part
	at *node
}

// value reads a parameter: any YAML, with variables and placeholders filled
// into its scalars, never into its structure.
func (d *decoder) value(n *node, sc scope) Value {
	switch n.form {
	case nullForm:
		return Value{Kind: Null, Secret: sc.secret}
	case boolForm:
		return Value{Kind: Bool, Bool: strings.EqualFold(n.scalar, "true"), Secret: sc.secret}
	case numberForm:
		if !jsonNumber.MatchString(n.scalar) {
			d.at(n, "put it in quotes if it is a text", "%s is not how JSON writes a number", n.scalar)
		}
		return Value{Kind: Number, Number: n.scalar, Secret: sc.secret}
	case listForm:
		v := Value{Kind: List, Secret: sc.secret}
		for _, item := range n.items {
			v.List = append(v.List, d.value(item, sc))
		}
		return v
	case mapForm:
		return Value{Kind: Map, Map: d.fields(n, sc), Secret: sc.secret}
	}
	return d.text(n, sc)
}

// fields reads a map of parameters in the order of the file.
func (d *decoder) fields(n *node, sc scope) []Field {
	if n == nil || n.form == nullForm {
		return nil
	}
	if n.form != mapForm {
		d.at(n, "", "a map is expected, not %s", n.form)
		return nil
	}
	var all []Field
	for _, e := range n.entries {
		all = append(all, Field{e.key, d.value(e.value, sc)})
	}
	return all
}

// text reads a scalar text. One that is exactly one variable takes its type.
func (d *decoder) text(n *node, sc scope) Value {
	absent := Value{Secret: sc.secret}
	all, err := split(n.scalar, sc.template)
	if err != nil {
		hint := "$$ stands for a dollar sign"
		if sc.template {
			hint += ", {{ for a brace; variables are written ${NAME}"
		}
		d.at(n, hint, "%v", err)
		return absent
	}
	v := Value{Kind: Text, Secret: sc.secret}
	for _, t := range all {
		switch t.kind {
		case literalPiece:
			v.Text = v.Text.literal(t.text)
		case placeholderPiece:
			if name, ok := strings.CutPrefix(t.text, "account."); ok {
				of, ok := d.accountValue(n, name, sc)
				if !ok {
					return absent
				}
				v.Secret = v.Secret || of.Secret
				if len(all) == 1 {
					return of
				}
				v.Text = v.Text.literal(encoded(of.plainText(), sc))
			} else if part, ok := d.placeholder(n, t.text, sc); ok {
				v.Text = append(v.Text, part)
			}
		case variablePiece:
			f, ok := d.fill(n, t.text)
			if !ok {
				return absent
			}
			v.Secret = v.Secret || f.secret
			if len(all) == 1 {
				return typed(f, v, sc)
			}
			v.Text = v.Text.literal(encoded(f.text, sc))
		}
	}
	return v
}

// typed is the value of a scalar that is exactly one variable.
func typed(f filling, v Value, sc scope) Value {
	switch {
	case f.absent || f.open:
		return Value{Secret: v.Secret}
	case f.filter == "int":
		v.Kind, v.Number = Number, f.text
	case f.filter == "bool":
		v.Kind, v.Bool = Bool, f.text == "true"
	case f.filter == "json":
		v = fromJSON(f.text, v.Secret)
	default:
		v.Text = v.Text.literal(f.text) // a whole path is one already
	}
	return v
}

func encoded(s string, sc scope) string {
	if sc.encode {
		return url.PathEscape(s)
	}
	return s
}

// literal appends text to a template.
func (t Template) literal(s string) Template {
	if s == "" {
		return t
	}
	if last := len(t) - 1; last >= 0 && t[last].Name == "" {
		t = slices.Clone(t)
		t[last].Literal += s
		return t
	}
	return append(t, Part{Literal: s})
}

// fromJSON turns a valid JSON text into a value. Members keep their order, and
// texts are literal.
func fromJSON(s string, secret bool) Value {
	dec := json.NewDecoder(bytes.NewReader([]byte(s)))
	dec.UseNumber()
	return nextJSON(dec, secret)
}

func nextJSON(dec *json.Decoder, secret bool) Value {
	t, err := dec.Token()
	if err != nil && err != io.EOF {
		return Value{Secret: secret}
	}
	v := Value{Secret: secret}
	switch t := t.(type) {
	case nil:
		v.Kind = Null
	case bool:
		v.Kind, v.Bool = Bool, t
	case json.Number:
		v.Kind, v.Number = Number, t.String()
	case string:
		v.Kind, v.Text = Text, Template(nil).literal(t)
	case json.Delim:
		v.Kind = List
		if t == '{' {
			v.Kind = Map
		}
		for dec.More() {
			if v.Kind == List {
				v.List = append(v.List, nextJSON(dec, secret))
				continue
			}
			name, _ := dec.Token()
			v.Map = append(v.Map, Field{name.(string), nextJSON(dec, secret)})
		}
		_, _ = dec.Token() // the end of it
	}
	return v
}
