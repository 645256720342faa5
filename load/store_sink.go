package load

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// A sink is an object that is being written. It counts and hashes what goes
// through it.
type sink struct {
	name  string
	out   output
	hash  hash.Hash
	bytes int64
}

// An output is where the bytes of a new object go.
type output interface {
	io.Writer
	Close() error // brings the object to disk
	Abort() error // removes it
}

func newSink(name string, out output) *sink { return &sink{name: name, out: out, hash: sha256.New()} }

// Write appends to the object.
func (s *sink) Write(data []byte) (n int, err error) {
	n, err = s.out.Write(data)
	s.hash.Write(data[:n])
	s.bytes += int64(n)
	return n, stored(err, "writing %s", s.name)
}

// Close brings the object to disk and returns its size and the SHA-256 of its
// bytes in hex. Without an error from it there is no object.
func (s *sink) Close() (bytes int64, sum string, err error) {
	err = s.out.Close()
	return s.bytes, hex.EncodeToString(s.hash.Sum(nil)), stored(err, "writing %s", s.name)
}

// Abort closes and removes the object.
func (s *sink) Abort() error { return stored(s.out.Abort(), "removing %s", s.name) }
