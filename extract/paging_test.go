package extract

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/internal/fault"
)

// django is a list as Django REST framework pages it: by number, with a total,
// with links that name a host of their own, and with a size that is cut in
// silence.
type django struct {
	rows, most int
}

func (d django) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("pageSize"))
	page, size = max(1, page), min(size, d.most)
	from, to := (page-1)*size, min(page*size, d.rows)
	if from > 0 && from >= d.rows {
		reply(w, 404, `{"detail":"Invalid page."}`)
		return
	}
	next := "null"
	if to < d.rows {
		q.Set("page", strconv.Itoa(page+1))
		next = strconv.Quote("http://internal:8000/v1/elsewhere/?" + q.Encode())
	}
	reply(w, 200, fmt.Sprintf(`{"count":%d,"next":%s,"results":[%s]}`, d.rows, next, strings.Join(numbered(from, to), ",")))
}

// numbered returns records with the ids from+1 to to.
func numbered(from, to int) (all []string) {
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf(`{"id":%d}`, i+1))
	}
	return all
}

func byPage() config.Paging {
	return config.Paging{
		Kind: config.PagingPage, Send: config.Send{Page: "page", Size: "pageSize"}, Size: 10, First: 1, In: config.InQuery, MaxPages: 1000,
		Read: config.Read{Total: config.Path{"count"}, Next: config.Path{"next"}}, End: config.EndTotal,
	}
}

func byOffset() config.Paging {
	p := byPage()
	p.Kind, p.Send, p.Read.Next = config.PagingOffset, config.Send{Offset: "offset", Size: "limit"}, nil
	return p
}

// list makes a list over an API.
func list(t *testing.T, paging config.Paging, api http.HandlerFunc) *List {
	t.Helper()
	src := source()
	src.Retries = -1
	p := orders(src)
	p.Paging = paging
	p.Records.At = append(p.Records.At, config.RecordPath{List: true})
	return client(t, src, Options{Transport: serve(t, api)}).List(p, Vars{})
}

// One after the other or all at once, by any end: the rows are the same.
func TestDjango(t *testing.T) {
	for _, rows := range []int{0, 1, 9, 10, 11, 20, 55} {
		for _, end := range []string{config.EndTotal, config.EndNext} {
			for _, cut := range []int{100, 4} {
				t.Run(fmt.Sprint(rows, " rows, by ", end, ", at most ", cut), func(t *testing.T) {
					paging := byPage()
					paging.End = end
					l := list(t, paging, django{rows, cut}.ServeHTTP)
					got, err := readAll(t.Context(), l)
					if err != nil {
						t.Fatal(err)
					}
					want := strings.Join(numbered(0, rows), " ")
					if joined := strings.TrimSpace(strings.Join(got, " ")); joined != want {
						t.Errorf("one after the other: %s, want %s", joined, want)
					}
					first, err := fetch(t, l)
					if err != nil {
						t.Fatal(err)
					}
					all := records(first)
					for _, at := range l.Rest(first) {
						page, err := l.Fetch(t.Context(), at)
						if err != nil {
							t.Fatal(err)
						}
						all += " " + records(page)
					}
					if all != want {
						t.Errorf("planned: %s, want %s", all, want)
					}
				})
			}
		}
	}
}

// Of a link only the query counts.
func TestNextLinks(t *testing.T) {
	var asked []string
	paging := byPage()
	paging.Kind, paging.Send, paging.End = config.PagingNext, config.Send{Size: "pageSize"}, config.EndNext
	l := list(t, paging, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Host+r.URL.String())
		django{25, 100}.ServeHTTP(w, r)
	})
	if _, err := readAll(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"api.example.com/v1/orders/?pageSize=10",
		"api.example.com/v1/orders/?page=2&pageSize=10",
		"api.example.com/v1/orders/?page=3&pageSize=10",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	if p, err := fetch(t, l); err != nil || l.Rest(p) != nil {
		t.Errorf("links can be planned: %v, %v", l.Rest(p), err)
	}
}

