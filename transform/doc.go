// Package transform turns a page of raw JSON into one arrow.Record, as a schema
// says.
//
// It stands between extract, which finds the records of a page, and load, which
// writes batches. A value is written exactly as it was sent, or its record is
// set aside with the reason; nothing goes through a float but a float64, and
// nothing becomes NULL but what is missing, null, or declared to mean NULL.
//
// The package refuses to fetch, to look at other pages, and to judge how many
// rejects are too many. It is written to be read: one tree per record, one
// buffer per column, one rule per type.
package transform
