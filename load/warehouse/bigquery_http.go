package warehouse

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"etl/internal/fault"
)

// bigEndpoint is where BigQuery listens.
const bigEndpoint = "https://bigquery.googleapis.com"

// Credentials returns a client that adds the application default credentials:
// the file that GOOGLE_APPLICATION_CREDENTIALS names, the one that gcloud has
// left, or the account of the machine. Credentials go where the client is asked
// to send them: give it to a BigQuery without an Endpoint only.
func Credentials(ctx context.Context) (*http.Client, error) {
	source, err := google.DefaultTokenSource(ctx, "https://www.googleapis.com/auth/bigquery")
	if err != nil {
		return nil, fault.New(fault.Auth, "looking for credentials for Google Cloud: there are none that can be read").
			WithHint("set GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login")
	}
	c := oauth2.NewClient(ctx, source)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// path returns the address of a resource of the project.
func (w *BigQuery) path(elem ...string) string {
	u := strings.TrimSuffix(cmp.Or(w.Endpoint, bigEndpoint), "/") + "/bigquery/v2/projects/" + url.PathEscape(w.Project)
	for _, e := range elem {
		u += "/" + url.PathEscape(e)
	}
	return u
}

// A bigError is what the API answers with in place of a resource.
type bigError struct {
	Code   int
	Reason string
	Text   string
}

func (e *bigError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("HTTP %d", e.Code)
	}
	return fmt.Sprintf("%s: %s", e.Reason, safeReason(e.Reason, e.Text))
}

// isCode tells whether an error is the API's answer with an HTTP status.
func isCode(err error, code int) bool {
	e, ok := errors.AsType[*bigError](err)
	return ok && e.Code == code
}

// passing are reasons after which the same request may succeed
// (https://cloud.google.com/bigquery/docs/error-messages).
var passing = []string{"backendError", "internalError", "jobBackendError", "jobInternalError", "jobRateLimitExceeded", "rateLimitExceeded", "tableUnavailable"}

// call makes a request until its answer is no passing failure, and reads the
// answer into out; nil: it is not looked at.
func (w *BigQuery) call(ctx context.Context, method, address string, body, out any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return fault.New(fault.Bug, "writing a request: %w", err)
		}
	}
	for attempt := 1; ; attempt++ {
		answer, err := w.once(ctx, method, address, http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(text), int64(len(text)))
		if err == nil {
			return answer.read(out)
		}
		if attempt >= cmp.Or(w.Attempts, 6) || !retriable(err) {
			return classed(err)
		}
		if err := sleep(ctx, backoff(attempt)); err != nil {
			return err
		}
	}
}

// An answer is a reply with a good status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) read(out any) error {
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return fault.New(fault.Transient, "reading the answer of BigQuery: it is no JSON")
	}
	return nil
}

// once makes one request.
func (w *BigQuery) once(ctx context.Context, method, address string, header http.Header, body io.Reader, size int64) (*answer, error) {
	if size == 0 {
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fault.New(fault.Config, "asking BigQuery: its address is none")
	}
	req.ContentLength = size
	req.Header = header
	resp, err := w.Client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%w: %w", errNetwork, plainError(err))
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("%w: reading the answer: %w", errNetwork, err)
	}
	if resp.StatusCode < 300 || resp.StatusCode == http.StatusPermanentRedirect {
		return &answer{resp.StatusCode, resp.Header, text}, nil
	}
	e := &bigError{Code: resp.StatusCode}
	var said struct {
		Error struct {
			Message string
			Errors  []struct{ Reason string }
		}
	}
	if json.Unmarshal(text, &said) == nil && len(said.Error.Errors) > 0 {
		e.Reason, e.Text = said.Error.Errors[0].Reason, said.Error.Message
	}
	return nil, e
}

// errNetwork is a request that no answer came to.
var errNetwork = errors.New("asking BigQuery")

// plainError takes the address out of an error of net/http, and tokens with it.
func plainError(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if _, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fault.New(fault.Auth, "the credentials were refused").WithHint("gcloud auth application-default login")
	}
	return err
}

// retriable tells whether the same request may succeed.
func retriable(err error) bool {
	if fault.Of(err) == fault.Auth {
		return false
	}
	e, ok := errors.AsType[*bigError](err)
	if !ok {
		return errors.Is(err, errNetwork)
	}
	return e.Code >= 500 || e.Code == http.StatusTooManyRequests || e.Code == http.StatusRequestTimeout || slices.Contains(passing, e.Reason)
}

// classed gives an error its class.
func classed(err error) error {
	e, ok := errors.AsType[*bigError](err)
	switch {
	case !ok && errors.Is(err, errNetwork) && fault.Of(err) != fault.Auth:
		return fault.New(fault.Transient, "%w", err)
	case !ok:
		return err
	case e.Reason == "quotaExceeded":
		return fault.New(fault.Transient, "asking BigQuery: %w", e).WithHint("a quota is used up: try again when it is renewed")
	case retriable(e):
		return fault.New(fault.Transient, "asking BigQuery: %w", e)
	case e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden:
		return fault.New(fault.Auth, "asking BigQuery: %w", e).WithHint("the account needs the roles bigquery.jobUser in the project and bigquery.dataEditor on the dataset")
	case e.Code == http.StatusNotFound || e.Code == http.StatusBadRequest:
		return fault.New(fault.Config, "asking BigQuery: %w", e)
	}
	return fault.New(fault.Storage, "asking BigQuery: %w", e)
}

// tellingReasons are those whose text speaks of tables, jobs and quotas. Others
// may hold values of rows.
var tellingReasons = []string{
	"accessDenied", "billingNotEnabled", "billingTierLimitExceeded", "blocked", "duplicate", "notFound", "notImplemented",
	"quotaExceeded", "rateLimitExceeded", "resourceInUse", "resourcesExceeded", "responseTooLarge", "stopped",
}

func safeReason(reason, text string) string {
	if slices.Contains(tellingReasons, reason) {
		return text
	}
	return "the text is left out: it may hold values"
}

// backoff returns how long to wait after so many attempts.
func backoff(attempt int) time.Duration {
	most := min(500*time.Millisecond<<min(attempt, 10), 32*time.Second)
	return most/2 + rand.N(most/2)
}

// sleep waits, or returns why it was stopped.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
