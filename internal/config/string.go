package config

import (
	"encoding/json"
	"fmt"
	"strings"
)

// String returns the path as the configuration writes it.
func (p Path) String() string {
	if len(p) == 0 {
		return "$"
	}
	names := make([]string, len(p))
	for i, name := range p {
		names[i] = strings.NewReplacer(`\`, `\\`, ".", `\.`, "[", `\[`, "$", `\$`).Replace(name)
	}
	return strings.Join(names, ".")
}

func paths(all []Path) string {
	if len(all) == 0 {
		return "$"
	}
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.String()
	}
	return strings.Join(names, ", ")
}

// String returns the place as the configuration writes it.
func (r RecordPath) String() string {
	if r.List {
		return r.Path.String() + "[]"
	}
	return r.Path.String()
}

// String returns the template as the configuration writes it, with variables
// filled in.
func (t Template) String() string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.Name == "":
			b.WriteString(strings.NewReplacer("{", "{{", "}", "}}", "$", "$$").Replace(p.Literal))
		case p.Layout == "":
			b.WriteString("{" + p.Name + "}")
		default:
			b.WriteString("{" + p.Name + ":" + p.Layout + "}")
		}
	}
	return b.String()
}

// String returns the value as JSON, with placeholders as they are written. A
// secret is ***, a parameter that is left out a dash.
func (v Value) String() string {
	switch {
	case v.Secret && v.Kind != List && v.Kind != Map:
		return "***"
	case v.Kind == Absent:
		return "-"
	case v.Kind == Bool:
		return fmt.Sprint(v.Bool)
	case v.Kind == Number:
		return v.Number
	case v.Kind == Text:
		return quote(v.Text.String())
	case v.Kind == List:
		items := make([]string, len(v.List))
		for i, item := range v.List {
			items[i] = item.String()
		}
		return "[" + strings.Join(items, ", ") + "]"
	case v.Kind == Map:
		items := make([]string, len(v.Map))
		for i, f := range v.Map {
			items[i] = quote(f.Name) + ": " + f.Value.String()
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	return "null"
}

func quote(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // no text is refused
	return strings.TrimSuffix(b.String(), "\n")
}

// String returns the rule on one line.
func (r Reply) String() string {
	var words []string
	if r.When.Given() {
		words = append(words, "when "+r.When.String())
	}
	if r.Unless.Given() {
		words = append(words, "unless "+r.Unless.String())
	}
	words = append(words, "then "+r.Then)
	if r.As != "" {
		words = append(words, "as "+r.As)
	}
	if len(r.For) > 0 {
		words = append(words, "for "+r.For.String())
	}
	if len(r.Message) > 0 {
		words = append(words, "message "+r.Message.String())
	}
	if r.Text != "" {
		words = append(words, "("+r.Text+")")
	}
	return strings.Join(words, ", ")
}

// String returns the conditions as the configuration writes them.
func (c Conditions) String() string {
	var all []string
	if len(c.HTTP) > 0 {
		ranges := make([]string, len(c.HTTP))
		for i, r := range c.HTTP {
			ranges[i] = r.String()
		}
		all = append(all, "http: "+strings.Join(ranges, " or "))
	}
	for _, b := range c.Body {
		all = append(all, "body."+b.Path.String()+": "+strings.Join(b.Values, " or "))
	}
	if len(c.Mnemonic) > 0 {
		all = append(all, "mnemonic: "+strings.Join(c.Mnemonic, " or "))
	}
	if c.Page != nil {
		all = append(all, "page: "+c.Page.String())
	}
	return "{ " + strings.Join(all, ", ") + " }"
}

// String returns the range as the configuration writes it.
func (r Range) String() string {
	switch {
	case r.Min == r.Max:
		return fmt.Sprint(r.Min)
	case r.Max == maxPage:
		return fmt.Sprintf(">=%d", r.Min)
	}
	return fmt.Sprintf("%d-%d", r.Min, r.Max)
}
