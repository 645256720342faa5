package load

import "slices"

// Kinds of drift.
const (
	UnknownField  = "unknown"  // a member that the schema does not know
	VanishedField = "vanished" // a column that no record held any more
	RetypedField  = "retyped"  // a column whose values are of another kind of JSON than before
)

// A Drifted is a field by which what was read differs from what the schema
// knows, or from what the commits before it had seen.
type Drifted struct {
	Kind  string   `json:"kind" jsonschema:"unknown, vanished or retyped"`
	Path  string   `json:"path" jsonschema:"of the member in the records if it is unknown, else the name of the column"`
	Count int64    `json:"count,omitempty" jsonschema:"unknown: how often it was served; vanished: how many records, or objects in them, lack it"`
	Page  int64    `json:"page" jsonschema:"first page on which it was found, or missed"`
	Unit  string   `json:"unit,omitempty" jsonschema:"unit of the page, if there are several"`
	Slice string   `json:"slice,omitempty" jsonschema:"start of the slice of the page"`
	Was   []string `json:"was,omitempty" jsonschema:"retyped: kinds of values before"`
	Is    []string `json:"is,omitempty" jsonschema:"retyped: kinds of values that are new"`
}

// A SeenColumn says what the records have held of a column.
type SeenColumn struct {
	Type  string   `json:"type" jsonschema:"of the column in the schema"`
	Kinds []string `json:"kinds" jsonschema:"kinds of its values so far: bool, number, string, list, object; null if there was no other"`
	Held  int64    `json:"held" jsonschema:"records, or objects in them, that held it, also as null; those of the commits before count half each time"`
	Of    int64    `json:"of" jsonschema:"of so many"`
}

// A Check is a check of the data that was made, and what came of it.
type Check struct {
	Check   string `json:"check" jsonschema:"required, min, max, key, min_rows or max_shrink"`
	Column  string `json:"column,omitempty" jsonschema:"its name; of a key all of them, with commas"`
	Slice   string `json:"slice,omitempty" jsonschema:"start of the slice, if the rows of it alone were checked"`
	Limit   string `json:"limit,omitempty" jsonschema:"the bound, number or share that was asked for"`
	Checked int64  `json:"checked" jsonschema:"records that were read; of a key the rows; min_rows: rows of the data set; max_shrink: rows before"`
	Failed  int64  `json:"failed" jsonschema:"values that broke the bound or were missing; of a key the rows that were left out; min_rows, max_shrink: rows too few if the limit was broken"`
}

// news tells whether a commit has seen drift that its base knows nothing of.
func (c *Commit) news() bool {
	return slices.ContainsFunc(c.Drifted, func(d Drifted) bool { return d.Kind != UnknownField })
}
