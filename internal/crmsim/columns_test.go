package crmsim

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// columns walks through a row of truth and notes its columns, in order, and
// which of them hold a value.
func columns(t *testing.T, text, path string, order *[]string, filled map[string]bool) {
	t.Helper()
	if text == "null" {
		return
	}
	filled[path] = true
	switch text[0] {
	case '[':
		for _, element := range decode[[]json.RawMessage](t, text) {
			columns(t, string(element), path+"[]", order, filled)
		}
	case '{':
		d := json.NewDecoder(strings.NewReader(text))
		_, _ = d.Token()
		for d.More() {
			name, err := d.Token()
			var value json.RawMessage
			if err != nil || d.Decode(&value) != nil {
				t.Fatalf("reading %s", path)
			}
			column := strings.TrimPrefix(fmt.Sprintf("%s.%s", path, name), ".")
			if !slices.Contains(*order, column) {
				*order = append(*order, column)
			}
			columns(t, string(value), column, order, filled)
		}
	}
}

// enough is a scale at which a stream has 200 records.
func enough(stream string) float64 {
	switch {
	case stream == "users":
		return 4
	case strings.HasPrefix(stream, "user_"):
		return 1
	case strings.HasPrefix(stream, "project"):
		return 0.3
	}
	return 0.1
}

func TestEveryColumnIsFilledAmongTheFirst200(t *testing.T) {
	for _, seed := range []uint64{1, 7, 42} {
		for _, stream := range open(t, Options{}).server.Streams() {
			c := open(t, Options{Seed: seed, Scale: enough(stream)})
			var order []string
			filled := map[string]bool{}
			for _, row := range c.truth(stream)[:200] {
				columns(t, row, "", &order, filled)
			}
			for _, column := range order {
				if !filled[column] {
					t.Errorf("seed %d: %s: %s is null in every row", seed, stream, column)
				}
			}
			slices.Sort(order)
			golden(t, "testdata/columns/"+stream+".txt", strings.Join(order, "\n")+"\n")
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s:\n%s", name, diff)
	}
}
