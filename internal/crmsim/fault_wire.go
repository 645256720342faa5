package crmsim

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// wireFaults are replies that do not arrive as HTTP says.
func wireFaults() []Fault {
	return []Fault{
		{Name: faultReset, Doc: "the connection is reset before a byte is sent", reply: func(reply) reply { return reply{} }, deliver: func(w http.ResponseWriter, _ *http.Request, _ reply) { reset(w, "") }},
		{Name: "reset_half", Doc: "the connection is reset half-way through the body", deliver: func(w http.ResponseWriter, _ *http.Request, rep reply) { reset(w, head(rep, len(rep.body))+half(rep)) }},
		{Name: faultTruncate, Doc: "the connection is closed half-way through the body", deliver: truncate},
		{Name: faultStall, Doc: "half of the body, then silence", deliver: stall},
		{Name: "hang", Doc: "no byte, until the client gives up", deliver: func(_ http.ResponseWriter, r *http.Request, _ reply) {
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}},
		{Name: "dribble", Doc: "one byte of the body every second", deliver: dribble},
		{Name: "short_length", Doc: "Content-Length is half of what the body has", deliver: raw(func(rep reply) string { return head(rep, len(rep.body)/2) + string(rep.body) })},
		{Name: "no_length", Doc: "the whole body, ended by the end of the connection", harmless: true, deliver: raw(func(rep reply) string { return head(rep, -1) + string(rep.body) })},
		{Name: "no_length_half", Doc: "half of the body, ended by the end of the connection", deliver: raw(func(rep reply) string { return head(rep, -1) + half(rep) })},
		{Name: "chunk_half", Doc: "a body in chunks, of which the last ones are missing", deliver: raw(func(rep reply) string {
			return strings.Replace(head(rep, -1), "Connection: close", "Transfer-Encoding: chunked", 1) + fmt.Sprintf("%x\r\n%s\r\n", len(half(rep)), half(rep))
		})},
		{Name: "gzip_half", Doc: "a compressed body without its last 8 bytes", deliver: encoded("gzip", func(b []byte) []byte { z := zip(b); return z[:len(z)-8] })},
		{Name: "gzip_none", Doc: "Content-Encoding says gzip, and the body is not compressed", deliver: encoded("gzip", func(b []byte) []byte { return b })},
		{Name: "gzip_twice", Doc: "the body is compressed twice, and Content-Encoding says once", deliver: encoded("gzip", func(b []byte) []byte { return zip(zip(b)) })},
		{Name: "encoding", Doc: "a Content-Encoding that nobody asked for", deliver: encoded("br", func(b []byte) []byte { return b })},
		{Name: "bomb", Doc: "1 MB that becomes 1 GiB", deliver: bomb},
		{Name: "giant", Doc: "1 GiB of spaces behind the body", deliver: giant},
		{Name: "header", Doc: "2 MB of headers", deliver: func(w http.ResponseWriter, _ *http.Request, rep reply) {
			w.Header().Set("X-Padding", strings.Repeat("x", 2<<20))
			plain(w, rep)
		}},
		{Name: "slow_head", Doc: "one byte of the head every tenth of a second", deliver: slowHead},
		{Name: "endless_head", Doc: "headers that never end", deliver: endlessHead},
		{Name: "goaway", Doc: "the whole reply, and the connection takes no more requests: GOAWAY of HTTP/2", harmless: true, deliver: func(w http.ResponseWriter, _ *http.Request, rep reply) {
			w.Header().Set("Connection", "close") // net/http makes a GOAWAY of it
			plain(w, rep)
		}},
		{Name: "early_hints", Doc: "103 before the reply", harmless: true, deliver: func(w http.ResponseWriter, _ *http.Request, rep reply) {
			w.WriteHeader(http.StatusEarlyHints)
			plain(w, rep)
		}},
		{Name: "closed_idle", Doc: "the connection is closed after the reply, which did not say so", harmless: true, deliver: raw(func(rep reply) string {
			return strings.Replace(head(rep, len(rep.body)), "Connection: close\r\n", "", 1) + string(rep.body)
		})},
	}
}

