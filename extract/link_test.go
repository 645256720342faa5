package extract

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/internal/fault"
)

func TestNextOf(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		want    string // empty: there is none
	}{
		{"RFC 8288, 3.5: previous", []string{`<http://example.com/TheBook/chapter2>; rel="previous"; title="previous chapter"`}, ""},
		{"RFC 8288, 3.5: own relation", []string{`</>; rel="http://example.net/foo"`}, ""},
		{"RFC 8288, 3.5: anchor", []string{`</terms>; rel="copyright"; anchor="#foo"`}, ""},
		{"RFC 8288, 3.5: two links", []string{`</TheBook/chapter2>; rel="previous"; title*=UTF-8'de'letztes%20Kapitel, ` +
			`</TheBook/chapter4>; rel="next"; title*=UTF-8'de'n%c3%a4chstes%20Kapitel`}, "/TheBook/chapter4"},
		{"RFC 8288, 3.5: two relations", []string{`<http://example.org/>; rel="start http://example.net/relation/other"`}, ""},
		{"RFC 8288, 3.5: many", []string{`<https://example.org/>; rel="start", <https://example.org/index>; rel="index"`}, ""},
		{"commas in the target", []string{`<https://a/b?page=1>; rel="prev", <https://a/b?x=1,2;3&page=3>; rel="next"`}, "https://a/b?x=1,2;3&page=3"},
		{"several headers, no quotes", []string{`<?p=1>; rel=prev`, `<?p=3>; title="a, b"; REL=Next`}, "?p=3"},
		{"one of two relations", []string{`<?p=9>; rel="last next"`}, "?p=9"},
		{"the first rel counts", []string{`<?p=9>; rel="last"; rel="next"`}, ""},
		{"signs in a title", []string{`<?p=1>; title="a; rel=next, <?p=2>; \"rel=next"; rel=prev, <?p=3>;rel=next`}, "?p=3"},
		{"of another resource", []string{`<?p=2>; rel="next"; anchor="/other", <?p=3>; rel="next"`}, "?p=3"},
		{"white space", []string{" ,, <?p=2> ;\trel = \"next\" ; x"}, "?p=2"},
		{"rubbish", []string{`<?p=9>; rel="last"`, "", "<", "rel=next", "<?p=1", `<?p=1>; rel="next`[:8]}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := nextOf(tt.headers); got != tt.want || ok != (tt.want != "") {
				t.Errorf("nextOf(%q) = %q, %v, want %q", tt.headers, got, ok, tt.want)
			}
		})
	}
}

func byLink() config.Paging {
	return config.Paging{Kind: config.PagingLink, In: config.InQuery, End: config.EndNext, First: 1, MaxPages: 10}
}

// Of a link only the query counts, and what goes into it as a credential does
// not come back.
func TestLinks(t *testing.T) {
	var asked []string
	l := list(t, byLink(), func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Host+r.URL.String())
		if len(asked) < 3 {
			w.Header().Set("Link", `<http://elsewhere/v9/?p=`+strings.Repeat("x", len(asked))+`&key=canary>; rel="next", <?p=1>; rel="first"`)
		}
		reply(w, 200, `[]`)
	})
	l.client.source.Auth.Query = []config.Field{secretField("key", "canary")}
	if _, err := readAll(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	const base = "api.example.com/v1/orders/?"
	if diff := cmp.Diff([]string{base + "key=canary", base + "p=x&key=canary", base + "p=xx&key=canary"}, asked); diff != "" {
		t.Error(diff)
	}
}

// A next page that cannot be asked for is no end of the list.
func TestLinkWithoutQuery(t *testing.T) {
	l := list(t, byLink(), with(200, `[{"id":1}]`, "Link", `</v1/orders/page/2>; rel="next"`))
	_, err := readAll(t.Context(), l)
	wantFault(t, err, fault.Data, "the link to the next page has no query")
}

func FuzzNextOf(f *testing.F) {
	f.Add(`<https://a/b?page=3>; rel="next"`)
	f.Add(`<a>; title="\\"", <b>;rel=next;`)
	f.Fuzz(func(t *testing.T, header string) {
		if target, ok := nextOf([]string{header}); ok && !strings.Contains(header, target) {
			t.Errorf("nextOf(%q) = %q, which does not stand there", header, target)
		}
	})
}
