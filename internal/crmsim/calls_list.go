package crmsim

import (
	"encoding/json"
	"net/http"
	"time"
)

// The limits of lists.
const (
	defaultLimit = 1_000
	maxLimit     = 10_000
	maxOffset    = 100_000
)

// A callList is a method that lists rows.
type callList struct {
	method, stream string
	table          *table
	fields         []string                               // those that can be asked for
	defaults       []string                               // those served where none are asked for; nil: all
	sorts          map[string]func(selection) []selection // fields to sort by; nil: they grow with the ordinal
	texts          map[string]func(n int64) string        // fields to filter by
	dated          bool                                   // date_from and date_till are needed
	key            func(n int64) string                   // as JSON
	write          func(e *encoder, n int64, wanted wanted)
}

// listOf returns the list that a method asks for.
func (a *calls) listOf(method string) (callList, bool) {
	for _, l := range a.lists {
		if l.method == method {
			return l, true
		}
	}
	return callList{}, false
}

// A callQuery is what a call for a list asks for.
type callQuery struct {
	limit, offset int64
	fields        wanted
	rows          order
	keep          func(n int64) bool // nil: all
}

// list answers a call for a list.
func (a *calls) list(id json.RawMessage, p params, l callList) reply {
	known := []string{"access_token", "user_id", "limit", "offset", "filter", "fields", "sort"}
	if l.dated {
		known = append(known, "date_from", "date_till", "include_ongoing_calls")
	}
	if bad := p.check(known...); bad.found() {
		return a.failed(id, bad)
	}
	token, bad := p.text("access_token")
	if !bad.found() && !a.session.check(token) {
		bad.mnemonic = "access_token_invalid"
	}
	if bad.found() {
		return a.failed(id, bad)
	}
	q, bad := a.read(p, l)
	if !bad.found() {
		bad = a.struck()
	}
	if !bad.found() {
		bad = a.budget.take()
	}
	if bad.found() {
		return a.failed(id, bad)
	}
	return a.page(id, q, l)
}

// struck returns the error that the switch of faults asks for.
func (a *calls) struck() problem {
	kind := a.fail.next()
	if _, ok := codes[kind]; !ok {
		return problem{}
	}
	return problem{mnemonic: kind}
}

// read reads the parameters of a list.
func (a *calls) read(p params, l callList) (callQuery, problem) {
	var q callQuery
	var bad [6]problem
	_, bad[0] = p.integer("user_id", 0, 1<<62, 0)
	q.limit, bad[1] = p.integer("limit", 1, maxLimit, defaultLimit)
	q.offset, bad[2] = p.integer("offset", 0, maxOffset, 0)
	q.fields, bad[3] = p.fields(l)
	q.keep, bad[4] = p.filter(l)
	dates, wrong := p.dates(l)
	bad[5] = wrong
	for _, b := range bad {
		if b.found() {
			return q, b
		}
	}
	lo, hi := l.table.list()
	rows := between(lo, hi)
	switch a.v["calls.ignored"] {
	case "page":
		q.offset = 0
	case "filter":
		l.dated = false
	}
	if l.dated {
		rows = rows.within(l.table.from(dates[0], hi), l.table.from(dates[1], hi))
	}
	q.rows, wrong = p.sort(rows, l)
	if _, sorted := p["sort"]; !sorted && a.v.on("calls.unordered") {
		q.rows.backwards = l.table.lists.Load()%2 == 0
	}
	return q, wrong
}

// maxDates is the longest time that a report can be asked for.
const maxDates = 90 * 24 * time.Hour

// dates reads the range of a report, both ends included, as a half-open one.
func (p params) dates(l callList) (ends [2]micros, bad problem) {
	if !l.dated {
		return ends, bad
	}
	var at [2]time.Time
	for i, name := range []string{"date_from", "date_till"} {
		text, bad := p.text(name)
		if bad.found() {
			return ends, bad
		}
		var err error
		if at[i], err = time.ParseInLocation(time.DateTime, text, moscow); err != nil {
			return ends, problem{mnemonic: "invalid_parameter_value", field: name, value: quoted(text)}
		}
	}
	switch {
	case at[1].Before(at[0]):
		return ends, problem{mnemonic: "invalid_parameter_value", field: "date_till"}
	case at[1].Sub(at[0]) > maxDates:
		return ends, problem{mnemonic: "date_interval_limit_reached", field: "date_till", message: "The date interval must not be longer than 3 months"}
	}
	return [2]micros{micros(at[0].UnixMicro()), micros(at[1].Add(time.Second).UnixMicro())}, bad
}

// page answers with a page.
func (a *calls) page(id json.RawMessage, q callQuery, l callList) reply {
	rows, total := q.positions()
	if every := a.v.count("calls.short"); every > 0 && a.pages.Add(1)%every == 0 && q.offset+int64(len(rows)) < total {
		rows = rows[:(len(rows)+1)/2]
	}
	rep := content(http.StatusOK, jsonType, nil)
	e := &encoder{buf: []byte{'['}, form: callsForm}
	for i, n := range rows {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		l.write(e, n, q.fields)
		rep.keys = append(append(rep.keys, l.key(n)...), ',')
	}
	e.buf = append(e.buf, ']')
	rep.data, rep.page = true, q.offset/q.limit+1
	rep.body = a.result(id, e.buf, a.metadata(a.total(total)), true)
	return rep
}

// total returns what is declared as the total; below 0 is nothing.
func (a *calls) total(n int64) int64 {
	switch a.v["calls.total"] {
	case "missing":
		return -1
	case "+1":
		return n + 1
	case "-1":
		return max(n-1, 0)
	}
	return n
}

// positions returns the ordinals of a page and the total. Without a filter both
// are arithmetic, with one every row is looked at.
func (q callQuery) positions() (page []int64, total int64) {
	all := q.rows.count()
	if q.keep == nil {
		for k := q.offset; k < min(q.offset+q.limit, all); k++ {
			page = append(page, q.rows.at(k))
		}
		return page, all
	}
	for k := range all {
		n := q.rows.at(k)
		if !q.keep(n) {
			continue
		}
		if total >= q.offset && total < q.offset+q.limit {
			page = append(page, n)
		}
		total++
	}
	return page, total
}
