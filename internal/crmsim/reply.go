package crmsim

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
)

// A source is an API: it answers calls, and knows its streams.
type source interface {
	serve(*call) reply
	env() map[string]string // credentials and limits, as variables
	streams() []stream
}

// A call is a request to a source.
type call struct {
	*http.Request
	path string // below the source's prefix
	body []byte
}

// A reply is what a source answers.
type reply struct {
	status int
	header http.Header
	body   []byte
	data   bool   // carries records, so a fault may strike it
	path   string // for the ledger; empty: that of the request
	page   int64  // number of the page; 0: none
	keys   []byte // keys of the records, as JSON, each with a comma behind it
}

// content returns a reply with a body of a type.
func content(status int, kind string, body []byte) reply {
	return reply{status: status, header: http.Header{"Content-Type": {kind}}, body: body}
}

// page returns a page of HTML, as web servers and frameworks write it in place
// of what was asked for.
func page(status int, title string) reply {
	text := "<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>" + title + "</title>\n</head>\n<body>\n  <h1>" + title + "</h1>\n</body>\n</html>\n"
	return content(status, "text/html; charset=utf-8", []byte(text))
}

// zipFrom is the least number of bytes that is worth compressing.
const zipFrom = 1024

// zips tells whether a reply goes out compressed.
func (s *Server) zips(c *call, rep reply) bool {
	return s.values.on("gzip") && len(rep.body) >= zipFrom && strings.Contains(c.Header.Get("Accept-Encoding"), "gzip")
}

// zip compresses a body.
func zip(body []byte) []byte { return newZipper().zip(body) }

// A zipper compresses one body after the other: a new one is half a megabyte.
type zipper struct{ w *gzip.Writer }

func newZipper() *zipper {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a valid one
	}
	return &zipper{w}
}

func (z *zipper) zip(body []byte) []byte {
	var b bytes.Buffer
	z.w.Reset(&b)
	// Writing into memory does not fail.
	_, _ = z.w.Write(body)
	_ = z.w.Close()
	return b.Bytes()
}
