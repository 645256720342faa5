package crmsim

import (
	"fmt"
)

// funnelList is get.sales_funnel.
func (a *calls) funnelList() callList {
	return callList{
		method: "get.sales_funnel",
		stream: "sales_funnels",
		table:  &a.funnels,
		fields: []string{"ext_id", "name", "stages"},
		sorts: map[string]func(selection) []selection{
			"ext_id": nil,
			"name": func(s selection) []selection {
				return s.split(func(r int64) int64 { return r % int64(len(funnelKinds)) })
			},
		},
		texts: map[string]func(n int64) string{
			"ext_id": func(n int64) string { return a.describe(n).extID },
			"name":   func(n int64) string { return a.describe(n).name },
		},
		key:   func(n int64) string { return quoted(a.describe(n).extID) },
		write: a.funnel,
	}
}

// A funnel is what tells funnels apart.
type funnel struct{ extID, name string }

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
func (a *calls) funnel(e *encoder, n int64, fields wanted) {
	r := a.funnels.row(e, n)
	f := a.describe(n)
	e.record()
	if fields.has("ext_id") {
		e.text("ext_id", f.extID)
	}
	if fields.has("name") {
		e.text("name", f.name)
	}
	if fields.has("stages") {
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
