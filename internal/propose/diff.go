package propose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"etl/load"
)

// A Change is one difference between the columns of two schemas.
type Change struct {
	Kind   string   // added, dropped, retyped, reordered, nullability
	Column string   // path: "services.price"
	What   string   // "int64 → string"
	Breaks []string // readers that it breaks: BigQueryLoad, DuckDBView; empty: none
}

// Readers of a data set that a change can break.
const (
	BigQueryLoad = "BigQuery load"
	DuckDBView   = "DuckDB view"
)

// Diff compares the columns of a data set before and after, as they lie in its
// files: added, dropped and retyped ones, those that may be NULL now or no more,
// and a new order. Readers go by name; a reader breaks if what it reads is gone
// or is of a type that its own does not take.
func Diff(before, after []load.StoredColumn) []Change { return diff(before, after, "") }

// Breaks tells whether any change breaks a reader.
func Breaks(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return len(c.Breaks) > 0 })
}

func diff(before, after []load.StoredColumn, path string) (changes []Change) {
	both := []string{BigQueryLoad, DuckDBView}
	var stay [2][]string // names of both sides, in the order of each
	for _, b := range before {
		if named(after, b.Name) == nil {
			changes = append(changes, Change{"dropped", path + b.Name, shown(b), both})
			continue
		}
		stay[0] = append(stay[0], b.Name)
	}
	for _, a := range after {
		b := named(before, a.Name)
		if b == nil {
			changes = append(changes, Change{Kind: "added", Column: path + a.Name, What: shown(a), Breaks: mustBeThere(a)})
			continue
		}
		stay[1] = append(stay[1], a.Name)
		changes = append(changes, compare(*b, a, path+a.Name)...)
	}
	if !slices.Equal(stay[0], stay[1]) {
		changes = append(changes, Change{Kind: "reordered", Column: strings.TrimSuffix(path, "."), What: firstMoved(stay[0], stay[1])})
	}
	return changes
}

func named(columns []load.StoredColumn, name string) *load.StoredColumn {
	for i := range columns {
		if columns[i].Name == name {
			return &columns[i]
		}
	}
	return nil
}

// mustBeThere says whom an added column breaks: a table of BigQuery takes no
// new one that is REQUIRED.
func mustBeThere(c load.StoredColumn) []string {
	if c.Required {
		return []string{BigQueryLoad}
	}
	return nil
}

func firstMoved(before, after []string) string {
	for i := range before {
		if before[i] != after[i] {
			return fmt.Sprintf("%s stands where %s stood", after[i], before[i])
		}
	}
	return ""
}

// shown writes the type of a column.
func shown(c load.StoredColumn) string {
	if c.Type == "list" && len(c.Fields) == 1 {
		return "list<" + shown(c.Fields[0]) + ">"
	}
	return c.Type
}

// compare compares two columns of one name.
func compare(before, after load.StoredColumn, path string) (changes []Change) {
	if before.Required != after.Required {
		what := "may be NULL now"
		if after.Required {
			what = "never NULL any more"
		}
		changes = append(changes, Change{Kind: "nullability", Column: path, What: what})
	}
	inner := func(c load.StoredColumn) bool { return len(c.Fields) > 0 }
	switch {
	case before.Type == after.Type && before.Type == "struct":
		return append(changes, diff(before.Fields, after.Fields, path+".")...)
	case before.Type == after.Type && before.Type == "list" && inner(before) && inner(after):
		return append(changes, compare(before.Fields[0], after.Fields[0], path)...)
	case before.Type == after.Type:
		return changes
	}
	c := Change{Kind: "retyped", Column: path, What: shown(before) + " → " + shown(after)}
	if bigQueryType(before.Type) != bigQueryType(after.Type) {
		c.Breaks = append(c.Breaks, BigQueryLoad)
	}
	if !widens(before.Type, after.Type) {
		c.Breaks = append(c.Breaks, DuckDBView)
	}
	return append(changes, c)
}

// bigQueryType returns the type that a load of Parquet gives a column in
// BigQuery.
func bigQueryType(stored string) string {
	switch stored {
	case "int32", "int64", "duration":
		return "INT64"
	case "string", "uuid", "json":
		return "STRING"
	}
	if p, s, ok := digits(stored); ok {
		if p-s <= 29 && s <= 9 {
			return "NUMERIC"
		}
		return "BIGNUMERIC"
	}
	return stored
}

// widens tells whether DuckDB reads every value of a type as one of another, and
// compares it as before.
func widens(from, to string) bool {
	switch from + " " + to {
	case "int32 int64", "json string", "string json":
		return true
	}
	p, s, ok := digits(from)
	q, t, too := digits(to)
	return ok && too && t >= s && q-t >= p-s
}

// digits reads "decimal(p,s)".
func digits(stored string) (precision, scale int, ok bool) {
	inside, ok := strings.CutPrefix(stored, "decimal(")
	if !ok {
		return 0, 0, false
	}
	p, s, _ := strings.Cut(strings.TrimSuffix(inside, ")"), ",")
	precision, err := strconv.Atoi(p)
	scale, other := strconv.Atoi(s)
	return precision, scale, err == nil && other == nil
}
