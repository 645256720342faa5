package extract

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"etl/internal/config"
	"etl/internal/fault"
)

// An oauth2 gets tokens from a token endpoint (RFC 6749): by the credentials of
// the client (4.4), or by a refresh token (6), which the server may replace
// with every exchange. What it sends goes to the endpoint's origin alone.
type oauth2 struct {
	client   *Client
	config   *config.OAuth2
	endpoint *url.URL
	kept     *keptToken
}

func newOAuth2(c *Client, o *config.OAuth2) (*oauth2, error) {
	at, err := url.Parse(o.TokenURL)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.Scheme != "http" && at.Scheme != "https":
		return nil, fault.New(fault.Config, "source %s: token_url is no http or https address", c.source.Name)
	case at.Scheme == "http" && !c.source.InsecureHTTP && !loopback(at.Hostname()):
		return nil, fault.New(fault.Config, "source %s: credentials would go over plain http to %s", c.source.Name, at.Host).
			WithHint("use https, or set insecure_http: true")
	}
	return &oauth2{c, o, at, newKeptToken(c.options.State, c.source.Name, o)}, nil
}

func (o *oauth2) obtain(ctx context.Context, _ *token) (*token, error) {
	if o.config.RefreshToken == "" {
		form := pairs{{"grant_type", "client_credentials"}}
		fresh, _, err := o.ask(ctx, "asking for a token", form)
		return fresh, err
	}
	unlock, err := o.kept.lock(ctx, o.client.sleep)
	if err != nil {
		return nil, err
	}
	fresh, err := o.refresh(ctx)
	return fresh, errors.Join(err, unlock())
}

// refresh exchanges the newest refresh token that is known. One that was kept
// and is not accepted any more gives way to the configured one.
func (o *oauth2) refresh(ctx context.Context) (*token, error) {
	kept, err := o.kept.read()
	if err != nil {
		return nil, err
	}
	if kept != "" {
		fresh, spent, err := o.exchange(ctx, kept)
		if !spent {
			return fresh, err
		}
		o.client.options.Log.Info("the kept refresh token is not accepted any more, taking the configured one", "source", o.client.source.Name)
		if err := o.kept.write(""); err != nil {
			return nil, err
		}
	}
	fresh, _, err := o.exchange(ctx, string(o.config.RefreshToken))
	return fresh, err
}

// exchange gives a refresh token for an access token, and keeps the refresh
// token that replaces it before anything else can go wrong. Spent tells that
// the server does not accept the refresh token.
func (o *oauth2) exchange(ctx context.Context, refresh string) (fresh *token, spent bool, err error) {
	o.client.redactor.learn(refresh)
	fresh, code, err := o.ask(ctx, "refreshing the token", pairs{{"grant_type", "refresh_token"}, {"refresh_token", refresh}})
	if err != nil {
		return nil, code == "invalid_grant", err
	}
	if next, ok := fresh.value(config.Path{"refresh_token"}); ok && next.text != "" && next.text != refresh {
		err = o.kept.write(next.text)
	}
	return fresh, false, err
}

// ask sends a request to the token endpoint. If the server refuses it, code is
// the error code of the reply (5.2).
func (o *oauth2) ask(ctx context.Context, what string, form pairs) (fresh *token, code string, err error) {
	c := o.client
	err = c.do(ctx, task{
		what:  what + " at source " + c.source.Name,
		login: true,
		draft: func(*token) (*draft, error) { return o.draft(form) },
		judge: func(a *answer) (v verdict) {
			if code, v = o.judge(a); v.then == "" {
				fresh, v = o.accept(a)
			}
			return v
		},
	})
	return fresh, code, asAuth(err)
}

// draft makes the request: a form, and who sends it in the header or beside.
func (o *oauth2) draft(form pairs) (*draft, error) {
	d := &draft{method: http.MethodPost, to: o.endpoint, form: append(pairs{}, form...)}
	if len(o.config.Scopes) > 0 {
		d.form.set("scope", strings.Join(o.config.Scopes, " "))
	}
	more, err := (&filler{}).pairs(o.config.Params)
	if err != nil {
		return nil, err
	}
	d.form = append(d.form, more...)
	id, secret := string(o.config.ClientID), string(o.config.ClientSecret)
	if o.config.InBody {
		d.form = append(d.form, pair{"client_id", id}, pair{"client_secret", secret})
		return d, nil
	}
	text := url.QueryEscape(id) + ":" + url.QueryEscape(secret) // 2.3.1: encoded before it goes into base64
	d.headers = pairs{{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(text))}}
	return d, nil
}

// judge judges a reply by its error code, else as any reply over HTTP.
func (o *oauth2) judge(a *answer) (code string, v verdict) {
	mayPass := a.Status >= 500 || a.Status == http.StatusTooManyRequests
	if code, ok := a.doc.textAt(config.Path{"error"}); ok && !mayPass {
		text := o.client.redactor.excerpt(code)
		if more, ok := a.doc.textAt(config.Path{"error_description"}); ok {
			text += ": " + o.client.redactor.excerpt(more)
		}
		return code, failed(fault.New(fault.Auth, "HTTP %d, %s", a.Status, text).WithHint("%s", hintOf(code)))
	}
	for _, rule := range httpReplies() {
		if (judged{a, 1}).obeys(rule) {
			return "", o.client.sentence(a, rule)
		}
	}
	return "", unreadable(a)
}

// hintOf says what to do about an error code.
func hintOf(code string) string {
	switch code {
	case "invalid_grant":
		return "the refresh token is spent, expired or taken back: authorize etl again and set a new one"
	case "invalid_client", "unauthorized_client":
		return "check client_id, client_secret and client_auth"
	case "invalid_scope":
		return "check scopes"
	}
	return ""
}

// accept takes the token from a reply (5.1). Every text of the reply counts as
// a secret from now on.
func (o *oauth2) accept(a *answer) (*token, verdict) {
	fresh := &token{replies: []*document{a.doc}}
	var ok bool
	if fresh.secret, ok = fresh.value(config.Path{"access_token"}); !ok || fresh.secret.text == "" {
		return nil, failed(fault.New(fault.Auth, "the reply holds no access_token"))
	}
	if kind, ok := fresh.value(config.Path{"token_type"}); ok && !strings.EqualFold(kind.text, "Bearer") {
		return nil, failed(fault.New(fault.Auth, "the reply holds a token of a type that is not Bearer"))
	}
	for _, name := range []string{"access_token", "refresh_token", "id_token"} {
		if secret, ok := fresh.value(config.Path{name}); ok {
			o.client.redactor.learn(secret.text)
		}
	}
	if n, ok := a.doc.number(a.doc.root, config.Path{"expires_in"}); ok && n > 0 {
		fresh.expires = expiry(o.client.options.Now(), seconds(n))
	}
	return fresh, verdict{}
}
