package crmsim

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A line is one line of the ledger: what one reply served.
type line struct {
	Time   string          `json:"time"` // RFC 3339, UTC
	Source string          `json:"source"`
	Path   string          `json:"path"`   // with the query, less its secrets; of JSON-RPC with #method
	Page   *int64          `json:"page"`   // number of the page; null: the reply is none
	Status int             `json:"status"` // of HTTP; 0: the connection was reset
	Keys   json.RawMessage `json:"keys"`   // of the records that were served whole
}

// note writes a reply into the ledger.
func (s *Server) note(c *call, name string, rep reply) {
	if s.options.Ledger == nil {
		return
	}
	l := line{
		Time:   s.options.Now().UTC().Format(time.RFC3339Nano),
		Source: name,
		Path:   rep.path,
		Status: rep.status,
		Keys:   slices.Concat([]byte("["), bytes.TrimSuffix(rep.keys, []byte(",")), []byte("]")),
	}
	if l.Path == "" {
		l.Path = shown(c.URL)
	}
	if rep.page > 0 {
		l.Page = &rep.page
	}
	text, err := json.Marshal(l)
	if err != nil {
		panic(err) // keys are JSON that this package wrote
	}
	s.ledger.Lock()
	defer s.ledger.Unlock()
	// The ledger's owner sees errors of its own writer.
	_, _ = s.options.Ledger.Write(append(text, '\n'))
}

// shown returns path and query of a URL, with the values of secrets left out.
func shown(u *url.URL) string {
	if u.RawQuery == "" {
		return u.Path
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		for _, word := range []string{"token", "secret", "password"} {
			if strings.Contains(strings.ToLower(name), word) {
				pairs[i] = name + "=***"
			}
		}
	}
	return u.Path + "?" + strings.Join(pairs, "&")
}
