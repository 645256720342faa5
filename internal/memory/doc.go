// Package memory tells the garbage collector how much memory a process may take.
// It stands beside the flow: the binary calls it once, before anything else.
//
// It refuses to decide for a user who has decided: GOGC and GOMEMLIMIT are left
// as they are.
package memory
