package warehouse

import (
	"fmt"
	"testing"

	"etl/internal/fault"
	"etl/load"
)

func TestBigQueryRefuses(t *testing.T) {
	l, f := newLake(t), newFake(t)
	l.commit("requests", requests, "000001-0001")
	f.Create("requests", "VIEW")
	_, err := l.on(f).Load(t.Context(), l.stream("requests"))
	wantClass(t, err, fault.Config, "there is a view of that name which etl has not made")

	delete(f.Tables, "requests")
	l.commit("requests", requests, "000002-0001")
	if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
		t.Fatal(err)
	}
	old := newLake(t)
	old.commit("requests", requests, "000001-0001")
	_, err = old.on(f).Load(t.Context(), old.stream("requests"))
	wantClass(t, err, fault.Config, "the warehouse holds commit 2, the newest of the destination is 1")
	l.check(t, f, "requests")

	l.commit("requests", requests, "000003-0001")
	w := l.on(f)
	f.Read = func(address string, _ []byte) (string, int64, error) { return address, 77, nil }
	_, err = w.Load(t.Context(), l.stream("requests"))
	wantClass(t, err, fault.Data, `wrote "77" rows, its files hold 1`)

	w.Location = "US"
	_, err = w.Load(t.Context(), l.stream("requests"))
	wantClass(t, err, fault.Config, "the dataset lake lies in EU, not in US")
}

// A table takes so many load jobs a day: the rest follows on the next.
func TestBigQueryGoesOnTomorrow(t *testing.T) {
	l, f := newLake(t), newFake(t)
	var files []string
	for i := range maxLoadsADay + 5 {
		files = append(files, fmt.Sprintf("window=%04d-%02d-01/000001-%04d", 1900+i/12, i%12+1, i+1))
	}
	l.commit("requests", requests, files...)
	_, err := l.on(f).Load(t.Context(), l.stream("requests"))
	wantClass(t, err, fault.Transient, "5 slices are left")
	if _, err := l.on(f).Load(t.Context(), l.stream("requests")); err != nil {
		t.Fatal(err)
	}
	l.check(t, f, "requests")
	if loads, _, _ := counted(f); loads != len(files) {
		t.Errorf("%d load jobs for %d slices", loads, len(files))
	}
}

func TestColumnsOfBigQuery(t *testing.T) {
	nested := func(depth int) load.StoredColumn {
		c := load.StoredColumn{Name: "c", Type: "string"}
		for range depth {
			c = load.StoredColumn{Name: "c", Type: "struct", Fields: []load.StoredColumn{c}}
		}
		return c
	}
	list := load.StoredColumn{Name: "element", Type: "list", Fields: []load.StoredColumn{{Name: "element", Type: "int64"}}}
	for want, columns := range map[string][]load.StoredColumn{
		"":                               {{Name: "_extra", Type: "json"}, nested(14)},
		`column "größe" has a name`:      {{Name: "größe", Type: "string"}},
		"two columns Id for":             {{Name: "id", Type: "string"}, {Name: "Id", Type: "string"}},
		"two columns _etl_part for":      {{Name: "_etl_part", Type: "string"}},
		"begins with _PARTITION":         {{Name: "_partition_day", Type: "string"}},
		"deeper than the 15 levels":      {nested(15)},
		"column tags is a list of lists": {{Name: "tags", Type: "list", Fields: []load.StoredColumn{list}}},
		`column "s.1st" has a name`:      {{Name: "s", Type: "struct", Fields: []load.StoredColumn{{Name: "1st", Type: "string"}}}},
	} {
		err := checkColumns("requests", columns)
		if want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantClass(t, err, fault.Config, want)
	}
	wantClass(t, checkColumns("a.b", nil), fault.Config, "name of a table")
}
