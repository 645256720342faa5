//go:build !race

package load

// slowness is 1 without the race detector: every test makes all of its steps.
const slowness = 1
