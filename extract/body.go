package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"etl/internal/fault"
)

// errTooLarge ends the reading of a body that passes its limit.
var errTooLarge = errors.New("too large")

// A limited reader fails where it is more than left.
type limited struct {
	from io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
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

// A spare keeps the memory of bodies that are not needed any more, for the next
// ones. The zero value is ready. It is safe for concurrent use.
type spare struct{ pool sync.Pool }

// take returns memory for a body, empty; nil: there is none to spare.
func (s *spare) take() []byte {
	if text, ok := s.pool.Get().(*[]byte); ok {
		return (*text)[:0]
	}
	return nil
}

func (s *spare) give(text []byte) { s.pool.Put(&text) }

// fitting returns a body in memory that is not much larger, so that a small page
// that waits holds no more than it counts.
func (s *spare) fitting(text []byte) []byte {
	const much = 4
	if cap(text) <= much*(len(text)+bytes.MinRead) {
		return text
	}
	small := bytes.Clone(text)
	s.give(text)
	return small
}

// readBody reads a body whole and decodes it. With an error it tells of the wire
// alone. A body that was cut, also inside gzip or against its declared length,
// is a brokenError.
func readBody(ctx context.Context, r *http.Response, most int64, s *spare) (body, error) {
	defer r.Body.Close()
	const trusted = 8 << 20 // of a declared length, before it is seen
	encoding := strings.ToLower(strings.Join(r.Header.Values("Content-Encoding"), ", "))
	plain := encoding == "" || encoding == "identity"
	var memory []byte
	if plain {
		memory = s.take()
	}
	raw, err := consume(r.Body, min(r.ContentLength, trusted), most, memory)
	b := body{text: raw, wire: int64(len(raw))}
	switch {
	case plain:
	case encoding == "gzip" || encoding == "x-gzip":
		b.gzip = raw
		if err == nil {
			b.text, err = unzip(raw, most, s.take())
		}
	default:
		err = &brokenError{fault.New(fault.Data, "the reply comes in an encoding that was not asked for"), 2}
	}
	if err == nil && r.ContentLength >= 0 && b.wire != r.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	switch {
	case err == nil:
		b.text = s.fitting(b.text)
		return b, nil
	case errors.Is(err, errTooLarge):
		return body{wire: b.wire}, fault.New(fault.Data, "the page is larger than %d MiB", most>>20).
			WithHint("ask for fewer rows with paging.size")
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return body{wire: b.wire}, err
	}
	return body{wire: b.wire}, broken(ctx, err)
}

// consume reads to the end, into memory if it is enough, with room for an
// expected size from the start.
func consume(from io.Reader, expected, most int64, memory []byte) ([]byte, error) {
	all := bytes.NewBuffer(memory)
	all.Grow(int(max(0, expected)) + bytes.MinRead)
	_, err := all.ReadFrom(&limited{from, most})
	return all.Bytes(), err
}

// mostRatio is how many times smaller gzip can be than what it unpacks to, so
// that a size that is none costs no memory.
const mostRatio = 1032

// unzip unpacks gzip. Its last bytes tell the size (RFC 1952, 2.3.1).
func unzip(packed []byte, most int64, memory []byte) ([]byte, error) {
	from, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, badGzip(err)
	}
	defer from.Close()
	size := int64(binary.LittleEndian.Uint32(packed[len(packed)-4:])) // there is more of it: the head was read
	text, err := consume(from, min(size, most, mostRatio*int64(len(packed))), most, memory)
	return text, badGzip(err)
}

// badGzip makes of damage inside gzip what another reading may mend.
func badGzip(err error) error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	if corrupt || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return &brokenError{fault.New(fault.Data, "the reply is damaged gzip"), 2}
	}
	return err
}
