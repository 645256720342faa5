package crmsim

import (
	"net/http"
	"slices"
	"strconv"
)

// Attributes of projects that lists are filtered by, of an ordinal or its
// residue.

func projectDeleted(n int64) bool   { return n%40 == 13 || n%40 == 28 }
func projectFunnel(n int64) int64   { return 1 + n%period*7%5 }
func projectStep(n int64) int64     { return 1 + n%period*11%8 }
func projectUser(n int64) int64     { return 1 + n%period*3%40 }
func projectGroup(n int64) int64    { return 1 + n%period*5%6 }
func projectCurrency(n int64) int64 { return 1 + n%period%3 }
func projectClient(n int64) int64   { return 1 + n%period*13%125 }

// projectPrice is a price, every fiftieth of exactly 100.
func projectPrice(n int64) decimal {
	r := n % period
	switch {
	case r%50 == 10:
		return decimal{hundredths: 100_00}
	case r%rarity == 3:
		return moneyForms[r/rarity%int64(len(moneyForms))]
	}
	return decimal{hundredths: int64(mix(uint64(r)) % 50_000_000)}
}

// projectUsers and projectGroups are who takes part beside who is responsible.
func projectUsers(n int64) []int64  { return spread(n%period, n%period%4, 40) }
func projectGroups(n int64) []int64 { return spread(n%period/4, n%period%3, 6) }

// spread returns so many different numbers from 1 to most.
func spread(from, many, most int64) []int64 {
	all := []int64{}
	for i := range many {
		all = append(all, 1+(from*5+i*3)%most)
	}
	return all
}

// contractDays is the number of days that contracts are spread over.
const contractDays = 300

// contractDate is the day of a project's contract, and whether it has one.
func contractDate(n int64) (micros, bool) {
	r := n % period
	const first = 1577826000 // 2020-01-01 in Moscow
	return micros(first*1e6 + r%contractDays*int64(day)), r%9 != 4
}

// customFields returns the names of the fields that a customer has made beside
// those of the documentation.
func customFields(seed uint64) []string {
	names := []string{"note", "budget", "approved", "rating", "source", "field_17", "Регион", "delivery_date"}
	fields := []string{"client_id", "contract_date"}
	d := dice(seed)
	for _, name := range names {
		if d.below(2) == 0 {
			fields = append(fields, name)
		}
	}
	return fields
}

// project writes a project, and tells whether it can be loaded.
func (a *projects) project(e *encoder, n int64) bool {
	a.style(e, n)
	r := a.projects.row(e, n)
	flaw := flawOf(n, a.v.count("projects.bad"))
	e.record()
	e.int("id", a.projects.id(n))
	e.time("created", a.projects.created(n))
	r.maybe("name").words("name")
	e.int("sales_funnel_id", projectFunnel(n))
	e.int("step_id", projectStep(n))
	e.int("user_id", projectUser(n))
	e.nullIf(n%33 == 7).int("group_id", projectGroup(n))
	if !flaw.strikes(e, "price") {
		e.decimal("price", projectPrice(n))
	}
	if !flaw.strikes(e, "currency_id") {
		e.int("currency_id", projectCurrency(n))
	}
	e.ints("participants_user_id", projectUsers(n))
	e.ints("participants_group_id", projectGroups(n))
	e.bool("deleted", projectDeleted(n))
	e.json("data", a.custom(e, n))
	if n%50 == 17 {
		e.unknown("tags", `["vip", "срочно"]`)
	}
	e.end()
	return flaw == sound
}

// ints writes a list of integers.
func (e *encoder) ints(key string, all []int64) {
	e.list(key)
	for _, n := range all {
		e.int("", n)
	}
	e.endList()
}

// custom returns the fields that the customer has made, as they are sent.
func (a *projects) custom(e *encoder, n int64) string {
	inner := &encoder{form: e.form, ascii: e.ascii}
	inner.form.blank = false
	r := a.projects.row(inner, n)
	if n%11 == 6 {
		how := a.v["projects.object"]
		if how == "list" || how == "mixed" && n%2 == 0 {
			return "[]"
		}
		return "{}"
	}
	inner.record()
	for _, name := range a.fields {
		a.customField(r, name)
	}
	inner.end()
	return string(inner.buf)
}

func (a *projects) customField(r row, name string) {
	switch name {
	case "client_id":
		r.int(name, projectClient(r.n))
	case "contract_date":
		at, ok := contractDate(r.n)
		r.nullIf(!ok).date(name, at)
	case "delivery_date":
		d := r.die(name)
		r.maybe(name).date(name, a.projects.created(r.n)+micros(d.below(90))*micros(day))
	case "budget":
		r.maybe(name).money(name)
	case "approved":
		r.flag(name)
	case "rating":
		r.between(name, 0, 6)
	default:
		r.maybe(name).words(name)
	}
}

