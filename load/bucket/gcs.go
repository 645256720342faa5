package bucket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"etl/internal/fault"
)

// gcs is a bucket of Google Cloud Storage
// (https://cloud.google.com/storage/docs/json_api).
type gcs struct {
	address
	wire
	endpoint string
}

func openGCS(a address, s Settings) (Bucket, error) {
	b := &gcs{address: a, wire: newWire(s), endpoint: "https://storage.googleapis.com"}
	b.code = func(body []byte) string {
		var e struct {
			Error struct{ Errors []struct{ Reason string } }
		}
		_ = json.Unmarshal(body, &e) // what is no JSON has no code
		if len(e.Error.Errors) == 0 {
			return ""
		}
		return e.Error.Errors[0].Reason
	}
	if s.Lookup != nil {
		if host, _ := s.Lookup("STORAGE_EMULATOR_HOST"); host != "" {
			if !strings.Contains(host, "://") {
				host = "http://" + host
			}
			b.endpoint = strings.TrimSuffix(host, "/")
			b.authorize = func(*http.Request, payload) error { return nil }
			return b, nil
		}
	}
	b.authorize = credentialsGCS()
	return b, nil
}

// credentialsGCS returns what adds the application default credentials to
// requests: the file that GOOGLE_APPLICATION_CREDENTIALS names, the one that
// gcloud has left, or the account of the machine.
func credentialsGCS() func(*http.Request, payload) error {
	source := sync.OnceValues(func() (oauth2.TokenSource, error) {
		return google.DefaultTokenSource(context.Background(), "https://www.googleapis.com/auth/devstorage.read_write")
	})
	return func(req *http.Request, _ payload) error {
		tokens, err := source()
		if err != nil {
			return fault.New(fault.Auth, "looking for credentials of Google Cloud: there are none that can be read").
				WithHint("set GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login")
		}
		token, err := tokens.Token()
		if err == nil {
			token.SetAuthHeader(req)
			return nil
		}
		if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.Response != nil && refused.Response.StatusCode < 500 {
			return fault.New(fault.Auth, "asking for a token of Google Cloud: HTTP %d", refused.Response.StatusCode)
		}
		return &lost{errors.New("no token of Google Cloud was to be had")}
	}
}

// url returns the address of an object below a part of the API, or of all
// objects if key is empty.
func (b *gcs) url(api, key string, query url.Values) string {
	base := b.endpoint + api + "/storage/v1/b/" + url.PathEscape(b.bucket) + "/o"
	if key != "" {
		base += "/" + url.PathEscape(key)
	}
	if len(query) > 0 {
		base += "?" + query.Encode()
	}
	return base
}

func (b *gcs) Get(name string) (data []byte, err error) {
	doing := "reading " + name
	err = b.do(call{doing: doing, method: http.MethodGet, url: b.url("", b.key(name), url.Values{"alt": {"media"}}), take: readAll(&data)})
	return data, explain(doing, err)
}

func (b *gcs) Range(name, version string, r Range, w io.WriterAt) (info Info, err error) {
	doing := "reading " + name
	query := url.Values{"alt": {"media"}}
	if version != "" {
		query.Set("ifGenerationMatch", version)
	}
	take := readInto(w, &info)
	header := http.Header{"Range": {r.header()}}
	err = b.do(call{doing: doing, method: http.MethodGet, url: b.url("", b.key(name), query), header: header, take: func(r reply) error {
		info.Version = r.header.Get("X-Goog-Generation")
		return take(r)
	}})
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusRequestedRangeNotSatisfiable && r.From == 0 {
		return b.Stat(name) // it is empty
	}
	return info, explain(doing, err)
}

func (b *gcs) Stat(name string) (info Info, err error) {
	doing := "looking at " + name
	var object struct {
		Size, Generation string
		Updated          time.Time
	}
	err = b.do(call{doing: doing, method: http.MethodGet, url: b.url("", b.key(name), nil), take: takeJSON(&object)})
	if err != nil {
		return info, explain(doing, err)
	}
	_, err = fmt.Sscan(object.Size, &info.Size)
	info.Version, info.Modified = object.Generation, object.Updated
	if err != nil {
		return info, fault.New(fault.Storage, "%s: the answer does not tell its size", doing)
	}
	return info, nil
}

// takeJSON returns a take that reads JSON into out.
func takeJSON(out any) func(reply) error {
	return func(r reply) error {
		var data []byte
		if err := readAll(&data)(r); err != nil {
			return err
		}
		if err := json.Unmarshal(data, out); err != nil {
			return &lost{errors.New("the answer is not what the protocol says")}
		}
		return nil
	}
}

func (b *gcs) Create(name string, data []byte) error {
	doing := "creating " + name
	err := b.put(doing, name, bytes.NewReader(data), int64(len(data)), url.Values{"ifGenerationMatch": {"0"}})
	if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusPreconditionFailed {
		return fmt.Errorf("%s: %w", doing, fs.ErrExist)
	}
	return explain(doing, err)
}

func (b *gcs) Copy(from, to string) error {
	doing := "copying " + from
	query := url.Values{"fields": {"done,rewriteToken"}}
	target := "/rewriteTo/b/" + url.PathEscape(b.bucket) + "/o/" + url.PathEscape(b.key(to))
	for {
		var state struct {
			Done         bool
			RewriteToken string
		}
		err := b.do(call{doing: doing, method: http.MethodPost, url: b.url("", b.key(from), nil) + target + "?" + query.Encode(), take: takeJSON(&state)})
		if err != nil || state.Done {
			return explain(doing, err)
		}
		if state.RewriteToken == "" {
			return fault.New(fault.Storage, "%s: the server neither ends it nor goes on", doing)
		}
		query.Set("rewriteToken", state.RewriteToken)
	}
}

func (b *gcs) Delete(name string) error {
	doing := "removing " + name
	err := explain(doing, b.do(call{doing: doing, method: http.MethodDelete, url: b.url("", b.key(name), nil)}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (b *gcs) List(prefix string) (names []string, err error) {
	doing := "listing " + prefix
	query := url.Values{"prefix": {b.key(prefix)}, "fields": {"items(name),nextPageToken"}}
	for {
		var page struct {
			Items         []struct{ Name string }
			NextPageToken string
		}
		err := b.do(call{doing: doing, method: http.MethodGet, url: b.url("", "", query), take: takeJSON(&page)})
		if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusNotFound {
			r.code = "NoSuchBucket"
		}
		if err != nil {
			return nil, explain(doing, err)
		}
		for _, object := range page.Items {
			if name, ok := b.name(object.Name); ok && !strings.HasSuffix(name, "/") { // consoles make folders of empty objects
				names = append(names, name)
			}
		}
		if page.NextPageToken == "" {
			return names, nil
		}
		query.Set("pageToken", page.NextPageToken)
	}
}
