package crmsim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// callsForm is how the API writes what JSON has no type for.
var callsForm = form{zone: zoneMoscow, numbers: true}

// A callField is a field of a row, written if it is asked for.
type callField struct {
	name  string
	write func(r row, name string)
}

// Wanted are the fields that a call asks for; nil are all.
type wanted map[string]bool

func (w wanted) has(field string) bool { return w == nil || w[field] }

// writeFields writes the fields that are asked for, in the order of the
// documentation.
func writeFields(r row, fields []callField, wanted wanted) {
	for _, f := range fields {
		if wanted.has(f.name) {
			f.write(r, f.name)
		}
	}
}

// namesOf returns the names of fields.
func namesOf(fields []callField) (names []string) {
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}

// usual returns the names of the fields that a report has where none are asked
// for: those that are not about advertising.
func usual(fields []callField) []string {
	return slices.DeleteFunc(namesOf(fields), func(name string) bool {
		return strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "openstat_") || strings.HasPrefix(name, "eq_")
	})
}

// each makes fields of one kind.
func each(write func(r row, name string), names string) (fields []callField) {
	for name := range strings.FieldsSeq(names) {
		fields = append(fields, callField{name, write})
	}
	return fields
}

// Kinds of fields.

func someText(r row, name string) { r.maybe(name).words(name) }
func someFlag(r row, name string) { r.maybe(name).flag(name) }
func someDate(r row, name string) { r.maybe(name).moment(name, began()+micros(history)/2) }

// someNumber writes a number past 32 bits, now and then.
func someNumber(r row, name string) { r.maybe(name).between(name, 1, 1<<33) }

// someCode returns a kind of field with one of the codes.
func someCode(codes ...string) func(r row, name string) {
	return func(r row, name string) {
		d := r.die(name)
		r.maybe(name).text(name, codes[d.below(int64(len(codes)))])
	}
}

// someWord returns a kind of field with one of the codes that have labels, or
// one that has none.
func someWord(labels map[string]string, codes ...string) func(r row, name string) {
	return func(r row, name string) {
		d := r.die(name)
		r.maybe(name).word(name, codes[d.below(int64(len(codes)))], labels)
	}
}

// someID writes an id that is a number, and in some rows text.
func (a *calls) someID(r row, name string) {
	d := r.die(name)
	id := 3_000_000_000 + d.below(2_000_000_000)
	r.maybe(name).number(name, strconv.FormatInt(id, 10), a.drifts(r, 9))
}

// drifts tells whether a value of a row is of another type than documented, in
// one of so many rows.
func (a *calls) drifts(r row, of int64) bool {
	return a.v["calls.drift"] == "mixed" && r.n%of == of-2
}

// phone writes a phone number, which in some rows is a number.
func (a *calls) phone(r row, name string) {
	d := r.die(name)
	digits := fmt.Sprintf("7495%07d", d.below(1e7))
	r.maybe(name)
	if a.drifts(r, 9) && !r.truth {
		r.number(name, digits, false)
		return
	}
	r.text(name, digits)
}

// contactPhone writes a phone number, which in some rows is an object. Its
// column takes none.
func (a *calls) contactPhone(r row, name string) {
	if !a.drifts(r, 27) {
		a.phone(r, name)
		return
	}
	const object = `{"value":"+7 495 000-00-00","value_id":null}`
	if r.truth {
		r.none(name)
	}
	r.unknown(name, object)
}

// seconds writes a number of seconds.
func seconds(r row, name string) {
	d := r.die(name)
	v := span(d.below(5400)) * second
	if i, ok := r.form(name, 2); ok {
		v = []span{0, 90061 * second}[i]
	}
	r.encoder.form.duration = durationCount
	r.maybe(name).duration(name, v)
}

// clocked writes hours, minutes and seconds, at times more than a day of them.
func clocked(r row, name string) {
	d := r.die(name)
	v := span(d.below(7200)) * second
	if i, ok := r.form(name, 3); ok {
		v = []span{0, 30*hour + 5*second, 318 * second}[i]
	}
	r.encoder.form.duration = durationClock
	r.maybe(name).duration(name, v)
}

// array returns a kind of field that is a list, empty or null.
func (a *calls) array(most int64, write func(r row, i int)) func(r row, name string) {
	return func(r row, name string) {
		many, none := r.length(name, most)
		empty := a.v["calls.empty"]
		if (many == 0 || none) && (empty == "null" || empty == "mixed" && none) {
			r.none(name)
			return
		}
		r.list(name)
		for i := range int(many) {
			write(r.part(name, i), i)
		}
		r.endList()
	}
}

// strings returns a kind of field that is a list of text.
func (a *calls) strings(most int64) func(r row, name string) {
	return func(r row, name string) {
		a.array(most, func(p row, _ int) { p.text("", p.phrase(name)) })(r, name)
	}
}

// structs returns a kind of field that is a list of structs.
func (a *calls) structs(most int64, fields []callField) func(r row, name string) {
	return a.array(most, func(p row, i int) {
		p.element(i)
		writeFields(p, fields, nil)
		p.close()
	})
}

// object returns a kind of field that is a struct, in some rows an empty one or
// null.
func object(fields []callField) func(r row, name string) {
	return func(r row, name string) {
		if r.n%9 == 4 {
			r.none(name)
			return
		}
		r.open(name)
		switch {
		case r.n%9 != 7:
			writeFields(r.part(name, 0), fields, nil)
		case r.truth:
			for _, f := range fields {
				r.none(f.name)
			}
		}
		r.close()
	}
}

// Lists inside rows that more than one report has.

func (a *calls) tags() func(r row, name string) {
	return a.structs(4, slices.Concat(
		each(someNumber, "tag_id"), each(someText, "tag_name"), each(someCode("manual", "auto"), "tag_type"),
		each(someDate, "tag_change_time"), each(someNumber, "tag_user_id"), each(someText, "tag_user_login"),
		each(someNumber, "tag_employee_id"), each(someText, "tag_employee_full_name")))
}

func (a *calls) properties() func(r row, name string) {
	return a.structs(3, each(someText, "property_name property_value"))
}

func (a *calls) segments() func(r row, name string) {
	return a.structs(3, slices.Concat(each(someNumber, "segment_id"), each(someText, "segment_name")))
}

// advertising are the fields about where a visitor came from.
const advertising = "utm_source utm_medium utm_term utm_content utm_campaign openstat_ad openstat_campaign openstat_service openstat_source"

// equal are the fields about where a visitor came from, of reports on calls.
const equal = "eq_utm_source eq_utm_medium eq_utm_term eq_utm_content eq_utm_campaign eq_utm_referrer eq_utm_expid"

var communicationTypes = map[string]string{"call": "Звонок", "chat": "Чат", "goal": "Цель", "offline_message": "Заявка"}

// communication is a kind of communication, of which one is not documented.
var communication = someWord(communicationTypes, "call", "chat", "goal", "offline_message", "sms")
