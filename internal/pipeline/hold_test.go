package pipeline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// A hold lets pages in as long as there is room, and always the next one of the
// list whose turn it is.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHold(100)
		first, second := share{of: &claim{}}, share{of: &claim{}}
		in := func(s *share) <-chan int64 {
			done := make(chan int64, 1)
			go func() {
				size, err := h.enter(t.Context(), s)
				if err != nil {
					t.Error(err)
				}
				done <- size
			}()
			synctest.Wait()
			return done
		}
		if len(in(&second)) != 1 {
			t.Fatal("an empty hold lets no page in")
		}
		h.arrive(&second, 0, 150, 150)
		ahead := in(&second)
		if len(ahead) != 0 {
			t.Error("a full hold lets a page in")
		}
		waits := in(&first)
		if len(waits) != 0 {
			t.Error("a full hold lets a list in whose turn it is not")
		}
		h.lead(&first)
		synctest.Wait()
		if len(waits) != 1 {
			t.Error("the next page that is needed does not come")
		}
		h.arrive(&first, 0, 70, 70)
		next := in(&first)
		h.leave(&first, 70)
		synctest.Wait()
		if len(next) != 1 || <-next != 70 {
			t.Error("the page after it does not count what the last one did")
		}
		h.end(first.of)
		h.leave(&first, 70) // counts no more
		if h.used != 150 {
			t.Errorf("%d bytes are used of a reading that ended, want 150", h.used)
		}
		h.leave(&second, 150)
		synctest.Wait()
		if len(ahead) != 1 {
			t.Error("the page that waited does not come")
		}
	})
}

func TestHoldOfARunThatEnds(t *testing.T) {
	h := newHold(0)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stopped")
	cancel(why)
	if _, err := h.enter(ctx, &share{of: &claim{}}); !errors.Is(err, why) {
		t.Errorf("it waits or comes in with %v", err)
	}
}

// However little may wait, a run ends, and with the same files.
func TestRunWithOnePageAtATime(t *testing.T) {
	pipelines := []string{"request_list", "requests", "workshop_resources", "projects"}
	files := map[int64]map[string]map[string]string{}
	for _, ahead := range []int64{0, 1} {
		w := newWorld(t, nil)
		w.ok(Options{Ahead: ahead}, pipelines...)
		files[ahead] = map[string]map[string]string{}
		for _, p := range pipelines {
			files[ahead][p] = w.tree(p)
		}
	}
	if diff := cmp.Diff(files[0], files[1]); diff != "" {
		t.Error(diff)
	}
}
