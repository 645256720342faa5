package pipeline

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails if tests leave goroutines behind: each ends what it has begun.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
