package load

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"etl/internal/fault"

	"github.com/google/go-cmp/cmp"
)

func TestDamagedRecordsStopEverything(t *testing.T) { everyStore(t, damagedRecordsStopEverything) }

func damagedRecordsStopEverything(t *testing.T, open func(*testing.T) *Store) {
	for _, test := range []struct {
		name   string
		damage func(record string) string
		class  fault.Class
	}{
		{"empty", func(string) string { return "" }, fault.Storage},
		{"cut", func(r string) string { return r[:len(r)/2] }, fault.Storage},
		{"zeros", func(r string) string { return strings.Repeat("\x00", len(r)) }, fault.Storage},
		{"twice", func(r string) string { return r + r }, fault.Storage},
		{"of another number", func(r string) string { return strings.Replace(r, `"number": 1`, `"number": 2`, 1) }, fault.Storage},
		{"of another pipeline", func(r string) string { return strings.Replace(r, `"pipeline": "p"`, `"pipeline": "q"`, 1) }, fault.Storage},
		{"with a file that is not live", func(r string) string {
			return strings.Replace(r, `"path": "data/p/000001-0001`, `"path": "data/p/000001-0002`, 1)
		}, fault.Storage},
		{"with something unknown", func(r string) string { return strings.Replace(r, `"run"`, `"ran"`, 1) }, fault.Storage},
		{"of a newer format", func(r string) string { return strings.Replace(r, `"format": 1`, `"format": 2, "x": 1`, 1) }, fault.Config},
		{"of a newer format that looks the same", func(r string) string { return strings.Replace(r, `"format": 1`, `"format": 2`, 1) }, fault.Config},
		{"of no format", func(r string) string { return strings.Replace(r, `"format": 1`, `"for": 1`, 1) }, fault.Config},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := open(t).Dataset("p")
			base := job{}.commit(t, d, "run1", 0, files{"": "x"}, nil)
			st, draft, err := job{}.draft(d, "run2", base, files{"": "y"})
			if err != nil {
				t.Fatal(err)
			}
			record, err := d.store.objects.read(d.record(1))
			if err != nil {
				t.Fatal(err)
			}
			damaged := test.damage(string(record))
			if damaged == string(record) {
				t.Fatal("nothing was damaged")
			}
			if err := d.store.objects.put(d.record(1), []byte(damaged)); err != nil {
				t.Fatal(err)
			}
			before := tree(t, d.store, ".")
			_, err = d.Newest()
			wantClass(t, err, test.class, "commit 1 of p")
			wantClass(t, d.Recover(), test.class)
			_, err = d.Commit(context.Background(), st, draft)
			wantClass(t, err, test.class)
			if diff := cmp.Diff(before, tree(t, d.store, ".")); diff != "" {
				t.Errorf("something was written:\n%s", diff)
			}
		})
	}
}

func TestStrangersInTheLogAreNoCommits(t *testing.T) {
	d := open(t).Dataset("p")
	job{}.commit(t, d, "run1", 0, files{"": "x"}, nil)
	for _, name := range []string{"000000000009.json~", "9.json", "-00000000009.json", "x.json", "sub/x"} {
		name = filepath.Join(d.store.path, d.state("commits"), name)
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := d.Newest(); err != nil || c.Number != 1 {
		t.Errorf("the newest commit is %v, %v", c, err)
	}
}
