package extract

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"etl/internal/config"
	"etl/internal/fault"
)

// A session holds the token of a source. Pages that need one at the same time
// share one login: the first asks, the others wait for it. A login that was
// refused is not tried again, so that no account gets locked.
type session struct {
	now     func() time.Time
	grant   grant
	lock    *semaphore.Weighted // held while a login is under way; its waiting ends with the context
	current *token
	refused error
}

// A grant is a way to a token.
type grant interface {
	// obtain asks for a token. Current is the one before, which is not good any
	// more; nil: there is none yet.
	obtain(ctx context.Context, current *token) (*token, error)
}

// A token is what authorizes requests.
type token struct {
	secret  scalar
	expires time.Time   // not to be used from then on; zero: until the API refuses it
	replies []*document // of a login, the newest first: a refresh need not repeat what the login told
}

// newSession returns the session of a source, nil if it needs none.
func newSession(c *Client) (*session, error) {
	var g grant
	switch a := c.source.Auth; {
	case a.Login != nil:
		g = &loginGrant{c, a.Login}
	case a.OAuth2 != nil:
		var err error
		if g, err = newOAuth2(c, a.OAuth2); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	return &session{now: c.options.Now, grant: g, lock: semaphore.NewWeighted(1)}, nil
}

// token returns the token of the source, and asks for one if there is none but
// stale: one that the API refused, or nil.
func (s *session) token(ctx context.Context, stale *token) (*token, error) {
	if err := s.lock.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.lock.Release(1)
	if s.refused != nil {
		return nil, s.refused
	}
	if s.current != nil && s.current != stale && !s.current.expired(s.now()) {
		return s.current, nil
	}
	fresh, err := s.grant.obtain(ctx, s.current)
	if err != nil {
		if c := fault.Of(err); c == fault.Auth || c == fault.Config {
			s.refused = err
		}
		return nil, err
	}
	s.current = fresh
	return fresh, nil
}

// newest returns the token that the session has, without waiting: if another
// page is logging in just now, the one that is known.
func (s *session) newest(known *token) *token {
	if !s.lock.TryAcquire(1) {
		return known
	}
	defer s.lock.Release(1)
	if s.current == nil {
		return known
	}
	return s.current
}

func (t *token) expired(now time.Time) bool { return !t.expires.IsZero() && !now.Before(t.expires) }

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
