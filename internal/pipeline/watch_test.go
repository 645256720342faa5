package pipeline

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/jsonspan"
	"etl/transform"
)

// What units have seen, each for itself and written down in between, is what one
// reading sees.
func TestWatchesJoin(t *testing.T) {
	number, text := transform.Kinds(1<<jsonspan.Number), transform.Kinds(1<<jsonspan.String)
	unit := func(kinds transform.Kinds, page int64) *watch {
		w := &watch{Seen: make([]sighting, 1), Unknown: map[string]*stranger{}, Breaches: map[string]int64{"min price": 1}}
		w.Seen[0].add(2, kinds, func(jsonspan.Kind) spot { return spot{Page: page} })
		w.stranger("new", 3, spot{Page: page})
		return w
	}
	all := &watch{Seen: make([]sighting, 1), Unknown: map[string]*stranger{}, Breaches: map[string]int64{}}
	for i, w := range []*watch{unit(number, 4), unit(number|text, 2)} {
		data, err := json.Marshal(w)
		var read watch
		if err == nil {
			err = json.Unmarshal(data, &read)
		}
		if err != nil {
			t.Fatal(err)
		}
		all.join(&read, i)
	}
	want := []any{
		[]sighting{{Times: 4, Kinds: number | text, First: map[jsonspan.Kind]spot{jsonspan.Number: {4, 0}, jsonspan.String: {2, 1}}}},
		map[string]*stranger{"new": {6, spot{4, 0}}}, map[string]int64{"min price": 2},
	}
	if diff := cmp.Diff(want, []any{all.Seen, all.Unknown, all.Breaches}); diff != "" {
		t.Errorf("joined (-want +got):\n%s", diff)
	}
}
