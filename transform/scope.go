package transform

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"

	"etl/internal/jsonspan"
	"etl/schemas"
)

// A scope is what the reading of every value of a page depends on, and what is
// counted on the way.
type scope struct {
	zone       *time.Location
	duplicates schemas.Policy
	badText    schemas.Policy
	parent     map[string]any // of the page
	counts     Counts
	breaches   []Breach // of the page
	seen       []Sight  // of the page, by place
}

// Counts are what was done to values of accepted records. Each is allowed by
// the schema, and none is silent.
type Counts struct {
	Unlabelled int64 // enum codes without label
	Misfit     int64 // values that went to _extra, their column NULL
	Rounded    int64 // decimals
	Replaced   int64 // strings and names in which U+FFFD stands for what was no text
	Duplicates int64 // members that a later one of the same name replaced
}

// text returns the text of a JSON string, given with its quotes.
func (s *scope) text(quoted []byte) ([]byte, error) {
	text, err := jsonspan.Unquote(quoted)
	if err == nil || s.badText != schemas.Replace {
		return text, err
	}
	var replaced string
	if err := json.Unmarshal(quoted, &replaced); err != nil {
		return nil, err
	}
	s.counts.Replaced++
	return []byte(replaced), nil
}

// source returns the exact text of a value, which may be any JSON. Escapes stay
// escapes, also those of half a surrogate pair.
func (s *scope) source(n *node) ([]byte, error) {
	if utf8.Valid(n.raw) {
		return n.raw, nil
	}
	if s.badText != schemas.Replace {
		return nil, jsonspan.ErrUTF8
	}
	s.counts.Replaced++
	return bytes.ToValidUTF8(n.raw, []byte("\uFFFD")), nil
}
