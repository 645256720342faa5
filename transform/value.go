package transform

import (
	"bytes"
	"encoding/binary"
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

// lowerUUID makes a UUID lower case, and tells whether it is one. It asks no
// digit what it is: nobody could guess the answer, and wrong guesses cost most.
func lowerUUID(text []byte) bool {
	if len(text) != 36 {
		return false
	}
	const first, last = 0xff, 0xff << 56 // a byte of eight
	t := (*[36]byte)(text)
	wrong := lowerHex(t[:8], 0) | lowerHex(t[8:16], first|first<<40) | lowerHex(t[16:24], last|first<<16) | lowerHex(t[24:32], 0)
	return wrong|lowerHex(t[28:], 0) == 0
}

// lowerHex makes eight bytes lower case, and returns 0 if they are hex digits,
// and dashes where those are due.
func lowerHex(t []byte, dashes uint64) (wrong uint64) {
	x := binary.LittleEndian.Uint64(t)
	binary.LittleEndian.PutUint64(t, x|0x20*eachByte) // digits and dashes have this bit
	return (x^'-'*eachByte)&dashes | noHex(x&^dashes|'0'*eachByte&dashes)
}

const eachByte = 0x0101010101010101

// noHex marks the bytes that are no hex digits.
func noHex(x uint64) uint64 {
	lower := x | 0x20*eachByte
	x7, lower7 := x&^highs, lower&^highs
	digit := (x7 + (0x80-'0')*eachByte) &^ (x7 + (0x80-'9'-1)*eachByte)
	letter := (lower7 + (0x80-'a')*eachByte) &^ (lower7 + (0x80-'f'-1)*eachByte)
	return (x | ^(digit | letter)) & highs
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
