package crmsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// The limits of lists.
const (
	defaultLimit = 1_000
	maxLimit     = 10_000
	maxOffset    = 100_000
)

// A funnelQuery is what a call asks for.
type funnelQuery struct {
	limit, offset int64
	fields        []string // nil: all
	rows          order
	keep          func(f funnel) bool // nil: all
}

// listFunnels answers get.sales_funnel.
func (a *calls) listFunnels(id json.RawMessage, p params) reply {
	if bad := p.check("access_token", "user_id", "limit", "offset", "filter", "fields", "sort"); bad.found() {
		return a.failed(id, bad)
	}
	token, bad := p.text("access_token")
	if !bad.found() && !a.session.check(token) {
		bad.mnemonic = "access_token_invalid"
	}
	if bad.found() {
		return a.failed(id, bad)
	}
	q, bad := a.read(p)
	if !bad.found() {
		bad = a.struck()
	}
	if !bad.found() {
		bad = a.budget.take()
	}
	if bad.found() {
		return a.failed(id, bad)
	}
	return a.page(id, q)
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
func (a *calls) read(p params) (funnelQuery, problem) {
	var q funnelQuery
	var bad [5]problem
	_, bad[0] = p.integer("user_id", 0, 1<<62, 0)
	q.limit, bad[1] = p.integer("limit", 1, maxLimit, defaultLimit)
	q.offset, bad[2] = p.integer("offset", 0, maxOffset, 0)
	q.fields, bad[3] = p.fields()
	q.keep, bad[4] = p.filter()
	for _, b := range bad {
		if b.found() {
			return q, b
		}
	}
	lo, hi := a.funnels.list()
	var wrong problem
	q.rows, wrong = p.sort(between(lo, hi))
	return q, wrong
}

// page answers with a page.
func (a *calls) page(id json.RawMessage, q funnelQuery) reply {
	rows, total := q.positions(a)
	if every := a.v.count("calls.short"); every > 0 && a.pages.Add(1)%every == 0 && q.offset+int64(len(rows)) < total {
		rows = rows[:(len(rows)+1)/2]
	}
	rep := content(http.StatusOK, jsonType, nil)
	e := &encoder{buf: []byte{'['}}
	for i, n := range rows {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		a.funnel(e, n, q.fields)
		rep.keys = append(appendText(rep.keys, a.describe(n).extID, false), ',')
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
func (q funnelQuery) positions(a *calls) (page []int64, total int64) {
	all := q.rows.count()
	if q.keep == nil {
		for k := q.offset; k < min(q.offset+q.limit, all); k++ {
			page = append(page, q.rows.at(k))
		}
		return page, all
	}
	for k := range all {
		n := q.rows.at(k)
		if !q.keep(a.describe(n)) {
			continue
		}
		if total >= q.offset && total < q.offset+q.limit {
			page = append(page, n)
		}
		total++
	}
	return page, total
}

// A funnel is what lists of funnels are filtered by.
type funnel struct{ extID, name string }

// fields are the fields of a funnel that can be asked for. Those before stages
// can be filtered and sorted by.
var funnelFields = []string{"ext_id", "name", "stages"}

// describe returns the texts of ordinal n. The ids look like numbers, but begin
// with zeros.
func (a *calls) describe(n int64) funnel {
	id := a.funnels.id(n)
	name := fmt.Sprintf("%s %08d", funnelNoun(n), id)
	if n%20 == 4 {
		name += " " + phraseForms[n/20%int64(len(phraseForms))]
	}
	return funnel{extID: fmt.Sprintf("%08d", id), name: name}
}

// funnelKinds are the beginnings of names, sorted.
var funnelKinds = []string{"Аренда", "Основная", "Партнёры", "Продажи", "Сервис"}

func funnelNoun(n int64) string { return funnelKinds[n%5] }

// funnel writes a funnel, or some of its fields.
func (a *calls) funnel(e *encoder, n int64, fields []string) {
	r := a.funnels.row(e, n)
	wants := func(field string) bool { return fields == nil || slices.Contains(fields, field) }
	f := a.describe(n)
	e.record()
	if wants("ext_id") {
		e.text("ext_id", f.extID)
	}
	if wants("name") {
		e.text("name", f.name)
	}
	if wants("stages") {
		a.stages(r)
	}
	if n%50 == 23 && fields == nil {
		e.unknown("is_default", "true")
	}
	e.end()
}

var stageStatuses = map[string]string{"in_process": "В работе", "success": "Успех", "failed": "Отказ"}

// stages writes the stages of a funnel: those of the user, then the two that
// the API adds; or none at all.
func (a *calls) stages(r row) {
	many, none := r.length("stages", 6)
	empty := a.v["calls.empty"]
	if (many == 0 || none) && (empty == "null" || empty == "mixed" && none) {
		r.none("stages")
		return
	}
	r.list("stages")
	for i := range int(many) {
		a.stage(r.part("stages", i), i, "in_process", int64(10*(i+1)))
	}
	if many > 0 {
		a.stage(r.part("stages", 1000), int(many), "success", 10010)
		a.stage(r.part("stages", 1001), int(many)+1, "failed", 10020)
	}
	r.endList()
}

func (a *calls) stage(r row, i int, status string, order int64) {
	r.element(i)
	r.text("stage_ext_id", fmt.Sprint(order/10))
	r.nullIf(r.lucky("stage_name", 5)).text("stage_name", r.phrase("stage_name"))
	if r.n%35 == 8 && status == "in_process" {
		status = "paused" // not in the documentation
	}
	r.word("stage_status", status, stageStatuses)
	r.int("stage_order", order)
	if i == 0 && r.n%45 == 12 {
		r.unknown("stage_color", `"#ff0000"`)
	}
	r.close()
}
