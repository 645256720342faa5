package pipeline

import (
	"time"

	"etl/load"
)

// A Summary is the result of a run, as scripts read it.
type Summary struct {
	Run        string   `json:"run"`
	Status     string   `json:"status"` // ok or failed
	Exit       int      `json:"exit"`
	Plan       string   `json:"plan,omitempty"`  // id of the plan that was worked on
	Shard      *int     `json:"shard,omitempty"` // of that plan
	Seconds    float64  `json:"seconds"`
	RetryAfter float64  `json:"retry_after,omitempty"` // seconds until trying again makes sense
	Error      string   `json:"error,omitempty"`       // why a run could not begin
	Hint       string   `json:"hint,omitempty"`        // what to do about it
	Pipelines  []Result `json:"pipelines"`

	sources []sourceUse
}

// States of a pipeline in a summary.
const (
	OK      = "ok"
	Failed  = "failed"
	Blocked = "blocked" // its parent pipeline failed
)

// A Result is what became of one pipeline in a run.
type Result struct {
	Name          string  `json:"name"`
	Status        string  `json:"status"`
	Proof         string  `json:"proof"`
	Pages         int64   `json:"pages"`
	Bytes         int64   `json:"bytes"` // of the pages' JSON text
	Served        int64   `json:"served"`
	Written       int64   `json:"written"`
	Duplicates    int64   `json:"duplicates"`
	Rejected      int64   `json:"rejected"`
	Reread        int64   `json:"reread"` // records of pages that were read again
	Asked         int64   `json:"asked"`  // parents
	Unchanged     int64   `json:"unchanged"`
	Gone          int64   `json:"gone"`
	DeclaredTotal *int64  `json:"declared_total"` // null: the API told none
	Slices        int64   `json:"slices"`         // committed
	Files         int64   `json:"files"`          // live, after the last commit
	Commit        int64   `json:"commit"`         // the last one; 0: none
	Seconds       float64 `json:"seconds"`
	Error         string  `json:"error"`

	Hint  string `json:"hint,omitempty"`  // what to do about the error
	Class string `json:"class,omitempty"` // kind of the error

	Dataset string       `json:"dataset,omitempty"` // folder or address of the data set, if this run committed
	Columns []DataColumn `json:"columns,omitempty"` // as they lie in its files, likewise

	Drift map[string]int64 `json:"drift,omitempty"` // members that the schema does not know, by path

	Drifted []load.Drifted `json:"drifted,omitempty"` // fields that differ from the schema or from commits before, by kind
	Checks  []load.Check   `json:"checks,omitempty"`  // checks of the data that were made

	err    error
	stages map[string]time.Duration // how long each took
}

// A DataColumn is a column of a data set, as a commit's schema has it.
type DataColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// describe says where the data set of a commit lies, and what its rows are.
func (r *Result) describe(ds *load.Dataset, schema load.SchemaRef) {
	r.Dataset = ds.Address()
	for _, c := range schema.Columns {
		r.Columns = append(r.Columns, DataColumn{c.Name, c.Type})
	}
}
