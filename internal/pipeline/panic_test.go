package pipeline

import (
	"errors"
	"strings"
	"testing"

	"etl/internal/fault"
)

// A panic of any goroutine is a bug of one pipeline, not the end of the others.
func TestPanicIsABug(t *testing.T) {
	w := newWorld(t, nil)
	s := w.run(Options{Progress: func(p Progress) {
		if p.Pipeline == "request_list" && !p.Done {
			panic("a fault in the display")
		}
	}}, "request_list", "workshop_resources")
	for _, r := range s.Pipelines {
		if broken := r.Name == "request_list"; broken != (r.Class == "bug") || broken != strings.Contains(r.Error, "the program broke") {
			t.Errorf("%s: %s %s", r.Name, r.Class, r.Error)
		}
	}
	if s.Exit != 1 {
		t.Errorf("exit %d", s.Exit)
	}
}

func TestCaught(t *testing.T) {
	want := errors.New("x")
	if err := caught(func() error { return want })(); !errors.Is(err, want) {
		t.Errorf("caught = %v", err)
	}
	if err := caught(func() error { panic("no") })(); fault.Of(err) != fault.Bug {
		t.Errorf("caught = %v", err)
	}
}
