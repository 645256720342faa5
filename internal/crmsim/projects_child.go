package crmsim

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A childKind is what belongs to projects and has a list of its own.
type childKind struct {
	path    string // behind that of projects
	streams []string
	rows    *children
	paged   bool
	filters map[string]func(n, parent, i int64, text string) bool
	write   func(e *encoder, n, parent, i int64)
}

func (a *projects) kinds() []childKind {
	day := func(at func(n int64) micros) func(n, _, _ int64, text string) bool {
		return func(n, _, _ int64, text string) bool {
			return time.UnixMicro(int64(at(n))).In(moscow).Format(time.DateOnly) == text
		}
	}
	among := func(of func(parent, i int64) int64) func(_, parent, i int64, text string) bool {
		return func(_, parent, i int64, text string) bool {
			return slices.Contains(strings.Split(text, "_"), strconv.FormatInt(of(parent, i), 10))
		}
	}
	id := func(c *children) func(n, _, _ int64, text string) bool {
		return func(n, _, _ int64, text string) bool { return strconv.FormatInt(c.id(n), 10) == text }
	}
	type filters = map[string]func(n, parent, i int64, text string) bool
	return []childKind{
		{"/steps", []string{"project_steps"}, a.steps, false, filters{
			"filter_date": day(a.at(a.steps)), "filter_steps": among(stepOf)}, a.step},
		{"/actions", []string{"project_actions", "project_action_details"}, a.actions, true, filters{
			"filter_id": id(a.actions), "filter_date": day(a.at(a.actions)), "filter_actions": among(actionType)}, a.action},
		{"/checklists", []string{"project_checklists"}, a.checklists, false, nil, a.checklist},
		{"/goods", []string{"project_goods"}, a.goods, false, nil, a.good},
		{"/payments", []string{"project_payments"}, a.payments, true, filters{
			"filter_id": id(a.payments), "filter_date": day(a.at(a.payments)), "filter_type": among(paymentType)}, a.payment},
	}
}

// at returns when a child came to be: a few days after the one before it.
func (a *projects) at(c *children) func(n int64) micros {
	return func(n int64) micros {
		parent, i := c.parent(n)
		return a.projects.created(parent) + micros(i)*3*micros(day) + micros(mix(c.seed^uint64(n))%uint64(day))
	}
}

// Attributes of child i of a project that lists are filtered by.

func stepOf(parent, i int64) int64      { return 1 + (parent%period*11+i)%8 }
func actionType(parent, i int64) int64  { return 1 + (parent%period+i)%5 }
func goodID(parent, i int64) int64      { return 10 + (parent%period*3+i*7)%40 }
func paymentType(parent, i int64) int64 { return (parent%period + i) % 2 }

// listChildren answers a list of what belongs to one project.
func (a *projects) listChildren(c *call, k childKind) reply {
	parent, rep, ok := a.named(c)
	if !ok {
		return rep
	}
	query := c.URL.Query()
	var chosen []int64
	for i := range k.rows.count(parent) {
		n := k.rows.first(parent) + i
		keep := true
		for name, holds := range k.filters {
			text := last(query, name)
			keep = keep && (text == "" || holds(n, parent, i, text))
		}
		if keep {
			chosen = append(chosen, n)
		}
	}
	number := int64(0)
	if k.paged {
		size, offset := int64(-1), int64(0)
		if n, err := strconv.ParseInt(last(query, "count"), 10, 64); err == nil && n >= 0 {
			size = n
		}
		if n, err := strconv.ParseInt(last(query, "offset"), 10, 64); err == nil && n >= 0 {
			offset = n
		}
		size = a.size(size)
		number = offset/max(size, 1) + 1
		from := min(offset, int64(len(chosen)))
		chosen = chosen[from:min(from+size, int64(len(chosen)))]
	}
	rep = a.rows(c, chosen, func(e *encoder, n int64) { k.write(e, n, parent, n-k.rows.first(parent)) }, k.rows.id)
	rep.page = number
	return rep
}

