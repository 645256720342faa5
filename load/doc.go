// Package load brings rows into a data set: partitioned Parquet files that only
// a commit makes visible, on a disk or in a bucket.
//
// It stands last in the flow: transform hands it rows as arrow.Record, in page
// order. A Writer splits them by partition and encodes them into files of a
// Stage, which one run alone writes to; Merge brings them together with the
// rows that a commit already holds. Commit takes the files of a stage up in one
// step, and Publish moves them to where readers look.
//
// Inside a Writer a row goes through four forms: arrow.Record → vector (the
// values and levels of one leaf) → block (1024 rows of all leaves) → row group.
// A file is as its blocks are, and blocks are cut by counting rows: so equal
// rows in equal order make equal bytes, however they came in. Encodings follow
// from a file's first block, and memory is looked at only at fixed rows.
//
// The package knows nothing of JSON, of APIs, or of where rows come from. It
// starts no goroutine, and it trusts no file: what it has written it reads
// back, and what it reads it checks against the hash in the commit.
package load
