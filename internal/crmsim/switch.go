package crmsim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Switch is a thing that is not known of a real API, differs between its
// versions, or can go wrong.
type Switch struct {
	Name    string
	Values  []string // those allowed; a single one in capitals names a form, see Forms
	Default string
	Doc     string
}

// The forms of values of switches.
const (
	formCount    = "N"        // an integer from 0
	formAt       = "N:ROWS"   // "from the Nth list request on, so many rows", or "off"
	formDuration = "DURATION" // as 5m or 1h30m, above 0
	formFault    = "FAULT"    // KIND:K or KIND:K:MOST, or "off"
)

// Forms says what the values in capitals stand for.
func Forms() map[string]string {
	var faults strings.Builder
	for _, f := range Faults() {
		fmt.Fprintf(&faults, "\n    %-14s %s", f.Name, f.Doc)
	}
	return map[string]string{
		formCount:    "an integer from 0",
		formAt:       "N or N:ROWS, both from 1, ROWS is 1 if not given; or off",
		formDuration: "a duration above 0, such as 5m or 1h30m",
		formFault:    "KIND:K or KIND:K:MOST, every Kth reply with records, MOST times at most; or off. KIND is one of" + faults.String(),
	}
}

// common are the switches that belong to no single API.
var common = []Switch{
	{"gzip", []string{"on", "off"}, "on", "compress bodies for clients that accept it"},
	{"date", []string{"right", "+1h", "-1h", "none"}, "right", "header Date: the server's clock may be wrong, or not tell"},
}

// nothing is what an API ignores by default.
const nothing = "nothing"

// ignorable returns the values of a switch of what is ignored.
func ignorable(what ...string) []string { return append([]string{nothing}, what...) }

// Switches returns all switches, sorted by name.
func Switches() []Switch {
	all := slices.Clone(common)
	for _, a := range apis() {
		doc := "what goes wrong with replies"
		if len(a.faults) > 0 {
			doc += "; KIND is also one of " + strings.Join(namesOfFaults(a.faults), ", ")
		}
		all = append(all, Switch{a.name + ".fail", []string{formFault}, "off", doc})
		all = append(all, a.switches...)
	}
	slices.SortFunc(all, func(a, b Switch) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// values are the values of all switches by name.
type values map[string]string

// newValues checks what was given and fills in the defaults.
func newValues(given map[string]string) (values, error) {
	v := values{}
	names := []string{}
	for _, s := range Switches() {
		names = append(names, s.Name)
		text, ok := given[s.Name]
		if !ok {
			text = s.Default
		}
		if err := s.check(text); err != nil {
			return nil, fmt.Errorf("reading the switch %s: value %q: %w", s.Name, text, err)
		}
		v[s.Name] = text
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("reading the switches: no switch %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	return v, nil
}

// check tells what is wrong with a value of s.
func (s Switch) check(text string) error {
	switch s.Values[0] {
	case formCount:
		if n, err := strconv.ParseInt(text, 10, 64); err != nil || n < 0 {
			return fmt.Errorf("want %s", Forms()[formCount])
		}
	case formAt:
		if _, _, err := parseAt(text); err != nil {
			return err
		}
	case formDuration:
		if d, err := time.ParseDuration(text); err != nil || d <= 0 {
			return fmt.Errorf("want %s", Forms()[formDuration])
		}
	case formFault:
		_, err := parseStrike(off(text), kindsOf(s.Name))
		return err
	default:
		if !slices.Contains(s.Values, text) {
			return fmt.Errorf("want one of %s", strings.Join(s.Values, ", "))
		}
	}
	return nil
}

// kindsOf returns the kinds of faults that a switch of faults knows.
func kindsOf(name string) []string {
	faults := Faults()
	for _, a := range apis() {
		if strings.HasPrefix(name, a.name+".") {
			faults = append(faults, a.faults...)
		}
	}
	return namesOfFaults(faults)
}

// off turns the value "off" into nothing.
func off(text string) string {
	if text == "off" {
		return ""
	}
	return text
}

// parseAt reads N or N:ROWS; 0 is never.
func parseAt(text string) (at, rows int64, err error) {
	if off(text) == "" {
		return 0, 0, nil
	}
	n, r, given := strings.Cut(text, ":")
	if !given {
		r = "1"
	}
	at, err1 := strconv.ParseInt(n, 10, 64)
	rows, err2 := strconv.ParseInt(r, 10, 64)
	if err1 != nil || err2 != nil || at < 1 || rows < 1 {
		return 0, 0, fmt.Errorf("want %s", Forms()[formAt])
	}
	return at, rows, nil
}

// on tells whether a switch stands on "on".
func (v values) on(name string) bool { return v[name] == "on" }

// count returns the value of a switch of the form N. The value was checked.
func (v values) count(name string) int64 {
	n, _ := strconv.ParseInt(v[name], 10, 64)
	return n
}

// duration returns the value of a switch of the form DURATION.
func (v values) duration(name string) time.Duration {
	d, _ := time.ParseDuration(v[name])
	return d
}

// at returns the value of a switch of the form N:ROWS.
func (v values) at(name string) (at, rows int64) {
	at, rows, _ = parseAt(v[name])
	return at, rows
}

// strike returns the value of a switch of the form FAULT, with a count of its
// own.
func (v values) strike(name string) strike {
	s, _ := parseStrike(off(v[name]), kindsOf(name))
	return s
}
