package extract

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"etl/internal/fault"
)

func zipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

// send answers with bytes as they are. A length of -1 leaves the end to the
// chunks; any other is declared.
func send(body []byte, length int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if length >= 0 {
			w.Header().Set("Content-Length", fmt.Sprint(length))
		}
		reply(w, 200, string(body), headers...)
	}
}

// inTwoLines answers with a body whose head names its encoding, and then another.
func inTwoLines(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Encoding"] = []string{"identity", "gzip"}
		reply(w, 200, string(body))
	}
}

func TestBodies(t *testing.T) {
	plain, packed := []byte(oneOrder), zipped(oneOrder)
	bomb := zipped(`{"results":["` + strings.Repeat("x", 1<<20) + `"]}`)
	tests := []struct {
		name  string
		api   http.HandlerFunc
		class fault.Class // of the error; Bug: none
		text  string
	}{
		{name: "plain", api: send(plain, len(plain))},
		{name: "chunks", api: send(plain, -1)},
		{name: "byte order mark", api: send(append([]byte("\xef\xbb\xbf"), plain...), -1)},
		{name: "gzip", api: send(packed, len(packed), "Content-Encoding", "gzip")},
		{name: "gzip in chunks", api: send(packed, -1, "Content-Encoding", "x-gzip")},
		{name: "shorter than declared", api: send(plain, 500), class: fault.Transient, text: "the connection ended before the reply did"},
		{name: "gzip cut in its end", api: send(packed[:len(packed)-4], -1, "Content-Encoding", "gzip"), class: fault.Transient, text: "ended before"},
		{name: "gzip cut in the middle", api: send(packed[:15], -1, "Content-Encoding", "gzip"), class: fault.Transient, text: "ended before"},
		{name: "gzip with a wrong sum", api: send(damaged(packed), -1, "Content-Encoding", "gzip"), class: fault.Data, text: "damaged gzip"},
		{name: "gzip in name only", api: send(plain, -1, "Content-Encoding", "gzip"), class: fault.Data, text: "damaged gzip"},
		{name: "another encoding", api: send(plain, -1, "Content-Encoding", "br"), class: fault.Data, text: "encoding that was not asked for"},
		{name: "two encodings", api: send(zipped(string(packed)), -1, "Content-Encoding", "gzip, gzip"), class: fault.Data, text: "encoding that was not asked for"},
		{name: "encodings in two lines", api: inTwoLines(packed), class: fault.Data, text: "encoding that was not asked for"},
		{name: "bomb", api: send(bomb, -1, "Content-Encoding", "gzip"), class: fault.Data, text: "larger than 1 MiB"},
		{name: "too large", api: send([]byte(strings.Repeat(" ", 1<<20+1)), -1), class: fault.Data, text: "larger than 1 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := source()
				c := client(t, src, Options{Transport: serve(t, tt.api), MaxPage: 1 << 20})
				page, err := fetch(t, c.List(orders(src), Vars{}))
				if tt.class != fault.Bug {
					wantFault(t, err, tt.class, tt.text)
					return
				}
				if err != nil || records(page) != `{"id":1}` {
					t.Errorf("page %v, %v", page, err)
				}
			})
		})
	}
}

// damaged changes the checksum of gzip.
func damaged(packed []byte) []byte {
	bad := bytes.Clone(packed)
	bad[len(bad)-6] ^= 1
	return bad
}

// What came over the wire is counted as it came, and gzip is handed on.
func TestWire(t *testing.T) {
	packed := zipped(oneOrder)
	src := source()
	c := client(t, src, Options{Transport: serve(t, send(packed, -1, "Content-Encoding", "gzip"))})
	page, err := fetch(t, c.List(orders(src), Vars{}))
	if !bytes.Equal(page.Gzip, packed) {
		t.Errorf("Gzip = %x, want %x", page.Gzip, packed)
	}
	if err != nil || page.Wire != int64(len(packed)) || c.Stats().Wire != page.Wire {
		t.Errorf("Wire = %d and %d, %v; want %d", page.Wire, c.Stats().Wire, err, len(packed))
	}
}

// A body comes into the memory of one that is not needed any more, if it is
// enough, and holds nothing of that one.
func TestBodiesComeIntoMemoryThatIsThere(t *testing.T) {
	const text = `{"results":[]}`
	for _, expected := range []int64{-1, 0, int64(len(text)), 100} {
		for _, room := range []int{0, 5, 4096} {
			memory := bytes.Repeat([]byte("x"), room)[:0]
			got, err := consume(strings.NewReader(text), expected, 100, memory)
			if err != nil || string(got) != text {
				t.Errorf("with room for %d of %d bytes: %q, %v", room, expected, got, err)
			}
			if same := room > 0 && &got[0] == &memory[:1][0]; same != (room == 4096) {
				t.Errorf("with room for %d of %d bytes its memory was taken: %v", room, expected, same)
			}
		}
	}
}

// A small body that waits does not hold the memory of a large one.
func TestSmallBodiesHoldLittle(t *testing.T) {
	src := source()
	l := client(t, src, Options{Transport: serve(t, with(200, `{"results":[1]}`))}).List(orders(src), Vars{})
	for range 3 {
		l.Free(&Page{Reply: Reply{Body: make([]byte, 1<<20)}})
		page, err := fetch(t, l)
		if err != nil || records(page) != "1" || cap(page.Body) > 1<<12 {
			t.Errorf("%d bytes in %d, %v", len(page.Body), cap(page.Body), err)
		}
	}
}
