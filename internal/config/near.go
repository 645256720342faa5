package config

import (
	"slices"
	"strconv"
	"strings"
)

// near returns the hint for a name that is not one of names: the most similar
// one, else all of them if they are few.
func near(name string, names []string) string {
	best, least := "", 1+max(1, len(name)/3)
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	switch {
	case best != "":
		return "did you mean " + strconv.Quote(best) + "?"
	case len(names) > 0 && len(names) <= 30:
		return "one of " + strings.Join(names, ", ")
	}
	return ""
}

// distance is the number of letters to insert, drop, change or swap with their
// neighbour that lead from a to b.
func distance(a, b string) int {
	older, old := []int{}, make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(old[j+1]+1, row[j]+1, old[j]+change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
		older, old = old, row
	}
	return old[len(b)]
}

// anyOf tells whether a word is one of words.
func anyOf(word string, words ...string) bool { return slices.Contains(words, word) }
