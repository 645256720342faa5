package extract

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/internal/fault"
)

// A shelf is a list of five rows, two on a page, that is paged in every way, and
// takes the parameters from every place.
type shelf struct {
	kind, in string
	asked    []string
}

const shelfRows, shelfPage = 5, 2

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.asked = append(s.asked, strings.TrimSpace(r.URL.RawQuery+" "+string(body)))
	from := s.from(r, body)
	to := min(from+shelfPage, shelfRows)
	page := fmt.Sprintf(`"total":%d,"rows":[%s]`, shelfRows, strings.Join(numbered(from, to), ","))
	if to < shelfRows {
		page += s.next(w, to)
	}
	if s.in == config.InParams {
		var call struct{ ID json.RawMessage }
		json.Unmarshal(body, &call)
		reply(w, 200, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{%s}}`, call.ID, page))
		return
	}
	reply(w, 200, `{"result":{`+page+`}}`)
}

// from returns how many rows lie before the page that is asked for.
func (s *shelf) from(r *http.Request, body []byte) int {
	var sent struct {
		At     any            `json:"at"`
		Params map[string]any `json:"params"`
	}
	json.Unmarshal(body, &sent)
	at := fmt.Sprint(map[string]any{config.InQuery: r.URL.Query().Get("at"), config.InBody: sent.At, config.InParams: sent.Params["at"]}[s.in])
	n, _ := strconv.Atoi(strings.TrimPrefix(at, "after-"))
	if s.kind == config.PagingPage {
		return (n - 1) * shelfPage
	}
	return n
}

// next tells of the next page in the way of the kind.
func (s *shelf) next(w http.ResponseWriter, to int) string {
	switch s.kind {
	case config.PagingCursor:
		return fmt.Sprintf(`,"next":"after-%d"`, to)
	case config.PagingNext:
		return fmt.Sprintf(`,"next":"/elsewhere?at=%d"`, to)
	case config.PagingLink:
		w.Header().Set("Link", fmt.Sprintf(`<?at=%d>; rel="next"`, to))
	}
	return ""
}

func (s *shelf) paging() config.Paging {
	p := config.Paging{Kind: s.kind, In: s.in, Size: shelfPage, First: 1, MaxPages: 10, End: config.EndTotal, Send: config.Send{Size: "n"}}
	p.Read.Total = config.Path{"result", "total"}
	switch s.kind {
	case config.PagingPage:
		p.Send.Page = "at"
	case config.PagingOffset:
		p.Send.Offset = "at"
	case config.PagingCursor:
		p.Send.Cursor, p.Read.Cursor, p.End = "at", config.Path{"result", "next"}, config.EndNext
	case config.PagingNext:
		p.Read.Next, p.End = config.Path{"result", "next"}, config.EndNext
	case config.PagingLink:
		p.End = config.EndNext
	}
	return p
}

// Every kind of paging reads all rows with parameters in every place that it
// has, and leaves what else is in the request alone.
func TestPagingPlaces(t *testing.T) {
	const rpc = `{"jsonrpc":"2.0","id":%d,"method":"list","params":{"x":"1"%s}}`
	call := func(id int, more string) string { return fmt.Sprintf(rpc, id, more) }
	tests := []struct {
		kind, in string
		want     []string // query and body of each request
	}{
		{config.PagingPage, config.InQuery, []string{"x=1&at=1&n=2", "x=1&at=2&n=2", "x=1&at=3&n=2"}},
		{config.PagingPage, config.InBody, []string{`{"x":"1","at":1,"n":2}`, `{"x":"1","at":2,"n":2}`, `{"x":"1","at":3,"n":2}`}},
		{config.PagingPage, config.InParams, []string{call(1, `,"at":1,"n":2`), call(2, `,"at":2,"n":2`), call(3, `,"at":3,"n":2`)}},
		{config.PagingOffset, config.InQuery, []string{"x=1&at=0&n=2", "x=1&at=2&n=2", "x=1&at=4&n=2"}},
		{config.PagingOffset, config.InBody, []string{`{"x":"1","at":0,"n":2}`, `{"x":"1","at":2,"n":2}`, `{"x":"1","at":4,"n":2}`}},
		{config.PagingOffset, config.InParams, []string{call(1, `,"at":0,"n":2`), call(2, `,"at":2,"n":2`), call(3, `,"at":4,"n":2`)}},
		{config.PagingCursor, config.InQuery, []string{"x=1&n=2", "x=1&at=after-2&n=2", "x=1&at=after-4&n=2"}},
		{config.PagingCursor, config.InBody, []string{`{"x":"1","n":2}`, `{"x":"1","at":"after-2","n":2}`, `{"x":"1","at":"after-4","n":2}`}},
		{config.PagingCursor, config.InParams, []string{call(1, `,"n":2`), call(2, `,"at":"after-2","n":2`), call(3, `,"at":"after-4","n":2`)}},
		{config.PagingNext, config.InQuery, []string{"x=1&n=2", "at=2", "at=4"}},
		{config.PagingLink, config.InQuery, []string{"x=1&n=2", "at=2", "at=4"}},
	}
	for _, tt := range tests {
		t.Run(tt.kind+" in "+tt.in, func(t *testing.T) {
			api := &shelf{kind: tt.kind, in: tt.in}
			l := list(t, api.paging(), api.ServeHTTP)
			l.pipeline.Records.At = []config.RecordPath{{Path: config.Path{"result", "rows"}}}
			switch tt.in {
			case config.InQuery:
				l.pipeline.Request.Query = []config.Field{textField("x", "1")}
			case config.InBody:
				l.pipeline.Request.Method, l.pipeline.Request.JSON = "POST", jsonMap(textField("x", "1"))
			case config.InParams:
				l.client.source.Kind = config.JSONRPC
				l.pipeline.Request = config.Request{Call: "list", Params: []config.Field{textField("x", "1")}}
			}
			got, err := readAll(t.Context(), l)
			if want := strings.Join(numbered(0, shelfRows), " "); err != nil || strings.Join(got, " ") != want {
				t.Errorf("rows %s, %v, want %s", got, err, want)
			}
			if diff := cmp.Diff(tt.want, api.asked); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// A cursor or a link that leads in a circle ends the list as incomplete.
func TestPagingCircles(t *testing.T) {
	for _, kind := range []string{config.PagingCursor, config.PagingNext, config.PagingLink} {
		t.Run(kind, func(t *testing.T) {
			api, row := &shelf{kind: kind, in: config.InQuery}, 0
			l := list(t, api.paging(), func(w http.ResponseWriter, _ *http.Request) {
				row++ // other rows on each page
				page := fmt.Sprintf(`"total":5,"rows":[{"id":%d}]`, row)
				reply(w, 200, `{"result":{`+page+api.next(w, 2)+`}}`)
			})
			l.pipeline.Records.At = []config.RecordPath{{Path: config.Path{"result", "rows"}}}
			_, err := readAll(t.Context(), l)
			wantFault(t, err, fault.Incomplete, "it leads to the same place as page 1")
		})
	}
}
