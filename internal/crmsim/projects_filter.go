package crmsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A clause is one of the conditions of a filter: a rule for residues, or a
// range of ordinals.
type clause struct {
	rule   func(residue int64) bool // nil: the range
	lo, hi int64
}

// choose returns the rows that a wish and clauses leave, in the order of ids.
func (w wish) choose(s selection, clauses []clause) []selection {
	s = s.where(func(r int64) bool { return projectDeleted(r) == w.deleted })
	if w.either && len(clauses) > 0 {
		return oneOf(s, clauses)
	}
	for _, c := range clauses {
		if c.rule == nil {
			s = s.within(c.lo, c.hi)
		} else {
			s = s.where(c.rule)
		}
	}
	return []selection{s}
}

// oneOf returns the rows that at least one of the clauses holds for: before,
// within and after the range, of which there is one at most.
func oneOf(s selection, clauses []clause) []selection {
	lo, hi := s.lo, s.lo
	var rules []func(int64) bool
	for _, c := range clauses {
		if c.rule == nil {
			within := s.within(c.lo, c.hi)
			lo, hi = within.lo, within.hi
		} else {
			rules = append(rules, c.rule)
		}
	}
	rest := s.where(func(r int64) bool {
		return slices.ContainsFunc(rules, func(rule func(int64) bool) bool { return rule(r) })
	})
	return []selection{rest.within(s.lo, lo), s.within(lo, hi), rest.within(hi, s.hi)}
}

// A filterBody is the body of POST /projects/filter. Members that it does not
// name are ignored.
type filterBody struct {
	Count     json.RawMessage            `json:"count"`
	Offset    json.RawMessage            `json:"offset"`
	OrderBy   string                     `json:"order_by"`
	Reverse   string                     `json:"reverse"`
	Deleted   string                     `json:"deleted"`
	Condition string                     `json:"condition"`
	Having    string                     `json:"having"`
	Buildin   map[string]json.RawMessage `json:"buildin_data"` // as the API spells it
	Data      map[string]json.RawMessage `json:"data"`
}

// filter answers POST /projects/filter.
func (a *projects) filter(c *call) reply {
	var b filterBody
	if err := json.Unmarshal(c.body, &b); err != nil {
		return a.problem(http.StatusBadRequest, "Wrong JSON")
	}
	w := wish{count: -1, orderBy: b.OrderBy, reverse: b.Reverse == "1", deleted: b.Deleted == "1", either: b.Condition == "or"}
	for _, n := range []struct {
		text json.RawMessage
		into *int64
	}{{b.Count, &w.count}, {b.Offset, &w.offset}} {
		if n.text != nil && (json.Unmarshal(n.text, n.into) != nil || *n.into < 0) {
			return a.problem(http.StatusBadRequest, "count and offset must be numbers")
		}
	}
	if !slices.Contains([]string{"", "and", "or"}, b.Condition) {
		return a.problem(http.StatusBadRequest, "Unknown condition")
	}
	clauses, ok := a.clauses(b)
	if !ok {
		return a.problem(http.StatusBadRequest, "Wrong filter")
	}
	return a.page(c, w, clauses)
}

// clauses reads the conditions of a filter.
func (a *projects) clauses(b filterBody) ([]clause, bool) {
	var all []clause
	if b.Having != "" {
		rule := a.having(b.Having)
		if rule == nil {
			return nil, false
		}
		all = append(all, clause{rule: rule})
	}
	for name, of := range a.buildin() {
		var want oneOrMany
		if text, given := b.Buildin[name]; given {
			if json.Unmarshal(text, &want) != nil {
				return nil, false
			}
			all = append(all, clause{rule: func(r int64) bool {
				return slices.ContainsFunc(of(r), func(id int64) bool { return slices.Contains(want, id) })
			}})
		}
	}
	for _, read := range []func(filterBody) (*clause, bool){a.created, priced, clients, contracted} {
		c, ok := read(b)
		if !ok {
			return nil, false
		}
		if c != nil {
			all = append(all, *c)
		}
	}
	return all, true
}

