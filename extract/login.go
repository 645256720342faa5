package extract

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"golang.org/x/sync/semaphore"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
)

// A session holds the token of a source. Pages that need one at the same time
// share one login: the first asks, the others wait for it. A login that was
// refused is not tried again, so that no account gets locked.
type session struct {
	client  *Client
	login   *config.Login
	lock    *semaphore.Weighted // held while a login is under way; its waiting ends with the context
	current *token
	refused error
}

// A token is the outcome of a login.
type token struct {
	secret  scalar
	replies []*document // the newest first: a refresh need not repeat what the login told
}

func newSession(c *Client, l *config.Login) *session {
	return &session{client: c, login: l, lock: semaphore.NewWeighted(1)}
}

// token returns the token of the source, and logs in if there is none but
// stale: one that the API refused, or nil.
func (s *session) token(ctx context.Context, stale *token) (*token, error) {
	if err := s.lock.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.lock.Release(1)
	if s.refused != nil {
		return nil, s.refused
	}
	if s.current != nil && s.current != stale {
		return s.current, nil
	}
	fresh, err := s.obtain(ctx)
	if err != nil {
		if c := fault.Of(err); c == fault.Auth || c == fault.Config {
			s.refused = err
		}
		return nil, err
	}
	s.current = fresh
	return fresh, nil
}

// obtain exchanges the refresh token, or else logs in.
func (s *session) obtain(ctx context.Context) (*token, error) {
	if s.current != nil && s.login.Refresh != nil {
		fresh, err := s.ask(ctx, "refreshing the login", *s.login.Refresh, s.current)
		if err == nil || ctx.Err() != nil {
			return fresh, err
		}
		s.client.options.Log.Info("refresh did not work, logging in again", "source", s.client.source.Name)
	}
	return s.ask(ctx, "logging in", s.login.Login, nil)
}

// ask sends the request of a login and takes the token from the reply.
func (s *session) ask(ctx context.Context, what string, q config.Request, old *token) (*token, error) {
	c := s.client
	q.Method = orDefault(q.Method, http.MethodPost)
	q.Headers = slices.Concat(c.source.Headers, q.Headers)
	var fresh *token
	err := c.do(ctx, task{
		what:  what + " at source " + c.source.Name,
		login: true,
		draft: func(*token) (*draft, error) {
			return c.draft(&filler{zone: c.source.Zone, token: old}, q)
		},
		judge: func(a *answer) (v verdict) {
			if v = c.verdict(a, nil, 1, false); v.then == "" {
				fresh, v = s.accept(a, old)
			}
			return v
		},
	})
	var refused *fault.Error
	if errors.As(err, &refused) && refused.Class == fault.Data {
		refused.Class = fault.Auth
	}
	return fresh, err
}

// accept takes the token from a reply. Every text of the reply counts as a
// secret from now on.
func (s *session) accept(a *answer, old *token) (*token, verdict) {
	fresh := &token{replies: []*document{a.doc}}
	if old != nil {
		fresh.replies = append(fresh.replies, old.replies[len(old.replies)-1])
	}
	secret, ok := scalarAt(a.doc, s.login.Token)
	if !ok || secret.text == "" {
		return nil, failed(fault.New(fault.Auth, "the reply holds no token where auth.token says"))
	}
	s.client.redactor.learn(texts(a.doc, a.doc.root)...)
	fresh.secret = secret
	return fresh, verdict{}
}

// value returns what the newest reply of a login that has it says at a path.
func (t *token) value(path config.Path) (scalar, bool) {
	if t == nil {
		return scalar{}, false
	}
	for _, d := range t.replies {
		if s, ok := scalarAt(d, path); ok {
			return s, true
		}
	}
	return scalar{}, false
}

func scalarAt(d *document, path config.Path) (scalar, bool) {
	at, ok := d.find(path)
	if !ok {
		return scalar{}, false
	}
	text, ok := d.scalar(at)
	kind := config.Text
	switch d.kind(at) {
	case jsonspan.Number:
		kind = config.Number
	case jsonspan.Bool:
		kind = config.Bool
	}
	return scalar{kind, text}, ok
}

// texts returns all texts inside a value.
func texts(d *document, at jsonspan.Span) []string {
	var all []string
	switch d.kind(at) {
	case jsonspan.String:
		text, _ := d.scalar(at)
		all = append(all, text)
	case jsonspan.Array:
		for e := range jsonspan.Elements(d.text, at) {
			all = append(all, texts(d, e)...)
		}
	case jsonspan.Object:
		for _, v := range jsonspan.Members(d.text, at) {
			all = append(all, texts(d, v)...)
		}
	}
	return all
}
