package extract

import (
	"strings"
	"testing"
	"testing/synctest"

	"etl/internal/config"
	"etl/internal/jsonspan"
)

// A noting scanner notes the records that it is given, and stops at one of
// them.
type noting struct {
	notes []string
	stop  string
}

func (n *noting) Scan(body []byte, pos, depth int) int {
	end := jsonspan.End(body, pos, depth)
	if end < 0 || string(body[pos:end]) == n.stop {
		return -1
	}
	n.notes = append(n.notes, string(body[pos:end]))
	return end
}

// A scanner is given the records of a list as the check comes to them, and
// counts where it has read those that the page has, all of them.
func TestScan(t *testing.T) {
	tests := []struct {
		name, body, at, stop string
		want                 string // records of the page
		scanned              bool
		wrong                string
	}{
		{name: "list", body: `{"n":1,"results":[ {"a":1} , 2 ],"next":null}`, at: "results", want: `{"a":1} 2`, scanned: true},
		{name: "empty list", body: `{"results":[]}`, at: "results", scanned: true},
		{name: "root", body: `[[1],{}]`, at: "$", want: `[1] {}`, scanned: true},
		{name: "deep", body: `{"data":[0],"result":{"data":[1,2]}}`, at: "result.data", want: "1 2", scanned: true},
		{name: "escaped name", body: `{"res\u0075lts":[1]}`, at: "results", want: "1", scanned: true},
		{name: "second place", body: `{"rows":[1]}`, at: "results rows", want: "1", scanned: true},
		{name: "a better place behind it", body: `{"rows":[1],"results":[2]}`, at: "results rows", want: "2"},
		{name: "a worse place behind it", body: `{"results":[2],"rows":[1]}`, at: "results rows", want: "2", scanned: true},
		{name: "twice", body: `{"results":[1],"results":[2]}`, at: "results", want: "1", scanned: true},
		{name: "first no list", body: `{"results":{"a":1},"results":[2]}`, at: "results", want: `{"a":1}`},
		{name: "one record", body: `{"a":1}`, at: "$", want: `{"a":1}`},
		{name: "too far down", body: `{"a":{"b":{"c":{"d":{"e":[1]}}}}}`, at: "a.b.c.d.e", want: "1"},
		{name: "given up", body: `{"results":[1,2,3]}`, at: "results", stop: "2", want: "1 2 3"},
		{name: "broken record", body: `{"results":[1,{"a":}]}`, at: "results", wrong: "byte 19: no value starts with this byte"},
		{name: "broken envelope", body: `{"results":[1]`, at: "results", wrong: "byte 14: expected a comma or the end of the object"},
		{name: "nested too deep", body: `{"results":[` + strings.Repeat("[", 256) + strings.Repeat("]", 256) + `]}`, at: "results", wrong: "byte 267: nested too deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := source()
			p := orders(src)
			p.Records = config.Records{}
			for at := range strings.FieldsSeq(tt.at) {
				p.Records.At = append(p.Records.At, recordPath(at))
			}
			p.Paging = config.Paging{}
			l := client(t, src, Options{}).List(p, Vars{})
			s := &noting{stop: tt.stop}
			l.Scan = func(at Position, bytes int) Scanner {
				if at != l.First() || bytes != len(tt.body) {
					t.Errorf("page %v of %d bytes, want %v and %d", at, bytes, l.First(), len(tt.body))
				}
				return s
			}
			page, err := l.Read(l.First(), Reply{Status: 200, Body: []byte(tt.body)})
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Fatalf("%v, want %s", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := records(page); got != tt.want || (page.Scanned != nil) != tt.scanned {
				t.Errorf("records %s, scanned: %v; want %s, %v", got, page.Scanned != nil, tt.want, tt.scanned)
			}
			if got := strings.Join(s.notes, " "); tt.scanned && got != tt.want {
				t.Errorf("scanned %s, want %s", got, tt.want)
			}
		})
	}
}

// What a refused reply held is scanned anew with the next one.
func TestScanOfRefusedReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := source()
		var scans []*noting
		l := client(t, src, Options{Transport: serve(t, each(
			with(503, `{"results":[{"id":1}]}`), with(200, `{"results":[{"id":2},`), with(200, `{"count":1,"results":[{"id":3}]}`)))}).List(orders(src), Vars{})
		l.Scan = func(Position, int) Scanner {
			scans = append(scans, &noting{})
			return scans[len(scans)-1]
		}
		page, err := fetch(t, l)
		if err != nil || len(scans) != 3 || page.Scanned != Scanner(scans[2]) || len(scans[2].notes) != 1 {
			t.Errorf("%v, %d scans, %v", err, len(scans), page)
		}
	})
}
