package bucket

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/sync/errgroup"

	"etl/internal/fault"
)

// partsAtOnce is how many parts of an object are on their way at a time.
const partsAtOnce = 4

func (b *s3) Put(name string, data io.ReaderAt, size int64) error {
	doing := "writing " + name
	if size <= b.settings.PartSize {
		return explain(doing, b.put(doing, name, data, size, http.Header{}))
	}
	u := &upload{s3: b, doing: doing, name: name}
	if err := u.begin(); err != nil {
		return explain(doing, err)
	}
	err := u.send(data, size)
	if err == nil {
		err = u.end(size)
	}
	if err != nil {
		return errors.Join(explain(doing, err), u.abort())
	}
	return nil
}

// An upload is an object on its way in parts. Without an end or an abort what
// has arrived stays, unseen and paid for.
type upload struct {
	*s3
	doing, name, id string
	parts           []part
}

// A part is how a part of an upload is named at its end.
type part struct {
	ChecksumCRC32C string
	ETag           string
	PartNumber     int
}

func (u *upload) begin() error {
	var started struct{ UploadId string }
	header := http.Header{"X-Amz-Checksum-Algorithm": {"CRC32C"}}
	err := u.ask(u.key(u.name), url.Values{"uploads": {""}}, call{doing: u.doing, method: http.MethodPost, header: header, take: takeXML(&started)})
	u.id = started.UploadId
	if err == nil && u.id == "" {
		err = fault.New(fault.Storage, "%s: the server gives the upload no name", u.doing)
	}
	return err
}

// send sends the parts, some at a time.
func (u *upload) send(data io.ReaderAt, size int64) error {
	each := max(u.settings.PartSize, (size+9999)/10000) // an object has at most 10,000
	u.parts = make([]part, (size+each-1)/each)
	var group errgroup.Group
	group.SetLimit(partsAtOnce)
	for i := range u.parts {
		from := int64(i) * each
		group.Go(func() error {
			body, err := payloadOf(data, from, min(each, size-from))
			if err != nil {
				return fault.New(fault.Storage, "%s: %w", u.doing, err)
			}
			u.parts[i], err = u.part(i+1, body)
			return err
		})
	}
	return group.Wait()
}

func (u *upload) part(number int, body payload) (p part, err error) {
	header := http.Header{"X-Amz-Checksum-Crc32c": {body.text()}}
	query := url.Values{"partNumber": {itoa(int64(number))}, "uploadId": {u.id}}
	err = u.ask(u.key(u.name), query, call{doing: u.doing, method: http.MethodPut, header: header, body: body, take: func(r reply) error {
		p = part{body.text(), r.header.Get("ETag"), number}
		return nil
	}})
	return p, err
}

// end makes an object of the parts. If its answer is lost and the server does
// not know the upload any more, the object tells whether it was made.
func (u *upload) end(size int64) error {
	text, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Part    []part
	}{Part: u.parts})
	if err != nil {
		return fault.New(fault.Bug, "%s: %w", u.doing, err)
	}
	body, err := payloadOf(bytes.NewReader(text), 0, int64(len(text)))
	if err != nil {
		return err
	}
	err = u.ask(u.key(u.name), url.Values{"uploadId": {u.id}}, call{doing: u.doing, method: http.MethodPost, body: body, take: takeXML(nil)})
	if r, ok := errors.AsType[*refusal](err); ok && r.code == "NoSuchUpload" {
		if info, looked := u.Stat(u.name); looked == nil && info.Size == size {
			return nil
		}
	}
	return err
}

// abort gives the upload up.
func (u *upload) abort() error {
	err := u.ask(u.key(u.name), url.Values{"uploadId": {u.id}}, call{doing: u.doing, method: http.MethodDelete})
	if r, ok := errors.AsType[*refusal](err); ok && slices.Contains([]string{"NoSuchUpload", "NoSuchKey", ""}, r.code) && r.status == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("what has arrived of it stays: %w", explain("giving up "+u.name, err))
	}
	return nil
}
