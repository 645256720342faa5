package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/load"
)

const goods = `
version: 1
destination: ./lake
sources:
  shop: { base_url: "${SHOP_URL}", timezone: UTC, records: list, paging: { kind: page, send: { page: page, size: size }, size: 10, read: { total: total } } }
pipelines:
  goods:
    source: shop
    request: { path: /goods }
    schema: ./goods.yaml
    key: [id]
    min_rows: 5
    max_rejects: 5
`

const goodsColumns = `columns:
  - { name: id, type: int64, required: true }
  - { name: price, type: "decimal(10,2)", min: 0 }
  - { name: note, type: string }
  - { name: never, type: string }
  - { name: parts, type: list<struct>, fields: [ { name: size, type: int64 } ] }
`

// newGoods is a source of records by text, ten to a page.
func newGoods(t *testing.T) (w *world, serve func(record func(i int) string, records int)) {
	t.Helper()
	var record func(int) string
	var records int
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		page := 1
		_, _ = fmt.Sscan(r.FormValue("page"), &page)
		var list []string
		for i := (page - 1) * 10; i < min(page*10, records); i++ {
			list = append(list, record(i))
		}
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rw, `{"total":%d,"list":[%s]}`, records, strings.Join(list, ","))
	}))
	t.Cleanup(server.Close)
	w = newWorld(t, nil)
	dir := t.TempDir()
	writeFile(t, dir+"/goods.yaml", goodsColumns)
	w.yaml, w.file = goods, dir+"/pipelines.yaml"
	w.env["SHOP_URL"] = server.URL
	return w, func(f func(int) string, n int) { record, records = f, n }
}

func plainGood(i int) string {
	return fmt.Sprintf(`{"id":%d,"price":%d.5,"note":null,"parts":[{"size":1}]}`, i, i)
}

// What a source sends otherwise than before is told once, with the first page on
// which it was found; what it never sent is not missed.
func TestDrift(t *testing.T) {
	from := func(first int, text string) func(int) string {
		return func(i int) string {
			if i < first {
				return plainGood(i)
			}
			return strings.ReplaceAll(text, "ID", fmt.Sprint(i))
		}
	}
	retyped := []load.Drifted{{Kind: "retyped", Path: "price", Page: 2, Was: []string{"number"}, Is: []string{"string"}}}
	tests := []struct {
		name    string
		record  func(int) string
		records int
		want    []load.Drifted
	}{
		{"nothing", plainGood, 30, nil},
		{"an unknown member", from(12, `{"id":ID,"price":1,"note":"","tags":[],"parts":[{"size":1,"x":1}]}`), 30,
			[]load.Drifted{{Kind: "unknown", Path: "parts[].x", Count: 18, Page: 2}, {Kind: "unknown", Path: "tags", Count: 18, Page: 2}}},
		{"numbers come quoted, and fit", from(19, `{"id":ID,"price":"1.5","note":"","parts":[{"size":1}]}`), 30, retyped},
		{"a kind that does not fit, and is set aside", from(19, `{"id":ID,"price":[1],"note":"","parts":[{"size":1}]}`), 20,
			[]load.Drifted{{Kind: "retyped", Path: "price", Page: 2, Was: []string{"number"}, Is: []string{"list"}}}},
		{"a column has vanished", from(0, `{"id":ID,"price":1,"parts":[{"size":1}]}`), 30, []load.Drifted{{Kind: "vanished", Path: "note", Count: 30, Page: 1}}},
		{"a column inside of a list has vanished", from(0, `{"id":ID,"price":1,"note":"","parts":[{}]}`), 30, []load.Drifted{{Kind: "vanished", Path: "parts.size", Count: 30, Page: 1}}},
		{"null is not missing, and an empty list holds nothing to miss", from(0, `{"id":ID,"price":null,"note":null,"parts":[]}`), 30, nil},
		{"in some records is not missing", from(1, `{"id":ID,"price":1,"parts":[{}]}`), 30, nil},
		{"no records, nothing to miss", plainGood, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, serve := newGoods(t)
			serve(plainGood, 30)
			if r := w.ok(Options{}, "goods")["goods"]; len(r.Drifted) > 0 {
				t.Errorf("the first run has drifted: %+v", r.Drifted)
			}
			serve(tt.record, tt.records)
			r := w.ok(Options{AllowShrink: true}, "goods")["goods"]
			if diff := cmp.Diff(tt.want, r.Drifted); diff != "" {
				t.Errorf("drifted (-want +got):\n%s", diff)
			}
			commit, err := w.dataset("goods").Newest()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, commit.Drifted); diff != "" {
				t.Errorf("drifted, in the commit (-want +got):\n%s", diff)
			}
			for _, d := range w.ok(Options{AllowShrink: true}, "goods")["goods"].Drifted {
				if d.Kind != load.UnknownField {
					t.Errorf("it is told again: %+v", d)
				}
			}
		})
	}
}

