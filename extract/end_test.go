package extract

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/internal/fault"
)

// What ends a list.
func TestLast(t *testing.T) {
	read := config.Read{Total: config.Path{"n"}, Next: config.Path{"next"}, Pages: config.Path{"pages"}}
	tests := []struct {
		name, end string
		hint      bool
		number    int
		body      string
		want      bool
	}{
		{name: "total reached", end: config.EndTotal, number: 1, body: `{"n":2,"results":[1,2]}`, want: true},
		{name: "total not reached", end: config.EndTotal, number: 1, body: `{"n":3,"results":[1,2]}`},
		{name: "no total", end: config.EndTotal, number: 1, body: `{"results":[1,2]}`},
		{name: "no total, no rows", end: config.EndTotal, number: 1, body: `{"results":[]}`, want: true},
		{name: "hint reached by a full page", end: config.EndTotal, hint: true, number: 1, body: `{"n":2,"results":[1,2]}`},
		{name: "hint reached by a short page", end: config.EndTotal, hint: true, number: 1, body: `{"n":1,"results":[1]}`, want: true},
		{name: "short of the hint", end: config.EndTotal, hint: true, number: 1, body: `{"n":9,"results":[1]}`},
		{name: "empty, short of the hint", end: config.EndTotal, hint: true, number: 2, body: `{"n":9,"results":[]}`, want: true},
		{name: "no link", end: config.EndNext, number: 1, body: `{"next":null,"results":[1,2]}`, want: true},
		{name: "link after an empty page", end: config.EndNext, number: 1, body: `{"next":"x","results":[]}`},
		{name: "sign that says no", end: config.EndNext, number: 1, body: `{"next":false,"results":[1,2]}`, want: true},
		{name: "last of the pages", end: config.EndPages, number: 2, body: `{"pages":2,"results":[1,2]}`, want: true},
		{name: "not the last of the pages", end: config.EndPages, number: 1, body: `{"pages":2,"results":[1]}`},
		{name: "no pages at all", end: config.EndPages, number: 1, body: `{"pages":0,"results":[]}`, want: true},
		{name: "empty", end: config.EndEmpty, number: 2, body: `{"results":[]}`, want: true},
		{name: "short, but not empty", end: config.EndEmpty, number: 2, body: `{"results":[1]}`},
		{name: "short", end: config.EndShort, number: 1, body: `{"results":[1]}`, want: true},
		{name: "full", end: config.EndShort, number: 1, body: `{"results":[1,2]}`},
		{name: "a list without envelope", end: config.EndTotal, number: 1, body: `[1,2,3]`, want: true},
		{name: "a list without envelope, to an empty page", end: config.EndEmpty, number: 1, body: `[1,2,3]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			paging := config.Paging{Kind: config.PagingPage, Size: 2, First: 1, Read: read, End: tt.end}
			paging.Read.TotalHint = tt.hint
			l := list(t, paging, nil)
			page, err := l.Read(Position{Number: tt.number, Size: 2}, Reply{Status: 200, Body: []byte(tt.body)})
			if err != nil || page.Last != tt.want {
				t.Errorf("Last = %v, %v; want %v", page.Last, err, tt.want)
			}
		})
	}
}

// Lists that would never end, or that cannot be whole.
func TestIncomplete(t *testing.T) {
	offset := byOffset()
	offset.MaxOffset = 20
	few := byPage()
	few.MaxPages = 2
	links := byPage()
	links.Kind, links.End = config.PagingNext, config.EndNext
	tests := []struct {
		name, text string
		paging     config.Paging
		api        http.HandlerFunc
	}{
		{"the same page", "page 2 of orders: it holds the same records as page 1", byPage(),
			with(200, `{"count":30,"results":[{"id":1},{"id":2}]}`)},
		{"the same link", "page 2 of orders: it leads to the same place as page 1", links,
			func() http.HandlerFunc {
				n := 0
				return func(w http.ResponseWriter, r *http.Request) {
					n++
					reply(w, 200, fmt.Sprintf(`{"next":"/?page=2","results":[%d]}`, n))
				}
			}()},
		{"max_pages", "page 3 of orders: the list goes on after max_pages (2)", few, django{30, 10}.ServeHTTP},
		{"max_offset", "page 4 of orders: it lies behind max_offset (20)", offset, func(w http.ResponseWriter, r *http.Request) {
			offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
			reply(w, 200, fmt.Sprintf(`{"count":100,"results":[%s]}`, strings.Join(numbered(offset, offset+10), ",")))
		}},
		{"empty before the total", "page 2 of orders: it is empty after 10 rows, and the API declares 11", byPage(),
			each(django{11, 10}.ServeHTTP, with(200, `{"count":11,"results":[]}`))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readAll(t.Context(), list(t, tt.paging, tt.api))
			wantFault(t, err, fault.Incomplete, tt.text)
		})
	}
}

func TestRest(t *testing.T) {
	tests := []struct {
		name   string
		paging config.Paging
		body   string
		want   []Position
	}{
		{"pages", byPage(), `{"count":21,"results":[` + strings.Join(numbered(0, 10), ",") + `]}`,
			[]Position{{Number: 2, Offset: 10, Size: 10}, {Number: 3, Offset: 20, Size: 10}}},
		{"cut by the server", byOffset(), `{"count":9,"results":[1,2,3,4]}`,
			[]Position{{Number: 2, Offset: 4, Size: 10}, {Number: 3, Offset: 8, Size: 10}}},
		{"all on the first", byPage(), `{"count":1,"results":[1]}`, []Position{}},
		{"no total", byPage(), `{"results":[1]}`, nil},
		{"nothing to go by", byPage(), `{"count":5,"results":[]}`, nil},
		{"a mistake", byPage(), `{"count":9000000000000000000,"results":[1]}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := list(t, tt.paging, nil)
			page, err := l.Read(l.First(), Reply{Status: 200, Body: []byte(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, l.Rest(page)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
