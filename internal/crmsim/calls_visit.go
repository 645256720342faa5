package crmsim

import (
	"slices"
	"strconv"
)

// visitList is get.visitor_sessions_report, one row per visit of a site.
func (a *calls) visitList() callList {
	fields := a.visitFields()
	return callList{
		method:   "get.visitor_sessions_report",
		stream:   "visitor_sessions",
		table:    &a.visits,
		fields:   namesOf(fields),
		defaults: usual(fields),
		sorts:    map[string]func(selection) []selection{"id": nil, "date_time": nil},
		texts: map[string]func(n int64) string{
			"date_time": func(n int64) string { return string(a.visits.created(n).append(nil, zoneMoscow)) },
		},
		dated: true,
		key:   func(n int64) string { return strconv.FormatInt(a.visits.id(n), 10) },
		write: func(e *encoder, n int64, wanted wanted) {
			r := a.visits.row(e, n)
			e.record()
			writeFields(r, fields, wanted)
			if n%50 == 17 {
				e.unknown("is_bot", `false`)
			}
			e.end()
		},
	}
}

// visitFields are the fields of a visit, in the order of the documentation.
func (a *calls) visitFields() []callField {
	return slices.Concat(
		[]callField{
			{"id", func(r row, name string) { r.int(name, a.visits.id(r.n)) }},
			{"date_time", func(r row, name string) { r.time(name, a.visits.created(r.n)) }},
		},
		each(someText, "gclid ua_client_id ym_client_id yclid ef_id ymclid"),
		each(someCode("yandex.direct", "google.adwords"), "engine"),
		each(object(campaignFields()), "integrated_campaign_data"),
		each(someText, "cm_id referrer_domain referrer search_engine search_query entrance_page"),
		each(clocked, "duration"),
		each(someNumber, "site_id"), each(someText, "site_domain_name"),
		each(someNumber, "campaign_id"), each(someText, "campaign_name"),
		each(someCode("direct", "organic", "ad"), "channel"),
		each(someCode("desktop", "mobile", "tablet"), "visitor_device"),
		each(someNumber, "visitor_id"),
		each(someText, "visitor_country visitor_city visitor_region visitor_ip_address"),
		each(someCode("new", "returning"), "visitor_type"),
		each(someText, "visitor_browser_name visitor_browser_version visitor_os_name visitor_os_version visitor_provider visitor_screen visitor_language"),
		each(a.properties(), "visitor_custom_properties"),
		each(someText, advertising),
		each(someNumber, "hits_count"),
		each(a.hits, "hits"),
		each(a.segments(), "segments"),
		each(a.structs(3, slices.Concat(each(communication, "communication_type"), each(a.someID, "communication_id"), each(someDate, "communication_date_time"))), "communications"),
		each(someNumber, "source_id"),
		each(someText, "source_name source_new channel_new channel_code"),
	)
}

func campaignFields() []callField {
	return slices.Concat(
		each(someCode("yandex.direct", "google.adwords"), "adv_system"),
		each(someText, "ext_campaign_id ext_campaign_name keyword_id keyword"),
		each(someNumber, "banner_id"), each(someText, "banner_name"),
		each(someNumber, "group_id"), each(someText, "group_name"),
		each(someNumber, "auditory_id"),
		each(someText, "auditory_name placement_name yandex_placement_type campaign_type device_type position_type"),
		each(someNumber, "yandex_region_id"), each(someText, "yandex_region_name yandex_region_type"),
	)
}

// hits writes the pages of a visit. The documentation shows an object, which
// has no place for more than one; its column takes a list.
func (a *calls) hits(r row, name string) {
	fields := slices.Concat(each(someDate, "hit_time"), each(clocked, "hit_duration"), each(someText, "hit_url"))
	if a.v["calls.hits"] == "list" {
		a.structs(4, fields)(r, name)
		return
	}
	inner := &encoder{form: callsForm, ascii: r.ascii}
	inner.record()
	writeFields(row{inner, r.seed, r.n}.part(name, 0), fields, nil)
	inner.end()
	if r.truth {
		r.none(name)
	}
	r.unknown(name, string(inner.buf))
}
