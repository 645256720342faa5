package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// replies answers requests for pages without a network.
type replies struct {
	records int
	pages   func(number int) (body io.Reader, length int64, ok bool)
}

// RoundTrip answers GET …?page=N.
func (r *replies) RoundTrip(q *http.Request) (*http.Response, error) {
	number, err := strconv.Atoi(q.URL.Query().Get("page"))
	if err != nil {
		return nil, fmt.Errorf("reading the number of the page: %w", err)
	}
	body, length, ok := r.pages(number)
	answer := &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: q,
		Header: http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}},
	}
	if !ok {
		answer.StatusCode, body, length = http.StatusNotFound, strings.NewReader("{}"), 2
	}
	answer.ContentLength = length
	answer.Body, ok = body.(io.ReadCloser)
	if !ok {
		answer.Body = io.NopCloser(body)
	}
	return answer, nil
}

// folder returns the pages in a folder.
func folder(dir string) func(number int) (io.Reader, int64, bool) {
	return func(number int) (io.Reader, int64, bool) {
		f, err := os.Open(filepath.Join(dir, fmt.Sprintf("page-%05d.json", number)))
		if err != nil {
			return nil, 0, false
		}
		info, err := f.Stat()
		if err != nil {
			return nil, 0, false
		}
		return f, info.Size(), true
	}
}
