package extract

import (
	"net/url"
	"strings"
)

// An object is a JSON object under construction, in the order of its members.
type object []field

type field struct {
	name string
	text []byte // JSON
}

// set gives a member a value: in its place if it is there, else at the end.
func (o *object) set(name string, text []byte) {
	for i := range *o {
		if (*o)[i].name == name {
			(*o)[i].text = text
			return
		}
	}
	*o = append(*o, field{name, text})
}

func (o object) json() []byte {
	text := []byte{'{'}
	for i, f := range o {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, quote(f.name)...), ':'), f.text...)
	}
	return append(text, '}')
}

// Pairs are the parameters of a query in their order.
type pairs []pair

type pair struct{ name, text string }

// set gives a parameter one value: in its place if it is there, else at the
// end.
func (p *pairs) set(name, text string) {
	for i := range *p {
		if (*p)[i].name == name {
			(*p)[i].text = text
			return
		}
	}
	*p = append(*p, pair{name, text})
}

// get returns the first parameter of a name.
func (p pairs) get(name string) (text string, ok bool) {
	for _, one := range p {
		if one.name == name {
			return one.text, true
		}
	}
	return "", false
}

func (p pairs) encode() string {
	var b strings.Builder
	for i, v := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(v.name) + "=" + url.QueryEscape(v.text))
	}
	return b.String()
}

// parseQuery reads a query, in its order.
func parseQuery(query string) (pairs, error) {
	var all pairs
	for one := range strings.SplitSeq(query, "&") {
		if one == "" {
			continue
		}
		name, text, _ := strings.Cut(one, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		if text, err = url.QueryUnescape(text); err != nil {
			return nil, err
		}
		all = append(all, pair{name, text})
	}
	return all, nil
}
