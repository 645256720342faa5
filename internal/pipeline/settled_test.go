package pipeline

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	"etl/internal/config"
)

// A shelf is a list that moves: at a request it loses its first rows, and gains
// as many at its end.
type shelf struct {
	mu    sync.Mutex
	rows  []int
	next  int
	moves map[int]int // request → rows
	count int
	total bool // declare it
	extra int  // rows of a page that were not asked for
	habit func(request, offset int, p *shelfReply)
}

// A shelfReply is a page of a shelf, as its habit leaves it.
type shelfReply struct {
	Rows  []shelfRow `json:"rows"`
	Total *int       `json:"total,omitempty"`
}

type shelfRow struct {
	ID int `json:"id"`
}

func newShelf(n int) *shelf {
	s := &shelf{moves: map[int]int{}}
	for range n {
		s.add()
	}
	return s
}

func (s *shelf) add() {
	s.next++
	s.rows = append(s.rows, s.next)
}

func (s *shelf) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	for range min(s.moves[s.count], len(s.rows)) {
		s.rows = s.rows[1:]
		s.add()
	}
	size, _ := strconv.Atoi(r.FormValue("size"))
	offset, _ := strconv.Atoi(r.FormValue("offset"))
	if page, err := strconv.Atoi(r.FormValue("page")); err == nil {
		offset = (page - 1) * size
	}
	reply := &shelfReply{Rows: []shelfRow{}}
	for _, id := range s.rows[min(offset, len(s.rows)):min(offset+size+s.extra, len(s.rows))] {
		reply.Rows = append(reply.Rows, shelfRow{id})
	}
	if s.total {
		total := len(s.rows)
		reply.Total = &total
	}
	if s.habit != nil {
		s.habit(s.count, offset, reply)
	}
	_ = json.NewEncoder(rw).Encode(reply)
}

// readShelf runs one pipeline over a shelf, and returns its result and its ids.
func readShelf(t *testing.T, s *shelf, paging, rest string) (Result, []int64) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	w := newWorld(t, nil)
	dir := t.TempDir()
	writeFile(t, dir+"/row.yaml", "columns:\n  - { name: id, type: int64, required: true }\n")
	w.file = dir + "/pipelines.yaml"
	w.yaml = fmt.Sprintf(`
version: 1
destination: ./lake
sources: { shelf: { base_url: %s, records: rows, paging: %s } }
pipelines: { rows: { source: shelf, request: { path: /rows }, schema: ./row.yaml, key: [id], %s } }
`, server.URL, paging, rest)
	sum := w.run(Options{}, "rows")
	r := sum.Pipelines[0]
	if r.Status != OK {
		if sum.Exit != 6 {
			t.Fatalf("exit %d: %s", sum.Exit, r.Error)
		}
		if left := find(t, w.root, "data"); len(left) > 0 {
			t.Fatalf("an incomplete run left %v", left)
		}
		return r, nil
	}
	return r, w.ids("rows")
}

const shelfRows, shelfPage = 40, 8

// However a list moves while it is read, a run that commits with the proof
// settled holds every row that was there from its start to its end.
func TestSettled(t *testing.T) {
	pagings := map[string]string{
		"offset, sequential": `{ kind: offset, send: { offset: offset, size: size }, size: 8 }`,
		"offset, parallel":   `{ kind: offset, send: { offset: offset, size: size }, size: 8, read: { total: total } }`,
		"page, sequential":   `{ kind: page, send: { page: page, size: size }, size: 8 }`,
		"page, parallel":     `{ kind: page, send: { page: page, size: size }, size: 8, read: { total: total } }`,
	}
	for name, paging := range pagings {
		for at := 1; at <= shelfRows/shelfPage+1; at++ {
			for k := 1; k <= 5; k++ {
				t.Run(fmt.Sprintf("%s, request %d, %d rows", name, at, k), func(t *testing.T) {
					s := newShelf(shelfRows)
					s.total = paging[len(paging)-len("{ total: total } }"):] == "{ total: total } }"
					s.moves[at] = k
					r, ids := readShelf(t, s, paging, "complete: settled")
					if r.Status != OK {
						return
					}
					for id := k + 1; id <= shelfRows; id++ {
						if !slices.Contains(ids, int64(id)) {
							t.Errorf("row %d was there all the time and is missing", id)
						}
					}
					slices.Sort(ids)
					if len(slices.Compact(ids)) != int(r.Written) || r.Proof != config.Settled {
						t.Errorf("%d different rows, %d written, proof %q", len(slices.Compact(ids)), r.Written, r.Proof)
					}
				})
			}
		}
	}
}

