package bucket

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"etl/internal/fault"
)

func (b *gcs) Put(name string, data io.ReaderAt, size int64) error {
	doing := "writing " + name
	if size <= b.settings.PartSize {
		return explain(doing, b.put(doing, name, data, size, url.Values{}))
	}
	whole, err := payloadOf(data, 0, size)
	if err != nil {
		return fault.New(fault.Storage, "%s: %w", doing, err)
	}
	session, err := b.session(doing, name, whole)
	if err == nil {
		err = b.chunks(doing, session, whole)
	}
	return explain(doing, err)
}

// meta is what the server is told of an object. It refuses bytes that have
// another checksum.
func (b *gcs) meta(name string, s sums) ([]byte, error) {
	text, err := json.Marshal(map[string]string{"name": b.key(name), "crc32c": s.text(), "contentType": "application/octet-stream"})
	if err != nil {
		return nil, fault.New(fault.Bug, "writing %s: %w", name, err)
	}
	return text, nil
}

// put writes an object in one request: first what it is, then its bytes
// (https://cloud.google.com/storage/docs/uploading-objects#rest-upload-objects).
func (b *gcs) put(doing, name string, data io.ReaderAt, size int64, query url.Values) error {
	content, err := payloadOf(data, 0, size)
	if err != nil {
		return fault.New(fault.Storage, "%s: %w", doing, err)
	}
	meta, err := b.meta(name, content.sums)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for _, of := range []struct {
		kind string
		data io.Reader
	}{{"application/json", bytes.NewReader(meta)}, {"application/octet-stream", io.NewSectionReader(content.data, 0, size)}} {
		w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {of.kind}})
		if err == nil {
			_, err = io.Copy(w, of.data)
		}
		if err != nil {
			return fault.New(fault.Storage, "%s: %w", doing, err)
		}
	}
	if err := parts.Close(); err != nil {
		return fault.New(fault.Bug, "%s: %w", doing, err)
	}
	query.Set("uploadType", "multipart")
	return b.do(call{
		doing: doing, method: http.MethodPost, url: b.url("/upload", "", query),
		header: http.Header{"Content-Type": {"multipart/related; boundary=" + parts.Boundary()}},
		body:   payload{data: bytes.NewReader(body.Bytes()), size: int64(body.Len())},
	})
}

// session starts an upload in chunks and returns its address, which must be the
// server's own: the requests to it carry credentials. An upload that is not
// ended is forgotten by the server after a week and costs nothing.
func (b *gcs) session(doing, name string, whole payload) (address string, err error) {
	meta, err := b.meta(name, whole.sums)
	if err != nil {
		return "", err
	}
	err = b.do(call{
		doing: doing, method: http.MethodPost, url: b.url("/upload", "", url.Values{"uploadType": {"resumable"}, "name": {b.key(name)}}),
		header: http.Header{"Content-Type": {"application/json"}, "X-Upload-Content-Length": {itoa(whole.size)}},
		body:   payload{data: bytes.NewReader(meta), size: int64(len(meta))},
		take: func(r reply) error {
			address = r.header.Get("Location")
			return nil
		},
	})
	if err == nil && !strings.HasPrefix(address, b.endpoint+"/") {
		err = fault.New(fault.Storage, "%s: the server names a place elsewhere to upload to", doing)
	}
	return address, err
}

// chunks sends an object piece by piece. A piece that is sent again is no harm:
// the server leaves out what it has
// (https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload).
func (b *gcs) chunks(doing, session string, whole payload) error {
	for from := int64(0); ; {
		size := min(b.settings.PartSize, whole.size-from)
		done, arrived := false, int64(0)
		err := b.do(call{
			doing: doing, method: http.MethodPut, url: session, ok: []int{http.StatusPermanentRedirect},
			header: http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", from, from+size-1, whole.size)}},
			body:   payload{data: io.NewSectionReader(whole.data, from, size), size: size},
			take: func(r reply) error {
				done, arrived = r.status != http.StatusPermanentRedirect, 0
				if n, err := fmt.Sscanf(r.header.Get("Range"), "bytes=0-%d", &arrived); n == 1 && err == nil {
					arrived++
				}
				return nil
			},
		})
		if err != nil || done {
			return err
		}
		if arrived <= from || arrived > whole.size {
			return fault.New(fault.Transient, "%s: the server does not keep what is sent", doing)
		}
		from = arrived
	}
}
