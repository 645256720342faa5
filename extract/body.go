package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"etl/internal/fault"
)

// errTooLarge ends the reading of a body that passes its limit.
var errTooLarge = errors.New("too large")

// A limited reader counts what passes, and fails where it is more than left.
type limited struct {
	from       io.Reader
	left, read int64
	kept       *bytes.Buffer // gets what passes; nil: nothing does
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	l.read += int64(n)
	if l.kept != nil {
		l.kept.Write(p[:n])
	}
	if l.left -= int64(n); l.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// A body is that of a reply.
type body struct {
	text []byte // decoded
	gzip []byte // as it came; nil: it came plain
	wire int64  // how many bytes came
}

// readBody reads a body whole and decodes it. With an error it tells of the wire
// alone. A body that was cut, also inside gzip or against its declared length,
// is a brokenError.
func readBody(ctx context.Context, r *http.Response, most int64) (body, error) {
	defer r.Body.Close()
	raw := &limited{from: r.Body, left: most}
	text, err := decode(r, raw, most)
	if err == nil {
		_, err = io.Copy(io.Discard, raw) // what follows the end of gzip, so that the connection can be used again
	}
	if err == nil && r.ContentLength >= 0 && raw.read != r.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	switch {
	case err == nil:
		if raw.kept == nil {
			return body{text: text, wire: raw.read}, nil
		}
		return body{text, raw.kept.Bytes(), raw.read}, nil
	case errors.Is(err, errTooLarge):
		return body{wire: raw.read}, fault.New(fault.Data, "the page is larger than %d MiB", most>>20).
			WithHint("ask for fewer rows with paging.size")
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return body{wire: raw.read}, err
	}
	return body{wire: raw.read}, broken(ctx, err)
}

func decode(r *http.Response, raw *limited, most int64) ([]byte, error) {
	var from io.Reader = raw
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip", "x-gzip":
		raw.kept = &bytes.Buffer{}
		unzip, err := gzip.NewReader(raw)
		if err != nil {
			return nil, badGzip(err)
		}
		defer unzip.Close()
		from = &limited{from: unzip, left: most}
	default:
		return nil, &brokenError{fault.New(fault.Data, "the reply comes in an encoding that was not asked for"), 2}
	}
	var text bytes.Buffer
	const trusted = 8 << 20 // of a declared length, before it is seen
	if r.ContentLength > 0 {
		text.Grow(int(min(r.ContentLength, trusted)) + bytes.MinRead)
	}
	_, err := text.ReadFrom(from)
	return text.Bytes(), badGzip(err)
}

// badGzip makes of damage inside gzip what another reading may mend.
func badGzip(err error) error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	if corrupt || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return &brokenError{fault.New(fault.Data, "the reply is damaged gzip"), 2}
	}
	return err
}
