package crmsim

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// The faults that can strike a reply.
const (
	fault500      = "500"      // the framework's page of HTML
	fault502      = "502"      // the gateway's page of HTML
	fault503      = "503"      // with Retry-After: 1
	faultHTML     = "html"     // a page of HTML with status 200
	faultEmpty    = "empty"    // nothing, with status 200
	faultReset    = "reset"    // the connection is reset before a byte is sent
	faultTruncate = "truncate" // the connection is closed half-way through the body
	faultStall    = "stall"    // half of the body, then silence
)

var faults = []string{fault500, fault502, fault503, faultHTML, faultEmpty, faultReset, faultTruncate, faultStall}

// A strike is a fault that strikes every K-th reply with records, at most Most
// times.
type strike struct {
	kind        string
	every, most int64
	seen        *atomic.Int64
}

// parseStrike reads KIND:K or KIND:K:MOST. Empty is no fault at all.
func parseStrike(text string, kinds []string) (strike, error) {
	s := strike{most: 1<<63 - 1, seen: new(atomic.Int64)}
	if text == "" {
		return s, nil
	}
	parts := strings.Split(text, ":")
	wrong := fmt.Errorf("want KIND:K or KIND:K:MOST with KIND one of %s", strings.Join(kinds, ", "))
	if len(parts) < 2 || len(parts) > 3 || !slices.Contains(kinds, parts[0]) {
		return s, wrong
	}
	s.kind = parts[0]
	for i, to := range []*int64{&s.every, &s.most}[:len(parts)-1] {
		n, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil || n < 1 {
			return s, wrong
		}
		*to = n
	}
	return s, nil
}

// next counts a reply and returns the fault that strikes it, or "".
func (s strike) next() string {
	if s.kind == "" {
		return ""
	}
	n := s.seen.Add(1)
	if n%s.every != 0 || n/s.every > s.most {
		return ""
	}
	return s.kind
}

// struck returns what goes out in place of rep under a fault.
func (rep reply) struck(kind string) reply {
	var bad reply
	switch kind {
	case fault500:
		bad = page(http.StatusInternalServerError, "Server Error (500)")
	case fault502:
		bad = page(http.StatusBadGateway, "502 Bad Gateway")
	case fault503:
		bad = page(http.StatusServiceUnavailable, "503 Service Temporarily Unavailable")
		bad.header.Set("Retry-After", "1")
	case faultHTML:
		bad = page(http.StatusOK, "Maintenance")
	case faultEmpty:
		bad = content(http.StatusOK, "application/json", nil)
	case faultReset:
		bad = reply{}
	case faultTruncate, faultStall:
		bad = rep
		bad.keys = nil
	default:
		return rep
	}
	bad.page, bad.path = rep.page, rep.path
	return bad
}

// reset resets the connection, so that the client meets an error that is no
// plain end of data.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, where this resets the stream
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// breakOff sends half of a body, and then ends the connection, or falls silent
// until the client gives up.
func breakOff(w http.ResponseWriter, r *http.Request, body []byte, kind string) {
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	if kind == faultStall {
		<-r.Context().Done()
	}
	panic(http.ErrAbortHandler)
}
