package crmsim

import (
	"slices"
	"strconv"
)

// reportList is get.calls_report, one row per call.
func (a *calls) reportList() callList {
	fields := a.reportFields()
	return callList{
		method:   "get.calls_report",
		stream:   "calls_report",
		table:    &a.reports,
		fields:   namesOf(fields),
		defaults: usual(fields),
		sorts:    map[string]func(selection) []selection{"id": nil, "start_time": nil},
		texts: map[string]func(n int64) string{
			"start_time": func(n int64) string { return string(a.reports.created(n).append(nil, zoneMoscow)) },
		},
		dated: true,
		key:   func(n int64) string { return strconv.FormatInt(a.reports.id(n), 10) },
		write: func(e *encoder, n int64, wanted wanted) {
			r := a.reports.row(e, n)
			e.record()
			writeFields(r, fields, wanted)
			if n%50 == 17 {
				e.unknown("employee_rating", `4.5`)
			}
			e.end()
		},
	}
}

var directions = map[string]string{"in": "Входящий", "out": "Исходящий"}

// reportFields are the fields of a call, in the order of the documentation.
func (a *calls) reportFields() []callField {
	created := func(r row) micros { return a.reports.created(r.n) }
	d := func(r row) micros { return micros(mix(uint64(r.n))%5400) * 1e6 }
	return slices.Concat(
		[]callField{
			{"id", func(r row, name string) { r.int(name, a.reports.id(r.n)) }},
			{"start_time", func(r row, name string) { r.time(name, created(r)) }},
			{"finish_time", func(r row, name string) { r.maybe(name).time(name, created(r)+d(r)) }},
		},
		each(a.phone, "virtual_phone_number"),
		each(someFlag, "is_transfer"),
		each(someCode("subscriber_disconnects", "operator_disconnects", "no_operation"), "finish_reason"),
		each(someWord(directions, "in", "out"), "direction"),
		each(someCode("va", "callapi", "consultant"), "source"),
		each(someNumber, "communication_number"),
		each(someText, "communication_page_url"),
		each(a.someID, "communication_id"),
		each(communication, "communication_type"),
		each(someFlag, "is_lost"),
		each(someNumber, "cpn_region_id"),
		each(someText, "cpn_region_name cpn_country_name cpn_country_id"),
		each(seconds, "wait_duration total_wait_duration lost_call_processing_duration talk_duration clean_talk_duration total_duration postprocess_duration"),
		each(someText, "ua_client_id ym_client_id"),
		a.sale(),
		each(someText, "search_query search_engine referrer_domain referrer entrance_page gclid yclid ymclid ef_id"),
		each(someCode("direct", "organic", "ad"), "channel"),
		a.visitor(),
		a.answered(),
		each(someText, advertising+" "+equal),
		each(a.strings(3), "attributes call_records voice_mail_records"),
		each(a.tags(), "tags"),
		each(a.properties(), "visitor_custom_properties"),
		each(a.segments(), "segments"),
		each(a.structs(3, slices.Concat(each(someNumber, "employee_id"), each(someText, "employee_full_name"), each(someFlag, "is_answered"))), "employees"),
		each(a.phone, "operator_phone_number"),
		each(a.structs(3, slices.Concat(each(someText, "name"), each(someNumber, "id"))), "scenario_operations"),
		each(someNumber, "source_id"),
		each(someText, "source_name source_new channel_new channel_code ext_id properties"),
	)
}

// sale are the fields about what a call led to.
func (a *calls) sale() []callField {
	return slices.Concat(
		each(someDate, "sale_date"),
		each(func(r row, name string) { r.maybe(name).money(name) }, "sale_cost"),
	)
}

// visitor are the fields about who called.
func (a *calls) visitor() []callField {
	return slices.Concat(
		each(someNumber, "site_id"), each(someText, "site_domain_name"),
		each(someNumber, "campaign_id"), each(someText, "campaign_name auto_call_campaign_name"),
		each(someFlag, "visit_other_campaign"),
		each(someNumber, "visitor_id"), each(a.someID, "person_id"),
		each(someCode("new", "returning"), "visitor_type"),
		each(someNumber, "visitor_session_id visits_count visitor_first_campaign_id"),
		each(someText, "visitor_first_campaign_name visitor_city visitor_region visitor_country"),
		each(someCode("desktop", "mobile", "tablet"), "visitor_device"),
	)
}

// answered are the fields about who took the call, and whose it was.
func (a *calls) answered() []callField {
	return slices.Concat(
		each(someNumber, "last_answered_employee_id"), each(someText, "last_answered_employee_full_name"),
		each(someNumber, "last_answered_employee_rating first_answered_employee_id"), each(someText, "first_answered_employee_full_name"),
		each(someNumber, "scenario_id"), each(someText, "scenario_name call_api_external_id"),
		each(a.someID, "call_api_request_id"), each(a.contactPhone, "contact_phone_number"),
		each(someText, "contact_full_name"), each(someNumber, "contact_id"),
	)
}