// With drift: fail each kind of drift stops the commit, and the message tells
// the field and the page.
func TestEveryDriftFails(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":ID,"price":1,"note":"","parts":[],"new":1}`: "new is not in the schema (page 1)",
		`{"id":ID,"price":"1","note":"","parts":[]}`:       "price comes as string, and was number (page 1)",
		`{"id":ID,"price":1,"parts":[]}`:                   "note has vanished (page 1)",
	} {
		w, serve := newGoods(t)
		writeFile(t, strings.TrimSuffix(w.file, "pipelines.yaml")+"goods.yaml", "drift: fail\n"+goodsColumns)
		serve(plainGood, 30)
		w.ok(Options{}, "goods")
		serve(func(i int) string { return strings.ReplaceAll(text, "ID", fmt.Sprint(i)) }, 30)
		s := w.run(Options{}, "goods")
		if r := s.Pipelines[0]; s.Exit != 4 || r.Commit != 1 || !strings.Contains(r.Error, want) || len(r.Drifted) != 1 {
			t.Errorf("%s: exit %d: %s: %+v", text, s.Exit, r.Error, r.Drifted)
		}
	}
}

// A column that few records hold has not vanished because few records lack it.
func TestAbsent(t *testing.T) {
	tests := []struct {
		held, of, n int64
		want        float64
	}{
		{1, 1, 1, 1. / 2}, {3, 3, 3, 1. / 20}, {1000, 1000, 1, 1. / 1001}, {10, 10, 0, 1}, {0, 10, 100, 1}, {1, 9, 1, 9. / 10}, {1, 1, 99, 1. / 100},
	}
	for _, tt := range tests {
		got := absent(load.SeenColumn{Held: tt.held, Of: tt.of}, tt.n)
		if diff := got - tt.want; diff > 1e-12 || diff < -1e-12 {
			t.Errorf("%d of %d, and none of %d: %v, want %v", tt.held, tt.of, tt.n, got, tt.want)
		}
	}
	if p := absent(load.SeenColumn{Held: 1e6, Of: 1e6}, 1e6); p >= chanceOfAbsence {
		t.Errorf("a million and none of a million: %v", p)
	}
}

// Checks say that they were made, and how often values failed.
func TestChecks(t *testing.T) {
	w, serve := newGoods(t)
	serve(func(i int) string {
		switch i {
		case 3:
			return `{"price":1}`
		case 4, 5:
			return fmt.Sprintf(`{"id":%d,"price":-1}`, i)
		}
		return plainGood(i)
	}, 30)
	r := w.ok(Options{}, "goods")["goods"]
	want := []load.Check{
		{Check: "required", Column: "id", Checked: 30, Failed: 1},
		{Check: "min", Column: "price", Limit: "0", Checked: 30, Failed: 2},
		{Check: "key", Column: "id", Checked: 27},
		{Check: "min_rows", Limit: "5", Checked: 27},
	}
	if diff := cmp.Diff(want, r.Checks); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	commit, err := w.dataset("goods").Newest()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, commit.Checks); diff != "" {
		t.Errorf("checks, in the commit (-want +got):\n%s", diff)
	}
	serve(plainGood, 10)
	s := w.run(Options{}, "goods")
	last := s.Pipelines[0].Checks
	if diff := cmp.Diff(load.Check{Check: "max_shrink", Limit: "50%", Checked: 27, Failed: 17}, last[len(last)-1]); s.Exit != 4 || diff != "" {
		t.Errorf("exit %d, check (-want +got):\n%s", s.Exit, diff)
	}
}
