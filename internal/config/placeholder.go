package config

import (
	"strings"
	"time"
)

// Layouts of {since:…}, {until:…} and {last:…} that have a name.
const (
	LayoutDate     = "date"     // 2026-01-31
	LayoutDateTime = "datetime" // 2026-01-31 15:04:05
	LayoutRFC3339  = "rfc3339"  // 2026-01-31T15:04:05+05:00
	LayoutUnix     = "unix"     // seconds since 1970
)

var placeholderNames = []string{"since", "until", "last", "page", "offset", "size", "cursor", "parent.x", "account.x", "token.x"}

// placeholder reads what stands in {…} and remembers its use.
func (d *decoder) placeholder(n *node, inside string, sc scope) (Part, bool) {
	name, layout, timed := strings.Cut(inside, ":")
	p := Part{Name: name, Layout: layout}
	root, member, dotted := strings.Cut(name, ".")
	hint := ""
	switch {
	case sc.uses == nil:
		d.at(n, "{{ stands for a brace", "no placeholder can stand here")
		return p, false
	case anyOf(name, "since", "until", "last"):
		if !timed {
			hint = "{" + name + ":date}, datetime, rfc3339, unix or a layout such as 2006-01-02"
		} else if !tellsTime(layout) {
			hint = "date, datetime, rfc3339, unix, or a layout of Go's package time such as 2006-01-02 15:04"
		}
	case timed:
		hint = "only since, until and last have a layout"
	case anyOf(name, "page", "offset", "size", "cursor"):
	case dotted && member != "" && anyOf(root, "parent", "token"):
	default:
		d.at(n, near(name, placeholderNames), "unknown placeholder {%s}", inside)
		return p, false
	}
	if hint != "" {
		d.at(n, hint, "the layout of {%s} is not known", inside)
		return p, false
	}
	*sc.uses = append(*sc.uses, use{Part: p, at: n})
	return p, true
}

// tellsTime tells whether a layout says which day or time it is.
func tellsTime(layout string) bool {
	if anyOf(layout, LayoutDate, LayoutDateTime, LayoutRFC3339, LayoutUnix) {
		return true
	}
	a := time.Date(2001, 12, 23, 16, 7, 8, 0, time.UTC)
	b := time.Date(2019, 6, 14, 9, 45, 31, 0, time.UTC)
	return a.Format(layout) != b.Format(layout)
}
