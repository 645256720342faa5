package extract

import (
	"context"
	"sync/atomic"
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
	current atomic.Pointer[token]
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
	refused atomic.Bool // by the API
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

// token returns the token of the source, and asks for one if there is none
// that is good. Who comes while that is under way waits for it.
func (s *session) token(ctx context.Context) (*token, error) {
	if err := s.lock.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.lock.Release(1)
	if s.refused != nil {
		return nil, s.refused
	}
	current := s.current.Load()
	if current != nil && current.good(s.now()) {
		return current, nil
	}
	fresh, err := s.grant.obtain(ctx, current)
	if err != nil {
		if c := fault.Of(err); c == fault.Auth || c == fault.Config {
			s.refused = err
		}
		return nil, err
	}
	s.current.Store(fresh)
	return fresh, nil
}

// good tells whether requests may be sent with a token.
func (t *token) good(now time.Time) bool {
	return !t.refused.Load() && (t.expires.IsZero() || now.Before(t.expires))
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
