package crmsim

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// requestStatus is the status of an ordinal or its residue. 6, overdue, is a
// status that the API serves and its description does not name.
func requestStatus(n int64) int64 {
	switch x := n % 100 * 53 % 100; {
	case x < 10:
		return 0
	case x < 22:
		return 1
	case x < 50:
		return 2
	case x < 58:
		return 3
	case x < 90:
		return 4
	case x < 96:
		return 5
	}
	return 6
}

// requestClient is the client of an ordinal or its residue; 0 is none.
func requestClient(n int64) int64 { return n % 1000 * 13 % 125 }

func (a *rental) requestFilters() map[string]filter {
	return map[string]filter{
		"status":                choice(requestStatus, 6, false),
		"status__in":            choice(requestStatus, 6, true),
		"client":                number(requestClient),
		"created_at__date__gte": a.since(a.requests),
		"created_at__date__lte": a.until(a.requests),
	}
}

var requestStatuses = []string{"Запрос", "Забронировано", "В аренде", "Отменено", "Завершено", "Должник"}

var statusColors = map[string]string{
	"exceed": "exceed", "request": "Запрос", "reserve": "reserve", "inrent": "В аренде",
	"cancel": "cancel", "completed": "Завершено", "debtor": "Должник",
}

// colorOf is the color that goes with a status.
var colorOf = []string{"request", "reserve", "inrent", "cancel", "completed", "debtor", "exceed"}

// statusColor returns the color of an ordinal. "cancelled" is one that the API
// serves beside "cancel", and its description does not name.
func statusColor(n int64) string {
	color := colorOf[requestStatus(n)]
	if color == "cancel" && n%3 == 0 {
		return "cancelled"
	}
	return color
}

var paymentStatuses = []string{"Ожидается оплата", "Оплата произведена", "Частичная оплата"}

// listed writes a request as it is in the list.
func (a *rental) listed(e *encoder, n int64) {
	r := a.requests.row(e, n)
	created := a.requests.created(n)
	e.record()
	e.int("id", a.requests.id(n))
	e.code("status", requestStatus(n), requestStatuses)
	e.word("status_color", statusColor(n), statusColors)
	e.time("created_at", created)
	e.time("updated_at", a.requests.updated(n))
	r.maybe("rent_start").moment("rent_start", created)
	r.maybe("rent_end").moment("rent_end", created+7*micros(day))
	r.maybe("unique_id").words("unique_id")
	r.money("price")
	r.money("price_discount")
	r.money("paid_amount")
	r.label("payment_status", paymentStatuses)
	r.percent("tax_percent")
	r.maybe("duriation=duration").lasting("duriation=duration")
	r.flag("deleted")
	r.flag("active")
	e.int("tenant", a.tenant)
	a.listedClient(r)
	a.listedInventories(r)
	r.maybe("discount").between("discount", 1, 40)
	r.maybe("rental_point").between("rental_point", 1, 12)
	r.document("extra")
	if n%40 == 21 {
		e.unknown("source", `{"channel" : "site", "ids":[1, 2]}`)
	}
	e.end()
}

func (a *rental) listedClient(r row) {
	client := requestClient(r.n)
	if client == 0 {
		r.none("client")
		return
	}
	r.open("client")
	r.int("id", client)
	r.words("name")
	d := r.die("phone")
	r.maybe("phone").text("phone", fmt.Sprintf("+7 70%d %07d", d.below(10), d.below(1e7)))
	r.close()
}

func (a *rental) listedInventories(r row) {
	many, none := r.length("inventories", 4)
	if none {
		r.none("inventories")
		return
	}
	r.list("inventories")
	for i := range int(many) {
		p := r.part("inventories", i)
		p.element(i)
		p.between("id", 1, 500_000)
		p.words("name")
		p.maybe("unique_id").words("unique_id")
		p.maybe("group").between("group", 1, 60)
		p.close()
	}
	r.endList()
}

// oneRequest answers GET /v1/crm/requests/{id}/.
func (a *rental) oneRequest(text string) reply {
	id, err := strconv.ParseInt(text, 10, 64)
	lo, hi := a.requests.now()
	n, ok := a.requests.ordinal(id, lo, hi)
	if err != nil || !ok {
		return a.problem(http.StatusNotFound, "Not found.")
	}
	e := &encoder{form: a.form}
	a.detail(e, n)
	rep := content(http.StatusOK, "application/json", e.buf)
	rep.data = true
	rep.keys = append(strconv.AppendInt(nil, id, 10), ',')
	return rep
}