// Overlapping pages do not fail for every move: they settle it.
func TestOverlapSettles(t *testing.T) {
	for _, total := range []bool{false, true} {
		paging := `{ kind: offset, send: { offset: offset, size: size }, size: 8 }`
		if total {
			paging = `{ kind: offset, send: { offset: offset, size: size }, size: 8, read: { total: total } }`
		}
		s := newShelf(shelfRows)
		s.total = total
		s.moves[3] = 2
		r, ids := readShelf(t, s, paging, "complete: settled")
		if r.Status != OK || len(ids) < shelfRows-2 {
			t.Errorf("total declared %v: %s %s, %d rows", total, r.Status, r.Error, len(ids))
		}
	}
}

// A list at rest costs no request more for being settled by overlap, and none
// of its rows twice.
func TestOverlapOfAListAtRest(t *testing.T) {
	s := newShelf(shelfRows)
	r, ids := readShelf(t, s, `{ kind: offset, send: { offset: offset, size: size }, size: 8 }`, "complete: settled")
	if r.Proof != config.Settled || len(ids) != shelfRows || r.Duplicates != 0 || s.count != shelfRows/shelfPage+1 {
		t.Errorf("proof %q, %d rows, %d duplicates, %d requests: %s", r.Proof, len(ids), r.Duplicates, s.count, r.Error)
	}
}

// Without settled, a moving list can lose a row in silence: this is what the
// weaker proofs leave open, and why they do not claim more.
func TestWalkedLeavesRoomForASkippedRow(t *testing.T) {
	s := newShelf(shelfRows)
	s.moves[3] = 1
	r, ids := readShelf(t, s, `{ kind: offset, send: { offset: offset, size: size }, size: 8 }`, "complete: walked")
	if r.Proof != config.Walked || slices.Contains(ids, 2*shelfPage+1) {
		t.Errorf("proof %q, row %d there: %v", r.Proof, 2*shelfPage+1, slices.Contains(ids, 2*shelfPage+1))
	}
}

// A page that comes short before the end moves the pages that were planned
// after it: none of their rows is lost.
func TestShortPageBeforeTheEnd(t *testing.T) {
	w := newWorld(t, map[string]string{"calls.short": "3"})
	c := w.config()
	for i := range c.Pipelines {
		c.Pipelines[i].Paging.Size = 7
	}
	if r := w.ok(Options{Config: c}, "sales_funnels")["sales_funnels"]; r.Written != 40 || r.Duplicates != 0 {
		t.Errorf("%d rows, %d duplicates, want 40 and 0", r.Written, r.Duplicates)
	}
}

// A total that the API does not keep to still tells a list that is nearly all
// there from one that is not.
func TestHintFarFromTheEnd(t *testing.T) {
	w := newWorld(t, map[string]string{"calls.fail": "hole:1:1"})
	if s := w.run(Options{}, "sales_funnels"); s.Exit != 6 {
		t.Errorf("an empty first page of 40 rows: exit %d", s.Exit)
	}
	w = newWorld(t, map[string]string{"calls.total": "+1"})
	if r := w.ok(Options{}, "sales_funnels")["sales_funnels"]; r.Written != 40 || *r.DeclaredTotal != 41 {
		t.Errorf("%d rows of %d declared", r.Written, *r.DeclaredTotal)
	}
}
