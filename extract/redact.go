package extract

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"sync"

	"etl/internal/config"
)

// A redactor replaces secrets in texts that come from outside. It knows those
// of the configuration and learns those of logins. It is safe for concurrent
// use.
type redactor struct {
	mu       sync.Mutex
	known    map[string]bool
	replacer *strings.Replacer // nil: to be made anew
}

const hidden = "***"

// newRedactor knows every text under the source's auth, and every secret value
// of its headers and params.
func newRedactor(src *config.Source) *redactor {
	r := &redactor{known: map[string]bool{}}
	a := src.Auth
	for _, fields := range [][]config.Field{a.Headers, a.Query, a.Params} {
		r.learnFields(fields, true)
	}
	if a.Basic != nil {
		r.learn(string(a.Basic.Username), string(a.Basic.Password), string(a.Basic.Username+":"+a.Basic.Password))
	}
	if a.Login != nil {
		r.learnRequest(a.Login.Login, true)
		if a.Login.Refresh != nil {
			r.learnRequest(*a.Login.Refresh, true)
		}
	}
	if o := a.OAuth2; o != nil {
		r.learn(string(o.ClientID), string(o.ClientSecret), string(o.RefreshToken))
		r.learnFields(o.Params, true)
	}
	r.learnFields(src.Headers, false)
	r.learnFields(src.Params, false)
	return r
}

// learnRequest learns the secret values of a request, or all of its texts.
func (r *redactor) learnRequest(q config.Request, all bool) {
	for _, fields := range [][]config.Field{q.Query, q.Params, q.Headers} {
		r.learnFields(fields, all)
	}
	if q.JSON != nil {
		r.learnValue(*q.JSON, all)
	}
}

func (r *redactor) learnFields(fields []config.Field, all bool) {
	for _, f := range fields {
		r.learnValue(f.Value, all)
	}
}

func (r *redactor) learnValue(v config.Value, all bool) {
	all = all || v.Secret
	switch v.Kind {
	case config.Text:
		for _, part := range v.Text {
			if all && part.Name == "" {
				r.learn(part.Literal)
			}
		}
	case config.Number:
		if all {
			r.learn(v.Number)
		}
	case config.List:
		for _, e := range v.List {
			r.learnValue(e, all)
		}
	case config.Map:
		r.learnFields(v.Map, all)
	}
}

// learn adds secrets. Of "Bearer abc" the part after the blank is one too.
func (r *redactor) learn(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range secrets {
		s = strings.TrimSpace(s)
		if _, bare, ok := strings.Cut(s, " "); ok {
			r.add(bare)
		}
		r.add(s)
	}
}

func (r *redactor) add(s string) {
	const shortest = 3 // less is no secret, and would garble every text
	if len(s) < shortest || r.known[s] || strings.EqualFold(s, "Bearer") {
		return
	}
	r.known[s] = true
	r.replacer = nil
}

// hide returns text with every known secret, also URL-encoded and in base64,
// replaced.
func (r *redactor) hide(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.replacer == nil {
		r.replacer = makeReplacer(r.known)
	}
	return r.replacer.Replace(text)
}

// makeReplacer puts long forms first, so that no secret that begins with
// another one is left half visible.
func makeReplacer(known map[string]bool) *strings.Replacer {
	var forms []string
	for s := range known {
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s),
			base64.StdEncoding.EncodeToString([]byte(s)), base64.RawStdEncoding.EncodeToString([]byte(s)),
			base64.URLEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s)))
	}
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	var pairs []string
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, hidden)
	}
	return strings.NewReplacer(pairs...)
}

// excerpt returns text fit for a message: one line, no secrets, at most 200
// characters.
func (r *redactor) excerpt(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(strings.Map(printable, r.hide(text))), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// printable turns control characters, which could rewrite a terminal, into
// blanks.
func printable(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
		return ' '
	}
	return r
}
