package crmsim

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A filter keeps the rows that a value of its parameter asks for, or says what
// is wrong with the value.
type filter func(s selection, text string) (selection, string)

// choose applies all filters that a query gives a value for.
func choose(query url.Values, s selection, filters map[string]filter) (selection, map[string][]string) {
	problems := map[string][]string{}
	for name, keep := range filters {
		text := last(query, name)
		if text == "" {
			continue
		}
		var problem string
		if s, problem = keep(s, text); problem != "" {
			problems[name] = []string{problem}
		}
	}
	return s, problems
}

// number filters by an integer attribute.
func number(value func(residue int64) int64) filter {
	return func(s selection, text string) (selection, string) {
		want, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return s, "Enter a number."
		}
		return s.where(func(r int64) bool { return value(r) == want }), ""
	}
}

// choice filters by an attribute with values from 0 up to most, one of them or
// a list with commas.
func choice(value func(residue int64) int64, most int64, list bool) filter {
	return func(s selection, text string) (selection, string) {
		texts := []string{text}
		if list {
			texts = strings.Split(text, ",")
		}
		var want []int64
		for _, t := range texts {
			n, err := strconv.ParseInt(t, 10, 64)
			if err != nil || n < 0 || n > most {
				return s, fmt.Sprintf("Select a valid choice. %s is not one of the available choices.", t)
			}
			want = append(want, n)
		}
		return s.where(func(r int64) bool { return slices.Contains(want, value(r)) }), ""
	}
}

// since keeps rows that came to be on a day or later, until those of a day or
// earlier. A day is one in the server's zone.
func (a *rental) since(t table) filter {
	return a.onDay(func(s selection, day time.Time) selection {
		return s.within(t.from(micros(day.UnixMicro()), s.hi), s.hi)
	})
}

func (a *rental) until(t table) filter {
	return a.onDay(func(s selection, day time.Time) selection {
		return s.within(s.lo, t.from(micros(day.AddDate(0, 0, 1).UnixMicro()), s.hi))
	})
}

func (a *rental) onDay(keep func(selection, time.Time) selection) filter {
	return func(s selection, text string) (selection, string) {
		day, err := time.ParseInLocation(time.DateOnly, text, location(a.form.zone))
		if err != nil {
			return s, "Enter a valid date."
		}
		return keep(s, day), ""
	}
}

// searchInventory keeps resources whose inventory has every word of the search
// in its name: a number as a whole, other words as parts of the noun.
func searchInventory(s selection, text string) (selection, string) {
	for word := range strings.FieldsSeq(strings.ReplaceAll(text, ",", " ")) {
		if id, err := strconv.ParseInt(word, 10, 64); err == nil {
			s = s.within(inventoryRows(id))
			continue
		}
		word = strings.ToLower(word)
		s = s.where(func(r int64) bool { return strings.Contains(strings.ToLower(inventoryNoun(r)), word) })
	}
	return s, ""
}
