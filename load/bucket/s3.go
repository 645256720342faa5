package bucket

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// s3 is a bucket that speaks the protocol of S3
// (https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html).
type s3 struct {
	address
	wire
	place *place
}

// A place is where the bucket answers.
type place struct {
	sync.Mutex
	endpoint string // base address of a server with the bucket in the path; empty: AWS
	region   string
}

func openS3(a address, s Settings) (Bucket, error) {
	b := &s3{address: a, wire: newWire(s)}
	b.code = func(body []byte) string {
		var e struct{ Code string }
		_ = xml.Unmarshal(body, &e) // what is no XML has no code
		return e.Code
	}
	var err error
	b.place, b.authorize, err = credentialsS3()
	return b, err
}

// where returns the region, which moves when a server says that it is another.
func (p *place) where() string {
	p.Lock()
	defer p.Unlock()
	return p.region
}

// follow takes over the region that a refusal tells. It says whether that is
// another one.
func (p *place) follow(r *refusal) bool {
	p.Lock()
	defer p.Unlock()
	if p.endpoint != "" || r.region == "" || r.region == p.region {
		return false
	}
	p.region = r.region
	return true
}

// url returns the address of an object, or of the bucket if key is empty.
func (b *s3) url(key string, query url.Values) string {
	region, end := b.place.where(), ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		end += ".cn"
	}
	base := "https://" + b.bucket + ".s3." + region + end
	switch {
	case b.place.endpoint != "":
		base = b.place.endpoint + "/" + b.bucket
	case strings.Contains(b.bucket, "."): // certificates cover one level
		base = "https://s3." + region + end + "/" + b.bucket
	}
	base += "/" + escapeKey(key)
	if len(query) > 0 {
		base += "?" + query.Encode()
	}
	return base
}

// escapeKey writes a key for the path of an address, as signatures want it:
// everything but letters, digits, - . _ ~ and / is escaped.
func escapeKey(key string) string {
	parts := strings.Split(key, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(part), "+", "%20")
	}
	return strings.Join(parts, "/")
}

// ask makes a call for an object. If the bucket turns out to lie elsewhere, it is
// made there.
func (b *s3) ask(key string, query url.Values, c call) error {
	c.url = b.url(key, query)
	err := b.do(c)
	if r, ok := errors.AsType[*refusal](err); ok && (r.status/100 == 3 || r.status == http.StatusBadRequest) && b.place.follow(r) {
		c.url = b.url(key, query)
		err = b.do(c)
	}
	return err
}

func (b *s3) Get(name string) (data []byte, err error) {
	doing := "reading " + name
	err = b.ask(b.key(name), nil, call{doing: doing, method: http.MethodGet, take: readAll(&data)})
	return data, explain(doing, err)
}

func (b *s3) Range(name, version string, r Range, w io.WriterAt) (info Info, err error) {
	doing := "reading " + name
	header := http.Header{"Range": {r.header()}}
	if version != "" {
		header["If-Match"] = []string{version}
	}
	take := readInto(w, &info)
	err = b.ask(b.key(name), nil, call{doing: doing, method: http.MethodGet, header: header, take: func(r reply) error {
		about := infoS3(r)
		info.Version, info.Modified = about.Version, about.Modified
		return take(r)
	}})
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusRequestedRangeNotSatisfiable && r.From == 0 {
		return b.Stat(name) // it is empty
	}
	return info, explain(doing, err)
}

func infoS3(r reply) Info {
	modified, _ := time.Parse(http.TimeFormat, r.header.Get("Last-Modified")) // the zero time is very old
	return Info{Size: r.size, Modified: modified, Version: r.header.Get("ETag")}
}

func (b *s3) Stat(name string) (info Info, err error) {
	doing := "looking at " + name
	err = b.ask(b.key(name), nil, call{doing: doing, method: http.MethodHead, take: func(r reply) error {
		info = infoS3(r)
		return nil
	}})
	return info, explain(doing, err)
}

func (b *s3) Create(name string, data []byte) error {
	doing := "creating " + name
	err := b.put(doing, name, bytes.NewReader(data), int64(len(data)), http.Header{"If-None-Match": {"*"}})
	if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusPreconditionFailed {
		return fmt.Errorf("%s: %w", doing, fs.ErrExist)
	}
	return explain(doing, err)
}

// put writes an object in one request.
func (b *s3) put(doing, name string, data io.ReaderAt, size int64, header http.Header) error {
	body, err := payloadOf(data, 0, size)
	if err != nil {
		return err
	}
	header["X-Amz-Checksum-Crc32c"] = []string{body.text()}
	return b.ask(b.key(name), nil, call{doing: doing, method: http.MethodPut, header: header, body: body})
}

func (b *s3) Copy(from, to string) error {
	doing := "copying " + from
	header := http.Header{"X-Amz-Copy-Source": {b.bucket + "/" + escapeKey(b.key(from))}}
	return explain(doing, b.ask(b.key(to), nil, call{doing: doing, method: http.MethodPut, header: header, take: takeXML(nil)}))
}

func (b *s3) Delete(name string) error {
	doing := "removing " + name
	err := explain(doing, b.ask(b.key(name), nil, call{doing: doing, method: http.MethodDelete}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// takeXML returns a take that reads XML into out; nil: it is only looked at. What
// begins as a success may still end as an error: the status is sent before a
// copy is done.
func takeXML(out any) func(reply) error {
	return func(r reply) error {
		var data []byte
		if err := readAll(&data)(r); err != nil {
			return err
		}
		var e struct {
			XMLName xml.Name
			Code    string
		}
		if err := xml.Unmarshal(data, &e); err != nil {
			return &lost{errors.New("the answer is no XML")}
		}
		if e.XMLName.Local == "Error" {
			return &refusal{status: r.status, code: oneWord(e.Code)}
		}
		if out == nil {
			return nil
		}
		if err := xml.Unmarshal(data, out); err != nil {
			return &lost{errors.New("the answer is not what the protocol says")}
		}
		return nil
	}
}

func (b *s3) List(prefix string) (names []string, err error) {
	doing := "listing " + prefix
	query := url.Values{"list-type": {"2"}, "prefix": {b.key(prefix)}, "encoding-type": {"url"}}
	for {
		var page struct {
			EncodingType          string
			IsTruncated           bool
			NextContinuationToken string
			Contents              []struct{ Key string }
		}
		err := b.ask("", query, call{doing: doing, method: http.MethodGet, take: takeXML(&page)})
		if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusNotFound {
			r.code = "NoSuchBucket"
		}
		if err != nil {
			return nil, explain(doing, err)
		}
		for _, object := range page.Contents {
			if page.EncodingType == "url" {
				if object.Key, err = url.QueryUnescape(object.Key); err != nil {
					return nil, explain(doing, &refusal{status: http.StatusOK, code: "BadKey"})
				}
			}
			if name, ok := b.name(object.Key); ok && !strings.HasSuffix(name, "/") { // consoles make folders of empty objects
				names = append(names, name)
			}
		}
		if !page.IsTruncated || page.NextContinuationToken == "" {
			return names, nil
		}
		query.Set("continuation-token", page.NextContinuationToken)
	}
}