// list answers GET /projects. What is no number is as if it was not given.
func (a *projects) list(c *call) reply {
	query := c.URL.Query()
	w := wish{count: -1, orderBy: last(query, "order_by"), reverse: last(query, "reverse") == "1", deleted: last(query, "deleted") == "1"}
	if n, err := strconv.ParseInt(last(query, "count"), 10, 64); err == nil && n >= 0 {
		w.count = n
	}
	if n, err := strconv.ParseInt(last(query, "offset"), 10, 64); err == nil && n >= 0 {
		w.offset = n
	}
	return a.page(c, w, nil)
}

// A wish is what a request for a list asks for.
type wish struct {
	count, offset int64 // count below 0: not given
	orderBy       string
	reverse       bool
	deleted       bool // deleted rows alone, else those that are not
	either        bool // one of the clauses is enough
}

// defaultCount is the number of rows of a page that none was given for.
const defaultCount = 100

// size returns the number of rows of a page.
func (a *projects) size(count int64) int64 {
	if count < 0 {
		count = defaultCount
	}
	if most := a.v.count("projects.cap"); most > 0 {
		count = min(count, most)
	}
	return count
}

// page answers with a page of the projects that a wish and clauses leave.
func (a *projects) page(c *call, w wish, clauses []clause) reply {
	switch a.v["projects.ignored"] {
	case "page":
		w.offset = 0
	case "filter":
		clauses = nil
	}
	lo, hi := a.projects.list()
	rows := order{parts: w.choose(between(lo, hi), clauses)}
	rows.sort(w.orderBy)
	rows.backwards = w.reverse
	if a.v.on("projects.unordered") && w.orderBy == "" {
		rows.backwards = a.projects.lists.Load()%2 == 0
	}
	var chosen []int64
	for k := w.offset; k < min(w.offset+a.size(w.count), rows.count()); k++ {
		chosen = append(chosen, rows.at(k))
	}
	rep := a.rows(c, chosen, func(e *encoder, n int64) { a.project(e, n) }, a.projects.id)
	rep.page = w.offset/max(a.size(w.count), 1) + 1
	return rep
}

// rows answers with a list of the rows with some ordinals.
func (a *projects) rows(c *call, ordinals []int64, write func(e *encoder, n int64), id func(int64) int64) reply {
	if len(ordinals) == 0 {
		return a.found(c, nil)
	}
	e := a.newEncoder()
	e.buf = append(e.buf, '[')
	var keys []byte
	for i, n := range ordinals {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		write(e, n)
		keys = append(keys, key(id(n))...)
	}
	rep := a.found(c, append(e.buf, ']'))
	rep.keys = keys
	return rep
}

// sort puts the rows of an order, which are by id, into another one. What is no
// field is ignored.
func (o *order) sort(field string) {
	by := map[string]func(int64) int64{
		"sales_funnel_id": projectFunnel, "step_id": projectStep, "user_id": projectUser,
		"group_id": projectGroup, "currency_id": projectCurrency,
		"price": func(n int64) int64 { return projectPrice(n).hundredths },
	}[field]
	if by == nil {
		return
	}
	var values []int64
	for r := range int64(period) {
		values = append(values, by(r))
	}
	slices.Sort(values)
	var sorted []selection
	for _, v := range slices.Compact(values) {
		for _, s := range o.parts {
			sorted = append(sorted, s.where(func(r int64) bool { return by(r) == v }))
		}
	}
	o.parts = sorted
}

// one answers GET /projects/info.
func (a *projects) one(c *call) reply {
	n, rep, ok := a.named(c)
	if !ok {
		return rep
	}
	e := a.newEncoder()
	a.project(e, n)
	rep = a.found(c, e.buf)
	rep.keys = key(a.projects.id(n))
	return rep
}

// named returns the project that a request names, or the reply to a request
// that names none.
func (a *projects) named(c *call) (n int64, rep reply, ok bool) {
	id, err := strconv.ParseInt(last(c.URL.Query(), "id"), 10, 64)
	if err != nil || id < 0 {
		return 0, a.problem(http.StatusBadRequest, "id is required"), false
	}
	lo, hi := a.projects.now()
	n, found := a.projects.ordinal(id, lo, hi)
	if !found || projectDeleted(n) {
		return 0, a.missing(c), false
	}
	return n, reply{}, true
}
