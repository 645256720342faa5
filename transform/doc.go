// Package transform turns pages of raw JSON into arrow.Record, as a schema says.
//
// It stands between extract, which finds the records of a page, and load, which
// writes batches. A value is written exactly as it was sent, or its record is
// set aside with the reason; nothing goes through a float but a float64, and
// nothing becomes NULL but what is missing, null, or declared to mean NULL.
//
// A record is read in one of two ways, into the same buffers, one per column in
// Arrow's layout. The rule is a tree of nodes, which takes every record and says
// what is wrong with it: one rule per type, written to be read. The shortcut is
// a plan made from the schema, which reads the usual spellings straight from the
// text; whatever is not as usual it leaves to the rule, from the start of the
// record. So it decides nothing, and tests hold each to the other. The shortcut
// needs no text that was checked: it takes nothing that is no JSON, and so a Scan
// may read records while jsonspan outlines their page.
//
// The package refuses to fetch, to look at more than the pages that it is given,
// and to judge how many rejects are too many.
package transform
