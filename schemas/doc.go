// Package schemas says what a row is.
//
// A schema is a file, <system>/<stream>.yaml, that lists the columns of a
// stream: where each is found in a record, its type, and what may be missing.
// transform follows it from JSON to arrow.Record, load follows it from
// arrow.Record to Parquet and SQL; both get everything they know about a
// record from here, and so never need to know of each other.
//
// The package reads schema files and reports every mistake with its place. It
// refuses to look at data: it knows no JSON and no Parquet.
package schemas
