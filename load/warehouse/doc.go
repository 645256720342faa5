// Package warehouse puts the newest published commit of a data set into DuckDB
// or BigQuery, exactly once.
//
// A warehouse keeps its own books, in tables whose names begin with _etl_: which
// commit of a pipeline it holds, and which parts of it. A part is a file in
// DuckDB, a slice or a partition in BigQuery. A load compares the parts that
// the commit has with those that the books have, brings over what differs, and
// writes the books in the same transaction. So it does not matter how often it
// runs, what it was interrupted in, or how many commits lie between two loads.
//
// Files are named one by one, never found by a pattern. A load that finds one
// gone was overtaken by a newer commit, and starts again with that.
package warehouse
