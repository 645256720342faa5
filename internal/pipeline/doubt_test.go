package pipeline

import (
	"strings"
	"testing"

	"etl/internal/config"
)

// A server that always sends more rows than were asked for is read whole, and
// asked for nothing twice but the empty place that ends the list.
func TestPagesLongerThanAskedFor(t *testing.T) {
	s := newShelf(shelfRows)
	s.extra = 3
	const paging = `{ kind: offset, send: { offset: offset, size: size }, size: 8 }, limits: { concurrency: 1 }`
	r, ids := readShelf(t, s, paging, "")
	if r.Proof != config.Walked || len(ids) != shelfRows || r.Duplicates != 0 || r.Reread != 0 {
		t.Errorf("%d rows: %+v", len(ids), r)
	}
	if want := (shelfRows+10)/11 + 2; s.count != want {
		t.Errorf("%d requests, want %d", s.count, want)
	}
}

// What a list without a kept total tells against itself is read again. Where it
// is a habit of the source it is found to be one, where rows are missing they
// come, and neither takes more requests than it must.
func TestDoubts(t *testing.T) {
	const (
		plain = `{ kind: offset, send: { offset: offset, size: size }, size: 8 }, limits: { concurrency: 1 }`
		hint  = `{ kind: offset, send: { offset: offset, size: size }, size: 8, read: { total: { at: total, is: hint } } }, limits: { concurrency: 1 }`
	)
	once := func(do func(*shelfReply)) func(int, int, *shelfReply) {
		return func(request, _ int, p *shelfReply) {
			if request == 2 {
				do(p)
			}
		}
	}
	at := func(offset int, do func(*shelfReply)) func(int, int, *shelfReply) {
		return func(_, is int, p *shelfReply) {
			if is == offset {
				do(p)
			}
		}
	}
	longer := func(p *shelfReply) { p.Rows = append(p.Rows, p.Rows[len(p.Rows)-1]) }
	twice := func(p *shelfReply) { p.Rows[7] = p.Rows[0] }
	more := func(p *shelfReply) { *p.Total++ }
	first := func(p *shelfReply) { p.Rows[0].ID = 1 }
	tests := []struct {
		name, paging string
		habit        func(request, offset int, p *shelfReply)
		extra        int // requests beside those of a list without the habit
		rows         int
		duplicates   int64
		reread       int64
		why          string // it is not committed
	}{
		{"a list at rest", plain, nil, 0, 40, 0, 0, ""},
		{"a list at rest, with a hint", hint, nil, 0, 40, 0, 0, ""},
		{"a longer page with a row twice: the row after it is put in", plain, once(longer), 1, 40, 8, 0, ""},
		{"every page like that: too many rows are missing", plain, func(_, _ int, p *shelfReply) {
			if len(p.Rows) > 0 {
				longer(p)
			}
		}, 4, 0, 0, 0, "rows are missing after it"},
		{"a row twice in place of another: the page is read again", plain, once(twice), 1, 40, 0, 8, ""},
		{"a row twice whenever it is asked for: so is the source", plain, at(8, twice), 1, 39, 1, 8, ""},
		{"another total once: the page is read again", hint, once(more), 1, 40, 0, 8, ""},
		{"another total of one page, always: so is the source", hint, at(8, more), 1, 40, 0, 8, ""},
		{"every page has a total of its own, always: its ends are read again", hint, func(_, offset int, p *shelfReply) { *p.Total -= offset }, 2, 40, 0, 16, ""},
		{"a total that grew: the pages before are read again", hint, func(request, _ int, p *shelfReply) {
			if request > 2 {
				more(p)
			}
		}, 2, 40, 0, 16, ""},
		{"a row in two pages apart, once: all between are read again", plain, once(func(p *shelfReply) { p.Rows[0].ID = 40 }), 4, 40, 0, 32, ""},
		{"a row in two pages apart, always: the list has no order", plain, at(24, first), 4, 0, 0, 0, "two pages that do not touch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read := func(habit func(int, int, *shelfReply)) (Result, []int64, int) {
				s := newShelf(shelfRows)
				s.total, s.habit = tt.paging == hint, habit
				r, ids := readShelf(t, s, tt.paging, "")
				return r, ids, s.count
			}
			_, _, undisturbed := read(nil)
			r, ids, requests := read(tt.habit)
			if tt.why != "" {
				if r.Proof == config.Walked || !strings.Contains(r.Error, tt.why) {
					t.Errorf("%s: proof %q, %s, want %q", r.Status, r.Proof, r.Error, tt.why)
				}
			} else if r.Proof != config.Walked || len(ids) != tt.rows || r.Duplicates != tt.duplicates || r.Reread != tt.reread {
				t.Errorf("%s: proof %q, %d rows, %d duplicates, %d read again, want walked, %d, %d, %d",
					r.Status, r.Proof, len(ids), r.Duplicates, r.Reread, tt.rows, tt.duplicates, tt.reread)
			}
			if requests-undisturbed != tt.extra {
				t.Errorf("%d requests more than of a list at rest, want %d", requests-undisturbed, tt.extra)
			}
		})
	}
}

// An empty place that ends a list is asked for once more: once of a pipeline,
// and of a long one once for each ten requests.
func TestMayDoubt(t *testing.T) {
	for asked, want := range map[int64]int{0: 1, 9: 1, 20: 2, 35: 3} {
		j, n := &job{}, 0
		j.asked.Store(asked)
		for j.mayDoubt() {
			n++
		}
		if n != want {
			t.Errorf("of %d requests %d are asked again, want %d", asked, n, want)
		}
	}
}
