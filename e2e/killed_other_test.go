//go:build !linux

package e2e

import "testing"

func TestKilledAtFileCalls(t *testing.T) {
	t.Skip("SKIPPED: it takes ptrace as Linux has it")
}

func TestPowerLost(t *testing.T) {
	t.Skip("SKIPPED: it takes ptrace as Linux has it")
}
