package extract

import (
	"encoding/base64"
	"strings"
	"time"

	"etl/internal/config"
)

// expiry returns when a token that lives so long is not to be used any more: a
// request takes its time.
func expiry(now time.Time, lifetime time.Duration) time.Time {
	const most = 30 * time.Second
	return now.Add(lifetime - min(most, lifetime/10))
}

// lifetimeOf returns how long a token of a login lives: by expires_in beside it,
// else by exp inside it if it is a JSON Web Token (RFC 7519, 4.1.4), which is
// meant by the server's clock. False: it does not say.
func lifetimeOf(a *answer, at config.Path, secret string, now time.Time) (time.Duration, bool) {
	if len(at) > 0 {
		beside := append(append(config.Path{}, at[:len(at)-1]...), "expires_in")
		if n, ok := a.doc.number(a.doc.root, beside); ok && n > 0 {
			return seconds(n), true
		}
	}
	parts := strings.Split(secret, ".")
	if len(parts) != 3 {
		return 0, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return 0, false
	}
	d := newDocument(claims)
	if d.err != nil {
		return 0, false
	}
	exp, ok := d.number(d.root, config.Path{"exp"})
	if !a.Date.IsZero() {
		now = a.Date
	}
	left := seconds(exp - float64(now.Unix()))
	return left, ok && left > 0
}
