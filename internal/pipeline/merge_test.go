package pipeline

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const merged = `
version: 1
destination: ./lake
sources: { shop: { base_url: "${SHOP_URL}", timezone: UTC, records: "$" } }
pipelines:
  orders:
    source: shop
    request: { path: /orders }
    paging: none
    schema: ./order.yaml
    key: [id]
    version: updated
    write: merge
    partition: [ { by: day, of: placed } ]
`

// A till answers with the text that it was given last.
type till struct {
	mu   sync.Mutex
	text string
}

func (s *till) say(rows ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = "[" + strings.Join(rows, ",") + "]"
}

func (s *till) ServeHTTP(rw http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = rw.Write([]byte(s.text))
}

func newTill(t *testing.T) (*till, *world) {
	s := &till{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	w := newWorld(t, nil)
	dir := t.TempDir()
	writeFile(t, dir+"/order.yaml", `columns:
  - { name: id, type: int64, required: true }
  - { name: placed, type: date }
  - { name: updated, type: int64 }
  - { name: note, type: string }
`)
	w.yaml, w.file, w.env["SHOP_URL"] = merged, dir+"/pipelines.yaml", server.URL
	return s, w
}

func order1(id, day, updated, note string) string {
	return `{"id":` + id + `,"placed":"2026-01-` + day + `","updated":` + updated + `,"note":"` + note + `"}`
}

// orders returns the live rows as "folder id note", sorted.
func (w *world) orders() (rows []string) {
	w.t.Helper()
	w.scan("orders", []string{"id", "placed", "note"}, func(row []any) {
		rows = append(rows, row[1].(string)[8:]+" "+string(rune('0'+row[0].(int64)))+" "+row[2].(string))
	})
	slices.Sort(rows)
	return rows
}

func TestMerge(t *testing.T) {
	s, w := newTill(t)
	s.say(order1("1", "01", "1", "a"), order1("2", "02", "1", "a"), order1("3", "02", "5", "a"))
	w.ok(Options{})
	tests := []struct {
		name       string
		say        []string
		want       []string
		duplicates int64
		touched    []string // folders whose files are other ones
	}{
		{
			name: "a new row comes in", say: []string{order1("4", "03", "1", "b")},
			want: []string{"01 1 a", "02 2 a", "02 3 a", "03 4 b"}, touched: []string{"placed_day=2026-01-03"},
		},
		{
			name: "a newer version takes the place of the stored one", say: []string{order1("2", "02", "2", "c")},
			want: []string{"01 1 a", "02 2 c", "02 3 a", "03 4 b"}, touched: []string{"placed_day=2026-01-02"},
		},
		{
			name: "an older version than the stored one is a duplicate", say: []string{order1("3", "02", "4", "d"), order1("1", "01", "2", "d")},
			want: []string{"01 1 d", "02 2 c", "02 3 a", "03 4 b"}, duplicates: 1, touched: []string{"placed_day=2026-01-01"},
		},
		{
			name: "a row that moved leaves its old partition", say: []string{order1("4", "01", "2", "e")},
			want: []string{"01 1 d", "01 4 e", "02 2 c", "02 3 a"}, touched: []string{"placed_day=2026-01-01", "placed_day=2026-01-03"},
		},
		{
			name: "of two versions in one reading the newer stays", say: []string{order1("2", "02", "9", "f"), order1("2", "02", "8", "g")},
			want: []string{"01 1 d", "01 4 e", "02 2 f", "02 3 a"}, duplicates: 1, touched: []string{"placed_day=2026-01-02"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := w.files("orders")
			s.say(tt.say...)
			r := w.ok(Options{})["orders"]
			if diff := cmp.Diff(tt.want, w.orders()); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if r.Duplicates != tt.duplicates {
				t.Errorf("%d duplicates, want %d", r.Duplicates, tt.duplicates)
			}
			if diff := cmp.Diff(tt.touched, touched(before, w.files("orders"))); diff != "" {
				t.Errorf("touched folders (-want +got):\n%s", diff)
			}
		})
	}
}

// files returns the live files by folder.
func (w *world) files(pipeline string) map[string][]string {
	w.t.Helper()
	commit, err := w.dataset(pipeline).Published()
	if err != nil {
		w.t.Fatal(err)
	}
	byFolder := map[string][]string{}
	for _, f := range commit.Files {
		parts := strings.Split(f.Path, "/")
		folder := parts[len(parts)-2]
		byFolder[folder] = append(byFolder[folder], f.Path)
	}
	return byFolder
}

func touched(before, after map[string][]string) (folders []string) {
	for folder := range before {
		if !slices.Equal(before[folder], after[folder]) {
			folders = append(folders, folder)
		}
	}
	for folder := range after {
		if before[folder] == nil {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	return folders
}
