package extract

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"etl/internal/config"
	"etl/internal/fault"
	"etl/internal/jsonspan"
)

// A loginGrant gets tokens by the requests that the source declares.
type loginGrant struct {
	client *Client
	login  *config.Login
}

// obtain exchanges the refresh token, or else logs in.
func (g *loginGrant) obtain(ctx context.Context, current *token) (*token, error) {
	if current != nil && g.login.Refresh != nil {
		fresh, err := g.ask(ctx, "refreshing the login", *g.login.Refresh, current)
		if err == nil || ctx.Err() != nil {
			return fresh, err
		}
		g.client.options.Log.Info("refresh did not work, logging in again", "source", g.client.source.Name)
	}
	return g.ask(ctx, "logging in", g.login.Login, nil)
}

// ask sends the request of a login and takes the token from the reply.
func (g *loginGrant) ask(ctx context.Context, what string, q config.Request, old *token) (*token, error) {
	c := g.client
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
				fresh, v = g.accept(a, old)
			}
			return v
		},
	})
	return fresh, asAuth(err)
}

// asAuth makes a login that was answered, but not as it should be, a matter of
// credentials.
func asAuth(err error) error {
	var refused *fault.Error
	if errors.As(err, &refused) && refused.Class == fault.Data {
		refused.Class = fault.Auth
	}
	return err
}

// accept takes the token from a reply. Every text of the reply counts as a
// secret from now on.
func (g *loginGrant) accept(a *answer, old *token) (*token, verdict) {
	fresh := &token{replies: []*document{a.doc}}
	if old != nil {
		fresh.replies = append(fresh.replies, old.replies[len(old.replies)-1])
	}
	secret, ok := scalarAt(a.doc, g.login.Token)
	if !ok || secret.text == "" {
		return nil, failed(fault.New(fault.Auth, "the reply holds no token where auth.token says"))
	}
	g.client.redactor.learn(texts(a.doc, a.doc.root)...)
	fresh.secret = secret
	now := g.client.options.Now()
	if lifetime, ok := lifetimeOf(a, g.login.Token, secret.text, now); ok {
		fresh.expires = expiry(now, lifetime)
	}
	return fresh, verdict{}
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
