package pipeline

import (
	"path/filepath"
	"testing"

	"etl/internal/config"
	"etl/load"
)

// Refresh tokens stay on this machine, with the kept pages if they have a place
// of their own.
func TestStateFolder(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	root := t.TempDir()
	store, err := load.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		o    Options
		want string
	}{
		"below the destination": {Options{Store: store, Config: &config.Config{}}, filepath.Join(root, "_etl", "_state")},
		"without a store":       {Options{Config: &config.Config{Destination: "lake"}}, filepath.Join("lake", "_etl", "_state")},
		"with the kept pages":   {Options{Store: store, StageDir: "/stage"}, "/stage/_state"},
		"never in a bucket":     {Options{Config: &config.Config{Destination: "s3://bucket/lake"}}, filepath.Join(cache, "etl", "_state")},
	} {
		if got := tt.o.stateFolder(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
