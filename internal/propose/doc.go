// Package propose proposes schemas from an OpenAPI document or from live pages,
// and tells how two schemas differ; it decides nothing silently.
//
// A proposal is a schema file that a person looks over before it is used: what
// is known of a column stands beside it as a comment, and what could not be
// decided stands above it, marked "undecided", and is listed apart. Every
// proposal can be read by package schemas, and one from pages reads those
// pages without a reject.
//
// The package reads what it is handed. It asks no network and follows no
// reference out of a document, and values of records leave it masked, but for
// codes of enums.
package propose
