package crmsim

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// catalogue is how many services can be sold.
const catalogue = 40

// listServices answers GET /v1/crm/requests/services/, in one of the two ways
// that are known of it.
func (a *rental) listServices(c *call) reply {
	services := table{seed: a.requests.seed, size: catalogue, lists: new(atomic.Int64)}
	write := func(e *encoder, n int64) {
		r := services.row(e, n)
		e.record()
		e.int("id", n+1)
		r.words("name")
		r.money("price")
		e.end()
	}
	if a.v["rental.services"] == "envelope" {
		return a.list(c, listing{services, nil, requestStatus, write})
	}
	e := &encoder{form: a.form, buf: []byte{'['}}
	rep := content(http.StatusOK, "application/json", nil)
	for n := range int64(catalogue) {
		if n > 0 {
			e.buf = append(e.buf, ',')
		}
		write(e, n)
		rep.keys = append(rep.keys, key(n+1)...)
	}
	rep.data, rep.body = true, append(e.buf, ']')
	return rep
}

// services writes the services of a request: some, none, or null.
func (a *rental) services(r row) {
	many, none := r.length("services", 4)
	if none {
		r.none("services")
		return
	}
	r.list("services")
	for i := range int(many) {
		p := r.part("services", i)
		p.element(i)
		a.service(p, a.requests.id(r.n))
		if i == 0 && r.n%25 == 17 {
			p.unknown("note", `"x"`)
		}
		p.close()
	}
	r.endList()
}

func (a *rental) service(r row, request int64) {
	created := a.requests.created(r.n)
	r.between("id", 1, 10_000_000)
	a.serviceKind(r)
	r.moment("created_at", created)
	r.moment("updated_at", created)
	r.money("tarif_price=tariff_price")
	r.lasting("tarif_duration=tariff_duration")
	r.maybe("start_at").moment("start_at", created)
	r.maybe("end_at").moment("end_at", created)
	r.money("price")
	r.money("price_tax")
	r.money("price_discount")
	r.maybe("info").words("info")
	r.document("extra")
	r.int("tenant", a.tenant)
	r.int("request", request)
	r.maybe("client").between("client", 1, 125)
	r.maybe("request_inventory").between("request_inventory", 1, 1<<40)
	r.maybe("worker").between("worker", 1, 9)
	r.maybe("tarif=tariff").between("tarif=tariff", 1, 500)
}

// serviceKind writes the service that a line of a request is for.
func (a *rental) serviceKind(r row) {
	if r.n%37 == 5 {
		r.none("service")
		return
	}
	d := r.die("kind")
	id := 1 + d.below(catalogue)
	r = row{r.encoder, mix(r.seed), r.n + 3}
	r.open("service")
	r.int("id", id)
	a.tariffs(r, id)
	r.moment("created_at", began())
	r.moment("updated_at", began())
	r.maybe("disabled").between("disabled", 0, 2)
	r.words("name")
	r.maybe("type").label("type", []string{"service", "delivery", "deposit"})
	r.maybe("unique_id").words("unique_id")
	r.maybe("bonus").money("bonus")
	r.document("extra")
	r.text("slug", fmt.Sprintf("service-%d", id))
	r.flag("published")
	r.money("price")
	r.maybe("image").picture("image")
	r.flag("deleted")
	r.maybe("deleted_at").moment("deleted_at", began())
	r.int("tenant", a.tenant)
	r.maybe("category").between("category", 1, 20)
	r.maybe("discount").between("discount", 1, 40)
	r.close()
}

// tariffs writes the tariffs of a service. Their duriation is the id of a
// period, not a duration as the request's is.
func (a *rental) tariffs(r row, service int64) {
	many, none := r.length("tarifs", 3)
	if none {
		r.none("tarifs=tariffs")
		return
	}
	r.list("tarifs=tariffs")
	for i := range int(many) {
		p := r.part("tarifs", i)
		p.element(i)
		p.between("id", 1, 500)
		p.moment("created_at", began())
		p.moment("updated_at", began())
		p.int("service", service)
		p.words("name")
		p.money("price")
		p.flag("one_time_payment")
		p.flag("published")
		p.int("tenant", a.tenant)
		p.between("duriation=period", 1, 9)
		p.close()
	}
	r.endList()
}

// actions writes what was done with a request: some, none, or null.
func (a *rental) actions(r row) {
	many, none := r.length("actions", 5)
	if none {
		r.none("actions")
		return
	}
	kinds := []string{"created", "issued", "returned", "cancelled", "extended", "paid", "refunded", "commented", "other"}
	r.list("actions")
	for i := range int(many) {
		p := r.part("actions", i)
		p.element(i)
		p.between("id", 1, 1<<33)
		p.maybe("user").between("user", 1, 30)
		p.moment("created_at", a.requests.created(r.n))
		p.label("type", kinds)
		p.integers("inventories")
		p.close()
	}
	r.endList()
}
