//go:build race

package load

// slowness is about how much longer a test takes that makes steps one after the
// other, in which the race detector has nothing to find: it makes as many fewer.
const slowness = 5
