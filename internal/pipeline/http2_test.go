package pipeline

import (
	"context"
	"encoding/binary"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"etl/internal/config"
)

// Every row of the table of HTTP/2 ends as it says: once, in the second of three
// pages, and every time.
func TestFaultsOverHTTP2(t *testing.T) {
	k := newKnown()
	for _, row := range guideRows(t, "over HTTP/2") {
		name, words := quotes(row[0])[0], quotes(row[4])
		for i, when := range []string{":2:1", ":1"} {
			t.Run(name+when, func(t *testing.T) {
				t.Parallel()
				tr := trial{with: []string{"scale=0.1", "size=120"}, run: []string{"request_list"}, known: k}
				around := func(h http.Handler) http.Handler { return h }
				if deadly := deadlyToConnections[name]; deadly != nil {
					around = struckBy(deadly, when == ":1")
				} else {
					tr.set = []string{"rental.fail=" + name + when}
				}
				if name == "stall" || name == "hang" {
					tr.with = append(tr.with, "timeout=200ms")
				}
				w, c, o, simulator := tr.prepare(t)
				w.overHTTP2(c, around)
				tr.endingsIn(t, w, c, o, simulator)["request_list"].hold(t, row[2+i], words)
			})
		}
	}
}

// deadlyToConnections are faults that a simulator cannot have, for it does not
// know the connection.
var deadlyToConnections = map[string]func(net.Conn){
	"goaway_lost": func(conn net.Conn) { _, _ = conn.Write(goaway(11)) }, // ENHANCE_YOUR_CALM
	"closed":      func(net.Conn) {},
}

// goaway returns the frame that ends a connection, with requests under way that
// may have been acted on, and an error code (RFC 9113, 6.8 and 7).
func goaway(code uint32) []byte {
	const length, kind, most = 8, 7, 1<<31 - 1
	frame := []byte{0, 0, length, kind, 0, 0, 0, 0, 0}
	frame = binary.BigEndian.AppendUint32(frame, most)
	return binary.BigEndian.AppendUint32(frame, code)
}

// struckBy does something to the connection of a request for the second page
// and closes it; to the first such request, or to each.
func struckBy(deadly func(net.Conn), always bool) func(http.Handler) http.Handler {
	var struck atomic.Bool
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.FormValue("page") == "2" && (!struck.Swap(true) || always) {
				conn := r.Context().Value(connectionOf{}).(net.Conn)
				deadly(conn)
				_ = conn.Close()
				return
			}
			h.ServeHTTP(rw, r)
		})
	}
}

// connectionOf is the key of a request's connection in its context.
type connectionOf struct{}

// overHTTP2 moves the sources of a configuration to a server that speaks HTTP/2
// and answers as that of the world does.
func (w *world) overHTTP2(c *config.Config, around func(http.Handler) http.Handler) {
	w.t.Helper()
	server := httptest.NewUnstartedServer(around(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			w.t.Errorf("asked by %s", r.Proto)
		}
		w.handler.ServeHTTP(rw, r)
	})))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of what the test does to it
	server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connectionOf{}, conn)
	}
	server.StartTLS()
	w.t.Cleanup(server.Close)
	file := w.t.TempDir() + "/ca.pem"
	writeFile(w.t, file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	for _, s := range c.Sources {
		s.BaseURL, s.CAFile = strings.Replace(s.BaseURL, w.url, server.URL, 1), file
	}
}