func TestCursor(t *testing.T) {
	for _, next := range []string{`"b+ c"`, `17`} {
		var asked []string
		paging := config.Paging{Kind: config.PagingCursor, Send: config.Send{Cursor: "after"}, In: config.InBody, First: 1, MaxPages: 10,
			Read: config.Read{Cursor: config.Path{"meta", "next"}}, End: config.EndNext}
		l := list(t, paging, func(w http.ResponseWriter, r *http.Request) {
			body := make([]byte, max(0, r.ContentLength))
			r.Body.Read(body)
			asked = append(asked, string(body))
			if len(asked) == 1 {
				reply(w, 200, `{"meta":{"next":`+next+`},"results":[1]}`)
				return
			}
			reply(w, 200, `{"meta":{"next":null},"results":[2]}`)
		})
		l.pipeline.Request.Method, l.pipeline.Request.JSON = "POST", jsonMap(textField("order", "id"))
		if _, err := readAll(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		want := []string{`{"order":"id"}`, `{"order":"id","after":` + next + `}`}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Error(diff)
		}
	}
}

// Offsets advance by the rows that came, not by those asked for.
func TestShortPages(t *testing.T) {
	var asked []string
	paging := byOffset()
	l := list(t, paging, func(w http.ResponseWriter, r *http.Request) {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		asked = append(asked, r.URL.RawQuery)
		size := 10
		if offset == 10 {
			size = 3 // a short page before the end
		}
		reply(w, 200, fmt.Sprintf(`{"count":"25","results":[%s]}`, strings.Join(numbered(offset, min(25, offset+size)), ",")))
	})
	got, err := readAll(t.Context(), l)
	if want := strings.Join(numbered(0, 25), " "); err != nil || strings.Join(got, " ") != want {
		t.Errorf("got %s, %v", got, err)
	}
	want := []string{"offset=0&limit=10", "offset=10&limit=10", "offset=13&limit=10", "offset=23&limit=10"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

// A kept page says what it said when it came.
func TestRead(t *testing.T) {
	l := list(t, byPage(), django{25, 10}.ServeHTTP)
	fetched, err := fetch(t, l)
	if err != nil {
		t.Fatal(err)
	}
	read, err := l.Read(l.First(), fetched.Reply)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fetched, read, cmp.AllowUnexported(Page{})); diff != "" {
		t.Error(diff)
	}
	_, err = l.Read(l.First(), Reply{Status: 500})
	wantFault(t, err, fault.Transient, "reading page 1 of orders: HTTP 500")
}

// The total over all parents is asked for without them.
func TestTotal(t *testing.T) {
	var asked url.Values
	l := list(t, byPage(), func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		reply(w, 200, `{"count":1234,"results":[]}`)
	})
	l.pipeline.Request.Query = []config.Field{textField("status", "{parent.status}"), textField("ordering", "id")}
	l.vars.Parent = map[string]any{"status": int64(2)}
	total, err := l.Total(t.Context())
	if err != nil || total != 1234 {
		t.Errorf("Total() = %d, %v; want 1234", total, err)
	}
	if want := (url.Values{"ordering": {"id"}, "page": {"1"}, "pageSize": {"1"}}); !cmp.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	_, err = list(t, byPage(), with(200, `{"results":[]}`)).Total(t.Context())
	wantFault(t, err, fault.Incomplete, "declares no total")
}

func TestStrongest(t *testing.T) {
	hint, links := byPage(), byPage()
	hint.Read.TotalHint = true
	links.Kind, links.Read.Total = config.PagingNext, nil
	var got []string
	for _, p := range []config.Paging{byPage(), hint, links, {Kind: config.PagingNone}} {
		got = append(got, list(t, p, nil).Strongest())
	}
	if want := []string{config.Counted, config.Walked, config.Walked, config.Answered}; !slices.Equal(got, want) {
		t.Errorf("Strongest() = %v, want %v", got, want)
	}
}
