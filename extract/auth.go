package extract

import (
	"encoding/base64"

	"etl/internal/config"
)

// carriesSecrets tells whether requests hold anything that is to be kept from
// others.
func carriesSecrets(src *config.Source) bool {
	for _, fields := range [][]config.Field{src.Headers, src.Params} {
		for _, f := range fields {
			if f.Value.Secret {
				return true
			}
		}
	}
	return src.Auth.Kind != "" && src.Auth.Kind != "none"
}

// authorize adds the credentials to a request. Every request goes to the
// source's origin, and only there: see Client.address.
func (c *Client) authorize(d *draft, f *filler) error {
	a := c.source.Auth
	headers, err := f.headers(a.Headers)
	if err != nil {
		return err
	}
	d.headers = append(d.headers, headers...)
	if d.secret, err = f.pairs(a.Query); err != nil {
		return err
	}
	params, err := f.object(a.Params)
	if err != nil {
		return err
	}
	for _, p := range params {
		d.fields.set(p.name, p.text)
	}
	if a.Basic != nil {
		text := base64.StdEncoding.EncodeToString([]byte(string(a.Basic.Username) + ":" + string(a.Basic.Password)))
		d.headers = append(d.headers, pair{"Authorization", "Basic " + text})
	}
	switch {
	case a.Login != nil:
		d.bear(a.Login, f.token)
	case a.OAuth2 != nil:
		d.bear(&config.Login{}, f.token)
	}
	return nil
}

// bear adds the token of a login.
func (d *draft) bear(l *config.Login, t *token) {
	switch {
	case t == nil:
	case l.Param != "":
		d.fields.set(l.Param, t.secret.json())
	case l.Header != "":
		d.headers = append(d.headers, pair{l.Header, t.secret.text})
	default:
		d.headers = append(d.headers, pair{"Authorization", "Bearer " + t.secret.text})
	}
}

// withoutSecrets removes the credentials from the query of a link.
func (c *Client) withoutSecrets(query pairs) pairs {
	var kept pairs
	for _, p := range query {
		secret := false
		for _, f := range c.source.Auth.Query {
			secret = secret || f.Name == p.name
		}
		if !secret {
			kept = append(kept, p)
		}
	}
	return kept
}
