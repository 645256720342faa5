package crmsim

import (
	"fmt"
	"strconv"
)

// id writes an id that is documented as a number.
func (a *meetings) id(e *encoder, key string, id int64) {
	e.number(key, strconv.FormatInt(id, 10), a.v["meetings.ids"] == "text")
}

// textID writes an id that is documented as text, and so is text in its column.
func (a *meetings) textID(e *encoder, key string, id int64) {
	if digits := strconv.FormatInt(id, 10); e.truth || a.v["meetings.ids"] != "number" {
		e.text(key, digits)
	} else {
		e.number(key, digits, false)
	}
}

// other writes the id of something that need not be there. Empty text is null.
func (a *meetings) other(r row, key string, id int64) {
	switch {
	case !r.lucky(key, 40):
		a.textID(r.encoder, key, id)
	case r.lucky(key+" is null", 30):
		r.none(key)
	default:
		r.nullIf(r.truth).text(key, "")
	}
}

// spelt returns the key of a value that the documentation misspells.
func (a *meetings) spelt(n int64, documented, right string) string {
	how := a.v["meetings.keys"]
	if how == "corrected" || how == "mixed" && n%2 == 1 {
		return right
	}
	return documented + "=" + right
}

// user writes a user.
func (a *meetings) user(e *encoder, n int64) {
	r := a.users.row(e, n)
	created := began() + micros(n%400)*micros(day)
	e.record()
	a.id(e, "id", a.users.id(n))
	a.textID(e, "id_company", a.company)
	r.text("login", fmt.Sprintf("user%d@example.pl", a.users.id(n)))
	r.maybe("first_name").text("first_name", r.name("first_name", firstNames))
	r.maybe("last_name").text("last_name", r.name("last_name", lastNames))
	r.maybe("position").words("position")
	e.form.flags = []string{"", flagsText, flagsNumber}[n%3]
	r.flag(a.spelt(n, "is_ctive", "is_active"))
	e.form.flags = ""
	r.moment("created_at", created)
	r.maybe("modified_at").moment("modified_at", created+30*micros(day))
	if n%30 == 7 {
		e.unknown("language", `"pl"`)
	}
	e.end()
}

var (
	firstNames = []string{"Zofia", "Łukasz", "Agnieszka", "Paweł", "Żaneta", "Michał"}
	lastNames  = []string{"Wójcik", "Kowalska", "Dąbrowski", "Żak", "Szczęsny", "Nowak"}
)

// name returns one of the names.
func (r row) name(key string, names []string) string {
	d := r.die(key)
	return names[d.below(int64(len(names)))]
}

var meetingStatuses = map[string]string{
	"finished": "spotkanie wysłane do klienta", "saved": "spotkanie zapisane", "interrupted": "spotkanie przerwane",
}

var meetingTypes = map[string]string{"anonymous": "anonimowe", "standard": "standardowe"}

// overlap is when clocks in Warsaw were put back in 2025: the hour before is
// shown twice.
const overlap = micros(1761440400 * 1e6)

// when returns when a meeting began. Some are in the hour that comes twice.
func (r row) when() micros {
	d := r.die("when")
	if r.n%20 == 9 {
		return overlap + micros(d.below(int64(2*hour))) - micros(hour)
	}
	return began() + micros(d.below(int64(history)))
}

// meeting writes a meeting.
func (a *meetings) meeting(e *encoder, n int64) {
	r := a.meetings.row(e, n)
	user, _ := a.meetings.parent(n)
	at := r.when()
	d := r.die("hash")
	e.record()
	a.id(e, "id", a.meetings.id(n))
	r.text("hash", fmt.Sprintf("%012x", d.roll()>>16))
	a.id(e, "id_user", a.users.id(user))
	a.other(r, "id_person", 1+d.below(9000))
	a.other(r, a.spelt(n, "id_comapny", "id_company"), 1+d.below(900))
	a.other(r, "id_thread", 1+d.below(5000))
	status := r.name("status", []string{"finished", "saved", "interrupted"})
	if n%45 == 8 {
		status = "planned" // not in the documentation
	}
	r.word("status", status, meetingStatuses)
	r.time("start_date", at)
	r.ending(at + micros(1+d.below(180))*60e6)
	r.maybe("address").words("address")
	r.between("visits", 0, 30)
	r.between("visits_owner", 0, 20)
	r.between("visits_copy", 0, 10)
	r.place("gps_lat", 49, 5)
	r.place("gps_lng", 14, 10)
	r.word("type", r.name("type", []string{"anonymous", "standard"}), meetingTypes)
	r.time("created_at", at+micros(200)*60e6)
	r.time("modified_at", at+micros(d.below(90))*micros(day)+micros(300)*60e6)
	if n%50 == 17 {
		r.unknown("summary", `{"sent" : true}`)
	}
	e.end()
}

// ending writes the end of a meeting, which may be empty text for none.
func (r row) ending(at micros) {
	if r.n%15 == 4 {
		r.nullIf(r.truth).text("end_date", "")
		return
	}
	r.time("end_date", at)
}

// place writes a coordinate as text, which is empty where it is not known.
func (r row) place(key string, from, wide int64) {
	if r.n%6 == 2 {
		r.nullIf(r.truth).text(key, "")
		return
	}
	d := r.die(key)
	text := fmt.Sprintf("%d.%06d", from+d.below(wide), d.below(1_000_000))
	if r.truth {
		text += "00"
	}
	r.text(key, text)
}

// thread writes a thread.
func (a *meetings) thread(e *encoder, n int64) {
	r := a.threads.row(e, n)
	user, _ := a.threads.parent(n)
	at := r.when()
	d := r.die("thread")
	e.record()
	a.textID(e, "id", a.threads.id(n))
	r.text("number", fmt.Sprintf("%d/%d", 2025+n%2, n+1))
	r.maybe("name").words("name")
	a.id(e, "id_user", a.users.id(user))
	a.other(r, "id_company", 1+d.below(900))
	a.other(r, "id_person", 1+d.below(9000))
	r.text("status", r.name("status", []string{"open", "won", "lost"}))
	r.maybe("description").words("description")
	r.maybe("end_date").time("end_date", at+30*micros(day))
	r.maybe("contract_value").money("contract_value")
	r.json("fields", a.fields(n))
	r.time("created_at", at)
	r.time("modified_at", at+micros(d.below(90))*micros(day))
	if n%40 == 13 {
		r.unknown("archived", "false")
	}
	e.end()
}

// fields returns the fields that the customer has given a thread.
func (a *meetings) fields(n int64) string {
	how := a.v["meetings.fields"]
	if how == "list" || how == "mixed" && n%3 != 1 {
		return "[]"
	}
	return fmt.Sprintf(`[{"id": "%d", "name": "Źródło", "value": "targi %d"}]`, 1+n%9, 2020+n%6)
}