// oneOrMany is an id, or a list of them.
type oneOrMany []int64

// UnmarshalJSON reads a number or a list of numbers.
func (m *oneOrMany) UnmarshalJSON(text []byte) error {
	var one int64
	if json.Unmarshal(text, &one) == nil {
		*m = oneOrMany{one}
		return nil
	}
	var many []int64
	err := json.Unmarshal(text, &many)
	*m = many
	return err
}

// buildin returns the fields that filters hold against ids.
func (a *projects) buildin() map[string]func(residue int64) []int64 {
	single := func(of func(int64) int64) func(int64) []int64 {
		return func(r int64) []int64 { return []int64{of(r)} }
	}
	each := func(c *children, of func(n, i int64) int64) func(int64) []int64 {
		return func(r int64) []int64 {
			var all []int64
			for i := range c.count(r) {
				all = append(all, of(r, i))
			}
			return all
		}
	}
	return map[string]func(int64) []int64{
		"sales_funnel_id": single(projectFunnel), "step_id": single(projectStep), "user_id": single(projectUser),
		"group_id": single(projectGroup), "currency_id": single(projectCurrency),
		"participants_user_id": projectUsers, "participants_group_id": projectGroups,
		"actions_type_id": each(a.actions, actionType), "good_id": each(a.goods, goodID),
	}
}

// created reads the range of days "2020-01-01;2020-12-31", both included, of
// which either may be left out.
func (a *projects) created(b filterBody) (*clause, bool) {
	raw, given := b.Buildin["created"]
	if !given {
		return nil, true
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil, false
	}
	from, till, _ := strings.Cut(text, ";")
	c := &clause{hi: 1 << 62}
	_, size := a.projects.now()
	for i, day := range []string{from, till} {
		if day == "" {
			continue
		}
		at, err := time.ParseInLocation(time.DateOnly, day, moscow)
		if err != nil {
			return nil, false
		}
		if i == 0 {
			c.lo = a.projects.from(micros(at.UnixMicro()), size)
		} else {
			c.hi = a.projects.from(micros(at.AddDate(0, 0, 1).UnixMicro()), size)
		}
	}
	return c, true
}

func priced(b filterBody) (*clause, bool) {
	raw, given := b.Buildin["price"]
	var want float64
	if !given || json.Unmarshal(raw, &want) != nil {
		return nil, !given
	}
	return &clause{rule: func(r int64) bool { return projectPrice(r).hundredths == int64(want*100) }}, true
}

func clients(b filterBody) (*clause, bool) {
	raw, given := b.Data["client_id"]
	var want oneOrMany
	if !given || json.Unmarshal(raw, &want) != nil {
		return nil, !given
	}
	return &clause{rule: func(r int64) bool { return slices.Contains(want, projectClient(r)) }}, true
}

func contracted(b filterBody) (*clause, bool) {
	raw, given := b.Data["contract_date"]
	var want string
	if !given || json.Unmarshal(raw, &want) != nil {
		return nil, !given
	}
	return &clause{rule: func(r int64) bool {
		at, ok := contractDate(r)
		return ok && time.UnixMicro(int64(at)).In(moscow).Format(time.DateOnly) == want
	}}, true
}

// having returns the rule for what a project must have, or must not; nil is one
// that the API does not know.
func (a *projects) having(what string) func(residue int64) bool {
	tasks := func(r int64) bool { return r%3 == 1 } // which no endpoint serves
	some := map[string]func(int64) bool{
		"actions":            func(r int64) bool { return a.actions.count(r) > 0 },
		"payments":           func(r int64) bool { return a.payments.count(r) > 0 },
		"tasks":              tasks,
		"goods":              func(r int64) bool { return a.goods.count(r) > 0 },
		"checklists_expired": a.expired,
	}
	if rule, no := some[strings.TrimPrefix(what, "no_")]; no && what != "no_checklists_expired" {
		has := !strings.HasPrefix(what, "no_")
		return func(r int64) bool { return rule(r) == has }
	}
	return nil
}
