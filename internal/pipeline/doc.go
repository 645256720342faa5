// Package pipeline joins the three stages.
//
//	plan → fetch → transform → load → commit
//
// It decides what is read (slices, units, parents), starts the goroutines that
// read it, hands pages on in plan order, counts what came, judges whether that
// proves the list complete, and commits. What a page is, extract knows; what a
// row is, transform knows; how a data set changes, load knows. The order of
// everything that reaches a file follows from the plan alone, never from
// time, so that the same pages give the same bytes.
package pipeline
