package bucket

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"etl/internal/fault"
)

// A wire sends requests until they have a clear answer.
type wire struct {
	client    *http.Client
	settings  Settings
	authorize func(*http.Request, payload) error
	code      func(body []byte) string // what went wrong, of an answer that refuses: one word
}

func newWire(s Settings) wire {
	s.Attempts = cmp.Or(s.Attempts, 8)
	s.Timeout = cmp.Or(s.Timeout, 5*time.Minute)
	s.PartSize = cmp.Or(s.PartSize, 16<<20)
	if s.Sleep == nil {
		s.Sleep = sleep
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true // bytes are taken as they are
	t.MaxIdleConnsPerHost = 16
	t.ResponseHeaderTimeout = s.Timeout
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	return wire{settings: s, client: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// A payload is the body of a request, which can be sent again.
type payload struct {
	data io.ReaderAt // nil: there is none
	size int64
	sums
}

// A call is a request that can be made again.
type call struct {
	doing  string // for errors: "writing data/x"
	method string
	url    string
	header http.Header
	body   payload
	ok     []int             // statuses that are no refusal, beside 200 to 299
	take   func(reply) error // reads the answer; nil: there is nothing to read
}

// A reply is an answer that is no refusal.
type reply struct {
	status int
	header http.Header
	size   int64 // of the body; negative: not known
	body   io.Reader
}

// A refusal is an answer that does not do what was asked for.
type refusal struct {
	status int
	code   string // one word of the server; may be empty
	region string // of S3, where the bucket lies
	after  time.Duration
}

func (r *refusal) Error() string {
	if r.code == "" {
		return fmt.Sprintf("HTTP %d", r.status)
	}
	return fmt.Sprintf("HTTP %d, %s", r.status, r.code)
}

// A lost answer says nothing: the request may have been done, or not.
type lost struct{ cause error }

func (l *lost) Error() string { return l.cause.Error() }
func (l *lost) Unwrap() error { return l.cause }

// passing are words for what the same request may get over.
var passing = []string{
	"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "ConditionalRequestConflict",
	"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded", "backendError",
}

// again tells whether a request is worth making again, and after what time at
// least.
func again(err error) (worth bool, after time.Duration) {
	if _, ok := errors.AsType[*lost](err); ok {
		return true, 0
	}
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return false, 0
	}
	return r.status == 408 || r.status == 429 || r.status >= 500 || slices.Contains(passing, r.code), r.after
}

// do makes a call until its answer is clear. An error is a *refusal, of the
// class fault.Transient if there was no clear answer, or has another class.
func (w *wire) do(c call) error {
	for attempt := 1; ; attempt++ {
		err := w.once(c)
		if err == nil {
			return nil
		}
		worth, after := again(err)
		if !worth {
			return err
		}
		if attempt >= w.settings.Attempts {
			return fault.New(fault.Transient, "%s: no clear answer after %d attempts: %w", c.doing, attempt, err)
		}
		w.settings.Sleep(max(after, backoff(attempt)))
	}
}

// once makes a call once.
func (w *wire) once(c call) error {
	ctx, cancel := context.WithTimeout(context.Background(), w.settings.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, http.NoBody)
	if err != nil {
		return fault.New(fault.Config, "%s: its address is none", c.doing)
	}
	for name, values := range c.header {
		req.Header[name] = slices.Clone(values)
	}
	if c.body.data != nil && c.body.size > 0 {
		req.Body = io.NopCloser(io.NewSectionReader(c.body.data, 0, c.body.size))
		req.ContentLength = c.body.size
	}
	if err := w.authorize(req, c.body); err != nil {
		return err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return &lost{bare(err)}
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 2 || slices.Contains(c.ok, resp.StatusCode) {
		if c.take == nil {
			return nil
		}
		return c.take(reply{resp.StatusCode, resp.Header, resp.ContentLength, resp.Body})
	}
	return w.refused(resp)
}

// bare takes the address out of an error: that of an upload may be a secret.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// largestRefusal bounds what is read of an answer that refuses.
const largestRefusal = 64 << 10

func (w *wire) refused(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, largestRefusal)) // half of it says less, not something else
	r := &refusal{status: resp.StatusCode, code: oneWord(w.code(body)), region: resp.Header.Get("x-amz-bucket-region")}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.after = min(time.Duration(seconds)*time.Second, 2*time.Minute)
	}
	return r
}

// oneWord lets through what is no more than a name.
func oneWord(code string) string {
	for _, c := range code {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	if len(code) > 64 {
		return ""
	}
	return code
}

// explain turns what do returns into an error for users. A 404 means that there
// is no such object; of a listing, that there is no such bucket.
func explain(doing string, err error) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok || fault.Of(err) == fault.Transient {
		return err
	}
	switch {
	case r.status == http.StatusNotFound && r.code == "NoSuchBucket":
		return fault.New(fault.Config, "%s: there is no such bucket", doing).WithHint("create it first; etl creates no buckets")
	case r.status == http.StatusNotFound:
		return fmt.Errorf("%s: %w", doing, fs.ErrNotExist)
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden || slices.Contains(expired, r.code):
		return fault.New(fault.Auth, "%s: %w", doing, err).WithHint("docs/buckets.md lists the permissions that etl needs")
	case r.status/100 == 3:
		return fault.New(fault.Config, "%s: %w", doing, err).WithHint("the bucket lies in another region, or the endpoint is not its own")
	}
	return fault.New(fault.Storage, "%s: %w", doing, err)
}

// expired are words of S3 for credentials that are none any more, which come
// with 400.
var expired = []string{"ExpiredToken", "InvalidToken", "TokenRefreshRequired"}

// backoff returns how long to wait after an attempt: up to 10 s, and by chance,
// so that those who were refused together do not come back together.
func backoff(attempt int) time.Duration {
	longest := min(200*time.Millisecond<<min(attempt, 10), 10*time.Second)
	return rand.N(longest) + time.Millisecond
}

// sleep lets time pass.
func sleep(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// readAll returns a take that reads an answer into data.
func readAll(data *[]byte) func(reply) error {
	return func(r reply) (err error) {
		if *data, err = io.ReadAll(r.body); err != nil {
			return &lost{bare(err)}
		}
		return nil
	}
}

// readInto returns a take that writes the part of an object to w, at the place
// that it has in the object, and fills info.
func readInto(w io.WriterAt, info *Info) func(reply) error {
	return func(r reply) error {
		from, size := int64(0), r.size
		if r.status == http.StatusPartialContent {
			var to int64
			if _, err := fmt.Sscanf(r.header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &size); err != nil || size > 0 && (from < 0 || to < from || to >= size) {
				return fault.New(fault.Storage, "reading an object: the answer does not say which part of it comes")
			}
		}
		info.Size = size
		_, err := io.Copy(io.NewOffsetWriter(w, from), r.body)
		if err != nil {
			if writing, ok := errors.AsType[*fs.PathError](err); ok {
				return fault.New(fault.Storage, "keeping a part of an object: %w", writing.Err)
			}
			return &lost{bare(err)}
		}
		return nil
	}
}
