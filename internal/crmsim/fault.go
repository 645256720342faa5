package crmsim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// A Fault is something that goes wrong with a reply.
type Fault struct {
	Name string
	Doc  string
	// What it does: to the reply, to the text of its body, or to how it is sent.
	// Harmless tells that a reader still gets every record as it is.
	harmless bool
	before   bool // the body is that of the reply with records before
	reply    func(reply) reply
	text     func(body []byte) []byte
	deliver  func(http.ResponseWriter, *http.Request, reply)
}

// Names of faults that more than their entry names.
const (
	fault500      = "500"
	fault502      = "502"
	fault503      = "503"
	faultHTML     = "html"
	faultEmpty    = "empty"
	faultReset    = "reset"
	faultTruncate = "truncate"
	faultStall    = "stall"
)

// Faults returns the faults that every API knows.
func Faults() []Fault { return slices.Concat(statusFaults(), textFaults(), wireFaults()) }

// faultNamed returns one of an API's faults; the zero value is none.
func faultNamed(faults []Fault, name string) Fault {
	for _, f := range faults {
		if f.Name == name {
			return f
		}
	}
	return Fault{}
}

// namesOfFaults returns the names of faults.
func namesOfFaults(faults []Fault) (names []string) {
	for _, f := range faults {
		names = append(names, f.Name)
	}
	return names
}

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

// struck returns what goes out in place of rep under a fault, after a reply with
// the body before.
func (rep reply) struck(f Fault, before []byte) reply {
	bad := rep
	switch {
	case f.reply != nil:
		bad = f.reply(rep)
		bad.page, bad.path = rep.page, rep.path
	case f.text != nil:
		bad.body = f.text(slices.Clone(rep.body))
	case f.before && before != nil:
		bad.body = before
	}
	if !f.harmless && f.Name != "" {
		bad.keys = nil
	}
	return bad
}
