package warehouse

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"etl/internal/fault"
	"etl/load"
)

// send sends a job with its file. One in a bucket is fetched for that.
func (w *BigQuery) send(ctx context.Context, job bigJob, k work) (started bigJob, err error) {
	if !strings.Contains(w.Root, "://") {
		return w.upload(ctx, job, w.address(*k.file))
	}
	dir, err := os.MkdirTemp("", "etl-load-")
	if err != nil {
		return started, fault.New(fault.Storage, "fetching %s: %w", k.file.Path, err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays is in the system's temporary folder
	if _, err := k.set.Fetch([]load.File{*k.file}, dir); err != nil {
		return started, err
	}
	return w.upload(ctx, job, filepath.Join(dir, filepath.FromSlash(k.file.Path)))
}

// upload sends a job with its file, and goes on where it was broken off
// (https://cloud.google.com/bigquery/docs/reference/api-uploads#resumable).
func (w *BigQuery) upload(ctx context.Context, job bigJob, file string) (started bigJob, err error) {
	f, err := os.Open(file)
	if err != nil {
		return started, fault.New(fault.Conflict, "reading %s: a newer commit may have replaced it: %w", file, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return started, fault.New(fault.Storage, "reading %s: %w", file, err)
	}
	session, err := w.session(ctx, job, info.Size())
	if err != nil {
		return started, err
	}
	var from int64
	for attempt := 1; ; attempt++ {
		header := http.Header{"Content-Range": {contentRange(from, info.Size())}}
		a, err := w.once(ctx, http.MethodPut, session, header, io.NewSectionReader(f, from, info.Size()-from), info.Size()-from)
		if err == nil && a.status != http.StatusPermanentRedirect {
			return started, a.read(&started)
		}
		if err != nil && (!retriable(err) || attempt >= cmp.Or(w.Attempts, 6)) {
			return started, classed(err)
		}
		if err := sleep(ctx, backoff(attempt)); err != nil {
			return started, err
		}
		a, err = w.once(ctx, http.MethodPut, session, http.Header{"Content-Range": {contentRange(-1, info.Size())}}, nil, 0)
		switch {
		case err != nil && (!retriable(err) || attempt >= cmp.Or(w.Attempts, 6)):
			return started, classed(err)
		case err == nil && a.status != http.StatusPermanentRedirect:
			return started, a.read(&started) // all of it had arrived
		case err == nil:
			from = received(a.header)
		}
	}
}

// session starts an upload and returns its address, which must be BigQuery's:
// the requests to it carry the credentials.
func (w *BigQuery) session(ctx context.Context, job bigJob, size int64) (string, error) {
	text, err := json.Marshal(job)
	if err != nil {
		return "", fault.New(fault.Bug, "writing a job: %w", err)
	}
	address := strings.Replace(w.path("jobs"), "/bigquery/v2/", "/upload/bigquery/v2/", 1) + "?uploadType=resumable"
	header := http.Header{
		"Content-Type":            {"application/json; charset=UTF-8"},
		"X-Upload-Content-Type":   {"application/octet-stream"},
		"X-Upload-Content-Length": {strconv.FormatInt(size, 10)},
	}
	for attempt := 1; ; attempt++ {
		a, err := w.once(ctx, http.MethodPost, address, header.Clone(), bytes.NewReader(text), int64(len(text)))
		if err == nil {
			return sameOrigin(address, a.header.Get("Location"))
		}
		if !retriable(err) || attempt >= cmp.Or(w.Attempts, 6) {
			return "", classed(err)
		}
		if err := sleep(ctx, backoff(attempt)); err != nil {
			return "", err
		}
	}
}

// sameOrigin returns an address if it is on the server of another.
func sameOrigin(ours, theirs string) (string, error) {
	a, errA := url.Parse(ours)
	b, errB := url.Parse(theirs)
	if errA != nil || errB != nil || a.Scheme != b.Scheme || a.Host != b.Host {
		return "", fault.New(fault.Transient, "uploading: the address that BigQuery gives is not its own")
	}
	return theirs, nil
}

// contentRange says which bytes follow; from -1 asks which have arrived.
func contentRange(from, size int64) string {
	whole := strconv.FormatInt(size, 10)
	if from < 0 {
		return "bytes */" + whole
	}
	return "bytes " + strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(size-1, 10) + "/" + whole
}

// received returns how many bytes have arrived, as "Range: bytes=0-99" says.
func received(h http.Header) int64 {
	_, last, found := strings.Cut(h.Get("Range"), "-")
	n, err := strconv.ParseInt(last, 10, 64)
	if !found || err != nil {
		return 0
	}
	return n + 1
}
