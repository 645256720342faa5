package crmsim

import (
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what a server serves. The zero value serves APIs without records.
type Options struct {
	Seed     uint64            // other seeds give other records, credentials and tokens
	Scale    float64           // how many records: 0 none, 1 as many as a small company has, 500 ten million; above 0 every stream has at least one
	Latency  time.Duration     // replies wait up to this long; how long depends on the request alone
	Ledger   io.Writer         // gets one line of JSON per reply, before the reply is sent; nil: none
	Switches map[string]string // by name, see Switches; those not given have their default
	Now      func() time.Time  // nil: time.Now
}

// A Server serves every API below a path of its own. It is safe for concurrent
// use.
type Server struct {
	options Options
	values  values
	sources map[string]*mount
	ledger  sync.Mutex // one line at a time
	zippers sync.Pool
}

// A mount is an API as a server serves it.
type mount struct {
	source
	faults []Fault
	strike strike
	before atomic.Pointer[[]byte] // body of the last reply with records
}

// New makes a server. An unknown switch or value is an error that names those
// that exist.
func New(o Options) (*Server, error) {
	if !(o.Scale >= 0) || math.IsInf(o.Scale, 1) {
		return nil, fmt.Errorf("reading the scale: %v is not 0 or more", o.Scale)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	v, err := newValues(o.Switches)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, values: v, sources: map[string]*mount{}, zippers: sync.Pool{New: func() any { return newZipper() }}}
	for _, a := range apis() {
		s.sources[a.name] = &mount{source: a.open(o, v), faults: slices.Concat(Faults(), a.faults), strike: v.strike(a.name + ".fail")}
	}
	return s, nil
}

// BaseURLs returns the base URL of every API, by name, of a server that is
// reached at base, such as http://127.0.0.1:8080.
func (s *Server) BaseURLs(base string) map[string]string {
	urls := map[string]string{}
	for _, a := range apis() {
		urls[a.name] = strings.TrimSuffix(base, "/") + "/" + a.name
	}
	return urls
}

// Env returns the variables that pipelines.yaml asks for: the base URL of every
// API, and credentials that the server accepts.
func (s *Server) Env(base string) map[string]string {
	env := map[string]string{}
	for name, url := range s.BaseURLs(base) {
		env[strings.ToUpper(name)+"_URL"] = url
		maps.Copy(env, s.sources[name].env())
	}
	return env
}

// maxBody is the largest request body in bytes.
const maxBody = 1 << 20

// ServeHTTP answers a request to any of the APIs.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	m, ok := s.sources[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		http.Error(w, "request body too large or broken off", http.StatusBadRequest)
		return
	}
	s.wait(r, body)
	call := call{Request: r, path: "/" + path, body: body}
	rep := m.serve(&call)
	var f Fault
	var before []byte
	if rep.data && rep.status == http.StatusOK {
		f = faultNamed(m.faults, m.strike.next())
		if last := m.before.Swap(&rep.body); last != nil {
			before = *last
		}
	}
	s.send(w, &call, name, rep.struck(f, before), f)
}

// wait holds a request back for a time that its own content decides.
func (s *Server) wait(r *http.Request, body []byte) {
	if s.options.Latency <= 0 {
		return
	}
	d := dice(mix(s.options.Seed ^ hash(r.URL.RequestURI()) ^ hash(string(body))))
	t := time.NewTimer(time.Duration(d.below(int64(s.options.Latency) + 1)))
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

// send writes the ledger's line and the reply, in the way of a fault if that is
// one of how replies are sent.
func (s *Server) send(w http.ResponseWriter, c *call, name string, rep reply, f Fault) {
	s.note(c, name, rep)
	h := w.Header()
	s.date(h)
	if f.deliver != nil {
		f.deliver(w, c.Request, rep)
		return
	}
	if s.zips(c, rep) {
		z := s.zippers.Get().(*zipper)
		rep.body = z.zip(rep.body)
		s.zippers.Put(z)
		h.Set("Content-Encoding", "gzip")
	}
	if s.values.on("gzip") {
		h.Set("Vary", "Accept-Encoding")
	}
	if rep.status == http.StatusNoContent {
		w.WriteHeader(rep.status)
		return
	}
	if rep.header.Get("Location") == "" && rep.status/100 == 3 {
		rep.header.Set("Location", c.URL.RequestURI())
	}
	plain(w, rep)
}

// date writes the header Date by the server's clock.
func (s *Server) date(h http.Header) {
	now := s.options.Now().UTC()
	switch s.values["date"] {
	case "none":
		h["Date"] = nil
		return
	case "+1h":
		now = now.Add(time.Hour)
	case "-1h":
		now = now.Add(-time.Hour)
	}
	h.Set("Date", now.Format(http.TimeFormat))
}