// plain sends a reply as it is.
func plain(w http.ResponseWriter, rep reply) {
	for name, values := range rep.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(rep.body)))
	w.WriteHeader(rep.status)
	// A client that has gone away is no matter of the server's.
	_, _ = io.Copy(w, bytes.NewReader(rep.body))
}

func half(rep reply) string { return string(rep.body[:len(rep.body)/2]) }

// head returns the head of a reply as it goes over the wire, that says so many
// bytes follow; below 0 it does not say.
func head(rep reply, length int) string {
	text := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nConnection: close\r\n", rep.status, http.StatusText(rep.status), rep.header.Get("Content-Type"))
	if length >= 0 {
		text += fmt.Sprintf("Content-Length: %d\r\n", length)
	}
	return text + "\r\n"
}

// take takes the connection over from the server. With HTTP/2 there is none to
// take, and the stream ends.
func take(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}

// raw returns the fault that writes its own HTTP and closes the connection.
func raw(write func(reply) string) func(http.ResponseWriter, *http.Request, reply) {
	return func(w http.ResponseWriter, _ *http.Request, rep reply) {
		conn := take(w)
		_, _ = io.WriteString(conn, write(rep))
		_ = conn.Close()
	}
}

// reset writes some bytes and resets the connection, so that the client meets
// an error that is no plain end of data.
func reset(w http.ResponseWriter, text string) {
	conn := take(w)
	_, _ = io.WriteString(conn, text)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// begin sends the head of a reply and half of its body.
func begin(w http.ResponseWriter, rep reply) {
	w.Header().Set("Content-Type", rep.header.Get("Content-Type"))
	w.Header().Set("Content-Length", fmt.Sprint(len(rep.body)))
	w.WriteHeader(rep.status)
	_, _ = io.WriteString(w, half(rep))
	_ = http.NewResponseController(w).Flush()
}

func truncate(w http.ResponseWriter, _ *http.Request, rep reply) {
	begin(w, rep)
	panic(http.ErrAbortHandler)
}

func stall(w http.ResponseWriter, r *http.Request, rep reply) {
	begin(w, rep)
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func dribble(w http.ResponseWriter, r *http.Request, rep reply) {
	w.Header().Set("Content-Length", fmt.Sprint(len(rep.body)))
	w.WriteHeader(rep.status)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for i := range rep.body {
		_, _ = w.Write(rep.body[i : i+1])
		_ = http.NewResponseController(w).Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
}

// slowHead writes until the client has gone away.
func slowHead(w http.ResponseWriter, _ *http.Request, rep reply) {
	conn := take(w)
	defer func() { _ = conn.Close() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for _, b := range []byte(head(rep, len(rep.body)) + string(rep.body)) {
		<-tick.C
		if _, err := conn.Write([]byte{b}); err != nil {
			return
		}
	}
}

// endlessHead writes until the client has had enough.
func endlessHead(w http.ResponseWriter, _ *http.Request, rep reply) {
	conn := take(w)
	defer func() { _ = conn.Close() }()
	text := strings.TrimSuffix(head(rep, len(rep.body)), "\r\n")
	for n := 0; ; n++ {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
		text = fmt.Sprintf("X-Padding-%d: %s\r\n", n, strings.Repeat("x", 1<<10))
	}
}

// encoded returns the fault that sends a body with a Content-Encoding.
func encoded(name string, encode func([]byte) []byte) func(http.ResponseWriter, *http.Request, reply) {
	return func(w http.ResponseWriter, _ *http.Request, rep reply) {
		w.Header().Set("Content-Encoding", name)
		rep.body = encode(rep.body)
		plain(w, rep)
	}
}

// bomb sends a thousand times the same compressed mebibyte of spaces, which
// gzip takes as one body.
func bomb(w http.ResponseWriter, _ *http.Request, rep reply) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a valid one
	}
	_, _ = z.Write(spaces())
	_ = z.Close()
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(rep.status)
	for range 1024 {
		if _, err := w.Write(b.Bytes()); err != nil {
			return
		}
	}
}

func giant(w http.ResponseWriter, _ *http.Request, rep reply) {
	w.WriteHeader(rep.status)
	_, _ = w.Write(rep.body)
	for range 1024 {
		if _, err := w.Write(spaces()); err != nil {
			return
		}
	}
}

func spaces() []byte { return bytes.Repeat([]byte{' '}, 1<<20) }