// oneAction answers GET /projects/actions/info.
func (a *projects) oneAction(c *call) reply {
	id, err := strconv.ParseInt(last(c.URL.Query(), "id"), 10, 64)
	if err != nil || id < 0 {
		return a.problem(400, "id is required")
	}
	lo, hi := a.actions.of(a.projects.now)()
	n, ok := a.actions.ordinal(id, lo, hi)
	if !ok {
		return a.missing(c)
	}
	parent, i := a.actions.parent(n)
	if projectDeleted(parent) {
		return a.missing(c)
	}
	e := a.newEncoder()
	a.action(e, n, parent, i)
	rep := a.found(c, e.buf)
	rep.keys = key(id)
	return rep
}

// child starts a row of a project's. Where the API does not say which project
// it belongs to, only truth does.
func (a *projects) child(e *encoder, c *children, n, parent int64, says bool) row {
	a.style(e, n)
	r := c.row(e, n)
	e.record()
	if says {
		e.int("id", c.id(n))
		e.int("project_id", a.projects.id(parent))
		return r
	}
	if e.truth {
		e.int("project_id", a.projects.id(parent))
	}
	e.int("id", c.id(n))
	return r
}

// finish ends a row, at times with a member that no column names.
func finish(r row, member, raw string) {
	if r.n%40 == 11 {
		r.unknown(member, raw)
	}
	r.end()
}

func (a *projects) step(e *encoder, n, parent, i int64) {
	r := a.child(e, a.steps, n, parent, false)
	r.int("step_id", stepOf(parent, i))
	r.maybe("user_id").between("user_id", 1, 41)
	r.nullIf(n%13 == 5).time("date", a.at(a.steps)(n))
	finish(r, "result", `"ok"`)
}

func (a *projects) action(e *encoder, n, parent, i int64) {
	r := a.child(e, a.actions, n, parent, true)
	r.int("type_id", actionType(parent, i))
	r.maybe("user_id").between("user_id", 1, 41)
	r.time("created", a.at(a.actions)(n))
	r.maybe("comment").words("comment")
	finish(r, "files", `[ {"id": "7", "name":"акт.pdf"} ]`)
}

func (a *projects) good(e *encoder, n, parent, i int64) {
	r := a.child(e, a.goods, n, parent, false)
	r.int("good_id", goodID(parent, i))
	r.maybe("name").words("name")
	d := r.die("count")
	r.fine("count", decimal{hundredths: d.below(400) * 25}, 4)
	r.money("price")
	r.percent("discount")
	finish(r, "unit", `"м"`)
}

func (a *projects) payment(e *encoder, n, parent, i int64) {
	r := a.child(e, a.payments, n, parent, true)
	r.code("type", paymentType(parent, i), []string{"списание", "поступление"})
	r.money("sum")
	r.int("currency_id", projectCurrency(parent))
	r.nullIf(n%17 == 5).date("date", a.at(a.payments)(n))
	r.maybe("comment").words("comment")
	finish(r, "company_id", `"1"`)
}

// expired tells whether a project has a checklist with an item that should have
// been done.
func (a *projects) expired(parent int64) bool {
	return a.checklists.count(parent) > 0 && parent%period%3 == 0
}

// checklist writes a checklist with its items. In the first of an expired
// project an item is not done, and its day was that of the project.
func (a *projects) checklist(e *encoder, n, parent, i int64) {
	r := a.child(e, a.checklists, n, parent, false)
	r.maybe("name").words("name")
	late := i == 0 && a.expired(parent)
	many, none := r.length("items", 5)
	switch {
	case late:
		many = max(many, 1)
	case none:
		r.none("items")
		r.end()
		return
	}
	r.list("items")
	for k := range int(many) {
		p := r.part("items", k)
		undone := late && k == 0
		p.element(k)
		p.int("id", n*8+int64(k)+1)
		p.maybe("name").words("name")
		p.bool("done", !undone)
		p.nullIf(!undone && p.lucky("deadline", nulls)).date("deadline", a.projects.created(parent)+micros(k)*micros(day))
		p.close()
	}
	r.endList()
	finish(r, "template_id", `3`)
}
