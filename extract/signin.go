package extract

import "context"

// LogIn asks for the token of the source, if it needs one, so that a mistake in
// its credentials shows before any page is asked for.
func (c *Client) LogIn(ctx context.Context) error {
	if c.session == nil {
		return nil
	}
	_, err := c.session.token(ctx)
	return err
}
