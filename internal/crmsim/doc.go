// Package crmsim is a server that behaves like the CRM APIs that etl reads,
// with made-up records.
//
// It is what the demo runs, tests drive and benchmarks measure against. It
// stands outside the flow of data: it knows nothing of etl, and etl meets it
// only over HTTP.
//
//   - Every record is made on demand from the seed, its stream and its ordinal,
//     so any number of them takes no memory, and equal settings give equal
//     bytes.
//   - Among the first 200 records of each stream is every awkward form of a
//     value that the real APIs are known to send.
//   - What is not known of the real APIs, and what can go wrong, is a [Switch].
//   - It keeps a ledger of what it served, and exports its truth: what a data
//     set should hold, written from the same typed values by its own code.
//
// An API is one entry of the table of apis, and the files that begin with its
// name.
package crmsim
