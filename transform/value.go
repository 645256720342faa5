package transform

import (
	"bytes"
	"errors"
	"strconv"

	"etl/internal/jsonspan"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

var (
	errNotBool   = errors.New("not a bool")
	errNotString = errors.New("not a string")
	errNotUUID   = errors.New("not a UUID in its canonical form")
	errFloat     = errors.New("out of the range of float64")
	errNotInt    = errors.New("not an integer")
)

// A reading of a value depends on little more than the value: these functions
// read one kind each. Errors never hold the value.

func readBool(loose bool) func(*node) (bool, error) {
	return func(n *node) (bool, error) {
		if n.kind == jsonspan.Bool {
			return n.raw[0] == 't', nil
		}
		if loose {
			switch string(n.raw) {
			case `0`, `"0"`:
				return false, nil
			case `1`, `"1"`:
				return true, nil
			}
		}
		return false, errNotBool
	}
}

func (s *scope) readInt64(n *node) (int64, error) {
	if n.kind != jsonspan.Number && n.kind != jsonspan.String {
		return 0, errNotInt
	}
	v, err := s.numberOf(n)
	if err != nil {
		return 0, err
	}
	return v.int64()
}

func (s *scope) readInt32(n *node) (int32, error) {
	if n.kind != jsonspan.Number && n.kind != jsonspan.String {
		return 0, errNotInt
	}
	v, err := s.numberOf(n)
	if err != nil {
		return 0, err
	}
	return v.int32()
}

// readFloat64 takes the nearest float64, so that a value too small for one is 0,
// but none becomes infinite.
func (s *scope) readFloat64(loose bool) func(*node) (float64, error) {
	return func(n *node) (float64, error) {
		text := n.raw
		if n.kind == jsonspan.String && loose {
			var err error
			if text, err = s.text(n.raw); err != nil {
				return 0, err
			}
		}
		if !isNumber(text) {
			return 0, errNotNumber
		}
		v, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return 0, errFloat
		}
		return v, nil
	}
}

func (s *scope) readDecimal(precision, scale int, round bool) func(*node) (decimal128.Num, error) {
	return func(n *node) (decimal128.Num, error) {
		if n.kind != jsonspan.Number && n.kind != jsonspan.String {
			return decimal128.Num{}, errNotNumber
		}
		v, err := s.numberOf(n)
		if err != nil {
			return decimal128.Num{}, err
		}
		d, rounded, err := v.scaled(precision, scale, round)
		if err == nil && rounded {
			s.counts.Rounded++
		}
		return d, err
	}
}

func (s *scope) readString(loose bool) func(*node) ([]byte, error) {
	return func(n *node) ([]byte, error) {
		switch {
		case n.kind == jsonspan.String:
			return s.text(n.raw)
		case n.kind == jsonspan.Number && loose:
			return n.raw, nil
		}
		return nil, errNotString
	}
}

// readUUID takes 8-4-4-4-12 hex digits in any case, and makes them lower case.
func readUUID(text []byte) ([]byte, error) {
	lower := bytes.Clone(text)
	if !lowerUUID(lower) {
		return nil, errNotUUID
	}
	return lower, nil
}

// lowerHex has the lower case of hex digits, and for other bytes noHex.
var lowerHex = func() (all [256]byte) {
	for c := range all {
		all[c] = noHex
	}
	for i, lower := range "0123456789abcdef" {
		all["0123456789ABCDEF"[i]], all[lower] = byte(lower), byte(lower)
	}
	return all
}()

const noHex = 0x80

// lowerUUID makes a UUID lower case, and tells whether it is one. It asks no
// digit what it is: nobody could guess the answer, and wrong guesses cost most.
func lowerUUID(text []byte) bool {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	seen := byte(0)
	for _, part := range [...][]byte{text[:8], text[9:13], text[14:18], text[19:23], text[24:]} {
		for i, c := range part {
			part[i] = lowerHex[c]
			seen |= part[i]
		}
	}
	return seen < noHex
}

// ofText makes a reading of a node from a reading of the text of a string.
func ofText[T any](s *scope, read func([]byte) (T, error)) func(*node) (T, error) {
	return func(n *node) (T, error) {
		if n.kind != jsonspan.String {
			var zero T
			return zero, errNotString
		}
		text, err := s.text(n.raw)
		if err != nil {
			var zero T
			return zero, err
		}
		return read(text)
	}
}
