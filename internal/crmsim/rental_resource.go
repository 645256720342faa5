package crmsim

import "strconv"

// Attributes of resources that lists are filtered by, of an ordinal or its
// residue.

// resourceStatus spreads the rows unevenly: 12, 23, 60 and 5 of 100.
func resourceStatus(n int64) int64 {
	switch x := n % 100 * 37 % 100; {
	case x < 12:
		return 0
	case x < 35:
		return 1
	case x < 95:
		return 2
	}
	return 3
}

func resourceType(n int64) int64   { return n % 4 / 3 }
func resourceClient(n int64) int64 { return 1 + n%1000*7%250 }
func resourceWorker(n int64) int64 { return 1 + n%8 }
func resourceAuthor(n int64) int64 { return 1 + n%5 }

// perInventory is how many resources an inventory has.
const perInventory = 20

func inventoryID(n int64) int64 { return 1 + n/perInventory }

// inventoryRows returns the ordinals [lo, hi) of the resources of an inventory.
func inventoryRows(id int64) (lo, hi int64) {
	if id < 1 || id > 1<<50 {
		return 0, 0
	}
	return (id - 1) * perInventory, id * perInventory
}

func inventoryNoun(n int64) string {
	return nouns[n/perInventory%int64(len(nouns))]
}

func (a *rental) resourceFilters() map[string]filter {
	return map[string]filter{
		"status":     choice(resourceStatus, 3, false),
		"type":       choice(resourceType, 1, false),
		"client":     number(resourceClient),
		"worker":     number(resourceWorker),
		"created_by": number(resourceAuthor),
		"inventory": func(s selection, text string) (selection, string) {
			if _, problem := number(resourceType)(s, text); problem != "" {
				return s, problem
			}
			return searchInventory(s, text)
		},
		"created_at__date__gte": a.since(a.resources),
		"created_at__date__lte": a.until(a.resources),
		"search":                searchInventory,
	}
}

var (
	unitTypes  = []string{"litre", "kg", "g", "ml", "piece", "m3"}
	unitLabels = map[string]string{"litre": "litre", "kg": "kg", "g": "g", "ml": "ml", "piece": "piece", "m3": "m3"}
)

// resource writes a resource, and tells whether it can be loaded.
func (a *rental) resource(e *encoder, n int64) bool {
	r := a.resources.row(e, n)
	flaw := flawOf(n, a.v.count("rental.bad"))
	e.form.numbers = a.v["rental.decimals"] == "number"
	e.record()
	e.int("id", a.resources.id(n))
	a.inventory(r)
	a.inventoryGroup(r)
	a.resourceItself(r)
	if !flaw.strikes(e, "inventory_group_count") {
		r.between("inventory_group_count", -1, 500)
	}
	if !flaw.strikes(e, "price") {
		r.part("whole", 0).money("price")
	}
	r.maybe("tarif=tariff").between("tarif=tariff", 1, 500)
	r.part("whole", 0).document("extra")
	if n%50 == 17 {
		e.unknown("loyalty", `{"tier": 2}`)
	}
	e.end()
	return flaw == sound
}

// resourceItself writes the struct inside a resource, or null. Its price is an
// aggregate, which the framework may send as a number: here so in every fourth
// row and in those with an awkward price.
func (a *rental) resourceItself(r row) {
	awkward := r.awkward("price")
	if r.n%5 == 2 && !awkward {
		r.none("resource")
		return
	}
	all := r.encoder.form.numbers
	mixed := a.v["rental.decimals"] == "mixed"
	r.open("resource")
	r.between("id", 1, 100_000)
	r.words("name")
	r.encoder.form.numbers = all || mixed && (awkward || r.n%4 == 0)
	r.money("price")
	r.encoder.form.numbers = all
	r.between("count", -1, 100)
	r.close()
}

func (a *rental) inventory(r row) {
	id := inventoryID(r.n)
	r.open("inventory")
	r.int("id", id)
	r.text("name", inventoryNoun(r.n)+" "+strconv.FormatInt(id, 10))
	r.maybe("group").between("group", 1, 60)
	r.maybe("unique_id").words("unique_id")
	r.maybe("category").between("category", 1, 20)
	r.maybe("image").picture("image")
	r.document("extra")
	r.maybe("sublease_user").between("sublease_user", 1, 1<<31)
	r.maybe("state").between("state", 0, 9)
	r.maybe("disabled").label("disabled", []string{"active", "disabled"})
	r.maybe("rental_point").between("rental_point", 1, 12)
	r.close()
}

func (a *rental) inventoryGroup(r row) {
	created := a.resources.created(r.n)
	r = row{r.encoder, mix(r.seed), r.n + 5}
	d := r.die("unit")
	r.open("inventory_group")
	r.between("id", 1, 5000)
	r.moment("created_at", created)
	r.moment("updated_at", created+30*micros(day))
	r.maybe("name").words("name")
	r.flag("deleted")
	r.maybe("category").between("category", 1, 20)
	r.money("unit_price")
	r.money("unit_count")
	r.word("unit_type", unitTypes[d.below(int64(len(unitTypes)))], unitLabels)
	r.money("unit_sum")
	r.maybe("image").picture("image")
	r.maybe("unique_id").words("unique_id")
	r.maybe("barcode").words("barcode")
	r.document("extra")
	r.texts("filters")
	r.integers("points")
	r.flag("published")
	r.label("type", []string{"inventory", "consumable"})
	r.money("price")
	r.maybe("lifetime").between("lifetime", -1, 3650)
	if r.n%60 == 11 {
		r.unknown("season", `"лето"`)
	}
	r.close()
}

// texts writes a list of text, an empty list, or none.
func (r row) texts(key string) {
	n, none := r.length(key, 4)
	if none {
		r.none(key)
		return
	}
	r.list(key)
	for i := range int(n) {
		r.text("", r.part(key, i).phrase(key))
	}
	r.endList()
}

// integers writes a list of integers, which may be empty.
func (r row) integers(key string) {
	n, _ := r.length(key, 5)
	r.list(key)
	for i := range int(n) {
		d := r.part(key, i).die(key)
		r.int("", d.below(100)-1)
	}
	r.endList()
}

// A flaw keeps a record from being loaded.
type flaw int

const (
	sound     flaw = iota
	digits         // a decimal with more digits than its column has
	wrongType      // text in place of a number
	range32        // an integer past 32 bits
	twice          // a member that is there two times
)

// flawOf returns the flaw of ordinal n when there are to be so many flaws.
func flawOf(n, many int64) flaw {
	if n%10 != 3 || n/10 >= many {
		return sound
	}
	return digits + flaw(n/10%4)
}

// strikes writes the value of a key with its flaw, if it has one.
func (f flaw) strikes(e *encoder, key string) bool {
	switch {
	case key == "price" && f == digits:
		e.raw(key, `"12.345"`)
	case key == "price" && f == twice:
		e.raw(key, `"1.00"`)
		e.raw(key, `"2.00"`)
	case key != "price" && f == wrongType:
		e.raw(key, `"many"`)
	case key != "price" && f == range32:
		e.raw(key, `2147483648`)
	default:
		return false
	}
	return true
}
