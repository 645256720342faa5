// Package e2e runs the real binary against real servers and holds what it
// leaves on disk against what was served: the simulator of the four APIs
// (TestSim…), a Django application of its own (TestDjango…), and a machine that
// fails (TestProcess…).
//
// It drives etl as a process and imports nothing of it, so that no mistake can
// stand on both sides of a comparison. DuckDB reads the Parquet; it is the
// reason why this is a module of its own.
package e2e