// detail writes a request with all that belongs to it, and tells whether it can
// be loaded.
func (a *rental) detail(e *encoder, n int64) bool {
	r := a.requests.row(e, n)
	flaw := flawOf(n, a.v.count("rental.bad"))
	e.record()
	e.int("id", a.requests.id(n))
	a.services(r)
	a.actions(r)
	if !flaw.strikes(e, "discount_type") {
		r.between("discount_type", 0, 4)
	}
	e.word("status_color", statusColor(n), statusColors)
	for _, key := range []string{"pending_inventories", "inrent_inventories", "completed_inventories"} {
		r.between(key, 0, 9)
	}
	for _, key := range []string{"bonus_max", "bonus_used", "bonus_available"} {
		r.money(key)
	}
	a.detailTimes(r)
	r.flag("autorenewal")
	r.flag("autowithdraw")
	r.maybe("duriation=duration").lasting("duriation=duration")
	r.maybe("initial_duriation=initial_duration").lasting("initial_duriation=initial_duration")
	r.maybe("counting_duration").lasting("counting_duration")
	a.detailMoney(r, flaw)
	a.detailPenalty(r)
	a.detailRest(r)
	if n%50 == 17 {
		e.unknown("loyalty", `{"tier": 2}`)
	}
	e.end()
	return flaw == sound
}

func (a *rental) detailTimes(r row) {
	created := a.requests.created(r.n)
	r.time("created_at", created)
	r.time("updated_at", a.requests.updated(r.n))
	r.maybe("rent_start").moment("rent_start", created)
	r.maybe("rent_end").moment("rent_end", created+7*micros(day))
	r.code("status", requestStatus(r.n), requestStatuses)
	a.plusID(r)
	r.maybe("unique_id").words("unique_id")
	r.maybe("rent_fact_start").moment("rent_fact_start", created)
	r.maybe("rent_fact_end").moment("rent_fact_end", created+7*micros(day))
}

// plusID writes an integer of 64 bits, at times at its ends and past what
// floats hold exactly.
func (a *rental) plusID(r row) {
	forms := []int64{math.MaxInt64, math.MinInt64, 1<<53 + 1, -1<<53 - 1, 0, math.MaxInt64 - 1}
	d := r.die("plus_id")
	id := int64(d.roll() >> 20)
	if i, ok := r.form("plus_id", len(forms)); ok {
		id = forms[i]
	}
	r.maybe("plus_id").int("plus_id", id)
}

func (a *rental) detailMoney(r row, flaw flaw) {
	if !flaw.strikes(r.encoder, "price") {
		r.money("price")
	}
	for _, key := range []string{
		"price_discount", "price_inventory", "price_inventory_discount", "price_service",
		"price_service_discount", "price_delivery", "price_referral",
	} {
		r.money(key)
	}
	r.percent("tax_percent")
	r.flag("tax_included")
	for _, key := range []string{"price_tax", "discount_amount", "discount_inventory_amount", "discount_service_amount"} {
		r.money(key)
	}
	r.flag("discount_combine")
	r.money("additional_discount")
	r.label("payment_status", paymentStatuses)
	r.money("paid_amount")
}

func (a *rental) detailPenalty(r row) {
	r.flag("time_exceed")
	r.money("penalty_amount")
	r.money("penalty_auto")
	r.money("penalty_custom")
	r.maybe("penalty_duriation=penalty_duration").lasting("penalty_duriation=penalty_duration")
	r.lasting("penalty_step_duriation=penalty_step_duration")
	r.flag("penalty_disabled")
}

func (a *rental) detailRest(r row) {
	r.document("extra")
	r.flag("deleted")
	r.flag("active")
	r.int("tenant", a.tenant)
	client := requestClient(r.n)
	r.nullIf(client == 0).int("client", client)
	r.maybe("discount").between("discount", 1, 40)
	r.maybe("rental_point").between("rental_point", 1, 12)
	r.maybe("rental_point_return").between("rental_point_return", 1, 12)
	a.bag(r)
	if r.n%45 == 9 {
		r.missing("default_tarif_period=default_tariff_period")
	} else {
		r.maybe("default_tarif_period=default_tariff_period").between("default_tarif_period=default_tariff_period", 1, 9)
	}
}

// bag writes a UUID, at times in capital letters.
func (a *rental) bag(r row) {
	d := r.die("bag")
	x, y := d.roll(), d.roll()
	id := fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", x>>32, x>>16&0xffff, x&0xfff, y>>48&0xfff, y&(1<<48-1))
	if r.n%6 == 1 {
		id = strings.ToUpper(id)
	}
	r.maybe("bag").uuid("bag", id)
}
