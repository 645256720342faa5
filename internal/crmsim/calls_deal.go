package crmsim

import (
	"fmt"
	"slices"
)

// dealStages is the number of stages that each deal has gone through.
const dealStages = 3

// dealList is get.deals_history, one row per deal and stage.
func (a *calls) dealList() callList {
	fields := a.dealFields()
	moved := func(n int64) string { return string(a.deals.created(n).append(nil, zoneMoscow)) }
	return callList{
		method: "get.deals_history",
		stream: "deals_history",
		table:  &a.deals,
		fields: namesOf(fields),
		sorts:  map[string]func(selection) []selection{"ext_id": nil, "modified_stage_date_time": nil},
		texts:  map[string]func(n int64) string{"ext_id": a.dealID, "modified_stage_date_time": moved},
		key: func(n int64) string {
			return "[" + quoted(a.dealID(n)) + "," + quoted(stageID(n)) + "," + quoted(moved(n)) + "]"
		},
		write: func(e *encoder, n int64, wanted wanted) {
			r := a.deals.row(e, n)
			e.record()
			writeFields(r, fields, wanted)
			if n%50 == 17 && wanted == nil {
				e.unknown("is_removed", `false`)
			}
			e.end()
		},
	}
}

// dealID is the id of the deal that a row is about.
func (a *calls) dealID(n int64) string { return fmt.Sprintf("D-%08d", a.deals.id(n/dealStages)) }

// stageID is the id of the stage that a row is about.
func stageID(n int64) string { return fmt.Sprint(1 + n%dealStages) }

// dealFields are the fields of a row, in the order of the documentation, which
// lists source twice.
func (a *calls) dealFields() []callField {
	first := func(r row) micros { return a.deals.created(r.n / dealStages * dealStages) }
	text := func(of func(n int64) string) func(r row, name string) {
		return func(r row, name string) { r.text(name, of(r.n)) }
	}
	return slices.Concat(
		each(text(a.dealID), "ext_id"),
		each(someText, "name"),
		[]callField{
			{"created_date_time", func(r row, name string) { r.time(name, first(r)) }},
			{"closed_date_time", func(r row, name string) { r.maybe(name).time(name, first(r)+30*micros(day)) }},
			{"modified_stage_date_time", func(r row, name string) { r.time(name, a.deals.created(r.n)) }},
		},
		each(a.strings(3), "contact_ext_ids"),
		each(someText, "main_contact_ext_id"),
		each(a.strings(3), "tag_ext_ids"),
		each(someText, "employee_ext_id"),
		each(func(r row, name string) { r.maybe(name).money(name) }, "revenue"),
		each(someText, "sales_funnel_ext_id"),
		each(text(stageID), "stage_ext_id"),
		each(someText, "comments source"),
		each(someFlag, "is_generated"),
		each(a.someID, "communication_id"),
		each(communication, "communication_type"),
	)
}
