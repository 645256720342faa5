package crmsim

import "strconv"

// A row makes the values of one record and writes them.
//
// What a value is depends on the row and the name of its key alone, so that a
// list and the details of its rows agree wherever they name the same key. Every
// sixteenth row has an awkward form in a column, each column in rows of its
// own; with at most twelve forms per type, 200 rows in sequence show them all.
type row struct {
	*encoder
	seed uint64
	n    int64 // ordinal
}

// rarity is how many rows there are for each with an awkward form.
const rarity = 16

// nulls is the share of nulls in a column that may be null, in percent.
const nulls = 25

// die returns the dice of a key.
func (r row) die(key string) dice { return dice(r.seed ^ mix(hash(key))) }

// form returns which of so many awkward forms the value of a key takes, and
// whether it takes any.
func (r row) form(key string, forms int) (int, bool) {
	k := r.n + int64(hash(key)&0xffff)
	return int(k / rarity % int64(forms)), k%rarity == 0
}

// part returns the row of element i of a list.
func (r row) part(key string, i int) row {
	return row{r.encoder, mix(r.seed ^ hash(key) + uint64(i)), r.n + int64(i)}
}

// length returns the number of elements of a list, below most; none is no list,
// which is in every 25th row.
func (r row) length(key string, most int64) (n int64, none bool) {
	d := r.die(key)
	return d.below(most), (r.n+int64(hash(key)&0xffff))%25 == 0
}

// lucky tells whether a roll falls below percent.
func (r row) lucky(key string, percent int64) bool {
	d := r.die(key + "?")
	return d.below(100) < percent
}

// maybe lets the value of the key, which has to come next, be null. An awkward
// form is never lost to a null.
func (r row) maybe(key string) row {
	r.nullIf(!r.awkward(key) && r.lucky(key, nulls))
	return r
}

// awkward tells whether the value of a key takes an awkward form.
func (r row) awkward(key string) bool {
	_, yes := r.form(key, 1)
	return yes
}

// between writes an integer in [from, to).
func (r row) between(key string, from, to int64) {
	d := r.die(key)
	r.int(key, from+d.below(to-from))
}

// flag writes a bool.
func (r row) flag(key string) { r.bool(key, r.lucky(key, 50)) }

// label writes an enum with codes from 0.
func (r row) label(key string, labels []string) {
	d := r.die(key)
	r.code(key, d.below(int64(len(labels))), labels)
}

// moneyForms are amounts that are seldom met: DECIMAL(16,2) to its ends.
var moneyForms = []decimal{
	{}, {minusZero: true}, {hundredths: -1250}, {hundredths: 1}, {hundredths: -1},
	{hundredths: 9999999999999999}, {hundredths: -9999999999999999}, {hundredths: 100000000000},
}

// amount returns the amount of a key.
func (r row) amount(key string) decimal {
	if i, ok := r.form(key, len(moneyForms)); ok {
		return moneyForms[i]
	}
	d := r.die(key)
	n := d.below(5_000_000)
	if d.below(2) == 0 {
		n -= n % 5000 // most prices are round
	}
	return decimal{hundredths: n}
}

// money writes an amount.
func (r row) money(key string) { r.decimal(key, r.amount(key)) }

// percent writes a DECIMAL(5,2).
func (r row) percent(key string) {
	forms := []int64{0, 1200, 99999, -50, -99999, 10000}
	d := r.die(key)
	n := d.below(40) * 50
	if i, ok := r.form(key, len(forms)); ok {
		n = forms[i]
	}
	r.decimal(key, decimal{hundredths: n})
}

// spanForms are durations that are seldom met; Django writes those below zero
// as a negative number of days and a time of day.
var spanForms = []span{
	0, -second, second / 2, day, 30*day + 12*hour, 2*hour + 30*60*second,
	-1, -2 * day, 400*day + 1, second - 1, -3*day - 7*hour, hour,
}

// lasting writes a duration.
func (r row) lasting(key string) {
	d := r.die(key)
	v := span(d.below(60)) * hour
	if i, ok := r.form(key, len(spanForms)); ok {
		v = spanForms[i]
	}
	r.duration(key, v)
}

// moment writes a point in time from a day before to 30 days after another.
func (r row) moment(key string, about micros) {
	forms := []micros{0, 1, 999999, 100000, 500000}
	d := r.die(key)
	t := about + micros(d.below(31*int64(day))) - micros(day)
	if d.below(3) > 0 {
		t -= t % 1e6
	}
	if i, ok := r.form(key, len(forms)); ok {
		t += forms[i] - t%1e6
	}
	r.time(key, t)
}

// nouns are what the made-up companies let, and what their texts begin with.
var nouns = []string{"Велосипед", "Самокат", "Палатка", "Дрель", "Лыжи", "Камера", "Генератор", "Перфоратор", "Байдарка", "Прицеп"}

// words writes text.
func (r row) words(key string) { r.text(key, r.phrase(key)) }

// phrase returns the text of a key.
func (r row) phrase(key string) string {
	if i, ok := r.form(key, len(phraseForms)); ok {
		return phraseForms[i]
	}
	d := r.die(key)
	return nouns[d.below(int64(len(nouns)))] + " " + strconv.FormatInt(d.below(100_000), 10)
}

// document writes free JSON, which is to be kept as it is.
func (r row) document(key string) {
	if i, ok := r.form(key, len(documentForms)); ok {
		r.json(key, documentForms[i])
		return
	}
	d := r.die(key)
	if d.below(4) == 0 {
		r.json(key, "null")
		return
	}
	made, distance := strconv.FormatInt(2000+d.below(26), 10), strconv.FormatInt(d.below(1e6), 10)
	r.json(key, `{"color":"red","made":"`+made+`","total_distance":`+distance+`}`)
}

// picture writes the address of a picture.
func (r row) picture(key string) {
	d := r.die(key)
	name, sign := strconv.FormatUint(d.roll(), 16), strconv.FormatInt(d.below(1<<32), 16)
	r.text(key, "https://cdn.example.com/media/"+name+".jpg?sign="+sign)
}
