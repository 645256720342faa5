package crmsim

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A listing is a list of the rental CRM.
type listing struct {
	table   table
	filters map[string]filter
	status  func(residue int64) int64
	record  func(e *encoder, n int64)
}

func (a *rental) listResources(c *call) reply {
	return a.list(c, listing{a.resources, a.resourceFilters(), resourceStatus, func(e *encoder, n int64) { a.resource(e, n) }})
}

func (a *rental) listRequests(c *call) reply {
	return a.list(c, listing{a.requests, a.requestFilters(), requestStatus, a.listed})
}

// list answers with one page of a list. Of a parameter that is given twice the
// last value counts; unknown parameters are ignored.
func (a *rental) list(c *call, l listing) reply {
	query := c.URL.Query()
	lo, hi := l.table.list()
	if a.foreign(c) {
		hi = lo
	}
	switch a.v["rental.ignored"] {
	case "page":
		query.Del("page")
	case "filter":
		l.filters = nil
	}
	chosen, problems := choose(query, between(lo, hi), l.filters)
	if len(problems) > 0 {
		return a.invalid(problems)
	}
	rows := l.sort(chosen, last(query, "ordering"))
	if a.v.on("rental.unordered") && last(query, "ordering") == "" {
		rows.backwards = l.table.lists.Load()%2 == 0
	}
	size, count := a.pageSize(last(query, "pageSize")), rows.count()
	number, pages, ok := pageNumber(last(query, "page"), count, size)
	if !ok {
		return a.problem(http.StatusNotFound, "Invalid page.")
	}
	from, to := (number-1)*size, min(number*size, count)
	rep := content(http.StatusOK, "application/json", nil)
	rep.data, rep.page = true, number
	e := &encoder{form: a.form}
	e.buf = append(make([]byte, 0, (to-from+1)*bytesPerRecord), a.head(c, count, number, pages)...)
	for k := from; k < to; k++ {
		n := rows.at(k)
		if k > from {
			e.buf = append(e.buf, ',')
		}
		l.record(e, n)
		rep.keys = append(strconv.AppendInt(rep.keys, l.table.id(n), 10), ',')
	}
	rep.body = append(e.buf, "]}"...)
	return rep
}

// bytesPerRecord is about what a record of a list takes.
const bytesPerRecord = 1200

// last returns the last value of a parameter, or "".
func last(query url.Values, name string) string {
	all := query[name]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// pageSize returns the number of rows of a page: what is no number above 0 is
// as if it was not given, and what is too much is cut.
func (a *rental) pageSize(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		n = 10
	}
	return min(n, max(a.v.count("rental.page_cap"), 1))
}

// pageNumber returns the number of the page that is asked for, and how many
// there are. An empty list has one page, which is empty.
func pageNumber(text string, rows, size int64) (number, pages int64, ok bool) {
	pages = max((rows+size-1)/size, 1)
	switch text {
	case "":
		return 1, pages, true
	case "last":
		return pages, pages, true
	}
	number, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return number, pages, err == nil && number >= 1 && number <= pages
}

// head returns the body of a list up to its first record.
func (a *rental) head(c *call, count, number, pages int64) []byte {
	switch a.v["rental.total"] {
	case "+1":
		count++
	case "-1":
		count--
	}
	b := []byte{'{'}
	if a.v.on("rental.page_key") {
		b = append(strconv.AppendInt(append(b, `"page":`...), number, 10), ',')
	}
	b = strconv.AppendInt(append(b, `"count":`...), max(count, 0), 10)
	b = append(append(b, `,"next":`...), a.link(c, number+1, number < pages)...)
	b = append(append(b, `,"previous":`...), a.link(c, number-1, number > 1)...)
	return append(b, `,"results":[`...)
}

// link returns the URL of a page as JSON: that of the request with another
// page, the query sorted by name; the first page is named by none.
func (a *rental) link(c *call, number int64, exists bool) string {
	if !exists {
		return "null"
	}
	query := c.URL.Query()
	query.Set("page", strconv.FormatInt(number, 10))
	if number == 1 {
		query.Del("page")
	}
	u := url.URL{Scheme: "http", Host: c.Host, Path: c.URL.Path, RawQuery: query.Encode()}
	if c.TLS != nil {
		u.Scheme = "https"
	}
	return quoted(a.disguised(u, c))
}

// disguised returns a link as the switch has it.
func (a *rental) disguised(u url.URL, c *call) string {
	switch a.v["rental.link"] {
	case "http":
		u.Scheme = "http"
	case "host":
		u.Scheme, u.Host = "http", "backend.internal:8000"
	case "port":
		u.Host = u.Hostname()
	case "relative":
		return "?" + u.RawQuery
	case "scheme":
		u.Scheme = ""
	case "file":
		u.Scheme, u.Host = "file", ""
	case "user":
		u.User = url.UserPassword("admin", "admin")
	case "path":
		u.Path = "/internal" + u.Path
	case "self":
		u.RawQuery = c.URL.RawQuery
	case "first":
		u.RawQuery = ""
	}
	return u.String()
}

// sort puts rows into an order: by the first known field of ordering, then by
// id. Rows come to be in the order of their ids.
func (l listing) sort(s selection, ordering string) order {
	for field := range strings.SplitSeq(ordering, ",") {
		name, backwards := strings.CutPrefix(strings.TrimSpace(field), "-")
		switch name {
		case "id", "created_at":
			return order{[]selection{s}, backwards}
		case "updated_at":
			changed := l.table.changes()
			return order{[]selection{s.within(changed, s.hi), s.within(s.lo, changed)}, backwards}
		case "status":
			return order{s.split(l.status), backwards}
		}
	}
	return order{parts: []selection{s}}
}

// split cuts a selection by the value of an attribute, in its order.
func (s selection) split(value func(residue int64) int64) []selection {
	var parts []selection
	var most int64
	for _, r := range s.residues {
		most = max(most, value(r))
	}
	for v := range most + 1 {
		parts = append(parts, s.where(func(r int64) bool { return value(r) == v }))
	}
	return parts
}
