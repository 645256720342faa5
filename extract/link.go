package extract

import (
	"net/url"
	"slices"
	"strings"
)

// queryOf returns the query of a link without credentials; the rest of a link
// is not to be trusted: behind a proxy it may name another scheme or host.
func (c *Client) queryOf(link string) string {
	at, err := url.Parse(link)
	if err != nil {
		return ""
	}
	query, err := parseQuery(at.RawQuery)
	if err != nil {
		return ""
	}
	return c.withoutSecrets(query).encode()
}

// nextOf returns the target of rel="next" in Link headers (RFC 8288); false if
// there is none. A link with an anchor is one of another resource.
func nextOf(headers []string) (target string, ok bool) {
	for _, header := range headers {
		r := linkReader{header}
		for target, parameters, ok := r.link(); ok; target, parameters, ok = r.link() {
			if _, elsewhere := parameters.get("anchor"); elsewhere {
				continue
			}
			rel, _ := parameters.get("rel")
			if slices.ContainsFunc(strings.Fields(rel), func(r string) bool { return strings.EqualFold(r, "next") }) {
				return target, true
			}
		}
	}
	return "", false
}

// A linkReader reads a Link header by the algorithm of RFC 8288, appendix B.2.
type linkReader struct{ rest string }

// link reads the next link; false at the end, or where none begins.
func (r *linkReader) link() (target string, parameters pairs, ok bool) {
	r.rest = strings.TrimLeft(r.rest, " \t,")
	if !r.take('<') {
		return "", nil, false
	}
	target, rest, ok := strings.Cut(r.rest, ">")
	r.rest = rest
	parameters = r.parameters()
	r.until(",") // what is no parameter
	return strings.TrimSpace(target), parameters, ok
}

// parameters reads what follows the target, each after a semicolon.
func (r *linkReader) parameters() (all pairs) {
	for r.space(); r.take(';'); r.space() {
		r.space()
		p := pair{name: strings.ToLower(r.until(" \t=;,"))}
		if r.space(); r.take('=') {
			r.space()
			p.text = r.value()
		}
		all = append(all, p)
	}
	return all
}

// value reads a token, or a text in quotes, where a backslash takes the next
// character as it is.
func (r *linkReader) value() string {
	if !r.take('"') {
		return strings.TrimRight(r.until(";,"), " \t")
	}
	var b strings.Builder
	for r.rest != "" && !r.take('"') {
		r.take('\\')
		if r.rest != "" {
			b.WriteByte(r.rest[0])
			r.rest = r.rest[1:]
		}
	}
	return b.String()
}

func (r *linkReader) space() { r.rest = strings.TrimLeft(r.rest, " \t") }

// take passes over a character if it comes next.
func (r *linkReader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// until returns what stands before the first of some characters, or all.
func (r *linkReader) until(stop string) string {
	end := strings.IndexAny(r.rest, stop)
	if end < 0 {
		end = len(r.rest)
	}
	text := r.rest[:end]
	r.rest = r.rest[end:]
	return text
}
