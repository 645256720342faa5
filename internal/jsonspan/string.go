package jsonspan

import (
	"encoding/binary"
	"math/bits"
)

// A Content says what a string holds beside plain ASCII.
type Content byte

// What a string may hold.
const (
	Escapes Content = 1 << iota // backslashes, and what they stand for
	Wide                        // bytes above ASCII, which may be UTF-8 or not
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// StringEnd returns the end of the string whose opening quote stands at pos, and
// what is in it; -1 if there is none that RFC 8259 knows.
func StringEnd(text []byte, pos int) (end int, holds Content) {
	if uint(pos) >= uint(len(text)) || text[pos] != '"' {
		return -1, 0
	}
	for pos++; pos <= len(text)-8; pos += 8 {
		x := binary.LittleEndian.Uint64(text[pos : pos+8])
		// The bytes that are a quote, a backslash, a control character or above
		// ASCII; perhaps some behind the first of them too.
		special := ((x ^ ones*'"' - ones) | (x ^ ones*'\\' - ones) | (x - ones*0x20) | x) & highs
		if special == 0 {
			continue
		}
		if pos += bits.TrailingZeros64(special) / 8; text[pos] == '"' {
			return pos + 1, 0
		}
		break
	}
	return stringEnd(text, pos)
}

// stringEnd is StringEnd from a place inside the string on, behind nothing but
// plain ASCII.
func stringEnd(text []byte, i int) (end int, holds Content) {
	wide := uint64(0)
	for i < len(text) {
		special := -1 // the next byte that is no part of plain text
		if len(text)-i >= 8 {
			special, wide = eight(binary.LittleEndian.Uint64(text[i:i+8]), wide)
			if special < 0 {
				i += 8
				continue
			}
			i += special
		}
		switch c := text[i]; {
		case c == '"':
			if wide&highs != 0 {
				holds |= Wide
			}
			return i + 1, holds
		case c == '\\':
			holds |= Escapes
			n := escape(text[i:])
			if n < 0 {
				return -1, 0
			}
			i += n
		case c < 0x20:
			return -1, 0
		default:
			wide |= uint64(c)
			i++
		}
	}
	return -1, 0
}

// eight looks at eight bytes of a string at once. It returns the place of the
// first that is a quote, a backslash or a control character, -1 if none is, and
// wide with the bits of the bytes before it. A byte is zero where subtracting 1
// borrows; a borrow that runs on marks only bytes behind a true one.
func eight(x, wide uint64) (int, uint64) {
	quote, slash := x^(ones*'"'), x^(ones*'\\')
	special := ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*0x20)&^x) & highs
	if special == 0 {
		return -1, wide | x
	}
	n := bits.TrailingZeros64(special) / 8
	return n, wide | x&(1<<(8*n)-1)
}

// escape returns the length of the escape that text begins with, -1 if it is
// none.
func escape(text []byte) int {
	if len(text) < 2 {
		return -1
	}
	if text[1] != 'u' {
		if simpleEscapes[text[1]] == 0 {
			return -1
		}
		return 2
	}
	if len(text) < 6 {
		return -1
	}
	for _, c := range text[2:6] {
		if hexDigit(c) < 0 {
			return -1
		}
	}
	return 6
}

// shallow is how deep a value may be nested that Skip passes over: so much less
// than MaxDepth that there is room for what it stands in.
const shallow = MaxDepth / 2

// Skip returns the end of the value that starts at pos, checked to the letter;
// -1 if there is none, or if it is nested unusually deep.
func Skip(text []byte, pos int) int { return End(text, pos, MaxDepth-shallow) }

// End returns the end of the value that starts at pos in a text where it is
// nested so deep, checked to the letter; -1 if there is none.
func End(text []byte, pos, depth int) int {
	s := scanner{text: text, pos: pos}
	if uint(pos) >= uint(len(text)) || s.value(depth, false) != nil {
		return -1
	}
	return s.pos
}
